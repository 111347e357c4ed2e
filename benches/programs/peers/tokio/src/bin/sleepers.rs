//! See `go/sleepers`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

const NAP: Duration = Duration::from_millis(100);

static RUNNING: AtomicU64 = AtomicU64::new(0);
static RESTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    on_tokio::run(sleepers());
}

async fn sleepers() {
    let count = bench_report::size();
    RUNNING.store(count, Ordering::Relaxed);
    let done = Arc::new(Notify::new());
    let start = Instant::now();
    for _ in 0..count {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            nap().await;
            if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
                done.notify_one();
            }
        });
    }
    done.notified().await;
    bench_report::report(start, 1, RESTED.load(Ordering::Relaxed));
}

async fn nap() {
    let asleep = Instant::now();
    tokio::time::sleep(NAP).await;
    if asleep.elapsed() >= NAP {
        RESTED.fetch_add(1, Ordering::Relaxed);
    }
}
