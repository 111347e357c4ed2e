//! Where Gs wait: the queue of runnable ones behind the scheduler lock, and magazines of dead ones.
//!
//! Dead goroutines move between a P and the global list in whole magazines, as in Bonwick's "Magazines and Vmem": a magazine is a chain of Gs, handed over by its head
//! in constant time. So the lock is held for a few instructions, and nobody walks over Gs that are in another processor's
//! cache.

use core::sync::atomic::{AtomicU32, Ordering};

use super::g::G;
use crate::link::Link;

/// Gs of a full magazine.
const MAGAZINE: u32 = 128;

/// A chain of dead Gs through `schedlink`, by its head.
pub type Chain = &'static G;

/// The dead goroutines of a P: one magazine in use, one in reserve (full or empty). One owner: the P's holder.
pub struct Magazines {
    loaded: Link<G>,
    len: AtomicU32,
    reserve: Link<G>,
}

impl Magazines {
    /// Takes the G that died last.
    #[inline]
    pub fn pop(&self) -> Option<&'static G> {
        match self.loaded.get() {
            Some(gp) => Some(self.unload(gp)),
            None => self.reserve.take().map(|chain| self.reload(chain)),
        }
    }

    /// Takes the first of the loaded magazine.
    #[inline]
    fn unload(&self, first: &'static G) -> &'static G {
        self.loaded.set(first.schedlink.take());
        self.len
            .store(self.len.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        first
    }

    /// How many, at a glance: exact for the owner only.
    pub fn len(&self) -> u32 {
        let reserve = self.reserve.get().map_or(0, |_| MAGAZINE);
        self.len.load(Ordering::Relaxed) + reserve
    }

    /// Loads a full magazine and takes its first; both must be empty.
    pub fn reload(&self, chain: Chain) -> &'static G {
        self.load(chain, MAGAZINE)
    }

    /// The same with a chain of so many, a magazine at most.
    pub fn load(&self, chain: Chain, len: u32) -> &'static G {
        self.len.store(len, Ordering::Relaxed);
        self.unload(chain)
    }

    /// Takes everything out: a full magazine, and the loose ones one by one. Owner only.
    pub fn drain(&self, to: &mut Dead) {
        if let Some(full) = self.reserve.take() {
            to.push_magazine(full);
        }
        while let Some(gp) = self.loaded.get().and_then(|_| self.pop()) {
            to.push(gp);
        }
    }

    /// Keeps a dead G. Some: a full magazine that the owner must give away.
    #[inline]
    pub fn push(&self, gp: &'static G) -> Option<Chain> {
        let len = self.len.load(Ordering::Relaxed);
        if len < MAGAZINE {
            gp.schedlink.set(self.loaded.get());
            self.loaded.set(Some(gp));
            self.len.store(len + 1, Ordering::Relaxed);
            return None;
        }
        let surplus = self.reserve.get();
        self.reserve.set(self.loaded.get());
        gp.schedlink.set(None);
        self.loaded.set(Some(gp));
        self.len.store(1, Ordering::Relaxed);
        surplus
    }
}

/// The global list of dead Gs of one stack class: full magazines and loose ones. Behind the scheduler lock.
pub struct Dead {
    /// Heads of full magazines, linked by `chainlink`.
    magazines: Option<Chain>,
    loose: Option<&'static G>,
    len: u32,
    /// The fewest since [`Dead::surplus`] was asked: so many nobody needed.
    unused: u32,
}

impl Dead {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            magazines: None,
            loose: None,
            len: 0,
            unused: 0,
        }
    }

    /// Keeps a full magazine.
    pub fn push_magazine(&mut self, chain: Chain) {
        chain.chainlink.set(self.magazines);
        self.magazines = Some(chain);
        self.len += MAGAZINE;
    }

    /// Takes the full magazine that came last.
    pub fn pop_magazine(&mut self) -> Option<Chain> {
        let chain = self.magazines?;
        self.magazines = chain.chainlink.take();
        self.gave(MAGAZINE);
        Some(chain)
    }

    /// Keeps one G.
    pub fn push(&mut self, gp: &'static G) {
        gp.schedlink.set(self.loose);
        self.loose = Some(gp);
        self.len += 1;
    }

    /// Takes one G; breaks a magazine open when there is no loose one.
    pub fn pop(&mut self) -> Option<&'static G> {
        if self.loose.is_none() {
            self.loose = self.magazines;
            self.magazines = self.magazines.and_then(|chain| chain.chainlink.take());
        }
        let gp = self.loose?;
        self.loose = gp.schedlink.take();
        self.gave(1);
        Some(gp)
    }

    fn gave(&mut self, count: u32) {
        self.len -= count;
        self.unused = self.unused.min(self.len);
    }

    /// How many nobody has needed since this was asked before.
    pub fn surplus(&mut self) -> u32 {
        core::mem::replace(&mut self.unused, self.len)
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Takes some away to free them, `most` or a magazine.
    pub fn take(&mut self, most: u32) -> Option<Taken> {
        if most >= MAGAZINE && self.magazines.is_some() {
            self.pop_magazine().map(Taken::Magazine)
        } else {
            self.pop().map(Taken::One)
        }
    }
}

/// Dead Gs that are about to be free.
#[derive(Clone, Copy)]
pub enum Taken {
    /// A full magazine.
    Magazine(Chain),
    /// One.
    One(&'static G),
}

impl Taken {
    /// How many.
    pub fn len(self) -> u32 {
        match self {
            Self::Magazine(_) => MAGAZINE,
            Self::One(_) => 1,
        }
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = &'static G> {
        let (first, more) = match self {
            Self::Magazine(chain) => (chain, true),
            Self::One(gp) => (gp, false),
        };
        core::iter::successors(Some(first), move |gp| gp.schedlink.get().filter(|_| more))
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
