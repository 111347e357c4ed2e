//! Letting the unwinder walk over stacks that are not the running one, and finding the registers of an interrupted one.

use core::arch::naked_asm;
use core::ffi::c_void;
use core::sync::atomic::AtomicUsize;

/// Calls `f(arg)` in such a way that to the unwinder the caller is the goroutine whose saved context (see `switch`) is at `sp`: this function's unwind
/// information finds its frame not by the stack pointer but by rbx, which points to that context. So the unwinder that `f` calls runs on the caller's stack and only reads
/// the goroutine's.
///
/// In: rdi sp, rsi f, rdx arg.
///
/// # Safety
/// There is a saved context at `sp`, and nobody resumes its goroutine before this returns. `f` does not unwind.
#[unsafe(naked)]
pub unsafe extern "C" fn call_above_parked(
    sp: usize,
    f: unsafe extern "C" fn(*mut c_void),
    arg: *mut c_void,
) {
    naked_asm!(
        ".cfi_startproc",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbx, 0",
        "mov rbx, rdi",
        "mov rax, rsi",
        "mov rdi, rdx",
        ".cfi_remember_state",
        ".cfi_def_cfa rbx, 56",
        ".cfi_offset rbp, -16",
        ".cfi_offset rbx, -24",
        ".cfi_offset r12, -32",
        ".cfi_offset r13, -40",
        ".cfi_offset r14, -48",
        ".cfi_offset r15, -56",
        "call rax",
        "nop", // the return address belongs to the row above
        ".cfi_restore_state",
        "pop rbx",
        ".cfi_adjust_cfa_offset -8",
        "ret",
        ".cfi_endproc",
    )
}

/// Calls `f(arg)`. While it runs `*fault_sp` is not 0, and a fault in it may be answered by making `runtime.faultlanding` the instruction pointer and `*fault_sp` the stack pointer ([`Registers::land`]): then this
/// returns, and what `f` was doing is left as it is.
///
/// In: rdi fault_sp, rsi f, rdx arg. Stack at `*fault_sp`, from the top: fault_sp, r15, r14, r13, r12, rbx, rbp, return address.
///
/// # Safety
/// `f` does not unwind; nothing that it holds needs a destructor, and no lock.
#[unsafe(naked)]
pub unsafe extern "C" fn call_guarded(
    fault_sp: &AtomicUsize,
    f: unsafe extern "C" fn(*mut c_void),
    arg: *mut c_void,
) {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbp, 0",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbx, 0",
        "push r12",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r12, 0",
        "push r13",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r13, 0",
        "push r14",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r14, 0",
        "push r15",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r15, 0",
        "push rdi",
        ".cfi_adjust_cfa_offset 8",
        "mov [rdi], rsp",
        "mov rdi, rdx",
        "call rsi",
        ".globl runtime.faultlanding",
        ".hidden runtime.faultlanding",
        "runtime.faultlanding:",
        "pop rdi",
        ".cfi_adjust_cfa_offset -8",
        "mov qword ptr [rdi], 0",
        "pop r15",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r15",
        "pop r14",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r14",
        "pop r13",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r13",
        "pop r12",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r12",
        "pop rbx",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore rbx",
        "pop rbp",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore rbp",
        "ret",
        ".cfi_endproc",
    )
}

unsafe extern "C" {
    /// In [`call_guarded`]. Not to be called.
    #[link_name = "runtime.faultlanding"]
    fn fault_landing();
}

/// Registers of an interrupted thread (`mcontext_t`; sigcontext(7), sys/ucontext.h).
#[derive(Clone, Copy)]
pub struct Registers([usize; COUNT]);

const COUNT: usize = 19;
/// Position of the registers in `ucontext_t`: behind `uc_flags`, `uc_link` and `uc_stack`.
const IN_UCONTEXT: usize = 40;
/// `REG_RSP` and `REG_RIP` in `gregs`.
const RSP: usize = 15;
const RIP: usize = 16;
/// Names as Go prints them, with their positions in `gregs`. The last one holds cs, gs and fs, 16 bits each.
const NAMES: [(&str, usize); 18] = [
    ("rax", 13),
    ("rbx", 11),
    ("rcx", 14),
    ("rdx", 12),
    ("rdi", 8),
    ("rsi", 9),
    ("rbp", 10),
    ("rsp", RSP),
    ("r8", 0),
    ("r9", 1),
    ("r10", 2),
    ("r11", 3),
    ("r12", 4),
    ("r13", 5),
    ("r14", 6),
    ("r15", 7),
    ("rip", RIP),
    ("rflags", 17),
];
const SEGMENTS: usize = 18;

impl Registers {
    /// Those of the thread that a signal handler interrupted.
    ///
    /// # Safety
    /// `context` is the third argument of a signal handler.
    pub unsafe fn interrupted(context: *const c_void) -> Self {
        // SAFETY: the kernel passes a `ucontext_t`, aligned to 8 bytes.
        Self(unsafe {
            context
                .byte_add(IN_UCONTEXT)
                .cast::<[usize; COUNT]>()
                .read()
        })
    }

    /// Makes the code that a signal handler interrupted go on at the end of the [`call_guarded`] that set `fault_sp`, once the handler returns.
    ///
    /// # Safety
    /// `context` is the third argument of the running signal handler, which interrupted that call.
    pub unsafe fn land(context: *mut c_void, fault_sp: usize) {
        // SAFETY: the kernel passes a `ucontext_t`, aligned to 8 bytes, and reads it when the handler returns.
        unsafe {
            let registers = context.byte_add(IN_UCONTEXT).cast::<usize>();
            registers.add(RSP).write(fault_sp);
            registers
                .add(RIP)
                .write(fault_landing as *const () as usize);
        }
    }

    /// The instruction pointer.
    pub fn pc(&self) -> usize {
        self.0[RIP]
    }

    /// The stack pointer.
    pub fn sp(&self) -> usize {
        self.0[RSP]
    }

    /// Name and value of each, in Go's order.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let segments = self.0[SEGMENTS];
        let segment = move |shift: usize| segments >> shift & 0xffff;
        NAMES.iter().map(|(name, at)| (*name, self.0[*at])).chain([
            ("cs", segment(0)),
            ("fs", segment(32)),
            ("gs", segment(16)),
        ])
    }
}

/// Calls `f` with a stack pointer above which, besides the frames of the callers, all their values are: those that they have in registers were put there.
pub fn with_registers_on_stack(f: &mut dyn FnMut(usize)) {
    unsafe extern "C" fn call(sp: usize, f: *mut c_void) {
        // SAFETY: see below.
        unsafe { (*f.cast::<&mut dyn FnMut(usize)>())(sp) };
    }
    let mut f = f;
    // SAFETY: `call` gets what it expects, and the runtime does not unwind.
    unsafe { spilled(call, (&raw mut f).cast()) };
}

/// Calls `f(sp, arg)` with the registers that a callee preserves (psABI) at `sp`. A caller keeps nothing in the others.
///
/// # Safety
/// As `f(sp, arg)`, which does not unwind.
#[unsafe(naked)]
unsafe extern "C" fn spilled(f: unsafe extern "C" fn(usize, *mut c_void), arg: *mut c_void) {
    naked_asm!(
        ".cfi_startproc",
        "push rbx",
        "push rbp",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 56",
        "mov rax, rdi",
        "mov rdi, rsp",
        "call rax",
        "add rsp, 56",
        ".cfi_adjust_cfa_offset -56",
        "ret",
        ".cfi_endproc",
    )
}

/// `rtlib_abi::api::newproc1`: hands the return address on as one more argument, which the psABI passes on the stack.
///
/// # Safety
/// As `rtlib_abi::api::newproc1`.
#[unsafe(naked)]
#[unsafe(export_name = "runtime.newproc1")]
unsafe extern "C" fn newproc1() {
    naked_asm!(
        ".cfi_startproc",
        "push qword ptr [rsp]",
        ".cfi_adjust_cfa_offset 8",
        "call runtime.newproc1.callerpc", // `sched::spawn`
        "add rsp, 8",
        ".cfi_adjust_cfa_offset -8",
        "ret",
        ".cfi_endproc",
    )
}

super::weak!("__real__Unwind_RaiseException");

/// What std calls to begin unwinding: tells `traceback::panics` and goes on to libgcc's, with nothing left on the stack that would have to be unwound.
///
/// # Safety
/// As `_Unwind_RaiseException`.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap__Unwind_RaiseException() {
    naked_asm!(
        ".cfi_startproc",
        "push rdi",
        ".cfi_adjust_cfa_offset 8",
        "call runtime.panicbegins", // `traceback::panics`
        "pop rdi",
        ".cfi_adjust_cfa_offset -8",
        "jmp __real__Unwind_RaiseException",
        ".cfi_endproc",
    )
}
