//! Thread pointers: the word behind `getg`, reading and writing the FS base, and the TLS words of the runtime itself.
//!
//! `runtime.tls_g` is the one TLS word that the scheduler reads: in a goroutine's block it holds that goroutine, in an M's own block its g0, in the
//! block of any other thread null. Because the block moves with the goroutine, the word is constant for the code that reads it, and
//! compiled code that caches FS-relative addresses across a switch stays right.
//!
//! GS is not used: clone(2) copies the GS base to new threads, so a thread that std or C starts from a goroutine would take itself for
//! its creator's M.

use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicBool, Ordering};

use rtlib_abi::layout::GHead;

use crate::os::linux::sys::__NR_arch_prctl;

use super::syscall::syscall6;

/// arch_prctl(2): set the FS base.
const ARCH_SET_FS: usize = 0x1002;

global_asm!(
    ".section .tbss,\"awT\",@nobits",
    ".p2align 3",
    ".globl runtime.tls_g",
    ".type runtime.tls_g, @object",
    ".size runtime.tls_g, 8",
    "runtime.tls_g: .zero 8",
    ".globl runtime.tls_dtors",
    ".type runtime.tls_dtors, @object",
    ".size runtime.tls_dtors, 8",
    "runtime.tls_dtors: .zero 8",
    ".globl runtime.tls_thread",
    ".type runtime.tls_thread, @object",
    ".size runtime.tls_thread, 8",
    "runtime.tls_thread: .zero 8",
    ".globl runtime.tls_handlers",
    ".type runtime.tls_handlers, @object",
    ".size runtime.tls_handlers, 8",
    "runtime.tls_handlers: .zero 8",
    ".text",
    options(att_syntax)
);

/// Whether user code may write the FS base (`wrfsbase`): AT_HWCAP2 bit 1. Read by the switch. Starts as no.
#[unsafe(export_name = "runtime.useFSGSBASE")]
pub static USE_FSGSBASE: AtomicBool = AtomicBool::new(false);

/// `runtime.tls_g`: the calling goroutine, an M's g0, or null on a thread that is no M. Typed, it is `gmp::getg`.
#[inline(always)]
pub fn g() -> *const GHead {
    let g: *const GHead;
    // SAFETY: a load of a TLS word that every thread has. It is constant for the running code (see the module's head), so `pure` and
    // `nomem` hold.
    unsafe {
        asm!("movq %fs:runtime.tls_g@tpoff, {}", out(reg) g, options(att_syntax, pure, nomem, nostack, preserves_flags));
    }
    g
}

macro_rules! tls_word {
    ($(#[$doc:meta])* $get:ident, $set:ident, $symbol:literal) => {
        $(#[$doc])*
        #[inline(always)]
        pub fn $get() -> usize {
            let word: usize;
            // SAFETY: a load of a TLS word that every thread has.
            unsafe {
                asm!(concat!("movq %fs:", $symbol, "@tpoff, {}"), out(reg) word, options(att_syntax, readonly, nostack, preserves_flags));
            }
            word
        }

        /// Sets that word.
        #[inline(always)]
        pub fn $set(word: usize) {
            // SAFETY: a store to a TLS word that every thread has and that only its own code reads.
            unsafe {
                asm!(concat!("movq {}, %fs:", $symbol, "@tpoff"), in(reg) word, options(att_syntax, nostack, preserves_flags));
            }
        }
    };
}

tls_word! {
    /// The list of TLS destructors of the running goroutine or thread (`libc/dtors.rs`).
    dtors, set_dtors, "runtime.tls_dtors"
}

tls_word! {
    /// The stand-in G of a thread that is no M, once it has parked (`sched/park.rs`).
    thread_g, set_thread_g, "runtime.tls_thread"
}

tls_word! {
    /// How many signal handlers of the program's are running, one inside of the other (`signal/handlers.rs`).
    handlers, set_handlers, "runtime.tls_handlers"
}

/// Sets `runtime.tls_g` of the current block. For the boot and for new Ms.
pub fn set_g(g: *const GHead) {
    // SAFETY: a store to a TLS word that every thread has; the caller has just become this goroutine.
    unsafe {
        asm!("movq {}, %fs:runtime.tls_g@tpoff", in(reg) g, options(att_syntax, nostack, preserves_flags));
    }
}

/// Offset of `runtime.tls_g` from the thread pointer (negative).
pub fn tls_g_offset() -> isize {
    let offset: isize;
    // SAFETY: a constant.
    unsafe {
        asm!("movq $runtime.tls_g@tpoff, {}", out(reg) offset, options(att_syntax, pure, nomem, nostack, preserves_flags));
    }
    offset
}

/// The thread pointer: FS:0 holds its own address (psABI, TLS variant II).
#[inline]
pub fn thread_pointer() -> usize {
    let tp: usize;
    // SAFETY: variant II keeps the thread pointer at FS:0.
    unsafe {
        asm!("movq %fs:0, {}", out(reg) tp, options(att_syntax, readonly, nostack, preserves_flags));
    }
    tp
}

/// Sets the FS base.
///
/// # Safety
/// `tp` is the thread pointer of a complete TLS block that nobody else runs on, whose `runtime.tls_g` fits the caller.
pub unsafe fn set_thread_pointer(tp: usize) {
    if USE_FSGSBASE.load(Ordering::Relaxed) {
        // SAFETY: the caller vouches for `tp`; the kernel allows the instruction.
        unsafe { asm!("wrfsbase {}", in(reg) tp, options(nostack, preserves_flags)) };
    } else {
        // SAFETY: the caller vouches for `tp`.
        unsafe { syscall6(__NR_arch_prctl, [ARCH_SET_FS, tp, 0, 0, 0, 0]) };
    }
}
