//! A hundred thousand goroutines, all blocked at the same moment, then woken and joined. With threads this program would need
//! 100,000 of them.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/hundred_thousand/Cargo.toml
//! ```

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const GOROUTINES: u64 = 100_000;

static WAITING: AtomicU64 = AtomicU64::new(0);
static GO_ON: AtomicBool = AtomicBool::new(false);

/// Blocks until `GO_ON`, with a value on its own stack that must survive that.
fn wait_and_return(value: u64) -> u64 {
    WAITING.fetch_add(1, Ordering::Relaxed);
    while !GO_ON.load(Ordering::Acquire) {
        rtlib::park();
    }
    value
}

fn main() {
    let handles: Vec<_> = (1..=GOROUTINES)
        .map(|n| rtlib::spawn(move || wait_and_return(n)))
        .collect();
    while WAITING.load(Ordering::Relaxed) < GOROUTINES {
        rtlib::yield_now();
    }
    println!(
        "{} goroutines, {} of them waiting",
        rtlib::num_goroutine(),
        WAITING.load(Ordering::Relaxed)
    );

    GO_ON.store(true, Ordering::Release);
    for handle in &handles {
        handle.goroutine().unpark();
    }
    let sum: u64 = handles
        .into_iter()
        .map(|handle| handle.join().expect("none panics"))
        .sum();
    println!("the numbers from 1 to {GOROUTINES} add up to {sum}");
}
