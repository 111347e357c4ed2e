//! See `go/sieve`. Tokio has no channel without a buffer; the least is room for one.

use std::time::Instant;

use tokio::sync::mpsc::{Receiver, Sender, channel};

fn main() {
    on_tokio::run(sieve());
}

async fn sieve() {
    let primes = bench_report::size();
    let (to, mut numbers) = channel(1);
    let start = Instant::now();
    tokio::spawn(generate(to));
    let mut prime = 0;
    for _ in 0..primes {
        prime = numbers.recv().await.expect("there is always another prime");
        let (to, rest) = channel(1);
        tokio::spawn(filter(prime, numbers, to));
        numbers = rest;
    }
    bench_report::report(start, 1, prime);
}

async fn generate(to: Sender<u64>) {
    for number in 2.. {
        if to.send(number).await.is_err() {
            return;
        }
    }
}

async fn filter(prime: u64, mut from: Receiver<u64>, to: Sender<u64>) {
    while let Some(number) = from.recv().await {
        if number % prime != 0 && to.send(number).await.is_err() {
            return;
        }
    }
}
