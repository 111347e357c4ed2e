//! The operations of a `select`, typed: what the macro's expansion and the dynamic [`Select`](super::Select) are made of.
//!
//! An arm knows its channel by address. Whoever ends an operation shows its sender or receiver again, and that it is of the same channel proves the type.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::{fmt, ptr};

use rtlib_abi::chan::Claim;

use super::error::{RecvError, SendError};
pub use super::sys::Patience;
use super::sys::{self, Case};
use super::{Receiver, Sender};

/// Where a receive leaves its message.
pub type Slot<T> = MaybeUninit<T>;

/// `Case::status` of an arm that was not chosen, or whose operation has ended.
const NOT_CHOSEN: u32 = u32::MAX;

/// One operation of a `select`.
#[repr(transparent)]
pub struct Arm<'a> {
    case: Case,
    channel_and_slot: PhantomData<&'a mut ()>,
}

impl fmt::Debug for Arm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.case.dir == sys::SEND {
            "send"
        } else {
            "recv"
        })
    }
}

fn case(chan: *const rtlib_abi::chan::Chan, elem: *mut u8, dir: u32) -> Case {
    Case {
        chan,
        elem,
        dir,
        order: [0; 2],
        status: NOT_CHOSEN,
        claim: ptr::null(),
        record: [const { MaybeUninit::uninit() }; _],
    }
}

impl<'a> Arm<'a> {
    /// Receiving from this channel, into this slot.
    #[inline]
    pub fn recv<T>(receiver: &'a Receiver<T>, slot: &'a mut Slot<T>) -> Self {
        // SAFETY: the slot is borrowed for as long as the arm lives.
        unsafe { Self::recv_at(receiver, slot.as_mut_ptr()) }
    }

    /// Receiving from this channel, into this place.
    ///
    /// # Safety
    /// The place is for a `T` and of nobody else's while the arm is used.
    pub(super) unsafe fn recv_at<T>(receiver: &'a Receiver<T>, place: *mut T) -> Self {
        Self {
            case: case(receiver.address(), place.cast(), sys::RECV),
            channel_and_slot: PhantomData,
        }
    }

    /// Sending on this channel.
    #[inline]
    pub fn send<T>(sender: &'a Sender<T>) -> Self {
        Self {
            case: case(sender.handle().address(), ptr::null_mut(), sys::SEND),
            channel_and_slot: PhantomData,
        }
    }

    /// The same operation, not chosen, without a place for a message.
    pub(super) fn again(&self) -> Self {
        Self {
            case: case(self.case.chan, ptr::null_mut(), self.case.dir),
            channel_and_slot: PhantomData,
        }
    }

    /// The chosen operation, apart; this one can be used in the next `select`.
    pub(super) fn take_chosen(&mut self) -> Self {
        let mut chosen = self.again();
        chosen.case.elem = self.case.elem;
        chosen.case.claim = self.case.claim;
        chosen.case.status = core::mem::replace(&mut self.case.status, NOT_CHOSEN);
        chosen
    }

    /// Where the message of a receive goes.
    pub(super) fn set_place(&mut self, place: NonNull<u8>) {
        self.case.elem = place.as_ptr();
    }

    /// It will never be chosen.
    pub(super) fn switch_off(&mut self) {
        self.case.chan = ptr::null();
    }

    /// Undoes the operation if it was chosen and has not ended. `Some(Some(_))`: this message was received, and is the caller's to drop.
    pub(super) fn give_up(&mut self) -> Option<Option<*mut u8>> {
        let status = core::mem::replace(&mut self.case.status, NOT_CHOSEN);
        if status == NOT_CHOSEN {
            return None;
        }
        if self.case.dir == sys::RECV {
            return Some(sys::received(status).is_ok().then_some(self.case.elem));
        }
        if sys::is_claim(status) {
            // SAFETY: the claim is on this channel, which the arm borrows, and ends here.
            unsafe { sys::abandon(self.case.chan, self.case.claim) };
        }
        Some(None)
    }

    /// Takes the status, for the operation to end. Panics when this arm was not chosen, or is not the one of this channel and direction.
    #[track_caller]
    fn chosen(&mut self, chan: *const rtlib_abi::chan::Chan, dir: u32) -> u32 {
        assert!(
            ptr::eq(self.case.chan, chan) && self.case.dir == dir,
            "the operation that was selected is another: a different channel or direction"
        );
        let status = core::mem::replace(&mut self.case.status, NOT_CHOSEN);
        assert!(status != NOT_CHOSEN, "the operation was not selected");
        status
    }

    /// Ends the receive that was chosen.
    ///
    /// # Panics
    /// When it was not, or the receiver is not its own.
    #[inline]
    #[track_caller]
    pub fn received<T>(&mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        let status = self.chosen(receiver.address(), sys::RECV);
        let Ok(dead) = sys::received(status) else {
            return Err(RecvError);
        };
        if dead && let Some(handle) = receiver.handle() {
            handle.free_dead();
        }
        // SAFETY: the arm was chosen, so the runtime moved a message here, which `chosen` gives away once; its type is `T` because the channel is the receiver's.
        Ok(unsafe { self.case.elem.cast::<T>().read() })
    }

    /// The right to end the send that was chosen.
    ///
    /// # Panics
    /// When it was not, or the sender is not its own.
    #[inline]
    #[track_caller]
    pub fn claim<'s, T>(&mut self, sender: &'s Sender<T>) -> Claimed<'s, T> {
        let status = self.chosen(sender.handle().address(), sys::SEND);
        Claimed {
            sender,
            claim: sys::is_claim(status).then_some(self.case.claim),
        }
    }
}

/// A send that was chosen: it can go on, or fails because the channel is closed. Dropped, it is given up, as if it had not been chosen.
pub struct Claimed<'a, T> {
    sender: &'a Sender<T>,
    /// None: closed.
    claim: Option<*const Claim>,
}

impl<T> Claimed<'_, T> {
    /// Sends.
    ///
    /// # Errors
    /// Gives the message back when nobody can receive it any more.
    #[inline]
    pub fn send(mut self, message: T) -> Result<(), SendError<T>> {
        let Some(claim) = self.claim.take() else {
            return Err(SendError(message));
        };
        // SAFETY: the claim came from a `select` on this channel, and ends here.
        unsafe { self.sender.handle().fill(claim, message) }
            .map_err(|(_, message)| SendError(message))
    }
}

impl<T> Drop for Claimed<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            // SAFETY: as in `send`.
            unsafe { sys::abandon(self.sender.handle().address(), claim) }
        }
    }
}

impl<T> fmt::Debug for Claimed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claimed { .. }")
    }
}

/// Chooses the arm whose operation can go on first, at random or, if `biased`, by position if there are several; `None` when there is none in time.
#[inline]
pub fn choose(arms: &mut [Arm<'_>], patience: Patience, biased: bool) -> Option<usize> {
    let mode = if biased { sys::DO_FIRST } else { sys::DO };
    run(arms, mode, patience)
}

/// As [`choose`], in one of the runtime's modes.
pub(super) fn run(arms: &mut [Arm<'_>], mode: u32, patience: Patience) -> Option<usize> {
    // SAFETY: `repr(transparent)`.
    let cases = unsafe { &mut *(ptr::from_mut(arms) as *mut [Case]) };
    // SAFETY: an arm's channel and slot are borrowed for its life.
    let (index, status) = unsafe { sys::select(cases, mode, patience)? };
    if mode == sys::DO || mode == sys::DO_FIRST {
        cases[index].status = status;
    }
    Some(index)
}

/// Waits for nothing, for ever: a `select!` without arms.
pub fn nothing() -> ! {
    loop {
        run(&mut [], sys::DO, Patience::Endless);
    }
}
