//! Threads that are started and joined, one after the other.

use std::thread;
use std::time::Instant;

fn main() {
    let count = bench_report::size();
    let start = Instant::now();
    let mut ended = 0;
    for _ in 0..count {
        ended = thread::spawn(move || ended + 1)
            .join()
            .expect("a thread that does not panic");
    }
    bench_report::report(start, count, ended);
}
