//! Signal masks of goroutines (pthread_sigmask(3)).
//!
//! All goroutines have the same mask, as a rule: that of the program's first thread, which the others' are copied from ([`common`]). A goroutine that changes its own carries the difference with it ([`G::mask`]), and so do those
//! that it starts; who runs it gives the thread the same one, if that has another ([`respect`]). As long as nobody has done so this costs a switch one look at a word that does not change.
//!
//! A thread that runs no goroutine stands for all that wait: a signal that every goroutine blocks must not reach it, and one that some goroutine does not block must. So it blocks what all of them do. When that changes, all
//! threads are told by a signal, whose handler changes what they block, and waited for: when a goroutine has blocked a signal, and no other one takes it, nobody gets it.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::spawn;
use crate::gmp::all::all_ms;
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::this_goroutine;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::signal::{self, SIGCANCEL, SIGSETXID, SIGURG, bit};
use crate::os::linux::{nanotime, proc, thread};

/// How long to wait for the threads' answers, who owe them to nobody else.
const PATIENCE_NS: u64 = 100_000_000;

/// Some goroutine has had another mask.
static ANY: AtomicBool = AtomicBool::new(false);
/// The mask of all others. It changes only while there is one thread.
static COMMON: AtomicU64 = AtomicU64::new(0);
/// What threads that run no goroutine block, as a difference from the common mask.
static IDLE: AtomicU64 = AtomicU64::new(0);
/// Counts changes of it.
static CHANGES: AtomicU32 = AtomicU32::new(0);

/// Live goroutines with another mask than the common one, and how many of them block each signal.
struct Others {
    count: u64,
    blocking: [u64; 64],
}

impl Ranked for Others {
    const RANK: Rank = Rank::Masks;
}

impl Others {
    const fn none() -> Self {
        Self {
            count: 0,
            blocking: [0; 64],
        }
    }

    /// One has this difference no more (-1), or has it now (1).
    fn add(&mut self, difference: u64, what: i64) {
        if difference == 0 {
            return;
        }
        self.count = self.count.wrapping_add_signed(what);
        let mask = common() ^ difference;
        for (signal, blocking) in self.blocking.iter_mut().enumerate() {
            if mask >> signal & 1 != 0 {
                *blocking = blocking.wrapping_add_signed(what);
            }
        }
    }

    /// What all goroutines block, as a difference.
    fn all_block(&self) -> u64 {
        let all_are_others = self.count >= spawn::count();
        let common = common();
        let mut mask = 0;
        for (signal, blocking) in self.blocking.iter().enumerate() {
            let others_do = *blocking == self.count;
            let rest_does = all_are_others || common >> signal & 1 != 0;
            mask |= u64::from(others_do && rest_does) << signal;
        }
        (mask & !bit(SIGURG)) ^ (common & !bit(SIGURG))
    }
}

static OTHERS: Lock<Others> = Lock::new(Others::none());

/// In the child of a fork, whose only goroutine, or thread, has this mask: it is the common one.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget(me: Option<&G>, mp: Option<&M>) {
    let difference = me.map_or(0, |me| me.mask.swap(0, Ordering::Relaxed));
    COMMON.fetch_xor(difference, Ordering::Relaxed);
    ANY.store(false, Ordering::Relaxed);
    IDLE.store(0, Ordering::Relaxed);
    if let Some(mp) = mp {
        start(mp);
    }
    // SAFETY: the caller vouches.
    unsafe { OTHERS.renew(Others::none()) };
}

/// Whether some goroutine has, or had, a mask of its own.
#[inline]
pub fn are_any() -> bool {
    ANY.load(Ordering::Relaxed)
}

/// The mask of all goroutines that have none of their own.
pub fn common() -> u64 {
    COMMON.load(Ordering::Relaxed)
}

/// Sets it: while there is one thread.
pub fn set_common(mask: u64) {
    COMMON.store(mask, Ordering::Relaxed);
}

/// The mask for the thread of a new M, if the one that makes it may have another: all but faults are blocked, so that none finds it before it knows for whom it stands ([`respect`], [`go_idle`]).
pub fn for_new_thread(mp: &M) -> Option<u64> {
    let mask = are_any().then_some(!signal::FAULTS);
    mp.mask
        .store(mask.map_or(0, |mask| mask ^ common()), Ordering::Relaxed);
    mask
}

/// The M of the first thread, and of the only one of a forked child, has the common mask.
pub fn start(mp: &M) {
    mp.mask.store(0, Ordering::Relaxed);
}

/// The mask that an M's thread has, as far as this module has set it.
pub fn of_thread(mp: &M) -> u64 {
    common() ^ mp.mask.load(Ordering::Relaxed)
}

/// The goroutine is about to run on this M, which says so (`curg`).
#[inline]
pub fn respect(mp: &'static M, gp: &'static G) {
    if are_any() {
        set(mp, gp.mask.load(Ordering::Relaxed));
    }
}

#[cold]
fn set(mp: &M, difference: u64) {
    if mp.mask.swap(difference, Ordering::Relaxed) != difference {
        signal::set_mask(common() ^ difference);
    }
}

/// This M runs no goroutine for a while.
#[inline]
pub fn go_idle(mp: &'static M) {
    if are_any() {
        stand_for_all(mp);
    }
}

#[cold]
fn stand_for_all(mp: &'static M) {
    loop {
        let idle = IDLE.load(Ordering::SeqCst);
        set(mp, idle);
        // The handler may have been here meanwhile, for a newer one.
        if IDLE.load(Ordering::SeqCst) == idle {
            break;
        }
    }
}

/// A new goroutine has its creator's mask.
#[inline]
pub fn inherit(creator: Option<&'static G>, gp: &'static G) {
    if are_any() {
        give(creator, gp);
    }
}

#[cold]
fn give(creator: Option<&'static G>, gp: &'static G) {
    let difference = creator.map_or(0, |creator| creator.mask.load(Ordering::Relaxed));
    gp.mask.store(difference, Ordering::Relaxed);
    OTHERS.lock().add(difference, 1);
}

/// It runs now, or has ended: what all block may be something else. On a goroutine or on g0.
#[inline]
pub fn look_again() {
    if are_any() {
        tell_idle();
    }
}

/// The goroutine ends.
#[inline]
pub fn end(gp: &'static G) {
    if are_any() {
        let difference = gp.mask.swap(0, Ordering::Relaxed);
        OTHERS.lock().add(difference, -1);
    }
}

/// The calling goroutine blocks these signals from now on.
pub fn change(gp: &'static G, mp: &'static M, mask: u64) {
    ANY.store(true, Ordering::SeqCst);
    let difference = mask ^ common();
    set(mp, difference);
    {
        let mut others = OTHERS.lock();
        others.add(gp.mask.swap(difference, Ordering::Relaxed), -1);
        others.add(difference, 1);
    }
    tell_idle();
}

/// libc keeps two signals to itself, which nobody may block.
pub const fn allowed(mask: u64) -> u64 {
    mask & !(bit(SIGCANCEL) | bit(SIGSETXID))
}

/// Has threads that run no goroutine block what all goroutines do.
#[cold]
fn tell_idle() {
    let wanted = OTHERS.lock().all_block();
    if IDLE.swap(wanted, Ordering::SeqCst) == wanted {
        return;
    }
    let change = CHANGES.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
    let deadline = nanotime() + PATIENCE_NS;
    // Those of the runtime's own take no signals, and who blocks this one runs a goroutine that does.
    let listens = |mp: &&M| mp.signal_stack().is_some() && of_thread(mp) & bit(SIGURG) == 0;
    let tell = |mp: &&M| thread::kill(mp.tid.load(Ordering::Relaxed), SIGURG);
    for mp in all_ms().filter(listens).filter(tell) {
        let has_answered = || {
            let seen = mp.masks_seen.load(Ordering::SeqCst);
            seen.wrapping_sub(change).cast_signed() >= 0
        };
        while !has_answered() && listens(&mp) && nanotime() < deadline {
            proc::osyield();
        }
    }
}

/// In the handler of SIGURG, on an M's thread, which had all signals blocked when it began: what it blocks afterwards.
///
/// # Safety
/// `context` is the third argument of the running handler.
pub unsafe fn answer(mp: &'static M, context: *mut c_void) {
    /// `uc_sigmask` in `struct ucontext` of x86-64.
    const UC_SIGMASK: usize = 296;
    if !are_any() {
        return;
    }
    let change = CHANGES.load(Ordering::SeqCst);
    if !runs_goroutine(mp) {
        let idle = IDLE.load(Ordering::SeqCst);
        mp.mask.store(idle, Ordering::Relaxed);
        // SAFETY: the caller vouches.
        unsafe {
            let mask = context.cast::<u8>().add(UC_SIGMASK).cast::<u64>();
            mask.write(common() ^ idle);
        }
    }
    mp.masks_seen.store(change, Ordering::SeqCst);
}

/// Whether the calling thread runs a goroutine, or is about to.
fn runs_goroutine(mp: &'static M) -> bool {
    if this_goroutine().is_some() {
        return true;
    }
    let is_mine = |gp: &&G| gp.m.get().is_some_and(|its| ptr::eq(its, mp));
    let next = mp.curg.get().filter(is_mine);
    next.is_some_and(|gp| gp.status() == Status::Running as u32)
}
