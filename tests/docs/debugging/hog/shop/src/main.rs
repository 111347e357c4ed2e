//! A goroutine that computes for long, and another one that sleeps.

use std::time::Duration;

fn digest(rounds: u64) -> u64 {
    let (mut sum, mut round) = (1u64, 0);
    while round < rounds {
        sum = (sum << 7) ^ (sum >> 57) ^ round;
        round += 1;
    }
    sum
}

fn check() -> u64 {
    digest(std::hint::black_box(100_000_000))
}

fn main() {
    let checker = rtlib::spawn(check);
    rtlib::time::sleep(Duration::from_millis(1));
    _ = checker.join();
}
