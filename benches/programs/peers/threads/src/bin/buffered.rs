//! See `go/buffered`.

use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;

const ROOM: usize = 128;

fn main() {
    let items = bench_report::size();
    let (to, numbers) = bounded(ROOM);
    let start = Instant::now();
    thread::spawn(move || {
        for number in 0..items {
            to.send(number).expect("main receives");
        }
    });
    let sum = numbers.iter().sum();
    bench_report::report(start, items, sum);
}
