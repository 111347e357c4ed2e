//! FIFO queues, found by address: a treap (a search tree by address, a heap by random priority) of the queues' heads, as in Go's
//! runtime/sema.go.
//!
//! The nodes lie on the stacks of those who wait: nothing is allocated here. A queue is a doubly linked list; its head alone is in the tree, and
//! knows the tail. So finding a queue takes a logarithm of how many addresses are waited for, and everything else a constant.
//!
//! Invariants: a node is in at most one queue; `left`, `right`, `priority` and `tail` count in heads only; a head has no `prev`; all accesses are under the lock
//! that protects the [`Queues`].

use core::ptr;

/// Queues by address. Zero bytes are none.
pub struct Queues<T> {
    tree: *mut Node<T>,
    /// State of the random priorities; 0 before the first one.
    seed: u32,
}

// SAFETY: it is a set of references to nodes, which whoever holds the queues may use on any thread (see `Node`).
unsafe impl<T: Send> Send for Queues<T> {}

/// Somebody who waits.
pub struct Node<T> {
    addr: usize,
    queued: bool,
    left: *mut Node<T>,
    right: *mut Node<T>,
    priority: u32,
    tail: *mut Node<T>,
    prev: *mut Node<T>,
    next: *mut Node<T>,
    /// Who it is.
    pub value: T,
}

impl<T> Node<T> {
    /// One that waits at `addr`, in no queue yet.
    pub const fn new(addr: usize, value: T) -> Self {
        Self {
            addr,
            queued: false,
            left: ptr::null_mut(),
            right: ptr::null_mut(),
            priority: 0,
            tail: ptr::null_mut(),
            prev: ptr::null_mut(),
            next: ptr::null_mut(),
            value,
        }
    }

    /// Whether it is in a queue.
    pub fn is_queued(&self) -> bool {
        self.queued
    }
}

impl<T> Default for Queues<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Queues<T> {
    /// No queues.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            tree: ptr::null_mut(),
            seed: 0,
        }
    }

    /// Puts a node into the queue at its address: at the end, or in front.
    ///
    /// # Safety
    /// The node is in no queue. It lives, is not moved and is used by nobody but this object (and under its lock) until it is out again. Of every node that
    /// is in: the same.
    pub unsafe fn push(&mut self, node: *mut Node<T>, in_front: bool) {
        // SAFETY: the caller vouches for the new node; the others in the tree were vouched for when they came.
        unsafe {
            let addr = (*node).addr;
            (*node).queued = true;
            (*node).prev = ptr::null_mut();
            (*node).next = ptr::null_mut();
            let slot = self.find(addr);
            let head = *slot;
            if head.is_null() {
                (*node).priority = self.random();
                (*node).tail = node;
                self.insert(node);
            } else if in_front {
                (*node).next = head;
                (*head).prev = node;
                take_place(node, head);
                *slot = node;
            } else {
                let tail = (*head).tail;
                (*tail).next = node;
                (*node).prev = tail;
                (*head).tail = node;
            }
        }
    }

    /// Takes the first node out of the queue at `addr`; null when there is none.
    pub fn pop(&mut self, addr: usize) -> *mut Node<T> {
        // SAFETY: the nodes in the tree live and are ours.
        unsafe {
            let slot = self.find(addr);
            let head = *slot;
            if !head.is_null() {
                take_head_out(slot);
            }
            head
        }
    }

    /// The first node of the queue at `addr`; null when there is none.
    pub fn first(&mut self, addr: usize) -> *mut Node<T> {
        // SAFETY: the slot is in `self` or in a node of the tree, and those live.
        unsafe { *self.find(addr) }
    }

    /// The node behind `node` in its queue; null when it is the last.
    ///
    /// # Safety
    /// It is in a queue of this object.
    pub unsafe fn behind(&self, node: *mut Node<T>) -> *mut Node<T> {
        // SAFETY: the caller vouches that the node is in, so it lives.
        unsafe { (*node).next }
    }

    /// Takes a node out of its queue.
    ///
    /// # Safety
    /// It is in a queue of this object.
    pub unsafe fn remove(&mut self, node: *mut Node<T>) {
        // SAFETY: the caller vouches that the node is in; the nodes in the tree live and are ours.
        unsafe {
            let slot = self.find((*node).addr);
            let head = *slot;
            if head == node {
                take_head_out(slot);
                return;
            }
            let (prev, next) = ((*node).prev, (*node).next);
            (*prev).next = next;
            if next.is_null() {
                (*head).tail = prev;
            } else {
                (*next).prev = prev;
            }
            (*node).queued = false;
        }
    }

    /// The place in the tree that holds the head of the queue at `addr`, or a null where it could be.
    fn find(&mut self, addr: usize) -> *mut *mut Node<T> {
        let mut slot = &raw mut self.tree;
        // SAFETY: the nodes in the tree live and are ours, the slots are in them or in `self`.
        unsafe {
            while !(*slot).is_null() && (**slot).addr != addr {
                slot = child_towards(*slot, addr);
            }
        }
        slot
    }

    /// Puts a new head into the tree: above those of lower priority, which it parts into its two sides.
    ///
    /// # Safety
    /// No node of this address is in the tree; for the rest see `push`.
    unsafe fn insert(&mut self, new: *mut Node<T>) {
        let mut slot = &raw mut self.tree;
        // SAFETY: the nodes in the tree live and are ours, the slots are in them or in `self`; the caller vouches for the new one.
        unsafe {
            let addr = (*new).addr;
            while !(*slot).is_null() && (**slot).priority >= (*new).priority {
                slot = child_towards(*slot, addr);
            }
            let mut rest = *slot;
            *slot = new;
            let (mut left, mut right) = (&raw mut (*new).left, &raw mut (*new).right);
            while !rest.is_null() {
                if (*rest).addr < addr {
                    *left = rest;
                    left = &raw mut (*rest).right;
                    rest = *left;
                } else {
                    *right = rest;
                    right = &raw mut (*rest).left;
                    rest = *right;
                }
            }
            *left = ptr::null_mut();
            *right = ptr::null_mut();
        }
    }

    /// xorshift32.
    fn random(&mut self) -> u32 {
        if self.seed == 0 {
            self.seed = 0x9e37_79b9;
        }
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        self.seed
    }
}

/// # Safety
/// The node lives.
unsafe fn child_towards<T>(node: *mut Node<T>, addr: usize) -> *mut *mut Node<T> {
    // SAFETY: the caller vouches.
    unsafe {
        if addr < (*node).addr {
            &raw mut (*node).left
        } else {
            &raw mut (*node).right
        }
    }
}

/// `new` is the head that `old` was.
///
/// # Safety
/// Both live; `old` is a head.
unsafe fn take_place<T>(new: *mut Node<T>, old: *mut Node<T>) {
    // SAFETY: the caller vouches.
    unsafe {
        (*new).left = (*old).left;
        (*new).right = (*old).right;
        (*new).priority = (*old).priority;
        (*new).tail = (*old).tail;
    }
}

/// Takes a head out of its queue, and its address out of the tree when that was all.
///
/// # Safety
/// `slot` is the place in the tree that holds the head.
unsafe fn take_head_out<T>(slot: *mut *mut Node<T>) {
    // SAFETY: the caller vouches; the nodes in the tree live and are ours.
    unsafe {
        let head = *slot;
        let next = (*head).next;
        if next.is_null() {
            merge(slot, (*head).left, (*head).right);
        } else {
            (*next).prev = ptr::null_mut();
            take_place(next, head);
            *slot = next;
        }
        (*head).next = ptr::null_mut();
        (*head).queued = false;
    }
}

/// Makes one tree, in `slot`, of two of which the left one has the lower addresses.
///
/// # Safety
/// The slot is in a tree whose nodes, and those of the two, live and are ours.
unsafe fn merge<T>(mut slot: *mut *mut Node<T>, mut left: *mut Node<T>, mut right: *mut Node<T>) {
    // SAFETY: the caller vouches.
    unsafe {
        while !left.is_null() && !right.is_null() {
            if (*left).priority >= (*right).priority {
                *slot = left;
                slot = &raw mut (*left).right;
                left = *slot;
            } else {
                *slot = right;
                slot = &raw mut (*right).left;
                right = *slot;
            }
        }
        *slot = if left.is_null() { right } else { left };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use super::*;

    type Model = BTreeMap<usize, VecDeque<*mut Node<u32>>>;

    /// The tree is ordered by address and a heap by priority; heads and lists are linked both ways, as the model has them.
    fn check(queues: &Queues<u32>, model: &Model) {
        let mut found = Model::new();
        // SAFETY: the nodes are the test's own, and live.
        unsafe { walk(queues.tree, 0, usize::MAX, u32::MAX, &mut found) };
        assert_eq!(&found, model);
    }

    unsafe fn walk(node: *mut Node<u32>, low: usize, high: usize, above: u32, found: &mut Model) {
        if node.is_null() {
            return;
        }
        // SAFETY: as in `check`.
        unsafe {
            let addr = (*node).addr;
            assert!((low..high).contains(&addr) && (*node).priority <= above);
            let mut list = VecDeque::new();
            let (mut at, mut prev) = (node, ptr::null_mut());
            while !at.is_null() {
                assert!((*at).queued && (*at).prev == prev && (*at).addr == addr);
                list.push_back(at);
                (prev, at) = (at, (*at).next);
            }
            assert_eq!((*node).tail, prev);
            found.insert(addr, list);
            walk((*node).left, low, addr, (*node).priority, found);
            walk((*node).right, addr + 1, high, (*node).priority, found);
        }
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) as usize % n
        }
    }

    /// Any mixture of pushes, pops and removals does what it does to a map of queues.
    #[test]
    fn behaves_as_a_map_of_queues() {
        let steps = if cfg!(miri) { 400 } else { 20_000 };
        for addresses in [1, 3, 40] {
            let mut random = Random(addresses as u64);
            let (mut queues, mut model) = (Queues::new(), Model::new());
            for _ in 0..steps {
                let addr = random.below(addresses);
                let list = model.entry(addr).or_default();
                match random.below(5) {
                    0 | 1 => {
                        let node = Box::into_raw(Box::new(Node::new(addr, 0)));
                        let in_front = random.below(3) == 0;
                        // SAFETY: a new node, freed when it is out.
                        unsafe { queues.push(node, in_front) };
                        if in_front {
                            list.push_front(node);
                        } else {
                            list.push_back(node);
                        }
                    }
                    2 | 3 => {
                        let node = queues.pop(addr);
                        assert_eq!(list.pop_front().unwrap_or(ptr::null_mut()), node);
                        free(node);
                    }
                    _ if list.is_empty() => {}
                    _ => {
                        let node = list.remove(random.below(list.len())).unwrap();
                        // SAFETY: it is in.
                        unsafe { queues.remove(node) };
                        free(node);
                    }
                }
                if list.is_empty() {
                    model.remove(&addr);
                }
                check(&queues, &model);
            }
            model.into_values().flatten().for_each(free);
        }
    }

    fn free(node: *mut Node<u32>) {
        if !node.is_null() {
            // SAFETY: made by the test; out of the queues, or the queues are not used again.
            drop(unsafe { Box::from_raw(node) });
        }
    }
}
