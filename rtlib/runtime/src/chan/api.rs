//! The C interface, `rtlib_abi::chan`, over any [`Env`]: [`export_channels!`](crate::export_channels) gives its names to one. They are those of Go's runtime/chan.go and select.go where it
//! has the function.
//!
//! # Safety
//! Of all functions: see `rtlib_abi::chan`.

use core::slice;

use rtlib_abi::chan::{self as abi, Claim, Selected, Shape};

use super::select::{self, Mode, select};
use super::waitq::Sudog;
use super::{Chan, Env, Wait, WaitReason};

/// The layouts that the two sides must agree on.
pub const fn check_layout<E: Env>() {
    assert!(size_of::<Chan<E>>() <= size_of::<abi::Chan>());
    assert!(align_of::<Chan<E>>() <= align_of::<abi::Chan>());
    assert!(size_of::<select::Case<E>>() == size_of::<abi::Case>());
    assert!(align_of::<select::Case<E>>() == align_of::<abi::Case>());
}

fn until(deadline: u64) -> Wait {
    match deadline {
        0 => Wait::Try,
        u64::MAX => Wait::Forever,
        _ => Wait::Until(deadline),
    }
}

/// The channel at this address.
///
/// # Safety
/// `makechan` made it.
#[inline(always)]
pub unsafe fn chan<'a, E: Env>(at: *const abi::Chan) -> &'a Chan<E> {
    // SAFETY: the caller vouches.
    unsafe { &*at.cast() }
}

/// The same, for an operation that others may come before.
///
/// # Safety
/// `makechan` made it.
#[inline(always)]
pub unsafe fn chan_after_chance<'a, E: Env>(at: *const abi::Chan) -> &'a Chan<E> {
    E::chance();
    // SAFETY: the caller vouches.
    unsafe { chan(at) }
}

/// Receives from a channel that there is not: nobody ever sends. Returns when the time is over, if ever.
#[cold]
fn receive_from_nil<E: Env>(wait: Wait) -> u32 {
    extern "C" fn commit<E: Env>(left: &'static E::G, _: usize) {
        E::publish(left);
    }
    if wait == Wait::Try {
        return abi::WOULD_BLOCK;
    }
    let me = E::waiter();
    E::arm(me);
    let why = WaitReason::ChanReceiveNil;
    E::park(me, why, commit::<E>, 0, wait.deadline());
    abi::TIMED_OUT
}

/// # Safety
/// See the module's head.
pub unsafe fn makechan<E: Env>(at: *mut abi::Chan, shape: *const Shape) {
    // SAFETY: the caller vouches for memory and shape; a channel fits (`check_layout`).
    unsafe { at.cast::<Chan<E>>().write(Chan::new(&*shape)) }
}

/// # Safety
/// See the module's head.
pub unsafe fn chansenduntil<E: Env>(c: *const abi::Chan, elem: *const u8, deadline: u64) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan_after_chance::<E>(c).send(elem, until(deadline)) }
}

/// # Safety
/// See the module's head.
#[inline(always)]
pub unsafe fn chanrecv<E: Env>(c: *const abi::Chan, elem: *mut u8, wait: Wait) -> u32 {
    if c.is_null() {
        return receive_from_nil::<E>(wait);
    }
    // SAFETY: the caller vouches.
    unsafe { chan_after_chance::<E>(c).recv(elem, wait) }
}

/// # Safety
/// See the module's head.
pub unsafe fn chanrecvuntil<E: Env>(c: *const abi::Chan, elem: *mut u8, deadline: u64) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chanrecv::<E>(c, elem, until(deadline)) }
}

/// # Safety
/// See the module's head.
pub unsafe fn selectgo<E: Env>(
    cases: *mut abi::Case,
    n: usize,
    mode: u32,
    deadline: u64,
) -> Selected {
    E::chance();
    let mode = match mode {
        abi::DO => Mode::Do,
        abi::DO_FIRST => Mode::DoFirst,
        abi::LOOK => Mode::Look,
        _ => Mode::LookFirst,
    };
    // SAFETY: the caller vouches for the cases; their layout is ours (`check_layout`).
    let (index, status) = unsafe {
        let cases = slice::from_raw_parts(cases.cast::<select::Case<E>>(), n);
        select(cases, mode, until(deadline))
    };
    Selected { index, status }
}

/// # Safety
/// See the module's head.
pub unsafe fn selectsend<E: Env>(c: *const abi::Chan, claim: *const Claim, elem: *const u8) -> u32 {
    // SAFETY: the caller vouches.
    unsafe { chan::<E>(c).fill(claim.cast::<Sudog<E>>(), elem) }
}

/// # Safety
/// See the module's head.
pub unsafe fn selectabandon<E: Env>(c: *const abi::Chan, claim: *const Claim) {
    // SAFETY: the caller vouches.
    unsafe { chan::<E>(c).abandon(claim.cast::<Sudog<E>>()) }
}

/// One function of [`export_channels!`](crate::export_channels).
#[doc(hidden)]
#[macro_export]
macro_rules! export_channel_function {
    ($name:literal, $function:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?, $body:expr) => {
        /// # Safety
        /// See `rtlib_abi::chan`.
        #[unsafe(export_name = $name)]
        unsafe extern "C" fn $function($($argument: $type),*) $(-> $result)? {
            // SAFETY: the caller vouches.
            unsafe { $body }
        }
    };
}

/// Exports the C interface of channels, on this [`Env`]: once in a program.
#[macro_export]
macro_rules! export_channels {
    ($env:ty) => {
        const _: () = {
            use rtlib_abi::chan::{Block, Case, Chan, Claim, Selected, Shape};
            use $crate::chan::{Wait, api};

            api::check_layout::<$env>();

            $crate::export_channel_function!("runtime.makechan", makechan(at: *mut Chan, shape: *const Shape), api::makechan::<$env>(at, shape));
            $crate::export_channel_function!("runtime.chansend1", chansend1(c: *const Chan, elem: *const u8) -> u32, api::chan_after_chance::<$env>(c).send(elem, Wait::Forever));
            $crate::export_channel_function!("runtime.selectnbsend", selectnbsend(c: *const Chan, elem: *const u8) -> u32, api::chan_after_chance::<$env>(c).send(elem, Wait::Try));
            $crate::export_channel_function!("runtime.chansenduntil", chansenduntil(c: *const Chan, elem: *const u8, deadline: u64) -> u32, api::chansenduntil::<$env>(c, elem, deadline));
            $crate::export_channel_function!("runtime.chanrecv1", chanrecv1(c: *const Chan, elem: *mut u8) -> u32, api::chanrecv::<$env>(c, elem, Wait::Forever));
            $crate::export_channel_function!("runtime.selectnbrecv", selectnbrecv(c: *const Chan, elem: *mut u8) -> u32, api::chanrecv::<$env>(c, elem, Wait::Try));
            $crate::export_channel_function!("runtime.chanrecvuntil", chanrecvuntil(c: *const Chan, elem: *mut u8, deadline: u64) -> u32, api::chanrecvuntil::<$env>(c, elem, deadline));
            $crate::export_channel_function!("runtime.closechan", closechan(c: *const Chan, reason: u32) -> u32, api::chan_after_chance::<$env>(c).close(reason));
            $crate::export_channel_function!("runtime.chanclosed", chanclosed(c: *const Chan) -> u32, api::chan::<$env>(c).closed());
            $crate::export_channel_function!("runtime.chanlen", chanlen(c: *const Chan) -> usize, api::chan::<$env>(c).len());
            $crate::export_channel_function!("runtime.chanaddblock", chanaddblock(c: *const Chan, block: *mut Block) -> bool, api::chan::<$env>(c).add_block(block));
            $crate::export_channel_function!("runtime.chantakedead", chantakedead(c: *const Chan) -> *mut Block, api::chan::<$env>(c).take_dead());
            $crate::export_channel_function!("runtime.chantakeblocks", chantakeblocks(c: *const Chan) -> *mut Block, api::chan::<$env>(c).take_blocks());
            $crate::export_channel_function!("runtime.selectgo", selectgo(cases: *mut Case, n: usize, mode: u32, deadline: u64) -> Selected, api::selectgo::<$env>(cases, n, mode, deadline));
            $crate::export_channel_function!("runtime.selectsend", selectsend(c: *const Chan, claim: *const Claim, elem: *const u8) -> u32, api::selectsend::<$env>(c, claim, elem));
            $crate::export_channel_function!("runtime.selectabandon", selectabandon(c: *const Chan, claim: *const Claim), api::selectabandon::<$env>(c, claim));
        };
    };
}
