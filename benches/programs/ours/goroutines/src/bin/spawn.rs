//! Starts goroutines that end at once, and waits for the last of them. See `go/spawn`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

static RUNNING: AtomicU64 = AtomicU64::new(0);

fn main() {
    let count = bench_report::size();
    RUNNING.store(count, Ordering::Relaxed);
    let main = rtlib::current().expect("main is a goroutine");
    let start = Instant::now();
    for _ in 0..count {
        rtlib::go(move || {
            if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
                main.unpark();
            }
        });
    }
    while RUNNING.load(Ordering::Acquire) != 0 {
        rtlib::park();
    }
    bench_report::report_since(start, count);
}
