//! Goroutines that park for ever, and what they cost while all of them are alive. Twin: `go/parked`.

use std::sync::atomic::{AtomicU64, Ordering};

use goroutines::Memory;

static STARTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let count = goroutines::size();
    let before = Memory::now();
    for _ in 0..count {
        rtlib::go(|| {
            STARTED.fetch_add(1, Ordering::Relaxed);
            loop {
                rtlib::park();
            }
        });
    }
    while STARTED.load(Ordering::Relaxed) < count {
        rtlib::yield_now();
    }
    goroutines::report_each(before, Memory::now(), count);
}
