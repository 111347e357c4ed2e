//! Prime numbers, found by a chain of goroutines that grows by one for each: every goroutine leaves out the multiples of its own prime.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/sieve/Cargo.toml -- 20
//! ```

use rtlib::chan::{Receiver, bounded};

/// 2, 3, 4, … until nobody listens.
fn numbers() -> Receiver<u32> {
    let (send, receive) = bounded(0);
    rtlib::go(move || {
        for number in 2.. {
            if send.send(number).is_err() {
                break;
            }
        }
    });
    receive
}

/// What comes from `input` without the multiples of `prime`.
fn without_multiples_of(prime: u32, input: Receiver<u32>) -> Receiver<u32> {
    let (send, receive) = bounded(0);
    rtlib::go(move || {
        for number in input {
            if number % prime != 0 && send.send(number).is_err() {
                break;
            }
        }
    });
    receive
}

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(10, |text| text.parse().expect("how many primes: a number"));
    let mut rest = numbers();
    for _ in 0..count {
        let prime = rest.recv().expect("there is always another prime");
        println!("{prime}");
        rest = without_multiples_of(prime, rest);
    }
    // Dropping the last receiver ends the goroutine before it, which drops its own, and so on up to `numbers`.
}
