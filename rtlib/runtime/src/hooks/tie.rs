//! What the kernel keeps for each thread alone: a goroutine that changes it is tied to its thread for good, and the thread ends with it.
//!
//! Its processors, priority, user, capabilities, namespaces, filters: whoever asks for such a thing asks for it for itself, and a goroutine is on many threads, each of which runs many goroutines. From the
//! change on it is on that one alone. New threads are copied from one that nobody has changed (`sched::template`).
//!
//! A program whose only thread changes itself before there are others means those as well: they have it from that one. So nothing is tied then, and no thread is made before the call.
//!
//! An id that names the caller is the caller's thread here: the goroutine's own ([`caller`]), or its thread's. Ids of other goroutines name nothing that the kernel knows: `ESRCH`.
//!
//! `GODEBUG=std=-pin` turns this off, `GODEBUG=pintrace=1` tells of each tie.

#![allow(non_upper_case_globals, reason = "the kernel's names, in patterns")]

use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::Ordering;

use super::io::{Answer, plain};
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::this_goroutine;
use crate::godebug::{self, Family};
use crate::libc::tcb;
use crate::os::linux::sys::{
    __NR_add_key, __NR_capget, __NR_capset, __NR_getpriority, __NR_gettid, __NR_ioperm, __NR_iopl,
    __NR_ioprio_get, __NR_ioprio_set, __NR_keyctl, __NR_landlock_restrict_self,
    __NR_perf_event_open, __NR_personality, __NR_prctl, __NR_prlimit64, __NR_ptrace,
    __NR_request_key, __NR_rt_sigprocmask, __NR_rt_tgsigqueueinfo, __NR_sched_getaffinity,
    __NR_sched_getattr, __NR_sched_getparam, __NR_sched_getscheduler, __NR_sched_rr_get_interval,
    __NR_sched_setaffinity, __NR_sched_setattr, __NR_sched_setparam, __NR_sched_setscheduler,
    __NR_seccomp, __NR_set_mempolicy, __NR_setfsgid, __NR_setfsuid, __NR_setgid, __NR_setgroups,
    __NR_setns, __NR_setpriority, __NR_setregid, __NR_setresgid, __NR_setresuid, __NR_setreuid,
    __NR_setuid, __NR_tgkill, __NR_timer_create, __NR_tkill, __NR_unshare, ESRCH, PR_CAP_AMBIENT,
    PR_CAPBSET_DROP, PR_GET_NAME, PR_SET_KEEPCAPS, PR_SET_NAME, PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_SECUREBITS, PR_SET_SPECULATION_CTRL,
    PR_SET_SYSCALL_USER_DISPATCH, PR_SET_TIMERSLACK, PR_SET_TSC, PRIO_PROCESS, SIGEV_THREAD_ID,
};
use crate::os::linux::{Errno, proc, thread};
use crate::sched::locked;
use crate::sched::second;
use crate::sched::syscall::entersyscallblock;
use crate::traceback::{record, tell, unwind};

/// The calling goroutine, on its thread.
#[derive(Clone, Copy)]
pub struct Caller {
    pub gp: &'static G,
    pub mp: &'static M,
    /// The id by which the program knows the goroutine: its own, which no thread of the kernel has, or the process's for the main goroutine.
    id: u32,
}

/// None on a thread that runs no goroutine, in the child of a vfork(2), which is on its parent's memory, and when this is turned off.
pub fn caller() -> Option<Caller> {
    let gp = this_goroutine().filter(|_| godebug::std(Family::Pin))?;
    let mp = gp.m.get()?;
    // SAFETY: a goroutine has a block.
    let id = unsafe { tcb::thread_id(gp.fs.load(Ordering::Relaxed)) };
    (thread::gettid() == mp.tid.load(Ordering::Relaxed)).then_some(Caller { gp, mp, id })
}

/// Whom an id names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    /// The calling goroutine, or its thread.
    Caller,
    /// Another goroutine.
    Other,
    /// A thread or a process; or nobody.
    Kernel,
}

impl Caller {
    fn tid(self) -> u32 {
        self.mp.tid.load(Ordering::Relaxed)
    }

    fn names(self, id: u32) -> Whom {
        let is_thread = id == self.tid() && id != proc::pid();
        if id == 0 || id == self.id || is_thread {
            Whom::Caller
        } else if tcb::is_goroutines(id) {
            Whom::Other
        } else {
            Whom::Kernel
        }
    }
}

/// gettid(2): the goroutine's own id; while it is tied to its thread, that one's.
pub fn gettid() -> u32 {
    let own = this_goroutine().filter(|_| godebug::std(Family::Pin));
    match own {
        Some(gp) => match gp.lockedm.get() {
            Some(mp) => mp.tid.load(Ordering::Relaxed),
            // SAFETY: a goroutine has a block.
            None => unsafe { tcb::thread_id(gp.fs.load(Ordering::Relaxed)) },
        },
        None => thread::gettid(),
    }
}

/// A change of the calling thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Threads that are copied from this one have it, too.
    Inherited,
    /// The same, and from then on the thread may not do everything.
    Sandbox,
    /// It is this thread's alone.
    Own,
}

/// Whether a call with this number may be one that names a thread or changes the calling one. [`call`] passes on those that do neither.
pub const fn may_concern_thread(nr: u32) -> bool {
    matches!(nr, __NR_gettid | __NR_rt_sigprocmask | __NR_capget)
        || is_of_keys(nr)
        || nr == __NR_prctl
        || id_position(nr).is_some()
        || change_by(nr).is_some()
}

/// Which argument may name a thread.
const fn id_position(nr: u32) -> Option<usize> {
    match nr {
        __NR_sched_setaffinity
        | __NR_sched_getaffinity
        | __NR_sched_setscheduler
        | __NR_sched_getscheduler
        | __NR_sched_setparam
        | __NR_sched_getparam
        | __NR_sched_setattr
        | __NR_sched_getattr
        | __NR_sched_rr_get_interval
        | __NR_prlimit64
        | __NR_tkill => Some(0),
        __NR_setpriority | __NR_getpriority | __NR_ioprio_set | __NR_ioprio_get => Some(1),
        __NR_tgkill | __NR_rt_tgsigqueueinfo | __NR_perf_event_open => Some(1),
        _ => None,
    }
}

/// Which argument names a thread, if one does.
fn id_argument(nr: u32, args: &[usize; 6]) -> Option<usize> {
    id_position(nr).filter(|_| is_of_one(nr, args))
}

/// Priorities may be those of all processes of a group or a user.
fn is_of_one(nr: u32, args: &[usize; 6]) -> bool {
    const IOPRIO_WHO_PROCESS: usize = 1;
    match nr {
        __NR_setpriority | __NR_getpriority => args[0] == PRIO_PROCESS as usize,
        __NR_ioprio_set | __NR_ioprio_get => args[0] == IOPRIO_WHO_PROCESS,
        _ => true,
    }
}

/// What a call may change of the thread that it names, and what it is called. Those of which only the arguments tell are not here.
const fn change_by(nr: u32) -> Option<(Change, &'static str)> {
    use Change::{Inherited, Own, Sandbox};
    let change = match nr {
        __NR_sched_setaffinity => (Inherited, "sched_setaffinity"),
        __NR_sched_setscheduler => (Inherited, "sched_setscheduler"),
        __NR_sched_setparam => (Inherited, "sched_setparam"),
        __NR_sched_setattr => (Inherited, "sched_setattr"),
        __NR_setpriority => (Inherited, "setpriority"),
        __NR_ioprio_set => (Inherited, "ioprio_set"),
        __NR_unshare => (Inherited, "unshare"),
        __NR_setns => (Inherited, "setns"),
        __NR_setfsuid => (Inherited, "setfsuid"),
        __NR_setfsgid => (Inherited, "setfsgid"),
        __NR_setuid => (Inherited, "setuid"),
        __NR_setgid => (Inherited, "setgid"),
        __NR_setreuid => (Inherited, "setreuid"),
        __NR_setregid => (Inherited, "setregid"),
        __NR_setresuid => (Inherited, "setresuid"),
        __NR_setresgid => (Inherited, "setresgid"),
        __NR_setgroups => (Inherited, "setgroups"),
        __NR_capset => (Inherited, "capset"),
        __NR_iopl => (Inherited, "iopl"),
        __NR_ioperm => (Inherited, "ioperm"),
        __NR_personality => (Inherited, "personality"),
        __NR_set_mempolicy => (Inherited, "set_mempolicy"),
        __NR_seccomp => (Sandbox, "seccomp"),
        __NR_landlock_restrict_self => (Sandbox, "landlock_restrict_self"),
        __NR_ptrace => (Own, "ptrace"),
        __NR_perf_event_open => (Own, "perf_event_open"),
        __NR_timer_create => (Own, "timer_create"),
        _ => return None,
    };
    Some(change)
}

/// What a call changes of the thread that it names, and what it is called.
fn change(nr: u32, args: &[usize; 6]) -> Option<(Change, &'static str)> {
    const LANDLOCK_RESTRICT_SELF_TSYNC: usize = 1 << 3;
    /// personality(2): only asks.
    const ASK: u32 = u32::MAX;
    let changes_one = match nr {
        __NR_prctl => return change_by_prctl(args[0] as u32),
        _ if is_of_keys(nr) => return change_of_keys(nr, args),
        __NR_personality => args[0] as u32 != ASK,
        __NR_seccomp => filters_one_thread(args),
        __NR_landlock_restrict_self => args[1] & LANDLOCK_RESTRICT_SELF_TSYNC == 0,
        _ => is_of_one(nr, args),
    };
    change_by(nr).filter(|_| changes_one)
}

/// seccomp(2): a filter of all threads is none of one thread's, and two operations only ask.
fn filters_one_thread(args: &[usize; 6]) -> bool {
    const SECCOMP_SET_MODE_STRICT: usize = 0;
    const SECCOMP_SET_MODE_FILTER: usize = 1;
    const SECCOMP_FILTER_FLAG_TSYNC: usize = 1;
    match args[0] {
        SECCOMP_SET_MODE_STRICT => true,
        SECCOMP_SET_MODE_FILTER => args[1] & SECCOMP_FILTER_FLAG_TSYNC == 0,
        _ => false,
    }
}

fn change_by_prctl(option: u32) -> Option<(Change, &'static str)> {
    use Change::{Inherited, Own, Sandbox};
    let change = match option {
        PR_SET_SECCOMP => (Sandbox, "prctl(PR_SET_SECCOMP)"),
        PR_SET_NO_NEW_PRIVS => (Inherited, "prctl(PR_SET_NO_NEW_PRIVS)"),
        PR_CAPBSET_DROP => (Inherited, "prctl(PR_CAPBSET_DROP)"),
        PR_CAP_AMBIENT => (Inherited, "prctl(PR_CAP_AMBIENT)"),
        PR_SET_KEEPCAPS => (Inherited, "prctl(PR_SET_KEEPCAPS)"),
        PR_SET_SECUREBITS => (Inherited, "prctl(PR_SET_SECUREBITS)"),
        PR_SET_TIMERSLACK => (Inherited, "prctl(PR_SET_TIMERSLACK)"),
        PR_SET_TSC => (Inherited, "prctl(PR_SET_TSC)"),
        PR_SET_SPECULATION_CTRL => (Inherited, "prctl(PR_SET_SPECULATION_CTRL)"),
        PR_SET_PDEATHSIG => (Own, "prctl(PR_SET_PDEATHSIG)"),
        PR_SET_SYSCALL_USER_DISPATCH => (Own, "prctl(PR_SET_SYSCALL_USER_DISPATCH)"),
        _ => return None,
    };
    Some(change)
}

const fn is_of_keys(nr: u32) -> bool {
    matches!(nr, __NR_keyctl | __NR_add_key | __NR_request_key)
}

/// keyctl(2) and its like: a thread's own keyring, the session that it joins, on whose behalf it asks.
fn change_of_keys(nr: u32, args: &[usize; 6]) -> Option<(Change, &'static str)> {
    const KEYCTL_JOIN_SESSION_KEYRING: usize = 1;
    const KEYCTL_SET_REQKEY_KEYRING: usize = 14;
    const KEYCTL_ASSUME_AUTHORITY: usize = 16;
    const KEY_SPEC_THREAD_KEYRING: i32 = -1;
    let own_keyring = |at: usize| args[at] as i32 == KEY_SPEC_THREAD_KEYRING;
    match nr {
        __NR_add_key => own_keyring(4).then_some((Change::Own, "add_key")),
        __NR_request_key => own_keyring(3).then_some((Change::Own, "request_key")),
        _ => match args[0] {
            KEYCTL_JOIN_SESSION_KEYRING => Some((Change::Inherited, "keyctl")),
            KEYCTL_SET_REQKEY_KEYRING | KEYCTL_ASSUME_AUTHORITY => Some((Change::Own, "keyctl")),
            _ => own_keyring(1).then_some((Change::Own, "keyctl")),
        },
    }
}

/// A system call that names a thread, or changes the calling one.
///
/// # Safety
/// As the system call is.
pub unsafe fn call(nr: u32, args: [usize; 6]) -> Answer {
    if nr == __NR_gettid {
        return Ok(gettid() as usize);
    }
    if nr == __NR_rt_sigprocmask {
        // SAFETY: the caller's arguments.
        return unsafe { super::mask::system_call(args) };
    }
    let Some(caller) = caller() else {
        // SAFETY: the caller's arguments.
        return unsafe { plain(nr, args) };
    };
    // SAFETY: the caller's arguments, of the calls that the numbers say.
    unsafe {
        match nr {
            __NR_prctl if args[0] as u32 == PR_SET_NAME => super::name::set_own(caller, args[1]),
            __NR_prctl if args[0] as u32 == PR_GET_NAME => super::name::get_own(caller, args[1]),
            __NR_capset | __NR_capget => with_own_header(caller, nr, args),
            __NR_timer_create => with_own_event(caller, args),
            _ => with_own_id(caller, nr, args),
        }
    }
}

/// # Safety
/// As the system call is.
unsafe fn with_own_id(caller: Caller, nr: u32, mut args: [usize; 6]) -> Answer {
    if let Some(at) = id_argument(nr, &args) {
        match caller.names(args[at] as u32) {
            Whom::Caller if matches!(nr, __NR_tgkill | __NR_tkill | __NR_rt_tgsigqueueinfo) => {
                args[at] = caller.tid() as usize;
            }
            Whom::Caller => args[at] = 0,
            Whom::Other => return Err(Errno(ESRCH)),
            // SAFETY: the caller vouches.
            Whom::Kernel => return unsafe { plain(nr, args) },
        }
    }
    // SAFETY: the caller vouches.
    unsafe { changing(caller, nr, args) }
}

/// capset(2) and capget(2), whose first argument points to the id.
///
/// # Safety
/// As the system call is.
unsafe fn with_own_header(caller: Caller, nr: u32, mut args: [usize; 6]) -> Answer {
    /// `struct __user_cap_header_struct`: a version, which the kernel writes if it does not know it, and an id.
    type Header = [u32; 2];
    // SAFETY: the caller's header, if it has one.
    let Some(theirs) = (unsafe { (args[0] as *mut Header).as_mut() }) else {
        // SAFETY: the caller vouches.
        return unsafe { plain(nr, args) };
    };
    let mut header = *theirs;
    match caller.names(header[1]) {
        Whom::Caller => header[1] = 0,
        Whom::Other => return Err(Errno(ESRCH)),
        // SAFETY: the caller vouches.
        Whom::Kernel => return unsafe { plain(nr, args) },
    }
    args[0] = &raw mut header as usize;
    // SAFETY: the caller vouches for the other argument.
    let answer = unsafe { changing(caller, nr, args) };
    theirs[0] = header[0];
    answer
}

/// `struct sigevent` of `SIGEV_THREAD_ID`, up to the id.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SigEvent {
    value: usize,
    signo: i32,
    notify: i32,
    tid: u32,
    rest: [u32; 11],
}

const _: () = assert!(size_of::<SigEvent>() == 64 && offset_of!(SigEvent, tid) == 16);

impl SigEvent {
    /// Whether a certain thread is to get the signal.
    pub fn is_for_thread(&self) -> bool {
        self.notify as u32 == SIGEV_THREAD_ID
    }
}

/// timer_create(2).
///
/// # Safety
/// As the system call is.
unsafe fn with_own_event(caller: Caller, mut args: [usize; 6]) -> Answer {
    // SAFETY: the caller's structure, if it has one.
    let event = unsafe { (args[1] as *const SigEvent).as_ref() };
    let Some(mut event) = event.copied().filter(SigEvent::is_for_thread) else {
        // SAFETY: the caller vouches.
        return unsafe { plain(__NR_timer_create, args) };
    };
    match caller.names(event.tid) {
        Whom::Caller => event.tid = caller.tid(),
        Whom::Other => return Err(Errno(ESRCH)),
        // SAFETY: the caller vouches.
        Whom::Kernel => return unsafe { plain(__NR_timer_create, args) },
    }
    args[1] = ptr::from_ref(&event) as usize;
    // SAFETY: the caller vouches for the other arguments.
    unsafe { changing(caller, __NR_timer_create, args) }
}

/// Makes a call, and ties the goroutine to its thread if that changes the thread.
///
/// # Safety
/// As the system call is.
unsafe fn changing(caller: Caller, nr: u32, args: [usize; 6]) -> Answer {
    let change = change(nr, &args)
        .filter(|(change, _)| *change == Change::Own || !second::is_alone())
        .filter(|_| !locked::is_tied(caller.gp));
    let Some((change, name)) = change else {
        // SAFETY: the caller vouches.
        return unsafe { plain(nr, args) };
    };
    locked::before_tie();
    if change == Change::Sandbox {
        report(caller.gp, name);
    }
    // SAFETY: the caller vouches.
    let answer = unsafe { plain(nr, args) };
    if answer.is_ok() && locked::tie(caller.gp) {
        super::name::tied(caller);
        if change != Change::Sandbox {
            report(caller.gp, name);
        }
    }
    answer
}

/// Gives the calling goroutine a thread of the kernel's for the rest of its life, as it would have without goroutines: it is tied to it, and needs no P, as in a call that does not end.
pub fn become_thread(caller: Caller) {
    if locked::is_tied(caller.gp) {
        return;
    }
    locked::before_tie();
    if locked::tie(caller.gp) {
        super::name::tied(caller);
        report(caller.gp, "GODEBUG=osthreads names it");
        entersyscallblock();
    }
}

/// `GODEBUG=pintrace=1`. In front of what may forbid the thread to do this.
#[inline(never)]
fn report(gp: &'static G, name: &str) {
    if !godebug::pintrace() {
        return;
    }
    let mut told = record::EMPTY;
    record::describe(&mut told, gp, Status::Running);
    let here = 0_u8;
    unwind::callers(&mut told.trace, unwind::here(&here));
    told.flags |= rtlib_abi::traceback::STACK;
    crate::print!("PIN goroutine {}: {name}\n", gp.id());
    tell::recorded(&told);
}
