//! See `go/lateness`.

use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(1);

fn main() {
    let late = (0..bench_report::size()).map(|_| {
        let asleep = Instant::now();
        std::thread::sleep(NAP);
        asleep.elapsed() - NAP
    });
    bench_report::report_lateness(late.collect());
}
