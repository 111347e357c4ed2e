//! `Select`: a select over operations that are known only at run time.

use core::alloc::Layout;
use core::fmt;
use core::mem::needs_drop;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::{self, NonNull};
use core::time::Duration;
use std::alloc::{alloc, dealloc, handle_alloc_error};
use std::thread::{self, ThreadId};
use std::time::Instant;
use std::vec::Vec;

use super::arm::{self, Arm};
use super::error::{
    ReadyTimeoutError, RecvError, SelectTimeoutError, SendError, TryReadyError, TrySelectError,
};
use super::sys::{self, Patience};
use super::{Receiver, Sender};

/// Waits for the first of several operations; the number of operations may vary. For a fixed number [`select!`](crate::select) is simpler and faster.
///
/// Operations are added with [`send`](Select::send) and [`recv`](Select::recv), which return their indices. Then there are two ways. [`select`](Select::select) chooses one
/// that can go on, at random if there are several, and *must* be followed by ending it: [`SelectedOperation::send`] or [`SelectedOperation::recv`] on the same channel.
/// [`ready`](Select::ready) only says which one seems able to go on. Then try it, and expect that another goroutine may have been faster.
///
/// ```no_run,standalone_crate
/// use rtlib::chan::{Receiver, RecvError, Select};
///
/// /// The first message of any of them.
/// fn first<T>(receivers: &[Receiver<T>]) -> Result<T, RecvError> {
///     let mut select = Select::new();
///     for receiver in receivers {
///         select.recv(receiver);
///     }
///     let operation = select.select();
///     let index = operation.index();
///     operation.recv(&receivers[index])
/// }
/// # fn main() {}
/// ```
pub struct Select<'a> {
    /// Side by side, for the runtime.
    arms: Vec<Arm<'a>>,
    /// What else belongs to each.
    extras: Vec<Extra>,
    biased: bool,
}

/// What belongs to an arm.
struct Extra {
    /// For a receive.
    message: Option<Message>,
    /// Memory for the message, kept until one comes.
    place: Option<Place>,
    removed: bool,
}

/// What the messages of a channel are like.
#[derive(Clone, Copy)]
struct Message {
    layout: Layout,
    /// If it needs any.
    destructor: Option<Destructor>,
}

/// How to drop a message.
#[derive(Clone, Copy)]
struct Destructor {
    drop: unsafe fn(*mut u8),
    /// Where the receiver was shown. A `Select` may go elsewhere, also with receivers of what may not: such a message must not be dropped there.
    home: ThreadId,
}

/// Memory for a message.
struct Place {
    at: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the pointers are to channels, which any thread may use, and to places that nobody else knows; nothing happens to them without `&mut Select`, and no message is in them then. A message of
// a type that is not `Send` may be moved into a place on another thread, but it can be neither taken out there, for want of a receiver, nor dropped (`Destructor::home`).
unsafe impl Send for Select<'_> {}
// SAFETY: as above.
unsafe impl Sync for Select<'_> {}

impl UnwindSafe for Select<'_> {}
impl RefUnwindSafe for Select<'_> {}

impl Message {
    fn of<T>() -> Self {
        unsafe fn drop<T>(at: *mut u8) {
            // SAFETY: the caller's message.
            unsafe { ptr::drop_in_place(at.cast::<T>()) }
        }
        Self {
            layout: Layout::new::<T>(),
            destructor: needs_drop::<T>().then(|| Destructor {
                drop: drop::<T>,
                home: thread::current().id(),
            }),
        }
    }
}

impl Place {
    fn new(layout: Layout) -> Self {
        let at = if layout.size() == 0 {
            NonNull::new(ptr::without_provenance_mut(layout.align()))
        } else {
            // SAFETY: the size is not 0.
            NonNull::new(unsafe { alloc(layout) })
        };
        let Some(at) = at else {
            handle_alloc_error(layout)
        };
        Self { at, layout }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.layout.size() != 0 {
            // SAFETY: allocated in `new`.
            unsafe { dealloc(self.at.as_ptr(), self.layout) };
        }
    }
}

impl<'a> Select<'a> {
    /// No operations. Of several that can go on, one is chosen at random.
    #[must_use]
    pub fn new() -> Self {
        Self {
            arms: Vec::new(),
            extras: Vec::new(),
            biased: false,
        }
    }

    /// No operations. Of several that can go on, the one that was added first is chosen.
    #[must_use]
    pub fn new_biased() -> Self {
        Self {
            arms: Vec::new(),
            extras: Vec::new(),
            biased: true,
        }
    }

    /// Adds a send; returns its index. The message is given when the operation ends.
    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.add(Arm::send(sender), None)
    }

    /// Adds a receive; returns its index.
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        // SAFETY: before the arm is used it gets a place.
        let arm = unsafe { Arm::recv_at::<T>(receiver, ptr::null_mut()) };
        self.add(arm, Some(Message::of::<T>()))
    }

    fn add(&mut self, arm: Arm<'a>, message: Option<Message>) -> usize {
        self.arms.push(arm);
        self.extras.push(Extra {
            message,
            place: None,
            removed: false,
        });
        self.arms.len() - 1
    }

    /// Removes an operation, for example because its channel is disconnected. The others keep their indices.
    ///
    /// # Panics
    /// When there is no operation with this index.
    #[track_caller]
    pub fn remove(&mut self, index: usize) {
        let extra = self.extras.get_mut(index).filter(|extra| !extra.removed);
        extra.expect("no operation with this index").removed = true;
        self.arms[index].switch_off();
    }

    /// Chooses an operation that can go on without waiting.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.choose(Patience::None).ok_or(TrySelectError)
    }

    /// Chooses an operation that can go on, waiting for one as long as it takes.
    ///
    /// # Panics
    /// When there are no operations.
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        self.assert_any();
        loop {
            if let Some(operation) = self.choose(Patience::Endless) {
                return operation;
            }
        }
    }

    /// Chooses an operation that can go on, waiting for at most so long.
    ///
    /// # Errors
    /// When the time is over.
    pub fn select_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.choose(Patience::For(timeout))
            .ok_or(SelectTimeoutError)
    }

    /// Chooses an operation that can go on, waiting until this moment at most.
    ///
    /// # Errors
    /// When the time is over.
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.choose(Patience::Until(deadline))
            .ok_or(SelectTimeoutError)
    }

    /// The index of an operation that seems able to go on now. It may turn out not to be.
    ///
    /// # Errors
    /// When there is none.
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.look(Patience::None).ok_or(TryReadyError)
    }

    /// The index of an operation that seems able to go on, waiting for one as long as it takes.
    ///
    /// # Panics
    /// When there are no operations.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        self.assert_any();
        loop {
            if let Some(index) = self.look(Patience::Endless) {
                return index;
            }
        }
    }

    /// The index of an operation that seems able to go on, waiting for at most so long.
    ///
    /// # Errors
    /// When the time is over.
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.look(Patience::For(timeout)).ok_or(ReadyTimeoutError)
    }

    /// The index of an operation that seems able to go on, waiting until this moment at most.
    ///
    /// # Errors
    /// When the time is over.
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        self.look(Patience::Until(deadline))
            .ok_or(ReadyTimeoutError)
    }

    #[track_caller]
    fn assert_any(&self) {
        assert!(
            self.extras.iter().any(|extra| !extra.removed),
            "no operations have been added to `Select`"
        );
    }

    fn choose(&mut self, patience: Patience) -> Option<SelectedOperation<'a>> {
        self.make_places();
        let mode = if self.biased { sys::DO_FIRST } else { sys::DO };
        let index = arm::run(&mut self.arms, mode, patience)?;
        let extra = &mut self.extras[index];
        Some(SelectedOperation {
            index,
            arm: self.arms[index].take_chosen(),
            destructor: extra.message.and_then(|message| message.destructor),
            place: extra.place.take(),
        })
    }

    /// Every receive needs a place.
    fn make_places(&mut self) {
        for (arm, extra) in self.arms.iter_mut().zip(&mut self.extras) {
            if let (Some(message), None, false) = (extra.message, &extra.place, extra.removed) {
                let place = extra.place.insert(Place::new(message.layout));
                arm.set_place(place.at);
            }
        }
    }

    fn look(&mut self, patience: Patience) -> Option<usize> {
        let mode = if self.biased {
            sys::LOOK_FIRST
        } else {
            sys::LOOK
        };
        arm::run(&mut self.arms, mode, patience)
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Select<'_> {
    fn clone(&self) -> Self {
        let extra = |extra: &Extra| Extra {
            place: None,
            ..*extra
        };
        Self {
            arms: self.arms.iter().map(Arm::again).collect(),
            extras: self.extras.iter().map(extra).collect(),
            biased: self.biased,
        }
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select { .. }")
    }
}

/// An operation that a [`Select`] has chosen and that must be ended now, with the channel it was added for.
///
/// # Panics
/// When it is dropped instead. The operation is then undone; a message that was received is lost: dropped, or, if the operation was added on another thread or goroutine, leaked.
#[must_use = "an operation that was selected must be ended"]
pub struct SelectedOperation<'a> {
    index: usize,
    arm: Arm<'a>,
    destructor: Option<Destructor>,
    place: Option<Place>,
}

impl UnwindSafe for SelectedOperation<'_> {}
impl RefUnwindSafe for SelectedOperation<'_> {}

impl SelectedOperation<'_> {
    /// What [`Select::send`] or [`Select::recv`] returned for it.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Ends a send.
    ///
    /// # Errors
    /// Gives the message back when nobody can receive it any more.
    ///
    /// # Panics
    /// When the operation is none of this sender's.
    #[track_caller]
    pub fn send<T>(mut self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        self.arm.claim(sender).send(message)
    }

    /// Ends a receive.
    ///
    /// # Errors
    /// When the channel is empty and will stay so.
    ///
    /// # Panics
    /// When the operation is none of this receiver's.
    #[track_caller]
    pub fn recv<T>(mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        self.arm.received(receiver)
    }
}

impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        let Some(left) = self.arm.give_up() else {
            return;
        };
        if let (Some(at), Some(destructor)) = (left, self.destructor)
            && destructor.home == thread::current().id()
        {
            // SAFETY: a message of this arm's channel, which nobody has taken. Receiving it here would have been allowed.
            unsafe { (destructor.drop)(at) };
        }
        self.place = None;
        if !thread::panicking() {
            panic!("dropped `SelectedOperation` without completing the operation");
        }
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SelectedOperation { .. }")
    }
}
