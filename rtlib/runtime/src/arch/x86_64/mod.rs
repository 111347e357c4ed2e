//! x86-64: the goroutine switch, thread pointers, system calls. All of the runtime's assembly is here.

pub mod switch;
pub mod syscall;
pub mod thread;
pub mod tls;
pub mod unwind;
pub mod valgrind;

/// What a function may use below its stack pointer (psABI, section 3.2.2).
pub const RED_ZONE: usize = 128;

/// Stores 0 to a byte and then loads the next one. What the caller wrote before is visible to whoever sees the 0 (stores are not reordered, Intel SDM volume 3, 9.2.2); but the load may be executed before the store is
/// visible: see `lock.rs`. In assembly, since Rust's memory model knows no accesses of different sizes to one atomic.
///
/// # Safety
/// Both bytes are of one word, which others change by atomic instructions only.
#[inline(always)]
pub unsafe fn clear_byte_and_load_next(byte: *mut u8) -> u32 {
    let next: u32;
    // SAFETY: the caller vouches.
    unsafe {
        core::arch::asm!(
            "mov byte ptr [{byte}], 0",
            "movzx {next:e}, byte ptr [{byte} + 1]",
            byte = in(reg) byte,
            next = lateout(reg) next,
            options(nostack, preserves_flags)
        );
    }
    next
}

/// The address of a symbol that need not be there: 0 then. The symbol must be declared by [`weak!`].
macro_rules! weak_address {
    ($symbol:literal) => {{
        let address: usize;
        // SAFETY: reads a constant that the linker has filled in.
        unsafe {
            core::arch::asm!(
                concat!("mov {}, qword ptr [rip + ", $symbol, "@GOTPCREL]"),
                out(reg) address,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        address
    }};
}
pub(crate) use weak_address;

/// Declares symbols that need not be there: their address is 0 then. Who calls one of them has seen that it is there, or is only reached from code that comes
/// with it.
macro_rules! weak {
    ($($symbol:literal),+ $(,)?) => {
        core::arch::global_asm!($(concat!(".weak ", $symbol)),+);
    };
}
pub(crate) use weak;

/// Stands first in a step of the boot: an instruction that is the function's own. A breakpoint at the function stops there, and gdb shows the function. Without it what
/// comes first may be inlined, and then gdb shows that, which may be of core, whose sources need not be there.
#[collapse_debuginfo(yes)]
macro_rules! step_of_boot {
    () => {
        // SAFETY: does nothing.
        unsafe { core::arch::asm!("nop", options(nostack, preserves_flags)) }
    };
}
pub(crate) use step_of_boot;

/// Defines `$name`, a signal handler for the kernel, which calls `$handler` with the same arguments on a stack that is aligned as the psABI wants it (section 3.2.2). The kernel aligns it; qemu-user 7.2, on
/// processors with XSAVE, leaves it 8 bytes off, and an aligned store in the handler would be a fault. Go: `runtime.sigtramp`.
///
/// In: rdi the signal, rsi its `siginfo_t`, rdx the context. The stack: return address, rbp, at most 8 bytes of padding, the handler's frame. The unwinder finds the caller by rbp.
macro_rules! sigtramp {
    ($(#[$doc:meta])* $name:ident => $handler:ident) => {
        $(#[$doc])*
        #[unsafe(naked)]
        unsafe extern "C" fn $name() {
            core::arch::naked_asm!(
                ".cfi_startproc",
                "push rbp",
                ".cfi_def_cfa_offset 16",
                ".cfi_offset rbp, -16",
                "mov rbp, rsp",
                ".cfi_def_cfa_register rbp",
                "and rsp, -16",
                "call {handler}",
                "mov rsp, rbp",
                "pop rbp",
                ".cfi_def_cfa rsp, 8",
                "ret",
                ".cfi_endproc",
                handler = sym $handler,
            )
        }
    };
}
pub(crate) use sigtramp;
