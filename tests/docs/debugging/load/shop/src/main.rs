//! More work than there are processors.

fn work() -> u64 {
    let mut sum = 0u64;
    for round in 0..4_000_000 {
        sum = sum.rotate_left(7) ^ round;
        if round % 100_000 == 0 {
            rtlib::yield_now();
        }
    }
    sum
}

fn main() {
    let all: Vec<_> = (0..64).map(|_| rtlib::spawn(work)).collect();
    let sums = all.into_iter().map(|one| one.join().unwrap());
    std::hint::black_box(sums.fold(0, |a, b| a ^ b));
}
