//! See `go/skynet`. Tokio has no channel without a buffer; the least is room for one.

use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use tokio::sync::mpsc::{Sender, channel};

const CHILDREN: u64 = 10;

fn main() {
    on_tokio::run(async {
        let leaves = bench_report::size();
        let (to, mut sum) = channel(1);
        let start = Instant::now();
        tokio::spawn(skynet(to, 0, leaves));
        let sum = sum.recv().await.expect("the root sends");
        bench_report::report(start, 1, sum);
    });
}

/// Boxed, because a future cannot contain itself.
fn skynet(
    parent: Sender<u64>,
    number: u64,
    leaves: u64,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let sum = if leaves == 1 {
            number
        } else {
            children(number, leaves / CHILDREN).await
        };
        parent.send(sum).await.expect("the parent receives");
    })
}

async fn children(number: u64, leaves: u64) -> u64 {
    let (to, mut mine) = channel(1);
    for child in 0..CHILDREN {
        tokio::spawn(skynet(to.clone(), number + child * leaves, leaves));
    }
    let mut sum = 0;
    for _ in 0..CHILDREN {
        sum += mine.recv().await.expect("every child sends");
    }
    sum
}
