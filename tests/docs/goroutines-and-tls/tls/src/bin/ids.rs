//! Four goroutines, each of which compares its thread-local with what it has put there, after each of 2000 yields.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs;
use std::thread;

thread_local! {
    static VALUE: Cell<usize> = const { Cell::new(0) };
}

fn main() {
    let check = |number| {
        move || {
            let id = thread::current().id();
            VALUE.set(number);
            let address = VALUE.with(|value| value.as_ptr() as usize);
            let mut kernel_threads = HashSet::new();
            for _ in 0..2000 {
                kernel_threads.insert(fs::read_link("/proc/thread-self").expect("/proc"));
                rtlib::yield_now();
                assert_eq!(thread::current().id(), id);
                assert_eq!(VALUE.get(), number);
                assert_eq!(VALUE.with(|value| value.as_ptr() as usize), address);
            }
            println!(
                "{id:?}: one thread-local; kernel threads: {}",
                kernel_threads.len()
            );
        }
    };
    let all: Vec<_> = (1..=4).map(|number| rtlib::spawn(check(number))).collect();
    all.into_iter()
        .for_each(|one| one.join().expect("no panic"));
}
