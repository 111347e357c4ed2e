//! See `go/pingpong`. The channels have no bound, which a single number on its way does not notice.

use std::time::Instant;

use may::sync::mpsc::channel;

fn main() {
    on_may::run(pingpong);
}

fn pingpong() {
    let rounds = bench_report::size();
    let (ping, pings) = channel();
    let (pong, pongs) = channel();
    may::go!(move || {
        for number in pings {
            pong.send(number + 1).expect("main receives");
        }
    });
    let mut number = 0_u64;
    let start = Instant::now();
    for _ in 0..rounds {
        ping.send(number).expect("the other coroutine receives");
        number = pongs.recv().expect("the other coroutine sends");
    }
    bench_report::report(start, rounds, number);
}
