//! See `go/lateness`.

use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(1);

fn main() {
    on_tokio::run(lateness());
}

async fn lateness() {
    let mut late = Vec::new();
    for _ in 0..bench_report::size() {
        let asleep = Instant::now();
        tokio::time::sleep(NAP).await;
        late.push(asleep.elapsed() - NAP);
    }
    bench_report::report_lateness(late);
}
