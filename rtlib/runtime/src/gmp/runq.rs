//! The run queue of a P: a bounded ring plus the `next` slot. One owner puts and gets, anybody may steal.
//!
//! Go has the same queue in runtime/proc.go (`runqput`, `runqget`, `runqgrab`). No architecture or system code is in here, so that
//! loom can check it (`CAP` shrinks to 4 there).
//!
//! Invariants:
//! - Only the owner writes `tail` and the ring's free slots; `head` moves by compare-and-swap, by owner and thieves alike.
//! - `tail - head` (wrapping) is at most `CAP`, seen by the owner. A thief may see a larger, stale difference and then retries.
//! - An element is in at most one place: a slot between head and tail, or `next`.
//! - `next` is filled by the owner only; the owner and thieves empty it by compare-and-swap.

use core::ptr;

use crate::shim::{AtomicPtr, AtomicU32, Ordering};

/// Slots of the ring.
#[cfg(not(loom))]
pub const CAP: usize = 256;
/// Slots of the ring, shrunk for the model checker.
#[cfg(loom)]
pub const CAP: usize = 4;

/// Room for what an overflowing `put` hands on: half the ring and the element that did not fit.
pub const BATCH: usize = CAP / 2 + 1;

/// A batch that overflowed: `items[..len]`, oldest first.
pub struct Batch<T: 'static> {
    /// The elements; null beyond `len`.
    items: [*mut T; BATCH],
    len: usize,
}

impl<T> Batch<T> {
    /// The elements, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &'static T> + '_ {
        // SAFETY: the first `len` items came out of a queue, and only `&'static T` go in.
        self.items[..self.len].iter().map(|&item| unsafe { &*item })
    }
}

/// See the module's head. `T` is the goroutine.
pub struct RunQueue<T: 'static> {
    head: AtomicU32,
    tail: AtomicU32,
    next: AtomicPtr<T>,
    ring: [AtomicPtr<T>; CAP],
}

impl<T: Sync> Default for RunQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Sync> RunQueue<T> {
    /// An empty queue.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            ring: [const { AtomicPtr::new(ptr::null_mut()) }; CAP],
        }
    }

    /// An empty queue (loom's atomics have no const constructor).
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            head: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            ring: core::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
        }
    }

    fn slot(&self, at: u32) -> &AtomicPtr<T> {
        &self.ring[at as usize % CAP]
    }

    /// Puts at the tail. When the ring is full, half of it and `item` come back for the global queue.
    /// Owner only.
    #[inline]
    pub fn put(&self, item: &'static T) -> Option<Batch<T>> {
        loop {
            let head = self.head.load(Ordering::Acquire); // pairs with a thief's release: the slot was read
            let tail = self.tail.load(Ordering::Relaxed);
            if (tail.wrapping_sub(head) as usize) < CAP {
                self.slot(tail)
                    .store(ptr::from_ref(item).cast_mut(), Ordering::Relaxed);
                self.tail.store(tail.wrapping_add(1), Ordering::Release);
                return None;
            }
            if let Some(batch) = self.overflow(item, head, tail) {
                return Some(batch);
            }
        }
    }

    /// Takes the older half of a full ring. None when a thief was faster: there is room now.
    #[cold]
    fn overflow(&self, item: &'static T, head: u32, tail: u32) -> Option<Batch<T>> {
        let n = tail.wrapping_sub(head) / 2;
        let mut items = [ptr::null_mut(); BATCH];
        for i in 0..n {
            items[i as usize] = self.slot(head.wrapping_add(i)).load(Ordering::Relaxed);
        }
        self.head
            .compare_exchange(
                head,
                head.wrapping_add(n),
                Ordering::Release,
                Ordering::Relaxed,
            )
            .ok()?;
        items[n as usize] = ptr::from_ref(item).cast_mut();
        Some(Batch {
            items,
            len: n as usize + 1,
        })
    }

    /// Puts into the `next` slot and returns what was there, which the caller puts at the tail.
    /// Owner only. Full barrier.
    #[inline]
    pub fn put_next(&self, item: &'static T) -> Option<&'static T> {
        let old = self
            .next
            .swap(ptr::from_ref(item).cast_mut(), Ordering::SeqCst);
        // SAFETY: only `&'static T` are stored.
        unsafe { old.as_ref() }
    }

    /// Takes from the `next` slot. Owner only.
    #[inline]
    pub fn get_next(&self) -> Option<&'static T> {
        let next = self.next.load(Ordering::Relaxed);
        if next.is_null() {
            return None;
        }
        // A thief may have taken it meanwhile; nobody but us fills the slot, so a failure means empty.
        self.next
            .compare_exchange(next, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed)
            .ok()?;
        // SAFETY: only `&'static T` are stored.
        unsafe { next.as_ref() }
    }

    /// Takes from the head of the ring. Owner only.
    #[inline]
    pub fn get(&self) -> Option<&'static T> {
        loop {
            let head = self.head.load(Ordering::Acquire);
            let tail = self.tail.load(Ordering::Relaxed);
            if tail == head {
                return None;
            }
            let item = self.slot(head).load(Ordering::Relaxed);
            if self
                .head
                .compare_exchange(
                    head,
                    head.wrapping_add(1),
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                // SAFETY: only `&'static T` are stored.
                return unsafe { item.as_ref() };
            }
        }
    }

    /// True when nothing is queued. Anybody; an answer of true is a state that really was (Go: `runqempty`).
    pub fn is_empty(&self) -> bool {
        loop {
            let head = self.head.load(Ordering::Acquire);
            let tail = self.tail.load(Ordering::Acquire);
            let next = self.next.load(Ordering::Acquire);
            if tail == self.tail.load(Ordering::Acquire) {
                return head == tail && next.is_null();
            }
        }
    }

    /// How many are in the ring, at a glance.
    #[cfg(feature = "object")]
    pub fn len(&self) -> u32 {
        let tail = self.tail.load(Ordering::Relaxed);
        tail.wrapping_sub(self.head.load(Ordering::Relaxed))
            .min(CAP as u32)
    }

    /// `is_empty` for the owner, who alone can make it non-empty.
    #[inline]
    pub fn is_empty_to_owner(&self) -> bool {
        self.head.load(Ordering::Relaxed) == self.tail.load(Ordering::Relaxed)
            && self.next.load(Ordering::Relaxed).is_null()
    }

    /// Steals half of `self` into `into`, which the caller owns and which is empty, and returns one of the stolen. With
    /// `take_next`, the `next` slot is taken when the ring is empty.
    pub fn steal_into(&self, into: &Self, take_next: bool) -> Option<&'static T> {
        let tail = into.tail.load(Ordering::Relaxed);
        let n = self.grab(into, tail, take_next);
        let last = n.checked_sub(1)?;
        let item = into.slot(tail.wrapping_add(last)).load(Ordering::Relaxed);
        if last > 0 {
            into.tail.store(tail.wrapping_add(last), Ordering::Release);
        }
        // SAFETY: `grab` wrote it, from a queue that holds only `&'static T`.
        unsafe { item.as_ref() }
    }

    /// Copies half of the ring into `into` from position `at` without publishing it. Returns how many.
    fn grab(&self, into: &Self, at: u32, take_next: bool) -> u32 {
        loop {
            let head = self.head.load(Ordering::Acquire); // synchronises with other thieves
            let tail = self.tail.load(Ordering::Acquire); // synchronises with the owner
            let queued = tail.wrapping_sub(head);
            let n = queued - queued / 2;
            if n == 0 {
                return u32::from(take_next && self.grab_next(into, at));
            }
            if n as usize > CAP / 2 {
                continue; // head and tail are not from one moment
            }
            for i in 0..n {
                let item = self.slot(head.wrapping_add(i)).load(Ordering::Relaxed);
                into.slot(at.wrapping_add(i)).store(item, Ordering::Relaxed);
            }
            if self
                .head
                .compare_exchange(
                    head,
                    head.wrapping_add(n),
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok()
            {
                return n;
            }
        }
    }

    fn grab_next(&self, into: &Self, at: u32) -> bool {
        let next = self.next.load(Ordering::Acquire);
        if next.is_null()
            || self
                .next
                .compare_exchange(next, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed)
                .is_err()
        {
            return false;
        }
        into.slot(at).store(next, Ordering::Relaxed);
        true
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    fn leak(n: usize) -> &'static usize {
        Box::leak(Box::new(n))
    }

    fn drain(queue: &RunQueue<usize>) -> Vec<usize> {
        core::iter::from_fn(|| queue.get_next().or_else(|| queue.get()))
            .copied()
            .collect()
    }

    #[test]
    fn next_runs_first_then_the_ring_in_order() {
        let queue = RunQueue::new();
        for i in 0..3 {
            assert!(queue.put(leak(i)).is_none());
        }
        assert!(queue.put_next(leak(9)).is_none());
        assert_eq!(queue.put_next(leak(8)), Some(&9));
        assert!(!queue.is_empty() && !queue.is_empty_to_owner());
        assert_eq!(drain(&queue), [8, 0, 1, 2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_full_ring_gives_away_its_older_half_and_the_newcomer() {
        let queue = RunQueue::new();
        for i in 0..CAP {
            assert!(queue.put(leak(i)).is_none());
        }
        let batch: Vec<usize> = queue
            .put(leak(CAP))
            .expect("overflow")
            .iter()
            .copied()
            .collect();
        let expected: Vec<usize> = (0..CAP / 2).chain([CAP]).collect();
        assert_eq!(batch, expected);
        assert_eq!(drain(&queue), (CAP / 2..CAP).collect::<Vec<_>>());
    }

    #[test]
    fn a_thief_takes_half_and_next_only_when_told() {
        let (victim, thief) = (RunQueue::new(), RunQueue::new());
        for i in 0..4 {
            assert!(victim.put(leak(i)).is_none());
        }
        assert_eq!(victim.steal_into(&thief, false), Some(&1));
        assert_eq!(drain(&thief), [0]);
        assert_eq!(drain(&victim), [2, 3]);
        victim.put_next(leak(7));
        assert_eq!(victim.steal_into(&thief, false), None);
        assert_eq!(victim.steal_into(&thief, true), Some(&7));
        assert!(victim.is_empty() && thief.is_empty());
    }

    #[test]
    fn positions_wrap_around() {
        let queue = RunQueue::new();
        for i in 0..CAP * 3 + 5 {
            assert!(queue.put(leak(i)).is_none());
            assert_eq!(queue.get(), Some(&i));
        }
    }

    /// On real threads: miri and ThreadSanitizer watch the memory of the items.
    #[test]
    fn owner_and_thieves_take_everything_once() {
        const ITEMS: usize = if cfg!(miri) { 300 } else { 30_000 };
        let queue = RunQueue::new();
        let all_put = AtomicBool::new(false);
        let steal = || {
            let own = RunQueue::new();
            let mut seen = Vec::new();
            while !all_put.load(Ordering::Acquire) || !queue.is_empty() {
                seen.extend(queue.steal_into(&own, true).copied());
                seen.extend(core::iter::from_fn(|| own.get()).copied());
                thread::yield_now();
            }
            seen
        };
        let own = || {
            let mut seen = Vec::new();
            for i in 0..ITEMS {
                let behind = if i % 3 == 0 {
                    queue.put_next(leak(i))
                } else {
                    Some(leak(i))
                };
                if let Some(batch) = behind.and_then(|item| queue.put(item)) {
                    seen.extend(batch.iter().copied());
                }
                if i % 5 == 0 {
                    seen.extend(queue.get_next().or_else(|| queue.get()).copied());
                }
            }
            all_put.store(true, Ordering::Release);
            seen
        };
        let mut seen: Vec<usize> = thread::scope(|scope| {
            let thieves = [scope.spawn(steal), scope.spawn(steal)];
            let kept = own();
            let stolen = thieves.map(|thief| thief.join().expect("a thief"));
            stolen.into_iter().flatten().chain(kept).collect()
        });
        seen.sort_unstable();
        assert_eq!(seen, (0..ITEMS).collect::<Vec<_>>());
    }
}

/// Run with `RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib-runtime --release loom`.
#[cfg(all(test, loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    fn leak(n: usize) -> &'static usize {
        Box::leak(Box::new(n))
    }

    fn drain(queue: &RunQueue<usize>, into: &mut Vec<usize>) {
        while let Some(&item) = queue.get_next().or_else(|| queue.get()) {
            into.push(item);
        }
    }

    /// Every element that was put comes out exactly once, wherever it ends up.
    fn check(puts: usize, nexts: usize, thieves: usize, take_next: bool) {
        loom::model(move || {
            let queue = Arc::new(RunQueue::new());
            let steal = move |queue: Arc<RunQueue<usize>>| {
                let own = RunQueue::new();
                let mut seen: Vec<usize> = queue
                    .steal_into(&own, take_next)
                    .copied()
                    .into_iter()
                    .collect();
                drain(&own, &mut seen);
                seen
            };
            let thieves: Vec<_> = (0..thieves)
                .map(|_| {
                    let queue = Arc::clone(&queue);
                    thread::spawn(move || steal(queue))
                })
                .collect();
            let mut seen = Vec::new();
            for i in 0..puts {
                if let Some(batch) = queue.put(leak(i)) {
                    seen.extend(batch.iter().copied());
                }
            }
            for i in puts..puts + nexts {
                if let Some(displaced) = queue.put_next(leak(i)) {
                    assert!(queue.put(displaced).is_none());
                }
            }
            seen.extend(queue.get_next().or_else(|| queue.get()).copied());
            for thief in thieves {
                seen.extend(thief.join().expect("thief"));
            }
            drain(&queue, &mut seen);
            assert!(queue.is_empty_to_owner());
            seen.sort_unstable();
            assert_eq!(seen, (0..puts + nexts).collect::<Vec<_>>());
        });
    }

    #[test]
    fn loom_one_thief_of_the_ring() {
        check(3, 0, 1, false);
    }

    #[test]
    fn loom_two_thieves_of_the_ring() {
        check(2, 0, 2, false);
    }

    #[test]
    fn loom_a_thief_of_next() {
        check(1, 2, 1, true);
    }

    #[test]
    fn loom_overflow_while_stealing() {
        check(CAP + 1, 0, 1, false);
    }

    /// `is_empty` never says yes while an element moves between `next` and the ring.
    #[test]
    fn loom_is_empty_is_not_fooled_by_a_displaced_next() {
        loom::model(|| {
            let queue = Arc::new(RunQueue::new());
            queue.put_next(leak(0));
            let observer = {
                let queue = Arc::clone(&queue);
                thread::spawn(move || assert!(!queue.is_empty()))
            };
            if let Some(displaced) = queue.put_next(leak(1)) {
                assert!(queue.put(displaced).is_none());
            }
            observer.join().expect("observer");
        });
    }
}
