//! Ms: making, waking, stopping and ending them (Go: `newm`, `startm`, `stopm`, `wakep`, `mexit`).

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};

use super::find::schedule;
use super::global::{RUNQSIZE, SCHED, SPIN, Sched};
use super::{asleep, exhausted, masks, poller, procs, second, sigstack, syscall, template, timers};
use crate::arch::current::{RED_ZONE, step_of_boot, tls, valgrind};
use crate::gmp::all::{ALLMS, allp};
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::switch::{self, ThreadMain};
use crate::gmp::{self, M0};
use crate::libc::ffi::{self, PthreadAttr};
use crate::libc::tcb;
use crate::os::linux::{Errno, mem, nanotime, signal, thread};
use crate::{fatal, persistent};

/// Stack of an M's thread, its TLS block not counted: g0 at the high end, handlers of signals at the low one ([`sigstack`]).
const M_STACK: usize = 256 << 10;
/// The same for sysmon's thread, of whose TLS block the snapshot for goroutines is taken. To libc its size is that of their stacks too, and libc takes up to a quarter of it for an `alloca`, which must not reach beyond
/// a guard ([`crate::stack::GUARD`]).
const WATCHER_STACK: usize = 96 << 10;
const _: () = assert!(WATCHER_STACK / 4 + (8 << 10) < crate::stack::GUARD);
/// How much of a thread's stack g0 may use, for its bounds.
const G0_SPAN: usize = 64 << 10;

/// Starts somebody to look for work, when some P is idle and nobody looks. `fenced` as in [`crate::gmp::spin::Spin::claim`].
#[inline]
pub fn wakep(fenced: bool) {
    if SPIN.claim(fenced) {
        wake_one();
    }
}

#[cold]
fn wake_one() {
    let pp = SCHED.lock().pidleget();
    match pp {
        Some(pp) => startm(pp, true),
        None => _ = SPIN.stop(),
    }
}

/// Runs an M with this P, which nobody holds: an idle one or a new one. If there may be no new one the P stays idle, and whom it had waits ([`exhausted`]).
pub fn startm(pp: &'static P, spinning: bool) {
    let mp = {
        let mut sched = SCHED.lock();
        if let Some(mp) = sched.mget() {
            drop(sched);
            mp.spinning.store(spinning, Ordering::Relaxed);
            mp.nextp.set(Some(pp));
            return wake_idle(mp);
        }
        let mp = exhausted::may_make(&sched).then(|| allocm(&mut sched));
        match mp {
            Some(Ok(mp)) => Some(mp),
            Some(Err(no_memory)) => {
                exhausted::leave_for(&mut sched, pp, no_memory.0);
                None
            }
            None => {
                exhausted::leave(&mut sched, pp);
                None
            }
        }
    };
    match mp {
        Some(mp) => {
            if let Err(errno) = launch(mp, schedule_with_p, Some(pp), spinning) {
                refuse(mp, errno.0);
            }
        }
        None if spinning => _ = SPIN.stop(),
        None => {}
    }
}

/// Wakes an M that was on the idle list, wherever it sleeps.
fn wake_idle(mp: &'static M) {
    mp.park.wakeup();
    fence(Ordering::SeqCst);
    if mp.polling.load(Ordering::SeqCst) {
        poller::interrupt();
    }
}

/// Puts an M without a P to sleep until somebody gives it one.
pub fn stopm(mp: &'static M) {
    masks::go_idle(mp);
    second::expect_idleness();
    match go_idle(mp) {
        Some(pp) => procs::acquire(mp, pp),
        None => park_until_p(mp),
    }
}

/// Puts an M on the idle list. Some, and nothing happened, when there is a P for it.
fn go_idle(mp: &'static M) -> Option<&'static P> {
    let mut sched = SCHED.lock();
    let left_over = exhausted::left_over(&mut sched);
    if left_over.is_none() {
        sched.mput(mp);
    }
    left_over
}

/// As [`stopm`], at the end of looking for work; wakes at `until` (ns) at the latest, for a timer, if no other idle M does. Then it takes an idle P, if there is one, and goes
/// on looking.
pub fn stopm_until(mp: &'static M, until: Option<u64>) {
    masks::go_idle(mp);
    if until.is_none() {
        second::expect_idleness();
    }
    let (mine, polls) = {
        let mut sched = SCHED.lock();
        if let Some(pp) = exhausted::left_over(&mut sched) {
            return procs::acquire(mp, pp);
        }
        sched.mput(mp);
        let mine = until.filter(|&when| sched.wakes_for_timer(mp, when));
        let polls = poller::anybody_waits() && sched.waits_for_descriptors(mp);
        (mine, polls)
    };
    if polls {
        return sleep_in_netpoll(mp, mine);
    }
    let Some(when) = mine else {
        return park_until_p(mp);
    };
    mp.blocked.store(true, Ordering::Relaxed);
    let woken = mp.park.sleep_for(Some(when.saturating_sub(nanotime())));
    mp.blocked.store(false, Ordering::Relaxed);
    if woken || !take_idle_p(mp) {
        return park_until_p(mp);
    }
    // Before it looks for other work, for which it would have to spin, and then to start another M.
    timers::run_all();
}

/// The rest of `stopm_until` for the M that waits for descriptors: until there is an event, or its timer is due, and a P to serve it with, or until somebody wakes it.
fn sleep_in_netpoll(mp: &'static M, mut until: Option<u64>) {
    mp.blocked.store(true, Ordering::Relaxed);
    mp.polling.store(true, Ordering::SeqCst);
    loop {
        if mp.park.is_woken() {
            break;
        }
        let left = until.map(|when| when.saturating_sub(nanotime()));
        let (mut due, mut has_p) = (false, false);
        poller::sleep(left, &mut |any| {
            due = until.is_some_and(|when| when <= nanotime());
            // None: all Ps are busy, and look at timers and descriptors themselves; or somebody brings one.
            let pp = (any || due).then(|| {
                let mut sched = SCHED.lock();
                let pp = sched.take_idle_pair(mp);
                if due && pp.is_none() {
                    // It sleeps on without a limit: the next M that becomes idle is to wake for the next timer.
                    sched.wakes_for_timers_no_more(mp);
                }
                pp
            });
            if let Some(pp) = pp.flatten() {
                stop_polling(mp);
                procs::acquire(mp, pp);
                has_p = true;
            }
        });
        if has_p {
            return;
        }
        if due {
            until = None;
        }
    }
    stop_polling(mp);
    park_until_p(mp);
}

fn stop_polling(mp: &'static M) {
    mp.polling.store(false, Ordering::SeqCst);
    SCHED.lock().waits_for_descriptors_no_more(mp);
    mp.blocked.store(false, Ordering::Relaxed);
}

/// After a sleep that nobody ended: takes `mp` off the idle list, and a P with it. False when it stays there, or somebody is about to wake it.
fn take_idle_p(mp: &'static M) -> bool {
    let pp = {
        let mut sched = SCHED.lock();
        if !sched.mremove(mp) {
            return false;
        }
        let pp = sched.pidleget();
        if pp.is_none() {
            sched.mput(mp); // all Ps are busy, and look at the timers themselves
        }
        pp
    };
    if let Some(pp) = pp {
        procs::acquire(mp, pp);
    }
    pp.is_some()
}

/// Sleeps until woken, then takes the P that came along. Who was called without one ([`call_one`]) looks for one, and sleeps again if there is none.
pub fn park_until_p(mp: &'static M) {
    loop {
        mp.blocked.store(true, Ordering::Relaxed);
        mp.park.sleep();
        mp.park.clear();
        mp.blocked.store(false, Ordering::Relaxed);
        let given = mp.nextp.take().or_else(p_when_called);
        if let Some(pp) = given.or_else(|| go_idle(mp)) {
            return procs::acquire(mp, pp);
        }
    }
}

/// Ms that were called and have not come to run yet.
static CALLED: AtomicU32 = AtomicU32::new(0);
/// So many at once: few, since each of them competes for the CPU with those who wait for it already.
const MAX_CALLED: u32 = 8;

/// Has an idle M take a P of somebody who is in a call, for goroutines that wait. The P is not given to it: until it comes to run others may take the P, and run them.
pub fn call_one() {
    if CALLED.load(Ordering::Relaxed) >= MAX_CALLED {
        return;
    }
    let idle = {
        let mut sched = SCHED.lock();
        // With an idle P there is somebody underway, and an idle M may be the one that is to wake for the next timer.
        if SPIN.idle() != 0 {
            return;
        }
        sched.mget()
    };
    if let Some(mp) = idle {
        CALLED.fetch_add(1, Ordering::Relaxed);
        mp.spinning.store(false, Ordering::Relaxed);
        wake_idle(mp);
    }
}

/// In the child of a fork: those who were called are the parent's.
pub fn forget_called() {
    CALLED.store(0, Ordering::Relaxed);
}

/// On an M that was called.
fn p_when_called() -> Option<&'static P> {
    CALLED.fetch_sub(1, Ordering::Relaxed);
    let work_waits = RUNQSIZE.load(Ordering::Relaxed) != 0 || allp().any(P::has_work);
    work_waits.then(syscall::p_of_another).flatten()
}

/// Makes an M of the runtime's own, which runs no goroutines, and its thread.
pub fn newm(main: ThreadMain) {
    if let Err(errno) = try_newm(main) {
        no_thread(errno)
    }
}

/// The same for those who can do without.
pub fn try_newm(main: ThreadMain) -> Result<(), Errno> {
    let mp = allocm(&mut SCHED.lock())?;
    launch(mp, main, None, false).inspect_err(|_| SCHED.lock().mbury(mp))
}

/// The system refuses a thread that the runtime needs.
pub fn no_thread(errno: Errno) -> ! {
    let made = SCHED.lock().mcount;
    fatal::newosproc_failed(made, errno.0, is_there_room_for_a_stack)
}

/// Makes the thread of a new M.
fn launch(
    mp: &'static M,
    main: ThreadMain,
    pp: Option<&'static P>,
    spinning: bool,
) -> Result<(), Errno> {
    mp.nextp.set(pp);
    mp.spinning.store(spinning, Ordering::Relaxed);
    if let Some(g0) = mp.g0.get() {
        g0.startpc.store(main as usize, Ordering::Relaxed);
    }
    if template::must_start() {
        template::start_thread(mp);
        Ok(())
    } else {
        start_thread(mp, mask_of_blocker())
    }
}

/// On a thread that keeps all signals blocked, sysmon's, the mask for the threads that it makes: the one that its own maker had.
fn mask_of_blocker() -> Option<u64> {
    let me = gmp::getg()?.m.get()?;
    let was_set_up = me.signal_stack.load(Ordering::Relaxed) != 0;
    (!was_set_up).then(|| me.sigmask.load(Ordering::Relaxed))
}

/// A struct for a new M, with a g0.
fn allocm(sched: &mut Sched) -> Result<&'static M, Errno> {
    if let Some(mp) = sched.mdead {
        sched.mdead = mp.schedlink.take();
        sched.mcount += 1;
        return Ok(mp);
    }
    // SAFETY: `M::new()` and `G::new()` are all zero bytes.
    let (mp, g0): (&'static M, &'static G) =
        unsafe { (persistent::try_alloc()?, persistent::try_alloc()?) };
    mp.g0.set(Some(g0));
    g0.m.set(Some(mp));
    sched.mcount += 1;
    register(sched, mp);
    Ok(mp)
}

/// Makes m0 and its g0 known. In the boot; `rt0_go` has bound them to each other.
pub fn adopt_m0() {
    M0.tid.store(thread::gettid(), Ordering::Relaxed);
    let mut sched = SCHED.lock();
    sched.mcount += 1;
    register(&mut sched, &M0);
}

/// Numbers a new M and puts it on the list of all.
fn register(sched: &mut Sched, mp: &'static M) {
    mp.id.store(sched.mnext, Ordering::Relaxed);
    sched.mnext += 1;
    mp.rand.store(
        (mp.id.load(Ordering::Relaxed) as u32).wrapping_mul(0x9e37_79b9) | 1,
        Ordering::Relaxed,
    );
    mp.alllink.set(ALLMS.get());
    ALLMS.set_release(Some(mp));
}

/// Signals that an M is born with blocked: all, so that no handler of the program runs on a thread that is not set up.
static ALL_SIGNALS: [u64; 16] = [u64::MAX; 16];
/// pthread_sigmask(3).
const SIG_SETMASK: i32 = 2;

/// Starts the thread of a new M, as a copy of the calling one but for the signal mask, when one is given.
pub fn start_thread(mp: &'static M, sigmask: Option<u64>) -> Result<(), Errno> {
    #[cfg(feature = "faults")]
    if let Some(refused) = crate::os::linux::faults::thread() {
        return Err(refused);
    }
    let mut attr = PthreadAttr::uninit();
    let mut thread = 0;
    let mut mask = [0; 16];
    // SAFETY: libc's functions on our own variables; `mp` lives for ever. The mask is restored whatever happens.
    let error = unsafe {
        ffi::pthread_attr_init(&raw mut attr);
        ffi::pthread_attr_setstacksize(&raw mut attr, thread_stack(mp));
        if !is_watcher(mp) {
            ffi::pthread_attr_setguardsize(&raw mut attr, sigstack::GUARD);
        }
        ffi::pthread_sigmask(SIG_SETMASK, &raw const ALL_SIGNALS, &raw mut mask);
        let of_all = masks::for_new_thread(mp).filter(|_| !is_watcher(mp));
        let sigmask = of_all.or(sigmask).unwrap_or(mask[0]);
        mp.sigmask.store(sigmask, Ordering::Relaxed);
        let error = ffi::pthread_create(
            &raw mut thread,
            &raw const attr,
            thread_start,
            ptr::from_ref(mp).cast_mut().cast(),
        );
        ffi::pthread_sigmask(SIG_SETMASK, &raw const mask, ptr::null_mut());
        ffi::pthread_attr_destroy(&raw mut attr);
        if error == 0 {
            ffi::pthread_detach(thread);
        }
        error
    };
    if error != 0 {
        return Err(Errno(error as u32));
    }
    Ok(())
}

/// The system gives us no more threads: the goroutines go on with those that there are. The runtime's own are needed.
#[cold]
pub fn refuse(mp: &'static M, errno: u32) {
    let Some(pp) = mp.nextp.take() else {
        SCHED.lock().mbury(mp);
        no_thread(Errno(errno))
    };
    exhausted::refused(mp, pp, errno);
    if mp.spinning.swap(false, Ordering::Relaxed) {
        SPIN.stop();
    }
}

/// Whether the system has memory for another M's stack. For the end of the program, which that memory is taken for.
pub fn is_there_room_for_a_stack() -> bool {
    mem::reserve(M_STACK + tcb::room_for_block()).is_ok()
}

/// Bytes of its thread's stack, the TLS block included.
fn thread_stack(mp: &M) -> usize {
    let stack = if is_watcher(mp) {
        WATCHER_STACK
    } else {
        M_STACK
    };
    stack + tcb::room_for_block()
}

/// Whether this is sysmon's.
fn is_watcher(mp: &M) -> bool {
    let main = mp.g0.get().map(|g0| g0.startpc.load(Ordering::Relaxed));
    main.is_some_and(super::watcher::is_main_of)
}

extern "C" fn thread_start(arg: *mut c_void) -> *mut c_void {
    // SAFETY: `start_thread` passes an M.
    let mp: &'static M = unsafe { &*arg.cast::<M>() };
    mp.tid.store(thread::gettid(), Ordering::Relaxed);
    let Some(g0) = mp.g0.get() else {
        fatal::throw(b"M without g0")
    };
    let here = ptr::from_ref(&arg) as usize;
    g0.stack_lo.store(here - G0_SPAN, Ordering::Relaxed);
    g0.stack_hi.store(here, Ordering::Relaxed);
    g0.fs.store(tls::thread_pointer(), Ordering::Relaxed);
    if is_watcher(mp) {
        tcb::take_snapshot();
    }
    gmp::setg(g0);
    // SAFETY: the function pointer that `newm` stored; we are on the M's own thread and block.
    unsafe {
        let main = core::mem::transmute::<usize, ThreadMain>(g0.startpc.load(Ordering::Relaxed));
        switch::call_until_mexit(main, mp);
    }
    bury(mp);
    ptr::null_mut()
}

/// The thread pointer of the block that libc made for the calling thread, which is an M's, when it runs on another one: a goroutine's, or m0's g0's.
pub fn libc_block_elsewhere() -> Option<usize> {
    let gp = gmp::getg()?;
    let mp = gp.mp();
    if ptr::eq(mp, &raw const M0) {
        return Some(crate::process::main_thread_pointer());
    }
    let g0 = mp.g0.get()?;
    (!ptr::eq(gp, g0)).then(|| g0.fs.load(Ordering::Relaxed))
}

/// The last act of an M's thread: its struct and g0 may be another's from here on.
fn bury(mp: &'static M) {
    sigstack::give_back(mp);
    mp.exiting.store(false, Ordering::Relaxed);
    let mut sched = SCHED.lock();
    sched.mbury(mp);
    asleep::something_ended(&sched);
}

/// The life of an ordinary M.
pub extern "C" fn schedule_with_p(mp: &'static M) -> ! {
    minit(mp);
    if let Some(pp) = mp.nextp.take() {
        procs::acquire(mp, pp);
    }
    schedule_from_here(mp)
}

/// Starts scheduling. g0's frames begin below the caller's, at the place to which each later switch to g0 comes back: memcheck sees no frame return above it, after which it would take what is there for out of bounds.
fn schedule_from_here(mp: &'static M) -> ! {
    let Some(g0) = mp.g0.get() else {
        fatal::throw(b"M without g0")
    };
    let anchor = 0_usize;
    let top = (ptr::from_ref(&anchor) as usize - 4096) & !15;
    valgrind::defined(top - RED_ZONE..top);
    g0.sp.store(top, Ordering::Relaxed);
    // SAFETY: the stack below this frame is g0's, and this frame is not used again.
    unsafe { switch::call_on_stack(schedule_on_g0, mp, top) }
}

extern "C" fn schedule_on_g0(_: &'static M) -> ! {
    schedule()
}

/// Per-thread set-up: the alternate signal stack, the signal mask of the program.
pub fn minit(mp: &'static M) {
    if !ptr::eq(mp, &raw const M0)
        && let Some(g0) = mp.g0.get()
    {
        let tp = g0.fs.load(Ordering::Relaxed);
        sigstack::take_from_stack(mp, tp, thread_stack(mp));
    }
    sigstack::set_up(mp);
    if ptr::eq(mp, &raw const M0) {
        masks::start(mp);
        // They may be blocked by whoever started the program; then a stack that runs out would end it without a word. All other threads have their masks from this one.
        masks::set_common(signal::unblock_faults());
        return;
    }
    let mut mask = [0; 16];
    mask[0] = mp.sigmask.load(Ordering::Relaxed);
    // SAFETY: libc's function on our own variable.
    unsafe { ffi::pthread_sigmask(SIG_SETMASK, &raw const mask, ptr::null_mut()) };
}

/// m0 enters the scheduler: from rt0_go, on the process stack, which belongs to the main goroutine from here on. g0 moves to a stack of its own.
#[unsafe(export_name = "runtime.mstart")]
extern "C" fn mstart() -> ! {
    step_of_boot!();
    let stack = G0_STACK.load(Ordering::Relaxed);
    crate::gmp::G0.stack_lo.store(stack, Ordering::Relaxed);
    crate::gmp::G0
        .stack_hi
        .store(stack + M_STACK, Ordering::Relaxed);
    // SAFETY: a new mapping, but for the main goroutine's first context.
    unsafe { switch::call_on_stack(mstart_on_g0, &M0, stack + M_STACK) }
}

/// The stack that m0's g0 moves to in [`mstart`]. 0 before it is made.
static G0_STACK: AtomicUsize = AtomicUsize::new(0);

/// Makes the stack that m0's g0 moves to in [`mstart`], and returns an address in its midst, which g0 does not reach before the main goroutine has started.
pub fn make_g0_stack() -> usize {
    let Ok(stack) = sigstack::make_for_m0(&M0, M_STACK) else {
        fatal::throw(b"runtime: cannot allocate g0's stack")
    };
    valgrind::stack(stack..stack + M_STACK);
    G0_STACK.store(stack, Ordering::Relaxed);
    stack + M_STACK / 2
}

extern "C" fn mstart_on_g0(mp: &'static M) -> ! {
    minit(mp);
    schedule_from_here(mp)
}

/// Ends the calling M: its locked goroutine exited without unlocking, so the thread's state is not to be trusted (Go: `mexit`). On g0, P in hand.
pub fn mexit(mp: &'static M) -> ! {
    let pp = procs::release(mp);
    hand_off(pp);
    if ptr::eq(mp, &raw const M0) {
        // The process's first thread must stay. It may be the only one, and then nobody would see the deadlock.
        second::expect_idleness();
        SCHED.lock().mlocked();
        loop {
            mp.park.sleep();
            mp.park.clear();
        }
    }
    // SAFETY: on this M's g0.
    unsafe { switch::mexit(mp) }
}

/// Gives a P that its M can no longer use to somebody: an M when there is work, else the idle list.
pub fn hand_off(pp: &'static P) {
    let work = pp.has_work() || RUNQSIZE.load(Ordering::SeqCst) != 0;
    if work {
        startm(pp, false);
        return;
    }
    let unwatched = {
        let mut sched = SCHED.lock();
        sched.pidleput(pp);
        let first = pp.timers.first();
        first.is_some_and(|when| !sched.somebody_wakes_by(when))
            || (poller::anybody_waits() && !sched.somebody_waits_for_descriptors())
    };
    if unwatched || RUNQSIZE.load(Ordering::SeqCst) != 0 {
        wakep(true);
    }
}
