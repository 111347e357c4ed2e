//! See `go/skynet`.

use std::time::Instant;

use rtlib::chan::{Sender, bounded};

const CHILDREN: u64 = 10;

fn main() {
    let leaves = bench_report::size();
    let (to, sum) = bounded(0);
    let start = Instant::now();
    rtlib::go(move || skynet(&to, 0, leaves));
    let sum = sum.recv().expect("the root sends");
    bench_report::report(start, 1, sum);
}

fn skynet(parent: &Sender<u64>, number: u64, leaves: u64) {
    let sum = if leaves == 1 {
        number
    } else {
        children(number, leaves / CHILDREN)
    };
    parent.send(sum).expect("the parent receives");
}

fn children(number: u64, leaves: u64) -> u64 {
    let (to, mine) = bounded(0);
    for child in 0..CHILDREN {
        let to = to.clone();
        rtlib::go(move || skynet(&to, number + child * leaves, leaves));
    }
    (0..CHILDREN)
        .map(|_| mine.recv().expect("every child sends"))
        .sum()
}
