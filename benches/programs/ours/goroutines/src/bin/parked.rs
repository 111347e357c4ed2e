//! Goroutines that park for ever, and what they cost while all of them are alive. See `go/parked`.

use std::sync::atomic::{AtomicU64, Ordering};

use bench_report::Memory;

static STARTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let count = bench_report::size();
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
    bench_report::report_each(before, Memory::now(), count);
}
