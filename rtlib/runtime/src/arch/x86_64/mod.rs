//! x86-64: the goroutine switch, thread pointers, system calls. All of the runtime's assembly is here.

pub mod switch;
pub mod syscall;
pub mod thread;
pub mod tls;
pub mod unwind;
pub mod valgrind;

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
