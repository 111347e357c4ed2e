//! Two goroutines that do nothing but yield, and how often one came back without the other having run. See `go/yields`, whose
//! atomic operations are sequentially consistent; so are these, where it counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const GOROUTINES: u64 = 2;

static RUNNING: AtomicU64 = AtomicU64::new(GOROUTINES);
static LAST: AtomicU64 = AtomicU64::new(GOROUTINES);
static ALONE: AtomicU64 = AtomicU64::new(0);

fn main() {
    let each = bench_report::size();
    let main = rtlib::current().expect("main is a goroutine");
    let start = Instant::now();
    for me in 0..GOROUTINES {
        rtlib::go(move || {
            let mut alone = 0;
            for _ in 0..each {
                LAST.store(me, Ordering::SeqCst);
                rtlib::yield_now();
                if LAST.load(Ordering::SeqCst) == me {
                    alone += 1;
                }
            }
            ALONE.fetch_add(alone, Ordering::Relaxed);
            if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
                main.unpark();
            }
        });
    }
    while RUNNING.load(Ordering::Acquire) != 0 {
        rtlib::park();
    }
    let calls = GOROUTINES * each;
    bench_report::report_since(start, calls);
    let alone = ALONE.load(Ordering::Relaxed) as f64 / calls as f64;
    println!("alone {:.1}", alone * 100.0);
}
