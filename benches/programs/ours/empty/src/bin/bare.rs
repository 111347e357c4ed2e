//! As little as a C program: `main` is C's, so that std's own start-up does not run.
#![no_main]

use std::ffi::{c_char, c_int};

/// The C library calls it.
// SAFETY: the name is C's, and this is the signature that goes with it.
#[unsafe(no_mangle)]
pub extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    0
}
