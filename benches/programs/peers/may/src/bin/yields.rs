//! See `go/yields`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const COROUTINES: u64 = 2;

static LAST: AtomicU64 = AtomicU64::new(COROUTINES);

fn main() {
    on_may::run(yields);
}

fn yields() {
    let each = bench_report::size();
    let start = Instant::now();
    let coroutines: Vec<_> = (0..COROUTINES)
        .map(|me| may::go!(move || alternate(me, each)))
        .collect();
    let alone: u64 = coroutines
        .into_iter()
        .map(|coroutine| coroutine.join().expect("yielding does not panic"))
        .sum();
    let calls = COROUTINES * each;
    bench_report::report_since(start, calls);
    println!("alone {:.1}", 100.0 * alone as f64 / calls as f64);
}

fn alternate(me: u64, each: u64) -> u64 {
    let mut alone = 0;
    for _ in 0..each {
        LAST.store(me, Ordering::SeqCst);
        may::coroutine::yield_now();
        if LAST.load(Ordering::SeqCst) == me {
            alone += 1;
        }
    }
    alone
}
