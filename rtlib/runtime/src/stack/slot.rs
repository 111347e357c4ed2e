//! Stacks: their size classes, and what is in a slot, which is committed page by page when touched. Where slots are says `arena`.
//!
//! ```text
//!   slot:  | guard | ............ frames grow down | TLS block |     size = GUARD + 2^class
//! ```
//!
//! Guards are `MADV_GUARD_INSTALL` pages (Linux 6.13), which do not split the mapping. On older kernels, where an emulator only pretends to install them, or with `GODEBUG=guardinstall=0`, they are
//! `mprotect`ed: then `vm.max_map_count` (65530 by default) limits the number of stacks to about 32,700, and running out says so.
//!
//! # How wide a guard is
//!
//! Rust's frames touch each of their pages in turn, and run into a guard of one page. C's do not: a function takes its whole frame at once, and touches first what it uses first. So a guard is as wide as the largest frame that
//! libc has: in glibc 2.36's libc.a these are 33,312 bytes (`buffered_vfprintf` for wide characters), 18,600 (`build_trtable`, of regex), 16,400 (`strxfrm_l`), 13,960 (`strtof128_l`), and 8,216
//! (`__res_context_hostalias`, in every `getaddrinfo`), as `objdump` shows. `alloca` takes what it likes, in libc a quarter of the stack at most, 64 KiB at most (`__libc_alloca_cutoff`); the stack whose size it looks at is that of
//! the thread of which the snapshot was taken (`libc::tcb`), whose size is chosen for that (`threads::WATCHER_STACK`).

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use rtlib_abi::layout::STACK_CLASSES;

use crate::arch::current::valgrind;
use crate::gmp::g::G;
use crate::os::linux::{Errno, mem};

const MIN_CLASS: usize = *STACK_CLASSES.start();
const MAX_CLASS: usize = *STACK_CLASSES.end();
/// Number of size classes.
pub const CLASSES: usize = MAX_CLASS - MIN_CLASS + 1;
/// Default size of a goroutine's stack, TLS block included.
pub const DEFAULT_SIZE: usize = 256 << 10;
/// Bytes of a guard. Address space only. An odd number of pages: if slots were a power of two apart, the pages in use, one a stack, would compete for a few sets of the TLB: 2,000 goroutines
/// that run in turns missed it at every switch.
pub const GUARD: usize = 9 * mem::PAGE;
const _: () = assert!(GUARD / mem::PAGE % 2 == 1 && GUARD > LARGEST_C_FRAME + 1024);
/// See the head of this file.
const LARGEST_C_FRAME: usize = 33_312;
/// What [`Errno`] is when the number of mappings is exhausted.
const ENOMEM: Errno = Errno(12);

static DEFAULT: AtomicUsize = AtomicUsize::new(DEFAULT_SIZE);
/// What guards are.
static KIND: AtomicU8 = AtomicU8::new(UNKNOWN);
/// No guard has been made yet.
const UNKNOWN: u8 = 0;
const LIGHT: u8 = 1;
const PROTECTED: u8 = 2;
/// The kernel takes several guards at a time, as far as is known.
static GUARDS_INSTALL: AtomicBool = AtomicBool::new(true);

/// A class: which arena, log2 of the slot's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(u8);

impl Class {
    /// The class for a wanted size in bytes; 0 = the program's default. Larger than the largest is the largest.
    pub fn for_size(size: usize) -> Self {
        let size = if size == 0 {
            DEFAULT.load(Ordering::Relaxed)
        } else {
            size
        };
        let log2 = size
            .min(1 << MAX_CLASS)
            .next_power_of_two()
            .trailing_zeros() as usize;
        Self((log2.clamp(MIN_CLASS, MAX_CLASS) - MIN_CLASS) as u8)
    }

    /// The same for those who want no less: none when there are none so large.
    pub fn at_least(size: usize) -> Option<Self> {
        (size <= 1 << MAX_CLASS).then(|| Self::for_size(size))
    }

    /// Position in tables of [`CLASSES`] entries.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The class at a position.
    pub fn from_index(index: u8) -> Self {
        debug_assert!((index as usize) < CLASSES);
        Self(index)
    }

    /// Bytes of a slot without its guard.
    pub fn size(self) -> usize {
        1 << (self.0 as usize + MIN_CLASS)
    }
}

/// The slot of a G in an arena, behind the guard: the stack, the TLS block.
pub fn slot_of(gp: &G) -> Range<usize> {
    let start = gp.stack_lo.load(Ordering::Relaxed);
    let class = Class::from_index(gp.class.load(Ordering::Relaxed));
    start..start + class.size()
}

/// Sets the default size; rounded up to a class. In the boot.
pub fn set_default(size: usize) {
    DEFAULT.store(Class::for_size(size).size(), Ordering::Relaxed);
}

/// Forbids lightweight guards (`GODEBUG=guardinstall=0`). In the boot.
pub fn forbid_guard_install() {
    KIND.store(PROTECTED, Ordering::Relaxed);
}

/// Whether guards are known to cost no mappings, of which a process may have a certain number only.
pub fn guards_are_light() -> bool {
    KIND.load(Ordering::Relaxed) == LIGHT
}

/// Why there is no place for another goroutine, in the words of who cannot do without.
pub struct NoRoom(pub &'static [u8]);

/// Makes the first [`GUARD`] bytes of `count` slots guards, each `stride` behind the other, with one system call where the kernel can do that. An error says how many of them are, too.
pub fn guard(first: usize, stride: usize, count: usize) -> Result<(), (usize, NoRoom)> {
    if KIND.load(Ordering::Relaxed) == UNKNOWN {
        let is_light = is_light(first).map_err(|no_room| (0, no_room))?;
        let kind = if is_light { LIGHT } else { PROTECTED };
        KIND.store(kind, Ordering::Relaxed);
    }
    let several = count > 1
        && guards_are_light()
        && GUARDS_INSTALL.load(Ordering::Relaxed)
        && !valgrind::is_running(); // which complains of the system call
    let done = match several.then(|| mem::guards_install(first, GUARD, stride, count)) {
        Some(Ok(done)) => done,
        Some(Err(_)) => {
            GUARDS_INSTALL.store(false, Ordering::Relaxed);
            0
        }
        None => 0,
    };
    for slot in done..count {
        guard_one(first + slot * stride).map_err(|no_room| (slot, no_room))?;
    }
    Ok(())
}

/// Tries it on the first guard of the program. An answer is not enough: emulators answer 0 to advice that they ignore.
fn is_light(at: usize) -> Result<bool, NoRoom> {
    let is_light = mem::refuses_unknown_advice(at) && install(at)?;
    Ok(is_light && mem::read_own(at, &mut [0]).is_err())
}

/// False where the kernel has no such guards.
fn install(at: usize) -> Result<bool, NoRoom> {
    match mem::guard_install(at, GUARD) {
        Ok(()) => Ok(true),
        Err(ENOMEM) => Err(NoRoom(b"runtime: cannot allocate memory for a stack guard")),
        Err(_) => Ok(false),
    }
}

fn guard_one(at: usize) -> Result<(), NoRoom> {
    if guards_are_light() {
        if install(at)? {
            return Ok(());
        }
        KIND.store(PROTECTED, Ordering::Relaxed);
    }
    mem::guard_protect(at, GUARD).map_err(|_| {
        NoRoom(
            b"runtime: cannot protect a stack guard page: too many goroutines for vm.max_map_count \
              (Linux 6.13 and later have no such limit; else raise it with sysctl)",
        )
    })
}
