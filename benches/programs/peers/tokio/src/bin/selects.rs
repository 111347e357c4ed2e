//! See `go/selects`. Tokio has no channel without a buffer; the least is room for one.

use std::time::Instant;

use tokio::sync::mpsc::{Sender, channel};

fn main() {
    on_tokio::run(selects());
}

async fn selects() {
    let items = bench_report::size();
    let (even, mut evens) = channel(1);
    let (odd, mut odds) = channel(1);
    let start = Instant::now();
    tokio::spawn(produce(0, items, even.clone()));
    tokio::spawn(produce(1, items, odd.clone()));
    let mut sum = 0;
    for _ in 0..items {
        // Both stay open: `even` and `odd` live to the end.
        tokio::select! {
            Some(number) = evens.recv() => sum += number,
            Some(number) = odds.recv() => sum += number,
        }
    }
    bench_report::report(start, items, sum);
    drop((even, odd));
}

/// Sends every other number.
async fn produce(first: u64, end: u64, to: Sender<u64>) {
    for number in (first..end).step_by(2) {
        to.send(number).await.expect("main receives");
    }
}
