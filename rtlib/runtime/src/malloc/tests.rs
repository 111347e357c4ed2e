//! The allocator against a model of itself: blocks do not overlap, keep what is written to them, and are aligned; everything comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use super::*;

fn cache() -> Box<MCache> {
    Box::new(MCache::new())
}

fn heap() -> &'static Heap {
    Box::leak(Box::new(Heap::new()))
}

/// Random numbers, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// Small ones more often than large ones.
    fn size(&mut self) -> usize {
        let bits = self.below(22);
        self.below((1 << bits) + 1)
    }
}

/// Writes what can be told from other blocks' bytes.
fn fill(block: NonNull<u8>, size: usize) {
    let at = block.as_ptr();
    for (n, part) in [0, size / 2, size.saturating_sub(1)]
        .into_iter()
        .enumerate()
    {
        if part < size {
            // SAFETY: in the block.
            unsafe {
                at.add(part)
                    .write(at as usize as u8 ^ n as u8 ^ (at as usize >> 8) as u8)
            };
        }
    }
}

#[track_caller]
fn check(block: NonNull<u8>, size: usize) {
    let at = block.as_ptr();
    for (n, part) in [0, size / 2, size.saturating_sub(1)]
        .into_iter()
        .enumerate()
        .rev()
    {
        let later = [0, size / 2, size.saturating_sub(1)]
            .into_iter()
            .skip(n + 1);
        if part < size && !later.clone().any(|other| other == part) {
            // SAFETY: in the block.
            let found = unsafe { at.add(part).read() };
            assert_eq!(
                found,
                at as usize as u8 ^ n as u8 ^ (at as usize >> 8) as u8
            );
        }
    }
}

#[test]
fn blocks_are_apart_and_keep_what_is_written() {
    let (heap, cache) = (heap(), cache());
    let mut random = Random(42);
    let mut blocks: BTreeMap<usize, usize> = BTreeMap::new();
    for round in 0..60_000 {
        if blocks.len() < 400 && random.below(2) == 0 || blocks.is_empty() {
            let size = random.size();
            let align = 1 << random.below(if round % 50 == 0 { 16 } else { 5 });
            let block = heap.alloc_aligned(&cache, size, align).expect("memory");
            let at = block.as_ptr() as usize;
            let usable = heap.usable_size(block).expect("a block");
            assert!(usable >= size && at.is_multiple_of(align) && at.is_multiple_of(16));
            let before = blocks.range(..at).next_back();
            assert!(before.is_none_or(|(start, size)| start + size <= at));
            assert!(
                blocks
                    .range(at..)
                    .next()
                    .is_none_or(|(start, _)| at + usable <= *start)
            );
            fill(block, usable);
            blocks.insert(at, usable);
        } else {
            let n = random.below(blocks.len());
            let (&at, &usable) = blocks.iter().nth(n).expect("a block");
            let block = NonNull::new(at as *mut u8).expect("a block");
            check(block, usable);
            blocks.remove(&at);
            // SAFETY: a block that is not used any more.
            unsafe { heap.free(&cache, block) }.expect("a block");
        }
    }
    for (at, usable) in blocks {
        let block = NonNull::new(at as *mut u8).expect("a block");
        check(block, usable);
        // SAFETY: a block that is not used any more.
        unsafe { heap.free(&cache, block) }.expect("a block");
    }
    cache.flush(heap, true);
    assert_eq!(heap.sizes().1, 0);
}

#[test]
fn blocks_that_others_free_come_home() {
    const BLOCKS: usize = 20_000;
    let heap = heap();
    let (send, receive) = mpsc::sync_channel::<(usize, usize)>(64);
    let consumer = thread::spawn(move || {
        let cache = cache();
        for (at, size) in receive {
            let block = NonNull::new(at as *mut u8).expect("a block");
            check(block, size);
            // SAFETY: the producer has given it away.
            unsafe { heap.free(&cache, block) }.expect("a block");
        }
        cache.flush(heap, true);
    });
    let cache = cache();
    let mut random = Random(7);
    for _ in 0..BLOCKS {
        let size = 1 + random.below(300);
        let block = heap.alloc(&cache, size).expect("memory");
        fill(block, size);
        send.send((block.as_ptr() as usize, size))
            .expect("a consumer");
    }
    drop(send);
    consumer.join().expect("it checks");
    cache.flush(heap, true);
    _ = heap.scavenge(true);
    let (reserved, in_use) = heap.sizes();
    assert_eq!(in_use, 0);
    assert_eq!(reserved, ARENA);
}

/// Threads that free each other's blocks, all at once.
#[test]
fn all_free_for_all() {
    const THREADS: usize = 4;
    let heap = heap();
    let barrier = Arc::new(Barrier::new(THREADS));
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS)
        .map(|_| mpsc::channel::<(usize, usize)>())
        .unzip();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(n, receive)| {
            let (senders, barrier) = (senders.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                let cache = cache();
                let mut random = Random(n as u64 + 1);
                for _ in 0..20_000 {
                    let size = 1 + random.below(2000);
                    let block = heap.alloc(&cache, size).expect("memory");
                    fill(block, size);
                    let to = random.below(THREADS);
                    senders[to]
                        .send((block.as_ptr() as usize, size))
                        .expect("a thread");
                    while let Ok((at, size)) = receive.try_recv() {
                        let block = NonNull::new(at as *mut u8).expect("a block");
                        check(block, size);
                        // SAFETY: it was given away.
                        unsafe { heap.free(&cache, block) }.expect("a block");
                    }
                }
                drop(senders);
                barrier.wait();
                for (at, size) in receive {
                    let block = NonNull::new(at as *mut u8).expect("a block");
                    check(block, size);
                    // SAFETY: it was given away.
                    unsafe { heap.free(&cache, block) }.expect("a block");
                }
                cache
            })
        })
        .collect();
    drop(senders);
    let caches: Vec<_> = threads
        .into_iter()
        .map(|one| one.join().expect("it checks"))
        .collect();
    for cache in &caches {
        cache.flush(heap, true);
    }
    _ = heap.scavenge(true);
    assert_eq!(heap.sizes().1, 0);
    let count = |of: fn(&MCache) -> &crate::shim::AtomicU64| {
        caches
            .iter()
            .map(|cache| of(cache).load(Ordering::Relaxed))
            .sum::<u64>()
    };
    assert_eq!(count(|cache| &cache.mallocs), count(|cache| &cache.frees));
}

#[test]
fn a_block_keeps_its_contents_when_its_size_changes() {
    let (heap, cache) = (heap(), cache());
    let mut random = Random(3);
    let mut size = 1;
    let mut block = heap.alloc(&cache, size).expect("memory");
    for round in 0..2000_u64 {
        // SAFETY: the block has so many bytes.
        let bytes = unsafe { core::slice::from_raw_parts_mut(block.as_ptr(), size) };
        bytes.fill(round as u8);
        let new = if round % 100 == 0 {
            20 << 20
        } else {
            random.size().max(1)
        };
        // SAFETY: its own block.
        block = unsafe { heap.realloc(&cache, block, new) }
            .expect("a block")
            .expect("memory");
        // SAFETY: as above.
        let bytes = unsafe { core::slice::from_raw_parts(block.as_ptr(), size.min(new)) };
        assert!(bytes.iter().all(|byte| *byte == round as u8));
        size = new;
    }
    // SAFETY: its own block.
    unsafe { heap.free(&cache, block) }.expect("a block");
}

#[test]
fn misuse_is_noticed() {
    let (heap, cache) = (heap(), cache());
    let mut local = 0_u64;
    let foreign = NonNull::from(&mut local).cast();
    for size in [1, 100, 5000, 100_000, 20 << 20] {
        let block = heap.alloc(&cache, size).expect("memory");
        let keep = heap.alloc(&cache, size).expect("memory");
        // SAFETY: what is wrong is seen before anything is written.
        unsafe {
            assert_eq!(heap.free(&cache, foreign), Err(Misuse::InvalidPointer));
            assert_eq!(heap.free(&cache, block.add(8)), Err(Misuse::InvalidPointer));
            assert_eq!(heap.free(&cache, block), Ok(()));
            assert!(heap.free(&cache, block).is_err(), "{size}");
            assert_eq!(heap.free(&cache, keep), Ok(()));
        }
    }
    assert_eq!(heap.alloc(&cache, usize::MAX), None);
    assert_eq!(heap.alloc(&cache, usize::MAX / 2 + 1), None);
    assert_eq!(heap.alloc_aligned(&cache, 1, 1 << 62), None);
}

#[test]
fn zeroed_blocks_are_zero() {
    let (heap, cache) = (heap(), cache());
    for size in [1, 24, 4000, 40_000, 3 << 20] {
        for _ in 0..3 {
            let block = heap.alloc_zeroed(&cache, size).expect("memory");
            // SAFETY: the block has so many bytes, and is freed once.
            unsafe {
                let bytes = core::slice::from_raw_parts_mut(block.as_ptr(), size);
                assert!(bytes.iter().all(|byte| *byte == 0));
                bytes.fill(0xa5);
                heap.free(&cache, block).expect("a block");
            }
        }
        _ = heap.scavenge(false);
        _ = heap.scavenge(false);
    }
}
