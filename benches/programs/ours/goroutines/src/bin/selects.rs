//! See `go/selects`.

use std::time::Instant;

use rtlib::chan::{Sender, bounded};
use rtlib::select;

fn main() {
    let items = bench_report::size();
    let (even, evens) = bounded(0);
    let (odd, odds) = bounded(0);
    let start = Instant::now();
    // Both stay open: `even` and `odd` live to the end.
    for (first, to) in [(0, even.clone()), (1, odd.clone())] {
        rtlib::go(move || produce(first, items, &to));
    }
    let mut sum = 0;
    for _ in 0..items {
        select! {
            recv(evens) -> number => sum += number.expect("it stays open"),
            recv(odds) -> number => sum += number.expect("it stays open"),
        }
    }
    bench_report::report(start, items, sum);
    drop((even, odd));
}

/// Sends every other number.
fn produce(first: u64, end: u64, to: &Sender<u64>) {
    for number in (first..end).step_by(2) {
        to.send(number).expect("main receives");
    }
}
