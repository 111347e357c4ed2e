//! See `go/yields`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const TASKS: u64 = 2;

static LAST: AtomicU64 = AtomicU64::new(TASKS);

fn main() {
    on_tokio::run(yields());
}

async fn yields() {
    let each = bench_report::size();
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|me| tokio::spawn(alternate(me, each)))
        .collect();
    let mut alone = 0;
    for task in tasks {
        alone += task.await.expect("yielding does not panic");
    }
    let calls = TASKS * each;
    bench_report::report_since(start, calls);
    println!("alone {:.1}", 100.0 * alone as f64 / calls as f64);
}

async fn alternate(me: u64, each: u64) -> u64 {
    let mut alone = 0;
    for _ in 0..each {
        LAST.store(me, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if LAST.load(Ordering::SeqCst) == me {
            alone += 1;
        }
    }
    alone
}
