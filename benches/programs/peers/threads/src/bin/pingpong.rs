//! See `go/pingpong`.

use std::thread;
use std::time::Instant;

use crossbeam_channel::bounded;

fn main() {
    let rounds = bench_report::size();
    let (ping, pings) = bounded(0);
    let (pong, pongs) = bounded(0);
    thread::spawn(move || {
        for number in pings {
            pong.send(number + 1).expect("main receives");
        }
    });
    let mut number = 0_u64;
    let start = Instant::now();
    for _ in 0..rounds {
        ping.send(number).expect("the other thread receives");
        number = pongs.recv().expect("the other thread sends");
    }
    bench_report::report(start, rounds, number);
}
