//! The C interface: `rtlib_abi::chan`, whose names are those of Go's runtime/chan.go and select.go where it has the function.

use core::slice;

use rtlib_abi::chan::{self as abi, Block, Claim, Selected, Shape};

use super::real::{ProgramChan, Scheduler};
use super::select::{Case, Mode, select};
use super::waitq::Sudog;
use super::{Env, Wait, WaitReason};
use crate::os::linux::nanotime;
use crate::sched::park;

const _: () = {
    assert!(size_of::<ProgramChan>() <= size_of::<abi::Chan>());
    assert!(align_of::<ProgramChan>() <= align_of::<abi::Chan>());
    assert!(size_of::<Case<Scheduler>>() == size_of::<abi::Case>());
    assert!(align_of::<Case<Scheduler>>() == align_of::<abi::Case>());
};

fn within(ns: u64) -> Wait {
    if ns == 0 {
        return Wait::Try;
    }
    match nanotime().checked_add(ns) {
        None | Some(u64::MAX) => Wait::Forever,
        Some(deadline) => Wait::Until(deadline),
    }
}

/// # Safety
/// `at` is what `makechan` made.
#[inline(always)]
unsafe fn chan<'a>(at: *const abi::Chan) -> &'a ProgramChan {
    // SAFETY: the caller vouches.
    unsafe { &*at.cast() }
}

/// A channel that there is not: nobody ever sends or receives. Returns when the time is over, if ever.
#[cold]
fn nil(why: WaitReason, wait: Wait) -> u32 {
    extern "C" fn commit(left: &'static crate::sched::g::G, _: usize) {
        park::publish(left);
    }
    if wait == Wait::Try {
        return abi::WOULD_BLOCK;
    }
    let me = Scheduler::waiter();
    Scheduler::arm(me);
    Scheduler::park(me, why, commit, 0, wait.deadline());
    abi::TIMED_OUT
}

/// # Safety
/// See `rtlib_abi::chan`; here and below.
#[unsafe(export_name = "runtime.makechan")]
unsafe extern "C" fn makechan(at: *mut abi::Chan, shape: *const Shape) {
    // SAFETY: the caller vouches for memory and shape; a channel fits, asserted above.
    unsafe { at.cast::<ProgramChan>().write(ProgramChan::new(&*shape)) }
}

#[unsafe(export_name = "runtime.chansend1")]
unsafe extern "C" fn chansend1(c: *const abi::Chan, elem: *const u8) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan(c).send(elem, Wait::Forever) }
}

#[unsafe(export_name = "runtime.selectnbsend")]
unsafe extern "C" fn selectnbsend(c: *const abi::Chan, elem: *const u8) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan(c).send(elem, Wait::Try) }
}

#[unsafe(export_name = "runtime.chansendwithin")]
unsafe extern "C" fn chansendwithin(c: *const abi::Chan, elem: *const u8, ns: u64) -> u32 {
    // SAFETY: the caller vouches. The clock is read only when the first attempt fails.
    unsafe {
        match chan(c).send(elem, Wait::Try) {
            abi::WOULD_BLOCK => chan(c).send(elem, within(ns)),
            status => status,
        }
    }
}

#[unsafe(export_name = "runtime.chanrecv1")]
unsafe extern "C" fn chanrecv1(c: *const abi::Chan, elem: *mut u8) -> u32 {
    if c.is_null() {
        return nil(WaitReason::ChanReceiveNil, Wait::Forever);
    }
    // SAFETY: the caller vouches.
    unsafe { chan(c).recv(elem, Wait::Forever) }
}

#[unsafe(export_name = "runtime.selectnbrecv")]
unsafe extern "C" fn selectnbrecv(c: *const abi::Chan, elem: *mut u8) -> u32 {
    if c.is_null() {
        return abi::WOULD_BLOCK;
    }
    // SAFETY: the caller vouches.
    unsafe { chan(c).recv(elem, Wait::Try) }
}

#[unsafe(export_name = "runtime.chanrecvwithin")]
unsafe extern "C" fn chanrecvwithin(c: *const abi::Chan, elem: *mut u8, ns: u64) -> u32 {
    if c.is_null() {
        return nil(WaitReason::ChanReceiveNil, within(ns));
    }
    // SAFETY: the caller vouches. The clock is read only when the first attempt fails.
    unsafe {
        match chan(c).recv(elem, Wait::Try) {
            abi::WOULD_BLOCK => chan(c).recv(elem, within(ns)),
            status => status,
        }
    }
}

#[unsafe(export_name = "runtime.closechan")]
unsafe extern "C" fn closechan(c: *const abi::Chan, reason: u32) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan(c).close(reason) }
}

#[unsafe(export_name = "runtime.chanclosed")]
unsafe extern "C" fn chanclosed(c: *const abi::Chan) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan(c).closed() }
}

#[unsafe(export_name = "runtime.chanlen")]
unsafe extern "C" fn chanlen(c: *const abi::Chan) -> usize {
    // SAFETY: the caller vouches.
    unsafe { chan(c).len() }
}

#[unsafe(export_name = "runtime.chanaddblock")]
unsafe extern "C" fn chanaddblock(c: *const abi::Chan, block: *mut Block) -> bool {
    // SAFETY: the caller vouches.
    unsafe { chan(c).add_block(block) }
}

#[unsafe(export_name = "runtime.chantakedead")]
unsafe extern "C" fn chantakedead(c: *const abi::Chan) -> *mut Block {
    // SAFETY: the caller vouches.
    unsafe { chan(c).take_dead() }
}

#[unsafe(export_name = "runtime.chantakeblocks")]
unsafe extern "C" fn chantakeblocks(c: *const abi::Chan) -> *mut Block {
    // SAFETY: the caller vouches.
    unsafe { chan(c).take_blocks() }
}

#[unsafe(export_name = "runtime.selectgo")]
unsafe extern "C" fn selectgo(cases: *mut abi::Case, n: usize, mode: u32, ns: u64) -> Selected {
    let mode = match mode {
        abi::DO => Mode::Do,
        abi::DO_FIRST => Mode::DoFirst,
        abi::LOOK => Mode::Look,
        _ => Mode::LookFirst,
    };
    let wait = if ns == u64::MAX {
        Wait::Forever
    } else {
        within(ns)
    };
    // SAFETY: the caller vouches for the cases; their layout is ours, asserted above.
    let (index, status) = unsafe {
        let cases = slice::from_raw_parts(cases.cast::<Case<Scheduler>>(), n);
        select(cases, mode, wait)
    };
    Selected { index, status }
}

#[unsafe(export_name = "runtime.selectsend")]
unsafe extern "C" fn selectsend(c: *const abi::Chan, claim: *const Claim, elem: *const u8) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan(c).fill(claim.cast::<Sudog<Scheduler>>(), elem) }
}

#[unsafe(export_name = "runtime.selectabandon")]
unsafe extern "C" fn selectabandon(c: *const abi::Chan, claim: *const Claim) {
    // SAFETY: the caller vouches.
    unsafe { chan(c).abandon(claim.cast::<Sudog<Scheduler>>()) }
}
