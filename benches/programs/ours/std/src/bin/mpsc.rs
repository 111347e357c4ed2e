//! `go/pingpong` with channels of std.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

fn main() {
    let rounds = bench_report::size();
    let (ping, pings) = channel();
    let (pong, pongs) = channel();
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
