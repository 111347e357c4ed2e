//! Two threads and a number under a lock, which one of them makes odd and the other even; each waits on a condition for its turn.

use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Instant;

static NUMBER: Mutex<u64> = Mutex::new(0);
static TURN: [Condvar; 2] = [Condvar::new(), Condvar::new()];

fn main() {
    let rounds = bench_report::size();
    let start = Instant::now();
    let other = thread::spawn(move || play(1, rounds));
    play(0, rounds);
    other.join().expect("the other thread does not panic");
    let number = *NUMBER.lock().expect("nobody panics");
    bench_report::report(start, rounds, number / 2);
}

fn play(mine: usize, rounds: u64) {
    for _ in 0..rounds {
        let number = NUMBER.lock().expect("nobody panics");
        let others_turn = |number: &mut u64| *number % 2 != mine as u64;
        let mut number = TURN[mine]
            .wait_while(number, others_turn)
            .expect("nobody panics");
        *number += 1;
        TURN[1 - mine].notify_one();
    }
}
