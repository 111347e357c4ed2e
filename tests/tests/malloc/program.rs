//! What tests/malloc.rs runs.

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::time::{Duration, Instant};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn calloc(n: usize, size: usize) -> *mut c_void;
    fn realloc(at: *mut c_void, size: usize) -> *mut c_void;
    fn free(at: *mut c_void);
    fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int;
    fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    fn memalign(align: usize, size: usize) -> *mut c_void;
    fn valloc(size: usize) -> *mut c_void;
    fn pvalloc(size: usize) -> *mut c_void;
    fn malloc_usable_size(at: *mut c_void) -> usize;
    fn malloc_trim(pad: usize) -> c_int;
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

const ENOMEM: i32 = 12;
const EINVAL: c_int = 22;

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap()
}

fn family() {
    unsafe {
        let (a, b) = (malloc(0), malloc(0));
        assert!(!a.is_null() && !b.is_null() && a != b);
        free(a);
        free(b);
        free(std::ptr::null_mut());
        let block = malloc(100).cast::<u8>();
        assert!(malloc_usable_size(block.cast()) >= 100 && block as usize % 16 == 0);
        block.write_bytes(7, 100);
        let block = realloc(block.cast(), 100_000).cast::<u8>();
        assert!(
            std::slice::from_raw_parts(block, 100)
                .iter()
                .all(|byte| *byte == 7)
        );
        let block = realloc(block.cast(), 50).cast::<u8>();
        assert!(
            std::slice::from_raw_parts(block, 50)
                .iter()
                .all(|byte| *byte == 7)
        );
        assert!(realloc(block.cast(), 0).is_null());
        assert_eq!(malloc_usable_size(std::ptr::null_mut()), 0);
        for (n, size) in [(1, 1), (10, 100), (1000, 1000), (40, 1 << 20)] {
            let block = calloc(n, size).cast::<u8>();
            let bytes = std::slice::from_raw_parts_mut(block, n * size);
            assert!(bytes.iter().all(|byte| *byte == 0));
            bytes.fill(1);
            free(block.cast());
            let again = calloc(n, size).cast::<u8>();
            assert!(
                std::slice::from_raw_parts(again, n * size)
                    .iter()
                    .all(|byte| *byte == 0)
            );
            free(again.cast());
        }
        for (n, size) in [(usize::MAX, 2), (1 << 40, 1 << 40)] {
            assert!(black_box(calloc(n, size)).is_null());
            assert_eq!(errno(), ENOMEM);
        }
        assert!(black_box(malloc(usize::MAX - 100)).is_null());
        assert_eq!(errno(), ENOMEM);
        let mut out = std::ptr::dangling_mut::<c_void>();
        assert_eq!(posix_memalign(&mut out, 24, 8), EINVAL);
        assert_eq!(posix_memalign(&mut out, 4, 8), EINVAL);
        assert_eq!(posix_memalign(&mut out, 64, usize::MAX), ENOMEM);
        assert_eq!(out, std::ptr::dangling_mut());
        for shift in 3..26 {
            let align = 1_usize << shift;
            assert_eq!(posix_memalign(&mut out, align, 3 * align / 2), 0);
            let others = [
                aligned_alloc(align, align),
                memalign(align, 1),
                valloc(10),
                pvalloc(10),
            ];
            for (block, align) in std::iter::once(out)
                .chain(others)
                .zip([align, align, align, 4096, 4096])
            {
                assert_eq!(block as usize % align, 0);
                assert!(malloc_usable_size(block) >= 1);
                block.cast::<u8>().write(1);
                free(block);
            }
        }
        assert!(malloc_usable_size(pvalloc(1)) >= 4096);
    }
    println!("as they say");
}

/// Each of several threads, which are goroutines or not, frees what others have allocated.
fn threads() {
    const THREADS: usize = 8;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS)
        .map(|_| std::sync::mpsc::channel::<Vec<u8>>())
        .unzip();
    std::thread::scope(|scope| {
        for (n, receiver) in receivers.into_iter().enumerate() {
            let senders = senders.clone();
            scope.spawn(move || {
                for round in 0..20_000_usize {
                    let size = 1 + (round * 37 + n * 101) % 3000;
                    let block = vec![size as u8; size];
                    senders[(round + n) % THREADS].send(block).unwrap();
                    for block in receiver.try_iter() {
                        assert!(block.iter().all(|byte| *byte == block.len() as u8));
                    }
                }
                drop(senders);
                for block in receiver {
                    assert!(block.iter().all(|byte| *byte == block.len() as u8));
                }
            });
        }
        drop(senders);
    });
    println!("all came back");
}

fn request() {
    for round in 0..7 {
        let all: Vec<Vec<u8>> = (0..19)
            .map(|n| vec![1; 50 + (n * 50 + round * 7) % 900])
            .collect();
        black_box(all);
    }
}

fn worked() {
    const GOROUTINES: usize = 20_000;
    let before = resident();
    let done = std::sync::Arc::new(rtlib::sync::WaitGroup::new());
    let (end, wait) = rtlib::chan::bounded::<()>(0);
    done.add(GOROUTINES as i32);
    let all: Vec<_> = (0..GOROUTINES)
        .map(|_| {
            let (done, wait) = (done.clone(), wait.clone());
            rtlib::spawn(move || {
                request();
                done.done();
                _ = wait.recv();
            })
        })
        .collect();
    done.wait();
    println!("{}", (resident() - before) / GOROUTINES);
    drop(end);
    all.into_iter().for_each(|one| one.join().unwrap());
}

fn forks() {
    let busy: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                loop {
                    request();
                }
            })
        })
        .collect();
    for _ in 0..200 {
        let keep = vec![1_u8; 1000];
        let child = unsafe { fork() };
        if child == 0 {
            request();
            let large = vec![2_u8; 1 << 20];
            drop(keep);
            unsafe { _exit(c_int::from(large[1000] != 2)) };
        }
        let mut status = 0;
        assert_eq!(unsafe { waitpid(child, &mut status, 0) }, child);
        assert_eq!(status, 0);
    }
    println!("200 children");
    drop(busy);
}

fn burst() -> usize {
    let all: Vec<Vec<u8>> = (0..200_000).map(|n| vec![1; 100 + n % 900]).collect();
    let large = vec![1_u8; 50 << 20];
    black_box((&all, &large));
    resident()
}

fn back(at_once: bool) {
    let before = resident();
    let peak = burst();
    assert!(peak > before + (100 << 20));
    if at_once {
        unsafe { malloc_trim(0) };
        assert!(resident() < before + peak / 10, "{} of {peak}", resident());
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while resident() > before + peak / 10 {
        assert!(Instant::now() < deadline, "{} of {peak}", resident());
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("it went back");
}

fn main() {
    let mut local = 0_u64;
    unsafe {
        match std::env::args().nth(1).unwrap().as_str() {
            "family" => family(),
            "threads" => threads(),
            "worked" => worked(),
            "fork" => forks(),
            "back" => back(false),
            "back-watched" => {
                rtlib::spawn(|| ()).join().unwrap();
                back(false);
            }
            "trim" => back(true),
            "twice" => {
                let block = black_box(malloc(40));
                free(block);
                free(block);
            }
            "inside" => free(black_box(malloc(40)).add(16)),
            "foreign" => free(black_box(&raw mut local).cast()),
            "realloc" => _ = black_box(realloc(black_box(&raw mut local).cast(), 10)),
            _ => {}
        }
    }
}
