//! See `go/pingpong`. Tokio has no channel without a buffer; the least is room for one.

use std::time::Instant;

use tokio::sync::mpsc::channel;

fn main() {
    on_tokio::run(pingpong());
}

async fn pingpong() {
    let rounds = bench_report::size();
    let (ping, mut pings) = channel(1);
    let (pong, mut pongs) = channel(1);
    tokio::spawn(async move {
        while let Some(number) = pings.recv().await {
            pong.send(number + 1).await.expect("main receives");
        }
    });
    let mut number = 0_u64;
    let start = Instant::now();
    for _ in 0..rounds {
        ping.send(number).await.expect("the other task receives");
        number = pongs.recv().await.expect("the other task sends");
    }
    bench_report::report(start, rounds, number);
}
