//! See `go/sleepers`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rtlib::chan::bounded;

const NAP: Duration = Duration::from_millis(100);

static RUNNING: AtomicU64 = AtomicU64::new(0);
static RESTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let count = bench_report::size();
    RUNNING.store(count, Ordering::Relaxed);
    let (done, all_done) = bounded(1);
    let start = Instant::now();
    for _ in 0..count {
        let done = done.clone();
        rtlib::go(move || {
            nap();
            if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
                done.send(()).expect("main receives");
            }
        });
    }
    all_done.recv().expect("the last goroutine sends");
    bench_report::report(start, 1, RESTED.load(Ordering::Relaxed));
}

fn nap() {
    let asleep = Instant::now();
    rtlib::time::sleep(NAP);
    if asleep.elapsed() >= NAP {
        RESTED.fetch_add(1, Ordering::Relaxed);
    }
}
