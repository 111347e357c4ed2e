//! What programs do with rayon: sort numbers, sum up, halve until little is left. Nothing in it waits for anything but other threads.

use std::time::Instant;

use rayon::prelude::*;

/// Below it numbers are counted by one thread.
const LITTLE: usize = 1000;

fn main() {
    let size = bench_report::size();
    let start = Instant::now();
    let mut numbers: Vec<u64> = (0..size).into_par_iter().map(scrambled).collect();
    numbers.par_sort_unstable();
    let ordered = numbers.par_windows(2).filter(|pair| pair[0] <= pair[1]);
    let answer =
        ordered.count() as u64 + odd(&numbers) - numbers.par_iter().map(|n| n % 2).sum::<u64>();
    bench_report::report(start, 1, answer);
}

/// How many are odd.
fn odd(numbers: &[u64]) -> u64 {
    if numbers.len() < LITTLE {
        return numbers.iter().map(|n| n % 2).sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = rayon::join(|| odd(left), || odd(right));
    left + right
}

/// A number that looks like chance.
fn scrambled(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
