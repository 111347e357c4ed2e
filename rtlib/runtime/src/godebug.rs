//! GODEBUG: `name=value` settings, comma-separated, as in Go. The last one wins; unknown ones are ignored, as in Go.
//!
//! - `inittrace=1`: a line for each package's initialisation.
//! - `fsgsbase=0`: never use the FSGSBASE instructions; system calls instead.
//! - `guardinstall=0`: never use lightweight guard pages; mprotect instead.
//! - `schedmigrate=1`: a goroutine that yields runs next on another thread whenever it can. For tests of what migration must not break.
//! - `schedseed=N`: random choices of the scheduler, from this seed (`sched::shuffle`); 0 = none.
//! - `schedtrace=N`: every N ms a line with the state of the scheduler; with `scheddetail=1` lines for every P, M and goroutine.
//! - `hogtrace=1`: a line for each goroutine that keeps its P while others wait, so that an extra P was added, and its stack.
//! - `blocktrace=20ms`: calls that keep their thread for longer than that, and their stacks (`sched::slow`).
//! - `std=0`: calls of libc that block keep their thread, on goroutines too (`hooks`); `std=-sync`, `std=-sleep`, `std=-net`, `std=-pin`: those of one family ([`Family`]). More families may follow, each with its minus: `std=-sync,-sleep`.
//! - `stdthreads=os`: std's threads are threads of the kernel, whatever the program was built for.
//! - `osthreads=NAME*:OTHER`: std's threads with such names have a thread of the kernel each, for as long as they last (`hooks::name`).
//! - `netdns=go|cgo`: who looks hosts and services up, the runtime or libc; `netdns=2`, `go+2`: each lookup's order is printed, too. `osuser=go|cgo`: the same for users and groups.
//! - `netedns0=0`: questions to DNS servers have no EDNS0 header.
//! - `pintrace=1`: a line for each goroutine that is tied to its thread by what it changes of it (`hooks::tie`), and its stack.
//! - `listenbacklog=std`: listen(2) gets the 128 that std asks for, and not as many as the system allows.
//! - `leaktrace=1`: at the exit of the program, the goroutines that are blocked for ever (`leaks`), with their stacks.

use core::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};

use crate::{duration, pattern};

/// Calls of libc that park goroutines: which of them `std` turns off together.
#[derive(Clone, Copy)]
pub enum Family {
    /// futex(2), sched_yield(2).
    Sync,
    /// nanosleep(2) and its like.
    Sleep,
    /// Descriptors: sockets, pipes, poll(2), epoll_wait(2).
    Net,
    /// What the kernel keeps for a thread: ids, names, and what ties a goroutine to its thread.
    Pin,
}

impl Family {
    const ALL: [(Self, &[u8]); 4] = [
        (Self::Sync, b"sync"),
        (Self::Sleep, b"sleep"),
        (Self::Net, b"net"),
        (Self::Pin, b"pin"),
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The families that are turned off.
static STD_OFF: AtomicU8 = AtomicU8::new(0);

/// One item of `std`.
fn set_std(value: &[u8]) {
    let off = match value {
        b"0" => u8::MAX,
        b"1" => 0,
        [b'-', name @ ..] => {
            let known = Family::ALL.into_iter().find(|(_, known)| *known == name);
            STD_OFF.load(Ordering::Relaxed) | known.map_or(0, |(family, _)| family.bit())
        }
        _ => return,
    };
    STD_OFF.store(off, Ordering::Relaxed);
}

/// Whether the calls of a family park goroutines.
#[inline]
pub fn std(family: Family) -> bool {
    STD_OFF.load(Ordering::Relaxed) & family.bit() == 0
}

/// The program was built for it (`rtlib_abi::layout::FLAG_STD_GOROUTINES`), and `stdthreads` does not say otherwise.
static STD_THREADS: AtomicBool = AtomicBool::new(false);

/// The program was not built with `std = "threads"`. In the boot, before [`parse`].
pub fn threads_are_goroutines() {
    STD_THREADS.store(true, Ordering::Relaxed);
}

/// `stdthreads`: whether std's threads are goroutines.
#[inline]
pub fn std_threads() -> bool {
    STD_THREADS.load(Ordering::Relaxed)
}

/// `netdns`: whether libc looks hosts up, and how much is printed.
static NETDNS_CGO: AtomicBool = AtomicBool::new(false);
static NETDNS_LEVEL: AtomicU32 = AtomicU32::new(0);
/// `osuser`.
static OSUSER_CGO: AtomicBool = AtomicBool::new(false);

/// The value of `netdns`: who, how much, or both with a `+` between them.
fn set_netdns(value: &[u8]) {
    for part in value.split(|byte| *byte == b'+') {
        match part {
            b"go" => NETDNS_CGO.store(false, Ordering::Relaxed),
            b"cgo" => NETDNS_CGO.store(true, Ordering::Relaxed),
            [digit @ b'0'..=b'9'] => {
                NETDNS_LEVEL.store(u32::from(digit - b'0'), Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// Whether libc is to look hosts, services and protocols up.
pub fn netdns_cgo() -> bool {
    NETDNS_CGO.load(Ordering::Relaxed)
}

/// How much is printed of lookups of hosts.
pub fn netdns_level() -> u32 {
    NETDNS_LEVEL.load(Ordering::Relaxed)
}

/// Whether libc is to look users and groups up.
pub fn osuser_cgo() -> bool {
    OSUSER_CGO.load(Ordering::Relaxed)
}

/// `listenbacklog`.
static LISTEN_BACKLOG_OF_STD: AtomicBool = AtomicBool::new(false);

/// `listenbacklog`: whether listen(2) gets what std asks for.
pub fn listen_backlog_of_std() -> bool {
    LISTEN_BACKLOG_OF_STD.load(Ordering::Relaxed)
}

/// `blocktrace`, ns. None that is so long: it is not wanted.
static BLOCKTRACE: AtomicU64 = AtomicU64::new(u64::MAX);

/// `blocktrace`: how long, ns, a call may keep its thread before it is told of; `u64::MAX` if none is.
#[inline]
pub fn blocktrace() -> u64 {
    BLOCKTRACE.load(Ordering::Relaxed)
}

/// What is no duration is ignored, as in Go; 0 is the same as none.
fn set_blocktrace(value: &[u8]) {
    if let Some(ns) = duration::parse(value) {
        let limit = if ns == 0 { u64::MAX } else { ns };
        BLOCKTRACE.store(limit, Ordering::Relaxed);
    }
}

/// `osthreads`: patterns of names, with a colon between them. Where they begin, and how many bytes they are.
static OSTHREADS: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
static OSTHREADS_LEN: AtomicUsize = AtomicUsize::new(0);

/// Whether `osthreads` names a thread that is called this.
pub fn is_os_thread(name: &[u8]) -> bool {
    let at = OSTHREADS.load(Ordering::Relaxed);
    if at.is_null() {
        return false;
    }
    // SAFETY: `parse` has had the bytes for ever, and there is nobody else when it stores where they are.
    let patterns =
        unsafe { core::slice::from_raw_parts(at, OSTHREADS_LEN.load(Ordering::Relaxed)) };
    pattern::any_matches(patterns, name)
}

struct Setting {
    name: &'static str,
    value: AtomicU32,
}

impl Setting {
    const fn new(name: &'static str, on: bool) -> Self {
        Self {
            name,
            value: AtomicU32::new(on as u32),
        }
    }

    fn get(&self) -> bool {
        self.number() != 0
    }

    #[inline]
    fn number(&self) -> u32 {
        self.value.load(Ordering::Relaxed)
    }

    /// Takes a number; anything else is ignored, as in Go.
    fn set(&self, value: &[u8]) {
        let number = core::str::from_utf8(value).map(str::parse);
        if let Ok(Ok(number)) = number {
            self.value.store(number, Ordering::Relaxed);
        }
    }
}

static INITTRACE: Setting = Setting::new("inittrace", false);
static FSGSBASE: Setting = Setting::new("fsgsbase", true);
static GUARDINSTALL: Setting = Setting::new("guardinstall", true);
static SCHEDMIGRATE: Setting = Setting::new("schedmigrate", false);
static SCHEDSEED: Setting = Setting::new("schedseed", false);
static SCHEDTRACE: Setting = Setting::new("schedtrace", false);
static SCHEDDETAIL: Setting = Setting::new("scheddetail", false);
static HOGTRACE: Setting = Setting::new("hogtrace", false);
static LEAKTRACE: Setting = Setting::new("leaktrace", false);
static NETEDNS0: Setting = Setting::new("netedns0", true);
static PINTRACE: Setting = Setting::new("pintrace", false);

static SETTINGS: [&Setting; 11] = [
    &INITTRACE,
    &FSGSBASE,
    &GUARDINSTALL,
    &SCHEDMIGRATE,
    &SCHEDSEED,
    &SCHEDTRACE,
    &SCHEDDETAIL,
    &HOGTRACE,
    &LEAKTRACE,
    &NETEDNS0,
    &PINTRACE,
];

/// Reads the variable. In the boot.
pub fn parse(text: &'static [u8]) {
    let mut after_std = false;
    for part in text.split(|&b| b == b',') {
        let Some(eq) = part.iter().position(|&b| b == b'=') else {
            if after_std {
                set_std(part);
            }
            continue;
        };
        let (name, value) = (&part[..eq], &part[eq + 1..]);
        after_std = name == b"std";
        if after_std {
            set_std(value);
        }
        if name == b"stdthreads" && value == b"os" {
            STD_THREADS.store(false, Ordering::Relaxed);
        }
        match name {
            b"blocktrace" => set_blocktrace(value),
            b"osthreads" => {
                OSTHREADS_LEN.store(value.len(), Ordering::Relaxed);
                OSTHREADS.store(value.as_ptr().cast_mut(), Ordering::Relaxed);
            }
            b"netdns" => set_netdns(value),
            b"osuser" => OSUSER_CGO.store(value == b"cgo", Ordering::Relaxed),
            b"listenbacklog" => LISTEN_BACKLOG_OF_STD.store(value == b"std", Ordering::Relaxed),
            _ => {}
        }
        for setting in SETTINGS {
            if setting.name.as_bytes() == name {
                setting.set(value);
            }
        }
    }
}

/// `inittrace`.
pub fn inittrace() -> bool {
    INITTRACE.get()
}

/// `fsgsbase`.
pub fn fsgsbase() -> bool {
    FSGSBASE.get()
}

/// `guardinstall`.
pub fn guardinstall() -> bool {
    GUARDINSTALL.get()
}

/// `schedmigrate`.
#[inline]
pub fn schedmigrate() -> bool {
    SCHEDMIGRATE.get()
}

/// `schedseed`.
#[inline]
pub fn schedseed() -> u32 {
    SCHEDSEED.number()
}

/// `schedtrace`: ms between two lines, 0 = none.
pub fn schedtrace() -> u32 {
    SCHEDTRACE.number()
}

/// `scheddetail`.
pub fn scheddetail() -> bool {
    SCHEDDETAIL.get()
}

/// `hogtrace`.
pub fn hogtrace() -> bool {
    HOGTRACE.get()
}

/// `pintrace`.
pub fn pintrace() -> bool {
    PINTRACE.get()
}

/// `leaktrace`.
pub fn leaktrace() -> bool {
    LEAKTRACE.get()
}

/// `netedns0`.
pub fn netedns0() -> bool {
    NETEDNS0.get()
}
