//! A 4-ary heap of deadlines, as Go's timers are. What a deadline is of is only pointed to.
//!
//! Items are moved about without touching what they point to (which lies on cold stacks): each has a *slot* that does not move and knows where in the heap its item
//! is. So a timer is taken out, wherever it is, by its slot number.

use super::array::Array;

const CHILDREN: usize = 4;
/// No slot.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Item {
    when: u64,
    slot: u32,
}

struct Slot<T> {
    /// Whose deadline it is; null when the slot is free.
    of: *const T,
    /// Where its item is; of a free slot the next free one, plus one, 0 for none.
    at: u32,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

/// See the module's head. Made from zero bytes: empty.
pub struct Heap<T> {
    items: Array<Item>,
    slots: Array<Slot<T>>,
    /// The first free slot, plus one; 0 for none.
    free: u32,
}

// SAFETY: it only keeps the pointers.
unsafe impl<T: Sync> Send for Heap<T> {}

impl<T> Heap<T> {
    /// An empty one.
    #[cfg(test)]
    pub const fn new() -> Self {
        Self {
            items: Array::new(),
            slots: Array::new(),
            free: 0,
        }
    }

    /// The earliest deadline.
    #[inline]
    pub fn first(&self) -> Option<u64> {
        self.items.first().map(|item| item.when)
    }

    /// How many.
    #[cfg(feature = "object")]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Puts a deadline in. Returns its slot.
    pub fn insert(&mut self, when: u64, of: *const T) -> u32 {
        let slot = self.slot_for(of);
        self.items.push(Item { when, slot });
        self.up(self.items.len() - 1);
        slot
    }

    /// Takes the deadline with this slot out, which `insert` gave and which has not been taken out yet.
    pub fn remove(&mut self, slot: u32) {
        let at = self.slots[slot as usize].at as usize;
        self.release(slot);
        let Some(last) = self.items.pop() else { return };
        if at < self.items.len() {
            self.place(at, last);
            self.up(at);
            self.down(self.slots[last.slot as usize].at as usize);
        }
    }

    /// Takes the earliest one out if it is not after `now`.
    pub fn pop_due(&mut self, now: u64) -> Option<*const T> {
        let first = *self.items.first()?;
        if first.when > now {
            return None;
        }
        let of = self.slots[first.slot as usize].of;
        self.remove(first.slot);
        Some(of)
    }

    fn slot_for(&mut self, of: *const T) -> u32 {
        let at = NONE;
        match self.free.checked_sub(1) {
            Some(slot) => {
                self.free = self.slots[slot as usize].at;
                self.slots[slot as usize] = Slot { of, at };
                slot
            }
            None => {
                self.slots.push(Slot { of, at });
                (self.slots.len() - 1) as u32
            }
        }
    }

    fn release(&mut self, slot: u32) {
        self.slots[slot as usize] = Slot {
            of: core::ptr::null(),
            at: self.free,
        };
        self.free = slot + 1;
    }

    #[inline]
    fn place(&mut self, at: usize, item: Item) {
        self.items[at] = item;
        self.slots[item.slot as usize].at = at as u32;
    }

    /// Moves the item at `at` up until its parent is not later.
    fn up(&mut self, mut at: usize) {
        let item = self.items[at];
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            if self.items[parent].when <= item.when {
                break;
            }
            self.place(at, self.items[parent]);
            at = parent;
        }
        self.place(at, item);
    }

    /// Moves the item at `at` down until no child is earlier.
    fn down(&mut self, mut at: usize) {
        let item = self.items[at];
        while let Some(child) = self.earliest_child(at)
            && self.items[child].when < item.when
        {
            self.place(at, self.items[child]);
            at = child;
        }
        self.place(at, item);
    }

    fn earliest_child(&self, at: usize) -> Option<usize> {
        let from = at * CHILDREN + 1;
        let to = (from + CHILDREN).min(self.items.len());
        (from..to).min_by_key(|&child| self.items[child].when)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    extern crate std;

    use std::collections::BTreeSet;
    use std::vec::Vec;

    use super::*;

    /// Numbers that look random (splitmix64).
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        crate::random::mix(*state)
    }

    fn nth(n: usize) -> *const u8 {
        core::ptr::without_provenance(n + 1)
    }

    #[test]
    fn deadlines_come_out_in_order() {
        let mut heap = Heap::<u8>::new();
        for (n, when) in [5, 1, 4, 1, 3].into_iter().enumerate() {
            heap.insert(when, nth(n));
        }
        assert_eq!(heap.first(), Some(1));
        let due: Vec<_> = std::iter::from_fn(|| heap.pop_due(4)).collect();
        assert_eq!(due.len(), 4);
        assert!(due[..2].contains(&nth(1)) && due[..2].contains(&nth(3)));
        assert_eq!(due[2..], [nth(4), nth(2)]);
        assert_eq!(heap.first(), Some(5));
    }

    #[test]
    fn it_does_what_an_ordered_set_does() {
        let (seeds, rounds) = if cfg!(miri) { (1, 300) } else { (20, 2_000) };
        for seed in 0..seeds {
            let mut state = seed;
            let mut heap = Heap::<u8>::new();
            let mut model = BTreeSet::new();
            let mut slots = Vec::new();
            for n in 0..rounds {
                match random(&mut state) % 5 {
                    0..3 => {
                        let when = random(&mut state) % 500;
                        slots.push((when, n, heap.insert(when, nth(n))));
                        model.insert((when, n));
                    }
                    3 if !slots.is_empty() => {
                        let at = random(&mut state) as usize % slots.len();
                        let (when, n, slot) = slots.swap_remove(at);
                        heap.remove(slot);
                        model.remove(&(when, n));
                    }
                    _ => {
                        let now = random(&mut state) % 500;
                        let due = heap.pop_due(now);
                        match due {
                            Some(of) => {
                                let at = slots.iter().position(|s| nth(s.1) == of).expect("known");
                                let (when, n, _) = slots.swap_remove(at);
                                assert_eq!(model.first().map(|first| first.0), Some(when));
                                model.remove(&(when, n));
                            }
                            None => assert!(model.first().is_none_or(|first| first.0 > now)),
                        }
                    }
                }
                assert_eq!(heap.first(), model.first().map(|first| first.0));
            }
        }
    }
}
