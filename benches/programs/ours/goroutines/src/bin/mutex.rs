//! See `go/mutex`.

use std::time::Instant;

use rtlib::sync::Mutex;

const GOROUTINES: u64 = 8;

static COUNTER: Mutex<u64> = Mutex::new(0);

fn main() {
    let each = bench_report::size() / GOROUTINES;
    let start = Instant::now();
    let goroutines: Vec<_> = (0..GOROUTINES)
        .map(|_| rtlib::spawn(move || count(each)))
        .collect();
    for goroutine in goroutines {
        goroutine.join().expect("counting does not panic");
    }
    let counted = *COUNTER.lock().expect("counting does not panic");
    bench_report::report(start, GOROUTINES * each, counted);
}

fn count(each: u64) {
    for _ in 0..each {
        *COUNTER.lock().expect("counting does not panic") += 1;
    }
}
