//! See `go/parked`.

use std::future;
use std::sync::atomic::{AtomicU64, Ordering};

use bench_report::Memory;

static STARTED: AtomicU64 = AtomicU64::new(0);

fn main() {
    on_tokio::run(parked());
}

async fn parked() {
    let count = bench_report::size();
    let before = Memory::now();
    for _ in 0..count {
        tokio::spawn(async {
            STARTED.fetch_add(1, Ordering::Relaxed);
            future::pending::<()>().await;
        });
    }
    while STARTED.load(Ordering::Relaxed) < count {
        tokio::task::yield_now().await;
    }
    bench_report::report_each(before, Memory::now(), count);
}
