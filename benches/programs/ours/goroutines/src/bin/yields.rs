//! Two goroutines that do nothing but yield. Twin: `go/yields`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const GOROUTINES: u64 = 2;

static RUNNING: AtomicU64 = AtomicU64::new(GOROUTINES);

fn main() {
    let each = goroutines::size();
    let main = rtlib::current().expect("main is a goroutine");
    let start = Instant::now();
    for _ in 0..GOROUTINES {
        rtlib::go(move || {
            for _ in 0..each {
                rtlib::yield_now();
            }
            if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
                main.unpark();
            }
        });
    }
    while RUNNING.load(Ordering::Acquire) != 0 {
        rtlib::park();
    }
    goroutines::report_since(start, GOROUTINES * each);
}
