//! See `go/pingpong`.

use std::time::Instant;

use rtlib::chan::bounded;

fn main() {
    let rounds = bench_report::size();
    let (ping, pings) = bounded(0);
    let (pong, pongs) = bounded(0);
    rtlib::go(move || {
        for number in pings {
            pong.send(number + 1).expect("main receives");
        }
    });
    let mut number = 0_u64;
    let start = Instant::now();
    for _ in 0..rounds {
        ping.send(number).expect("the other goroutine receives");
        number = pongs.recv().expect("the other goroutine sends");
    }
    bench_report::report(start, rounds, number);
}
