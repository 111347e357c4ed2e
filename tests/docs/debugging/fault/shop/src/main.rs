//! A loop that goes on behind what it may read.

fn sum(first: *const u8, count: usize) -> u64 {
    (0..count)
        .map(|at| u64::from(unsafe { first.add(at).read() }))
        .sum()
}

fn work() {
    let bytes = vec![1; 100];
    println!("{}", sum(bytes.as_ptr(), usize::MAX));
}

fn main() {
    _ = std::thread::spawn(work).join();
}
