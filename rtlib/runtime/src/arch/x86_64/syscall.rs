//! Raw system calls. They touch no TLS (errno least of all), so the scheduler may make them on any stack.
//!
//! ABI (syscall(2), psABI appendix A.2.1): number in rax; arguments in rdi, rsi, rdx, r10, r8, r9; rcx and r11 are lost; result in rax,
//! an error as -4095..-1.

use core::arch::asm;

/// A system call with six arguments; unused ones are 0.
///
/// # Safety
/// As the system call `nr` is with these arguments.
#[inline(always)]
pub unsafe fn syscall6(nr: u32, args: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the caller vouches for the call; the registers are those of the ABI above. Memory is assumed to change.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") nr as usize as isize => result,
            in("rdi") args[0],
            in("rsi") args[1],
            in("rdx") args[2],
            in("r10") args[3],
            in("r8") args[4],
            in("r9") args[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}
