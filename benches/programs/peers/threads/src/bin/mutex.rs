//! See `go/mutex`.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

const THREADS: u64 = 8;

static COUNTER: Mutex<u64> = Mutex::new(0);

fn main() {
    let each = bench_report::size() / THREADS;
    let start = Instant::now();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| thread::spawn(move || count(each)))
        .collect();
    for thread in threads {
        thread.join().expect("counting does not panic");
    }
    let counted = *COUNTER.lock().expect("counting does not panic");
    bench_report::report(start, THREADS * each, counted);
}

fn count(each: u64) {
    for _ in 0..each {
        *COUNTER.lock().expect("counting does not panic") += 1;
    }
}
