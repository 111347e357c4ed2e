//! So many goroutines that wait, and what they cost.

use std::env;
use std::fs;

use rtlib::chan::bounded;

fn main() {
    let count: usize = env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    let (send, receive) = bounded::<()>(0);
    let (here, all) = bounded(count);
    for _ in 0..count {
        let (receive, here) = (receive.clone(), here.clone());
        rtlib::go(move || {
            here.send(()).expect("main waits");
            _ = receive.recv();
        });
    }
    all.iter().take(count).for_each(drop);
    let mappings = fs::read_to_string("/proc/self/maps")
        .expect("/proc")
        .lines()
        .count();
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let resident = status.lines().find(|line| line.starts_with("VmRSS"));
    println!(
        "{count} parked, {mappings} mappings, {}",
        resident.expect("VmRSS")
    );
    drop(send);
}
