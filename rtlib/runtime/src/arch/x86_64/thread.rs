//! Starting a thread without libc: clone(2).

use core::arch::naked_asm;

use crate::os::linux::sys::__NR_clone;

/// Starts a thread of this process that calls `f(arg)` on the stack below `top`, with the thread pointer `tp`. Returns its id or a negative error number.
///
/// In: rdi flags, rsi top, rdx f, rcx arg, r8 tp.
///
/// # Safety
/// The stack and the TLS block at `tp` are nobody else's; `top` is 16-byte aligned; `flags` share what threads share and set the thread pointer (CLONE_SETTLS).
#[unsafe(naked)]
pub unsafe extern "C" fn clone(
    flags: usize,
    top: usize,
    f: extern "C" fn(usize) -> !,
    arg: usize,
    tp: usize,
) -> isize {
    naked_asm!(
        ".cfi_startproc",
        "mov r9, rdx", // the kernel keeps r9 and r12
        "mov r11, rcx",
        "mov [rsi - 8], r11", // and the new stack
        "xor edx, edx",
        "xor r10d, r10d",
        "mov eax, {clone}",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        ".cfi_undefined rip", // the new thread starts here
        "xor ebp, ebp",
        "mov rdi, [rsp - 8]",
        "call r9",
        "ud2",
        ".cfi_endproc",
        clone = const __NR_clone,
    )
}
