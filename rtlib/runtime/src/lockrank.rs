//! The order in which the runtime's locks are taken, and the check of it: Go's runtime/lockrank.go.
//!
//! A lock's rank is that of the type which it protects ([`Ranked`]). Whoever holds locks may take one of a higher rank only; of [`Rank::Waiters`], [`Rank::Timers`] and, in a fork, of [`Rank::Cache`] and [`Rank::Central`] several, by rising address.
//!
//! The check is compiled in with debug assertions, that is, into objects of `cargo-gobuild` built with its feature `checked`. Each M keeps a list of the locks that its thread
//! holds; a lock may be let go of by another goroutine than took it (`park::gopark`), but not on another M. Threads that are no Ms are not checked.

/// What a lock is for, in the order in which locks are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rank {
    /// `boot/fork.rs`: the right to fork.
    Fork = 1,
    /// `leaks/world.rs`: the right to stop all threads.
    World,
    /// `stack/hold.rs`: the right to hold goroutines.
    Holder,
    /// `traceback/interrupt.rs`: the right to ask a thread for its stack.
    Asking,
    /// `watch/slow.rs`: places that make slow calls.
    SlowPlaces,
    /// `watch/reports.rs`: reports that are to be printed.
    Reports,
    /// `netpoll`: the epoll, which is being made.
    Netpoll,
    /// Channels and buckets of semaphores: who waits there.
    Waiters,
    /// `timer`: a P's timers.
    Timers,
    /// `sched/masks.rs`: who blocks which signals.
    Masks,
    /// `sched/template.rs`: wishes for threads.
    Template,
    /// `sched/global.rs`: the scheduler lock.
    Sched,
    /// `gmp/fresh.rs`: a P's goroutines that have not run yet.
    Fresh,
    /// `trace/writer.rs`: the file.
    TraceOutput,
    /// `tracebuf/buffer.rs`: events of threads that are no Ms.
    TraceOutside,
    /// `tracebuf/buffer.rs`: full and empty chunks.
    TraceChunks,
    /// `libc/malloc.rs`: a cache of threads that have no P.
    Cache,
    /// `malloc/mcentral.rs`: spans with room, of one size.
    Central,
    /// `malloc/mheap.rs`: the pages.
    Heap,
    /// `stack/arena.rs`: places for goroutines, of one stack class.
    Arena,
    /// `persistent.rs`: memory that is never freed.
    Memory,
    /// `membarrier.rs`: a page.
    Membarrier,
    /// `signal/mod.rs`: the program's actions.
    Signals,
}

impl Rank {
    /// It is held for a few instructions. The others are rights, whose holders may sleep.
    pub fn is_brief(self) -> bool {
        self > Self::Asking
    }
}

#[cfg(debug_assertions)]
impl Rank {
    /// Several of its locks may be held at once, by rising address.
    fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::Waiters | Self::Timers | Self::Cache | Self::Central
        )
    }
}

/// Something that a [`Lock`](crate::lock::Lock) protects.
pub trait Ranked {
    /// See [`Rank`].
    const RANK: Rank;
}

#[cfg(debug_assertions)]
pub use check::{Held, OfThread, acquired, acquiring, register, released};

#[cfg(debug_assertions)]
mod check {
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::Rank;
    use crate::link::Link;

    /// More than anybody holds: a `select` takes the locks of all its channels, beyond this many they are not checked.
    const MAX: usize = 16;

    /// The locks that an M's thread holds: address and rank, 0 for none. Zero bytes are no locks.
    pub struct Held([(AtomicUsize, AtomicUsize); MAX]);

    impl Held {
        /// None.
        pub const fn new() -> Self {
            Self([const { (AtomicUsize::new(0), AtomicUsize::new(0)) }; MAX])
        }

        fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
            let numbers = |(at, rank): &(AtomicUsize, AtomicUsize)| {
                (at.load(Ordering::Relaxed), rank.load(Ordering::Relaxed))
            };
            self.0.iter().map(numbers).filter(|&(at, _)| at != 0)
        }

        fn replace(&self, old: usize, new: usize, rank: usize) {
            if let Some((at, of)) = self
                .0
                .iter()
                .find(|(at, _)| at.load(Ordering::Relaxed) == old)
            {
                at.store(new, Ordering::Relaxed);
                of.store(rank, Ordering::Relaxed);
            }
        }
    }

    /// A violation is being reported: what is locked for that is not checked.
    static REPORTING: AtomicBool = AtomicBool::new(false);

    /// Where the calling thread's list is: `gmp` says so in the boot.
    static OF_THREAD: Link<OfThread> = Link::none();

    /// The calling thread's list; none if it is no M's.
    pub type OfThread = fn() -> Option<&'static Held>;

    /// Registers it.
    pub fn register(of_thread: &'static OfThread) {
        OF_THREAD.set(Some(of_thread));
    }

    fn held() -> Option<&'static Held> {
        OF_THREAD.get()?()
    }

    /// The caller is about to wait for the lock at this address.
    pub fn acquiring(at: usize, rank: Rank) {
        let Some(held) = held() else { return };
        let fits = |(other, of): (usize, usize)| {
            of < rank as usize || (rank.is_ordered() && of == rank as usize && other < at)
        };
        if !held.iter().all(fits) && !REPORTING.swap(true, Ordering::Relaxed) {
            crate::print!(
                "runtime: takes a lock of rank {} ({rank:?}) under these:\n",
                rank as u8
            );
            for (at, of) in held.iter() {
                crate::print!("\trank {of} at {at:#x}\n");
            }
            crate::fatal::throw(b"lock ordering problem");
        }
    }

    /// The caller has it.
    pub fn acquired(at: usize, rank: Rank) {
        if let Some(held) = held() {
            held.replace(0, at, rank as usize);
        }
    }

    /// The caller is about to let go of it.
    pub fn released(at: usize) {
        if let Some(held) = held() {
            held.replace(at, 0, 0);
        }
    }
}
