//! The calls into the runtime object that channels make, and what their statuses mean here.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::time::Duration;
use std::time::Instant;

use rtlib_abi::chan::{self as abi, Block, Claim, Shape};

use crate::deadline;

pub(super) use rtlib_abi::chan::{
    CLOSED_EXPLICITLY, CLOSED_NO_RECEIVERS, CLOSED_NO_SENDERS, Case, DEAD_BLOCK, DO, DO_FIRST,
    LOOK, LOOK_FIRST, RECV, SEND,
};

/// How long to wait. Expansions of `select!` name it, too.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Not at all.
    None,
    /// So long.
    For(Duration),
    /// Until this moment.
    Until(Instant),
    /// As long as it takes.
    Endless,
}

impl Patience {
    /// Its end as the C interface has it: 0 when there is no time left. Reads the clock if there is a limit.
    fn deadline(self) -> u64 {
        let limit = match self {
            Self::None | Self::For(Duration::ZERO) => return 0,
            Self::Endless => return u64::MAX,
            Self::For(time) => return deadline::after(time),
            Self::Until(moment) => deadline::at(moment),
        };
        if deadline::is_over(limit) { 0 } else { limit }
    }
}

/// Why an element was not moved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not without waiting, or not in time.
    NotNow,
    /// Never: closed.
    Closed,
    /// An unbounded channel needs a block.
    NeedBlock,
}

#[inline(always)]
fn outcome(status: u32) -> Result<(), Refusal> {
    match status {
        abi::DONE => Ok(()),
        abi::CLOSED => Err(Refusal::Closed),
        abi::NEED_BLOCK => Err(Refusal::NeedBlock),
        _ => Err(Refusal::NotNow),
    }
}

/// A channel of the runtime, in place. Any bytes are memory for one.
#[repr(transparent)]
pub(super) struct Raw(UnsafeCell<MaybeUninit<abi::Chan>>);

impl Raw {
    /// Makes the channel.
    ///
    /// # Safety
    /// Before anything else, and once. The channel does not move from now on. The blocks are as `shape` says, and the channel's.
    pub(super) unsafe fn make(&self, shape: &Shape) {
        // SAFETY: our own memory; the rest is the caller's.
        unsafe { abi::makechan(self.address().cast_mut(), shape) }
    }

    /// Names the channel.
    #[inline(always)]
    pub(super) fn address(&self) -> *const abi::Chan {
        self.0.get().cast()
    }

    /// Sends the element at `elem`.
    ///
    /// # Safety
    /// The channel is made; `elem` is an element of it, given up if this succeeds.
    #[inline(always)]
    pub(super) unsafe fn send(&self, elem: *const u8, patience: Patience) -> Result<(), Refusal> {
        let chan = self.address();
        // SAFETY: the caller vouches.
        outcome(unsafe {
            match patience {
                Patience::Endless => abi::chansend1(chan, elem),
                Patience::None => abi::selectnbsend(chan, elem),
                // The clock is read only when it must wait; so also in `recv`.
                Patience::For(_) | Patience::Until(_) => match abi::selectnbsend(chan, elem) {
                    abi::WOULD_BLOCK => abi::chansenduntil(chan, elem, patience.deadline()),
                    status => status,
                },
            }
        })
    }

    /// Fills a claim.
    ///
    /// # Safety
    /// As for `send`; the claim is on this channel, and ends here unless a block is needed.
    pub(super) unsafe fn fill(&self, claim: *const Claim, elem: *const u8) -> Result<(), Refusal> {
        // SAFETY: the caller vouches.
        outcome(unsafe { abi::selectsend(self.address(), claim, elem) })
    }

    /// Closes for a reason; returns the reasons that there were.
    ///
    /// # Safety
    /// The channel is made.
    pub(super) unsafe fn close(&self, reason: u32) -> u32 {
        // SAFETY: the caller vouches.
        unsafe { abi::closechan(self.address(), reason) }
    }

    /// The reasons for which it is closed.
    ///
    /// # Safety
    /// The channel is made.
    pub(super) unsafe fn closed(&self) -> u32 {
        // SAFETY: the caller vouches.
        unsafe { abi::chanclosed(self.address()) }
    }

    /// Elements in the buffer.
    ///
    /// # Safety
    /// The channel is made.
    pub(super) unsafe fn len(&self) -> usize {
        // SAFETY: the caller vouches.
        unsafe { abi::chanlen(self.address()) }
    }

    /// Adds a block; false when it is not needed.
    ///
    /// # Safety
    /// The channel is made, and the block as its first one was, with a null `next`.
    pub(super) unsafe fn add_block(&self, block: *mut Block) -> bool {
        // SAFETY: the caller vouches.
        unsafe { abi::chanaddblock(self.address(), block) }
    }

    /// The blocks that it does not need any more, chained.
    ///
    /// # Safety
    /// The channel is made.
    pub(super) unsafe fn take_dead(&self) -> *mut Block {
        // SAFETY: the caller vouches.
        unsafe { abi::chantakedead(self.address()) }
    }

    /// All blocks, chained.
    ///
    /// # Safety
    /// The channel is made, and this is its last use.
    pub(super) unsafe fn take_blocks(&self) -> *mut Block {
        // SAFETY: the caller vouches.
        unsafe { abi::chantakeblocks(self.address()) }
    }
}

/// Receives into `elem`. True: there are dead blocks.
///
/// # Safety
/// The channel is null or made, and `elem` is a place for an element of it.
#[inline(always)]
pub(super) unsafe fn recv(
    chan: *const abi::Chan,
    elem: *mut u8,
    patience: Patience,
) -> Result<bool, Refusal> {
    // SAFETY: the caller vouches.
    let status = unsafe {
        match patience {
            Patience::Endless => abi::chanrecv1(chan, elem),
            Patience::None => abi::selectnbrecv(chan, elem),
            Patience::For(_) | Patience::Until(_) => match abi::selectnbrecv(chan, elem) {
                abi::WOULD_BLOCK => abi::chanrecvuntil(chan, elem, patience.deadline()),
                status => status,
            },
        }
    };
    received(status)
}

/// What the status of a receive means. True: there are dead blocks.
#[inline(always)]
pub(super) fn received(status: u32) -> Result<bool, Refusal> {
    outcome(status & !DEAD_BLOCK).map(|()| status & DEAD_BLOCK != 0)
}

/// Whether the status of a chosen send says that there is a claim.
pub(super) fn is_claim(status: u32) -> bool {
    status == abi::DONE
}

/// Gives a claim up.
///
/// # Safety
/// The channel is made; the claim is on it and ends here.
pub(super) unsafe fn abandon(chan: *const abi::Chan, claim: *const Claim) {
    // SAFETY: the caller vouches.
    unsafe { abi::selectabandon(chan, claim) }
}

/// Chooses a case: its index and status.
///
/// # Safety
/// The cases' channels are null or made; the places of receives are places for elements, of nobody else.
pub(super) unsafe fn select(
    cases: &mut [Case],
    mode: u32,
    patience: Patience,
) -> Option<(usize, u32)> {
    // SAFETY: the caller vouches.
    let chosen =
        unsafe { abi::selectgo(cases.as_mut_ptr(), cases.len(), mode, patience.deadline()) };
    (chosen.index != abi::NOTHING_CHOSEN).then_some((chosen.index as usize, chosen.status))
}
