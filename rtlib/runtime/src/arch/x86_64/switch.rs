//! The goroutine switch: stack pointer and FS base change together. Of Gs and Ms it knows the first words (`GHead`, `MHead`); with their types it is `gmp::switch`.
//!
//! # Saved context
//!
//! A goroutine that does not run has its callee-saved registers (psABI 3.2.1) on its own stack and the stack pointer in `G.sp`:
//!
//! ```text
//!   G.sp -> | r15 r14 r13 r12 rbx rbp | return address | caller's frames ...
//!           +0                        +48              +56 = 16n + 8 at the call, as after any call
//! ```
//!
//! MXCSR and the x87 control word are callee-saved as well, but Rust and C code does not change them, and a goroutine that does is on its own.
//!
//! # Why the order of instructions matters
//!
//! From the moment the old context is complete (its `sp` stored) until FS points at the new block, signals may arrive; the old block is still ours (nobody can resume
//! the old goroutine before `commit` ran) and the new goroutine is ours too. So `commit`, which publishes the old goroutine, runs after the
//! switch, on the new stack and with the new block. There is no window in which two threads use one block.
//!
//! # Unwinding
//!
//! While a goroutine is parked its frames can be unwound from `G.sp`. A running one is unwound as any function: the CFI below describes each push. The first
//! frame of a goroutine (`runtime.gostart`) has an undefined return address: the end of the stack.

use core::arch::naked_asm;
use core::mem::offset_of;
use core::sync::atomic::AtomicUsize;

use rtlib_abi::layout::{GHead, MHead};

use super::tls::USE_FSGSBASE;

/// What runs after a switch, on the new stack: publishes the goroutine that was left.
pub type Commit = extern "C" fn(left: *const GHead, arg: usize);

/// What runs on g0 after [`mcall`]; does not return.
pub type OnG0 = extern "C" fn(left: *const GHead, commit: Option<Commit>, arg: usize) -> !;

/// A saved context: six registers and the return address, in the order in which they lie.
pub const SAVED: [&str; 7] = ["r15", "r14", "r13", "r12", "rbx", "rbp", "rip"];

/// Bytes of the first instruction of [`gostart`].
const NOP: usize = 1;

/// Bytes of a saved context.
pub const CONTEXT: usize = SAVED.len() * 8;

/// rdi -> the G whose context becomes current: sets FS and rsp. Clobbers rax; the fallback clobbers rcx and r11 too and keeps the argument
/// registers on the new stack over the system call.
macro_rules! load_fs_and_sp {
    ($g:literal) => {
        concat!(
            "mov rsp, [",
            $g,
            " + {sp}]\n",
            "mov rax, [",
            $g,
            " + {fs}]\n",
            "cmp byte ptr [rip + {use_fsgsbase}], 0\n",
            "je 2f\n",
            "wrfsbase rax\n",
            "3:\n",
        )
    };
}

/// The fallback of `load_fs_and_sp`: arch_prctl(ARCH_SET_FS, rax).
macro_rules! set_fs_by_syscall {
    () => {
        concat!(
            "2:\n",
            "push rdi\n",
            "push rsi\n",
            "push rdx\n",
            "push rcx\n",
            "mov rsi, rax\n",
            "mov edi, 0x1002\n", // ARCH_SET_FS
            "mov eax, 158\n",    // arch_prctl
            "syscall\n",
            "pop rcx\n",
            "pop rdx\n",
            "pop rsi\n",
            "pop rdi\n",
            "jmp 3b\n",
        )
    };
}

macro_rules! save_context {
    () => {
        "push rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        push rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        push r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        push r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        push r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        push r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0"
    };
}

macro_rules! restore_context_and_return {
    () => {
        "pop r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        pop r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        pop r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        pop r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        pop rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        pop rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        ret"
    };
}

/// Leaves goroutine `from` for goroutine `to`, then calls `commit(from, arg)` on `to`'s stack. Returns when somebody switches back.
///
/// In: rdi from, rsi to, rdx commit, rcx arg. Clobbers what a call clobbers.
///
/// # Safety
/// `from` is the running goroutine; `to` is exclusively the caller's, with a saved context; `to.m` and the M's `curg` are set.
#[unsafe(naked)]
#[unsafe(export_name = "runtime.goswitch")]
pub unsafe extern "C" fn goswitch(
    from: *const GHead,
    to: *const GHead,
    commit: Commit,
    arg: usize,
) {
    naked_asm!(
        ".cfi_startproc",
        save_context!(),
        "mov [rdi + {sp}], rsp",
        load_fs_and_sp!("rsi"),
        "mov rsi, rcx",
        "sub rsp, 8", // 16-byte alignment at the call
        ".cfi_adjust_cfa_offset 8",
        "call rdx",
        "add rsp, 8",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_remember_state",
        restore_context_and_return!(),
        ".cfi_restore_state",
        set_fs_by_syscall!(),
        ".cfi_endproc",
        sp = const offset_of!(GHead, sp),
        fs = const offset_of!(GHead, fs),
        use_fsgsbase = sym USE_FSGSBASE,
    )
}

/// Leaves goroutine `from` for its M's g0 and calls `on_g0(from, commit, arg)` there, from the top of g0's stack. Returns when the goroutine
/// is resumed.
///
/// In: rdi from, rsi on_g0, rdx commit or 0, rcx arg.
///
/// # Safety
/// `from` is the running goroutine.
#[unsafe(naked)]
#[unsafe(export_name = "runtime.mcall")]
pub unsafe extern "C" fn mcall(
    from: *const GHead,
    on_g0: OnG0,
    commit: Option<Commit>,
    arg: usize,
) {
    naked_asm!(
        ".cfi_startproc",
        save_context!(),
        "mov [rdi + {sp}], rsp",
        "mov r8, [rdi + {m}]",
        "mov r8, [r8 + {g0}]",
        "mov r9, rsi",
        load_fs_and_sp!("r8"),
        "mov rsi, rdx",
        "mov rdx, rcx",
        ".cfi_undefined rip", // g0's stack starts here
        "call r9",
        "ud2",
        set_fs_by_syscall!(),
        ".cfi_endproc",
        sp = const offset_of!(GHead, sp),
        fs = const offset_of!(GHead, fs),
        m = const offset_of!(GHead, m),
        g0 = const offset_of!(MHead, g0),
        use_fsgsbase = sym USE_FSGSBASE,
    )
}

/// Resumes a goroutine from g0, whose current frames are abandoned.
///
/// In: rdi to. Does not return.
///
/// # Safety
/// On g0; `to` is exclusively the caller's, with a saved context; `to.m` and the M's `curg` are set.
#[unsafe(naked)]
#[unsafe(export_name = "runtime.gogo")]
pub unsafe extern "C" fn gogo(to: *const GHead) -> ! {
    naked_asm!(
        ".cfi_startproc",
        load_fs_and_sp!("rdi"),
        ".cfi_def_cfa rsp, 56",
        ".cfi_offset rbp, -16",
        ".cfi_offset rbx, -24",
        ".cfi_offset r12, -32",
        ".cfi_offset r13, -40",
        ".cfi_offset r14, -48",
        ".cfi_offset r15, -56",
        ".cfi_remember_state",
        restore_context_and_return!(),
        ".cfi_restore_state",
        set_fs_by_syscall!(),
        ".cfi_endproc",
        sp = const offset_of!(GHead, sp),
        fs = const offset_of!(GHead, fs),
        use_fsgsbase = sym USE_FSGSBASE,
    )
}

/// The outermost frame of every goroutine: calls its entry function (r12) with its argument (r13), then ends it. It is entered behind its first instruction: unwinders look up the
/// instruction before a return address, and before it has run that is this address of a goroutine.
///
/// rbp points to two zero words, a frame pointer and a return address that end the list of frames: whoever follows frame pointers finds its end. So does an unwinder that takes rbp for the frame pointer of a
/// function that has none, as it does where a signal interrupts libgcc's own unwinder while that loads the registers of another frame. On a thread the frames of libc's and std's start serve as that.
#[unsafe(naked)]
#[unsafe(export_name = "runtime.gostart")]
unsafe extern "C" fn gostart() -> ! {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "nop",
        "push 0",
        "push 0",
        "mov rbp, rsp",
        "mov rdi, r13",
        "call r12",
        "call runtime.goexit1", // `sched::spawn`
        "ud2",
        ".cfi_endproc",
    )
}

/// Whether this program counter, which an unwinder found, is in the outermost frame of a goroutine.
pub fn is_outermost(pc: usize) -> bool {
    const LEN: usize = 32;
    (1..LEN).contains(&pc.wrapping_sub(gostart as *const () as usize))
}

/// Runs `f(arg)` on another stack, with the current FS base, for ever: the move of m0's g0 to a stack of its own and the start of the scheduler on each M.
///
/// In: rdi f, rsi arg, rdx top of the stack (16-byte aligned).
///
/// # Safety
/// The stack is nobody else's.
#[unsafe(naked)]
pub unsafe extern "C" fn call_on_stack(
    f: extern "C" fn(*const MHead) -> !,
    arg: *const MHead,
    top: usize,
) -> ! {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "mov rsp, rdx",
        "xor ebp, ebp",
        "mov rax, rdi",
        "mov rdi, rsi",
        "call rax",
        "ud2",
        ".cfi_endproc",
    )
}

/// Starts the scheduler on an M's thread and comes back when the M ends: saves the context for [`mexit`] in `exit_sp`.
///
/// In: rdi f, rsi m, rdx exit_sp.
///
/// # Safety
/// On the thread of `m`, with its own TLS block.
#[unsafe(naked)]
pub unsafe extern "C" fn call_until_mexit(
    f: extern "C" fn(*const MHead) -> !,
    m: *const MHead,
    exit_sp: &AtomicUsize,
) {
    naked_asm!(
        ".cfi_startproc",
        save_context!(),
        "mov [rdx], rsp",
        "mov rax, rdi",
        "mov rdi, rsi",
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 8",
        "call rax",
        "ud2",
        ".cfi_endproc",
    )
}

/// Ends the scheduling of an M: returns from its [`call_until_mexit`].
///
/// In: rdi exit_sp.
///
/// # Safety
/// On the M's g0; `exit_sp` is what that was given.
#[unsafe(naked)]
pub unsafe extern "C" fn mexit(exit_sp: &AtomicUsize) -> ! {
    naked_asm!(
        ".cfi_startproc",
        "mov rsp, [rdi]",
        ".cfi_def_cfa rsp, 56",
        ".cfi_offset rbp, -16",
        ".cfi_offset rbx, -24",
        ".cfi_offset r12, -32",
        ".cfi_offset r13, -40",
        ".cfi_offset r14, -48",
        ".cfi_offset r15, -56",
        restore_context_and_return!(),
        ".cfi_endproc",
    )
}

/// Where the main goroutine's first context leads, which lies on another stack than its frames will: takes r14 for the stack pointer and goes on in [`gostart`].
#[unsafe(naked)]
#[unsafe(export_name = "runtime.mainstart")]
unsafe extern "C" fn mainstart() -> ! {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "nop",
        "mov rsp, r14",
        "jmp {gostart} + {nop}", // as everybody else: callgrind takes a nop that is executed, too, for a contradiction
        ".cfi_endproc",
        gostart = sym gostart,
        nop = const NOP,
    )
}

/// [`make_context`] for a goroutine whose frames will begin below `hi` (16-byte aligned), with a context that lies below `top` on a stack that it leaves at once.
///
/// # Safety
/// As [`make_context`]; and nothing below `hi` is in use when the goroutine starts.
pub unsafe fn make_context_elsewhere(top: usize, hi: usize, entry: usize) -> usize {
    // SAFETY: the caller vouches.
    unsafe {
        let sp = make_context(top, entry, 0);
        let words = sp as *mut usize;
        words.add(1).write(hi); // r14
        words.add(6).write(mainstart as *const () as usize + NOP);
        sp
    }
}

/// Lays out the first context of a goroutine below `top`: `runtime.gostart` will call `entry(arg)`. Returns the `sp` to store in the G.
///
/// # Safety
/// `[top - 64, top)` is unused stack memory of a goroutine that nobody runs; `top` is 16-byte aligned.
pub unsafe fn make_context(top: usize, entry: usize, arg: usize) -> usize {
    // 16-byte alignment after the `ret` into gostart leaves rsp = top - 8 + 8 = top.
    let sp = top - CONTEXT;
    let words = sp as *mut usize;
    // SAFETY: the caller gives us this memory.
    unsafe {
        words.add(2).write(arg); // r13
        words.add(3).write(entry); // r12
        words.add(6).write(gostart as *const () as usize + NOP);
    }
    sp
}
