//! What valgrind is told, if the program runs under it: where the stacks of goroutines are. Else its tools take a switch to another one for a frame of many megabytes, or for the end of as many.
//!
//! A client request (valgrind's manual, "The Client Request mechanism") is five instructions that do nothing, which valgrind recognises when it translates them. Whether it is there is asked once, in the boot.

use core::arch::asm;
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};

/// Numbers of requests (valgrind/valgrind.h, valgrind/memcheck.h).
const RUNNING_ON_VALGRIND: usize = 0x1001;
const STACK_REGISTER: usize = 0x1501;
const MAKE_MEM_DEFINED: usize = ((b'M' as usize) << 24 | (b'C' as usize) << 16) + 2;

static RUNNING: AtomicBool = AtomicBool::new(false);

/// Finds out whether the program runs under valgrind. In the boot.
pub fn init() {
    RUNNING.store(request(RUNNING_ON_VALGRIND, 0..0) != 0, Ordering::Relaxed);
}

/// Whether the program runs under valgrind.
#[inline]
pub fn is_running() -> bool {
    RUNNING.load(Ordering::Relaxed)
}

/// There is a stack, or may be one later.
#[inline]
pub fn stack(at: Range<usize>) {
    if is_running() {
        request(STACK_REGISTER, at.clone());
        defined(at);
    }
}

/// What is in this memory was written, or is zero because the system gave it, or is about to be written below the stack pointer of nobody.
#[inline]
pub fn defined(at: Range<usize>) {
    if is_running() {
        request(MAKE_MEM_DEFINED, at.start..at.len());
    }
}

/// Makes a request with two arguments; 0 outside of valgrind.
fn request(number: usize, arguments: Range<usize>) -> usize {
    let block = [number, arguments.start, arguments.end, 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: rotates rdi by 128 bits in all and exchanges rbx with itself. Valgrind reads the block and writes rdx.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") block.as_ptr(),
            inout("rdx") answer,
            options(nostack),
        );
    }
    answer
}
