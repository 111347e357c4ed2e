//! See `go/burst`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bench_report::Memory;
use rtlib::sync::{Barrier, WaitGroup};

const FRAME: usize = 1024;
const DEPTH: usize = 32;
const PAUSE: Duration = Duration::from_micros(500);

#[inline(never)]
fn deep(left: usize, there: &dyn Fn()) -> u8 {
    let mut room = [0_u8; FRAME];
    black_box(&mut room)[left] = left as u8;
    if left == 0 {
        there();
        return room[0];
    }
    deep(left - 1, there).wrapping_add(black_box(&room)[left])
}

fn burst(count: u64) {
    let all = usize::try_from(count).expect("as many as fit into memory");
    let there = Arc::new(Barrier::new(all));
    let gone = Arc::new(WaitGroup::new());
    for _ in 0..count {
        let there = Arc::clone(&there);
        gone.go(move || _ = deep(DEPTH, &|| _ = there.wait()));
    }
    gone.wait();
}

fn main() {
    let count = bench_report::size();
    let before = Memory::now();
    burst(count);
    let count = u32::try_from(count).expect("as many as fit into memory");
    rtlib::time::sleep(PAUSE * count);
    let after = Memory::now();
    println!("before {}", before.resident);
    println!("peak {}", bench_report::peak());
    println!("after {}", after.resident);
}
