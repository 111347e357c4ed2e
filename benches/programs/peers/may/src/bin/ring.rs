//! See `go/ring`. The channels have no bound, which a single token does not notice.

use std::time::Instant;

use may::sync::mpsc::{Receiver, Sender, channel};

const MEMBERS: u32 = 503;

fn main() {
    on_may::run(ring);
}

fn ring() {
    let hops = bench_report::size();
    let (last, lasts) = channel();
    let (first, mut from) = channel();
    for _ in 0..MEMBERS - 1 {
        let (to, next) = channel();
        let last = last.clone();
        may::go!(move || member(&from, &to, &last));
        from = next;
    }
    let to = first.clone();
    may::go!(move || member(&from, &to, &last));
    let start = Instant::now();
    first.send(hops).expect("the first member receives");
    let received = lasts.recv().expect("the last member sends");
    bench_report::report(start, hops, received);
}

/// Passes the token on until it has made all its hops.
fn member(from: &Receiver<u64>, to: &Sender<u64>, last: &Sender<u64>) {
    let mut received = 0;
    for left in from {
        received += 1;
        if left == 0 {
            return last.send(received).expect("main receives");
        }
        to.send(left - 1).expect("the next member receives");
    }
}
