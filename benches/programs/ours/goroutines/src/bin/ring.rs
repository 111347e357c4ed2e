//! See `go/ring`.

use std::time::Instant;

use rtlib::chan::{Receiver, Sender, bounded};

const MEMBERS: u32 = 503;

fn main() {
    let hops = bench_report::size();
    let (last, lasts) = bounded(0);
    let (first, mut from) = bounded(0);
    for _ in 0..MEMBERS - 1 {
        let (to, next) = bounded(0);
        let last = last.clone();
        rtlib::go(move || member(&from, &to, &last));
        from = next;
    }
    let to = first.clone();
    rtlib::go(move || member(&from, &to, &last));
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
