//! Without std.
#![no_std]

use core::sync::atomic::AtomicU32;

#[rtlib::init]
fn without_std() { //@ init freestanding::without_std
    rtlib::go(|| _ = *LIMIT);
}

#[rtlib::var]
static LIMIT: u32 = 1; //@ var freestanding::LIMIT

#[rtlib::var]
pub static COUNT: AtomicU32 = AtomicU32::new(*LIMIT); //@ var freestanding::COUNT
