//! A program of more than 500 MB: what is measured is the last step of its link, on the finished file.

use std::arch::global_asm;

// Assembly, because the compiler would spend minutes on such a static.
global_asm!(
    ".section .rodata.bulk,\"a\",@progbits",
    ".globl bulk",
    "bulk:",
    ".fill {words}, 8, 0x0123456789abcdef",
    ".text",
    words = const 65_536_000,
);

unsafe extern "C" {
    static bulk: u64;
}

fn main() {
    // SAFETY: `bulk` is defined above, eight bytes and more, read-only and aligned, since it is alone in its section.
    println!("{:x}", unsafe { bulk });
}
