//! Lists of Gs through their `schedlink`: a P's dead goroutines, and the building block of the global lists.

use core::sync::atomic::{AtomicU32, Ordering};

use super::g::G;
use crate::link::Link;

/// A stack of Gs with one owner (a P's holder).
pub struct GList {
    head: Link<G>,
    len: AtomicU32,
}

impl GList {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            head: Link::none(),
            len: AtomicU32::new(0),
        }
    }

    /// How many.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Relaxed)
    }

    /// Puts one on top.
    #[inline]
    pub fn push(&self, gp: &'static G) {
        gp.schedlink.set(self.head.get());
        self.head.set(Some(gp));
        self.len.store(self.len() + 1, Ordering::Relaxed);
    }

    /// Takes the top one.
    #[inline]
    pub fn pop(&self) -> Option<&'static G> {
        let gp = self.head.get()?;
        self.head.set(gp.schedlink.take());
        self.len.store(self.len() - 1, Ordering::Relaxed);
        Some(gp)
    }
}

/// A queue of Gs behind a lock.
pub struct GQueue {
    head: Option<&'static G>,
    tail: Option<&'static G>,
    len: u32,
}

impl GQueue {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            head: None,
            tail: None,
            len: 0,
        }
    }

    /// How many.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Puts at the tail.
    pub fn push(&mut self, gp: &'static G) {
        gp.schedlink.set(None);
        match self.tail {
            Some(tail) => tail.schedlink.set(Some(gp)),
            None => self.head = Some(gp),
        }
        self.tail = Some(gp);
        self.len += 1;
    }

    /// Takes from the head.
    pub fn pop(&mut self) -> Option<&'static G> {
        let gp = self.head?;
        self.head = gp.schedlink.take();
        if self.head.is_none() {
            self.tail = None;
        }
        self.len -= 1;
        Some(gp)
    }
}
