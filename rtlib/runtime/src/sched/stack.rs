//! Stacks: their size classes, and what is in a slot, which is committed page by page when touched. Where slots are says `arena`.
//!
//! ```text
//!   slot:  | guard page | ............ frames grow down | TLS block |     size = 2^class
//! ```
//!
//! Guards are `MADV_GUARD_INSTALL` pages (Linux 6.13), which do not split the mapping. On older kernels, or with `GODEBUG=guardinstall=0`, they are
//! `mprotect`ed: then `vm.max_map_count` (65530 by default) limits the number of stacks to about 32,700, and running out says so.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rtlib_abi::layout::STACK_CLASSES;

use super::g::G;
use crate::os::linux::{Errno, mem};

const MIN_CLASS: usize = *STACK_CLASSES.start();
const MAX_CLASS: usize = *STACK_CLASSES.end();
/// Number of size classes.
pub const CLASSES: usize = MAX_CLASS - MIN_CLASS + 1;
/// Default size of a goroutine's stack, guard and TLS block included.
pub const DEFAULT_SIZE: usize = 256 << 10;
/// What [`Errno`] is when the number of mappings is exhausted.
const ENOMEM: Errno = Errno(12);

static DEFAULT: AtomicUsize = AtomicUsize::new(DEFAULT_SIZE);
static GUARD_INSTALL: AtomicBool = AtomicBool::new(true);
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

    /// Position in tables of [`CLASSES`] entries.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The class at a position.
    pub fn from_index(index: u8) -> Self {
        debug_assert!((index as usize) < CLASSES);
        Self(index)
    }

    /// Bytes of a slot.
    pub fn size(self) -> usize {
        1 << (self.0 as usize + MIN_CLASS)
    }
}

/// The slot of a G in an arena: the guard page, the stack, the TLS block.
pub fn slot_of(gp: &G) -> Range<usize> {
    let start = gp.stack_lo.load(Ordering::Relaxed) - mem::PAGE;
    let class = Class::from_index(gp.class.load(Ordering::Relaxed));
    start..start + class.size()
}

/// Sets the default size; rounded up to a class. In the boot.
pub fn set_default(size: usize) {
    DEFAULT.store(Class::for_size(size).size(), Ordering::Relaxed);
}

/// Forbids lightweight guard pages (`GODEBUG=guardinstall=0`). In the boot.
pub fn forbid_guard_install() {
    GUARD_INSTALL.store(false, Ordering::Relaxed);
}

/// Whether guard pages cost no mappings, of which a process may have a certain number only; as far as is known.
pub fn guards_are_light() -> bool {
    GUARD_INSTALL.load(Ordering::Relaxed)
}

/// Makes the first pages of `count` slots guards, each `stride` behind the other, with one system call where the kernel can do that. Throws when it cannot be done.
pub fn guard(first: usize, stride: usize, count: usize) {
    let several = count > 1
        && GUARD_INSTALL.load(Ordering::Relaxed)
        && GUARDS_INSTALL.load(Ordering::Relaxed);
    let done = match several.then(|| mem::guards_install(first, stride, count)) {
        Some(Ok(done)) => done,
        Some(Err(_)) => {
            GUARDS_INSTALL.store(false, Ordering::Relaxed);
            0
        }
        None => 0,
    };
    (done..count).for_each(|slot| guard_one(first + slot * stride));
}

fn guard_one(page: usize) {
    if GUARD_INSTALL.load(Ordering::Relaxed) {
        match mem::guard_install(page) {
            Ok(()) => return,
            Err(ENOMEM) => {
                crate::fatal::throw(b"runtime: cannot allocate memory for a stack guard")
            }
            Err(_) => GUARD_INSTALL.store(false, Ordering::Relaxed), // an older kernel
        }
    }
    if mem::guard_protect(page).is_err() {
        crate::fatal::throw(
            b"runtime: cannot protect a stack guard page: too many goroutines for vm.max_map_count \
              (Linux 6.13 and later have no such limit; else raise it with sysctl)",
        );
    }
}
