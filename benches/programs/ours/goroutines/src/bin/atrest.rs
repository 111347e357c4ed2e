//! See `go/atrest`.

use std::io::Write as _;
use std::time::Duration;

const GOROUTINES: u64 = 1000;
const FOR_EVER: Duration = Duration::from_secs(3600);

fn main() {
    let period = Duration::from_millis(bench_report::size());
    if period.is_zero() {
        let (sender, receiver) = rtlib::chan::bounded::<()>(0);
        std::mem::forget(sender);
        for i in 0..GOROUTINES {
            let receiver = receiver.clone();
            if i % 2 == 0 {
                rtlib::go(|| rtlib::time::sleep(FOR_EVER));
            } else {
                rtlib::go(move || _ = receiver.recv());
            }
        }
    }
    println!("ready");
    std::io::stdout().flush().expect("flush");
    while !period.is_zero() {
        rtlib::time::sleep(period);
    }
    rtlib::time::sleep(FOR_EVER);
}
