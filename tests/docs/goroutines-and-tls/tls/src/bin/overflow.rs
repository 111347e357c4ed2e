//! A goroutine that runs out of stack.

fn deeper(n: u64) -> u64 {
    let here = std::hint::black_box([n; 16]);
    deeper(n + 1) + here[0]
}

fn main() {
    _ = rtlib::spawn(|| deeper(0)).join();
}
