//! See `go/spawn`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

static RUNNING: AtomicU64 = AtomicU64::new(0);

fn main() {
    on_tokio::run(spawn());
}

async fn spawn() {
    let count = bench_report::size();
    RUNNING.store(count, Ordering::Relaxed);
    let done = Arc::new(Notify::new());
    let start = Instant::now();
    for _ in 0..count {
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            if RUNNING.fetch_sub(1, Ordering::AcqRel) == 1 {
                done.notify_one();
            }
        });
    }
    done.notified().await;
    bench_report::report_since(start, count);
}
