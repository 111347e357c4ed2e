//! Scopes: goroutines that borrow, because whoever started them waits for all of them.
//!
//! The shape is that of `std::thread::scope`, and so is the argument that it is sound: a [`Scope`] exists only as a reference inside [`scope`], which
//! returns, or unwinds, after the last goroutine has let go of everything it borrowed. Nothing depends on a destructor, so nothing can be leaked away.
//!
//! [`running`] counts the goroutines and waits; here is what runs on them, and what becomes of panics.

mod running;
#[cfg(all(test, not(loom)))]
mod tests;

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use self::running::Running;
use crate::event::Joining;
use crate::goroutine::Goroutine;
use crate::join::{is_panic, run_and_store};
use crate::launch::{boxed, fits, launch_borrowing};
use crate::packet::{Receiver, Sender, packet};
use crate::sys::Panics;

/// What goroutines of a scope share with its owner; on the owner's stack.
struct Shared {
    running: Running<Joining>,
    /// Panics that nobody has got from `join`.
    unhandled: AtomicUsize,
}

/// Starts goroutines that may borrow: what [`scope`] hands to its closure.
pub struct Scope<'scope, 'env: 'scope> {
    shared: Shared,
    /// Invariance: a scope that shrank could start goroutines that borrow from inside the closure.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Waits for a goroutine of a [`Scope`]. Dropping it is fine: the scope waits, too.
pub struct ScopedJoinHandle<'scope, T> {
    goroutine: Goroutine,
    receiver: Receiver<thread::Result<T>, Joining>,
    shared: &'scope Shared,
}

/// Calls `f` with a [`Scope`], on which it can start goroutines that borrow what lives outside of the call. Returns when all of them have
/// ended: `std::thread::scope`, for goroutines.
///
/// ```no_run,standalone_crate
/// let words = vec!["never", "leaks", "a", "goroutine"];
/// let mut longest = 0;
/// let total = rtlib::scope(|s| {
///     s.spawn(|| longest = words.iter().map(|word| word.len()).max().unwrap());
///     let total = s.spawn(|| words.iter().map(|word| word.len()).sum::<usize>());
///     total.join().unwrap()
/// });
/// println!("{total} letters, {longest} in the longest of {}", words.len());
/// ```
///
/// Goroutines of the scope may start more of them. A plain thread may open a scope as well. To end the others when one fails, see
/// [`context::try_scope`](crate::context::try_scope).
///
/// # Panics
/// When `f` panics, with its panic; else when a goroutine panicked and nobody got that from [`ScopedJoinHandle::join`]. Either way all
/// goroutines have ended before.
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        shared: Shared {
            running: Running::new(),
            unhandled: AtomicUsize::new(0),
        },
        scope: PhantomData,
        env: PhantomData,
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    scope.shared.running.wait();
    match outcome {
        Err(payload) => resume_unwind(payload),
        Ok(_) if scope.shared.unhandled.load(Ordering::Relaxed) != 0 => {
            panic!("a scoped goroutine panicked")
        }
        Ok(value) => value,
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a goroutine that may borrow anything that outlives the scope. [`Builder::spawn_scoped`](crate::Builder::spawn_scoped) chooses its stack's size.
    ///
    /// A panic in it is caught: `join` returns it, and if nobody calls that, [`scope`] panics in the end.
    #[inline(always)]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.start(f, 0)
    }

    /// Starts a goroutine with a stack of this size, 0 for the default.
    #[inline(always)]
    pub(crate) fn start<F, T>(&'scope self, f: F, stack_size: usize) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let (sender, receiver) = packet();
        let shared = NonNull::from(&self.shared);
        self.shared.running.begin();
        let goroutine = if const { fits::<(F, *const ())>() } {
            // SAFETY: counted above; `shared` is the scope's of `f`'s lifetime.
            unsafe { Task::new(f, sender, shared).launch(stack_size) }
        } else {
            // SAFETY: as above.
            unsafe { Task::new(boxed(f), sender, shared).launch(stack_size) }
        };
        ScopedJoinHandle {
            goroutine,
            receiver,
            shared: &self.shared,
        }
    }
}

/// What travels to a goroutine of a scope.
///
/// Once the goroutine is no longer counted, whatever `f` borrowed may be gone, while functions that had `f` as an argument are still returning. An argument
/// promises that the references in it outlive the call; so `f` hides from all callers but the one that calls it, in a `MaybeUninit`.
struct Task<F, T> {
    f: MaybeUninit<F>,
    sender: Sender<thread::Result<T>, Joining>,
    shared: NonNull<Shared>,
}

// SAFETY: `F` is moved to the goroutine and `T` comes back; `Shared` is made of atomics and the owner's name, and is alive until `Running::end`.
unsafe impl<F: Send, T: Send> Send for Task<F, T> {}

impl<F: FnOnce() -> T + Send, T: Send> Task<F, T> {
    /// # Safety
    /// The goroutine that will run this is counted in `shared`, which is alive while it is, as is all that `f` borrows.
    unsafe fn new(
        f: F,
        sender: Sender<thread::Result<T>, Joining>,
        shared: NonNull<Shared>,
    ) -> Self {
        Self {
            f: MaybeUninit::new(f),
            sender,
            shared,
        }
    }

    #[inline(always)]
    fn launch(self, stack_size: usize) -> Goroutine {
        // SAFETY: `run` counts the goroutine down after `f` and its result are gone; before that everything borrowed is alive (see `new`).
        unsafe { launch_borrowing(move || self.run(), stack_size, Panics::AreCaught) }
    }

    /// What runs on the goroutine. Does not unwind.
    fn run(self) {
        let running = {
            // SAFETY: alive until `end` below.
            let shared = unsafe { self.shared.as_ref() };
            // SAFETY: initialised in `new`, and this is its only reader: `self` is consumed.
            let f = unsafe { self.f.assume_init() };
            let panicked = || _ = shared.unhandled.fetch_add(1, Ordering::Relaxed);
            run_and_store(f, self.sender, panicked).finish();
            NonNull::from(&shared.running)
        };
        // SAFETY: counted when it was started, once; the scope is alive until here.
        unsafe { Running::end(running) };
    }
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Blocks until the goroutine has ended, the destructors of its thread-locals included, and returns what it returned.
    ///
    /// # Errors
    /// The payload of the panic that ended the goroutine. The scope does not panic for it any more.
    pub fn join(self) -> thread::Result<T> {
        let outcome = self.receiver.wait();
        if is_panic(&outcome) {
            self.shared.unhandled.fetch_sub(1, Ordering::Relaxed);
        }
        outcome
    }

    /// Whether the goroutine's closure has returned or panicked; `join` will then not block for long.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.receiver.is_stored()
    }

    /// The goroutine.
    #[must_use]
    pub fn goroutine(&self) -> Goroutine {
        self.goroutine
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("running", &self.shared.running.count())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle")
            .field("goroutine", &self.goroutine)
            .finish_non_exhaustive()
    }
}
