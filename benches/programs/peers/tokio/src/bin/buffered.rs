//! See `go/buffered`.

use std::time::Instant;

use tokio::sync::mpsc::channel;

const ROOM: usize = 128;

fn main() {
    on_tokio::run(buffered());
}

async fn buffered() {
    let items = bench_report::size();
    let (to, mut numbers) = channel(ROOM);
    let start = Instant::now();
    tokio::spawn(async move {
        for number in 0..items {
            to.send(number).await.expect("main receives");
        }
    });
    let mut sum = 0;
    while let Some(number) = numbers.recv().await {
        sum += number;
    }
    bench_report::report(start, items, sum);
}
