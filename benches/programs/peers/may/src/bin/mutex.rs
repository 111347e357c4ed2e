//! See `go/mutex`.

use std::sync::Arc;
use std::time::Instant;

use may::sync::Mutex;

const COROUTINES: u64 = 8;

fn main() {
    on_may::run(mutex);
}

fn mutex() {
    let each = bench_report::size() / COROUTINES;
    let counter = Arc::new(Mutex::new(0));
    let start = Instant::now();
    let coroutines: Vec<_> = (0..COROUTINES)
        .map(|_| {
            let counter = Arc::clone(&counter);
            may::go!(move || count(each, &counter))
        })
        .collect();
    for coroutine in coroutines {
        coroutine.join().expect("counting does not panic");
    }
    let counted = *counter.lock().expect("counting does not panic");
    bench_report::report(start, COROUTINES * each, counted);
}

fn count(each: u64, counter: &Mutex<u64>) {
    for _ in 0..each {
        *counter.lock().expect("counting does not panic") += 1;
    }
}
