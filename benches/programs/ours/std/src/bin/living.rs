//! Threads that wait for ever, and what they cost while all of them are alive.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bench_report::Memory;

static STARTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let count = bench_report::size();
    let before = Memory::now();
    for _ in 0..count {
        thread::spawn(|| {
            STARTED.fetch_add(1, Ordering::Relaxed);
            loop {
                thread::park();
            }
        });
    }
    while STARTED.load(Ordering::Relaxed) < count {
        thread::yield_now();
    }
    bench_report::report_each(before, Memory::now(), count);
}
