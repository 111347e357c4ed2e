//! See `go/sieve`.

use std::time::Instant;

use rtlib::chan::{Receiver, Sender, bounded};

fn main() {
    let primes = bench_report::size();
    let (to, mut numbers) = bounded(0);
    let start = Instant::now();
    rtlib::go(move || generate(&to));
    let mut prime = 0;
    for _ in 0..primes {
        prime = numbers.recv().expect("there is always another prime");
        let (to, rest) = bounded(0);
        rtlib::go(move || filter(prime, &numbers, &to));
        numbers = rest;
    }
    bench_report::report(start, 1, prime);
}

fn generate(to: &Sender<u64>) {
    for number in 2.. {
        if to.send(number).is_err() {
            return;
        }
    }
}

fn filter(prime: u64, from: &Receiver<u64>, to: &Sender<u64>) {
    for number in from {
        if number % prime != 0 && to.send(number).is_err() {
            return;
        }
    }
}
