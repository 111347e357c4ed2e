//! See `go/mutex`. The lock is tokio's, which tasks wait for without blocking their thread.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;

const TASKS: u64 = 8;

fn main() {
    on_tokio::run(mutex());
}

async fn mutex() {
    let each = bench_report::size() / TASKS;
    let counter = Arc::new(Mutex::new(0));
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| tokio::spawn(count(each, Arc::clone(&counter))))
        .collect();
    for task in tasks {
        task.await.expect("counting does not panic");
    }
    let counted = *counter.lock().await;
    bench_report::report(start, TASKS * each, counted);
}

async fn count(each: u64, counter: Arc<Mutex<u64>>) {
    for _ in 0..each {
        *counter.lock().await += 1;
    }
}
