//! See `go/ring`. Tokio has no channel without a buffer; the least is room for one.

use std::time::Instant;

use tokio::sync::mpsc::{Receiver, Sender, channel};

const MEMBERS: u32 = 503;

fn main() {
    on_tokio::run(ring());
}

async fn ring() {
    let hops = bench_report::size();
    let (last, mut lasts) = channel(1);
    let (first, mut from) = channel(1);
    for _ in 0..MEMBERS - 1 {
        let (to, next) = channel(1);
        tokio::spawn(member(from, to, last.clone()));
        from = next;
    }
    tokio::spawn(member(from, first.clone(), last));
    let start = Instant::now();
    first.send(hops).await.expect("the first member receives");
    let received = lasts.recv().await.expect("the last member sends");
    bench_report::report(start, hops, received);
}

/// Passes the token on until it has made all its hops.
async fn member(mut from: Receiver<u64>, to: Sender<u64>, last: Sender<u64>) {
    let mut received = 0;
    while let Some(left) = from.recv().await {
        received += 1;
        if left == 0 {
            return last.send(received).await.expect("main receives");
        }
        to.send(left - 1).await.expect("the next member receives");
    }
}
