//! Where Gs wait: the queue of runnable ones behind the scheduler lock, and magazines of dead ones.
//!
//! Dead goroutines move between a P and the global list in whole magazines, as in Bonwick's "Magazines and Vmem": a magazine is a chain of Gs, handed over by its head
//! in constant time. So the lock is held for a few instructions, and nobody walks over Gs that are in another processor's
//! cache.

use core::sync::atomic::{AtomicU32, Ordering};

use super::g::G;
use crate::link::Link;

/// Gs of a full magazine.
pub const MAGAZINE: u32 = 128;
/// Most of the loose ones that are taken at a time.
const FEW: u32 = 16;

/// Gs that are linked through `schedlink`: one at least, a magazine at most.
#[derive(Clone, Copy)]
pub struct Chain {
    first: &'static G,
    len: u32,
}

impl Chain {
    /// Links them, the last one first. None when there are none.
    pub fn link(gs: impl Iterator<Item = &'static G>) -> Option<Self> {
        gs.fold(None, |chain: Option<Self>, gp| {
            gp.schedlink.set(chain.map(|chain| chain.first));
            let len = chain.map_or(0, |chain| chain.len) + 1;
            Some(Self { first: gp, len })
        })
    }

    /// A full magazine, by its first.
    fn magazine(first: &'static G) -> Self {
        let len = MAGAZINE;
        Self { first, len }
    }

    /// How many.
    pub fn len(self) -> u32 {
        self.len
    }

    /// The first of them.
    pub fn first(self) -> &'static G {
        self.first
    }

    /// Each of them. Its link has been read when it is handed out, and may be written.
    pub fn iter(self) -> impl Iterator<Item = &'static G> {
        let mut next = Some(self.first);
        core::iter::from_fn(move || {
            let gp = next?;
            next = gp.schedlink.get();
            Some(gp)
        })
        .take(self.len as usize)
    }

    /// The first of those that are linked from `first` on, `most` at most; and the one behind them.
    fn split(first: &'static G, most: u32) -> (Self, Option<&'static G>) {
        let (mut last, mut len) = (first, 1);
        while len < most
            && let Some(next) = last.schedlink.get()
        {
            (last, len) = (next, len + 1);
        }
        (Self { first, len }, last.schedlink.take())
    }
}

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
            None => self
                .reserve
                .take()
                .map(|first| self.load(Chain::magazine(first))),
        }
    }

    /// How many, at a glance: exact for the owner only.
    pub fn len(&self) -> u32 {
        let reserve = self.reserve.get().map_or(0, |_| MAGAZINE);
        self.len.load(Ordering::Relaxed) + reserve
    }

    /// Loads a chain and takes its first; there must be nothing here.
    pub fn load(&self, chain: Chain) -> &'static G {
        self.len.store(chain.len, Ordering::Relaxed);
        self.unload(chain.first)
    }

    #[inline]
    fn unload(&self, first: &'static G) -> &'static G {
        self.loaded.set(first.schedlink.take());
        self.len
            .store(self.len.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        first
    }

    /// Takes everything out: a full magazine, and the loose ones one by one. Owner only.
    pub fn drain(&self, to: &mut Dead) {
        if let Some(full) = self.reserve.take() {
            to.push_chain(Chain::magazine(full));
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
        surplus.map(Chain::magazine)
    }
}

/// The global list of dead Gs of one stack class: full magazines and loose ones. Behind the scheduler lock.
pub struct Dead {
    /// Heads of full magazines, linked by `chainlink`.
    magazines: Option<&'static G>,
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

    /// Keeps several: a full magazine as such.
    pub fn push_chain(&mut self, chain: Chain) {
        if chain.len < MAGAZINE {
            chain.iter().for_each(|gp| self.push(gp));
            return;
        }
        chain.first.chainlink.set(self.magazines);
        self.magazines = Some(chain.first);
        self.len += MAGAZINE;
    }

    /// Keeps one G.
    pub fn push(&mut self, gp: &'static G) {
        gp.schedlink.set(self.loose);
        self.loose = Some(gp);
        self.len += 1;
    }

    /// Takes `most` at most: the full magazine that came last, or a few loose ones.
    pub fn take(&mut self, most: u32) -> Option<Chain> {
        let chain = match self.magazines {
            Some(first) if most >= MAGAZINE => {
                self.magazines = first.chainlink.take();
                Chain::magazine(first)
            }
            _ => self.take_loose(most.min(FEW))?,
        };
        self.len -= chain.len;
        self.unused = self.unused.min(self.len);
        Some(chain)
    }

    fn take_loose(&mut self, most: u32) -> Option<Chain> {
        if self.loose.is_none() {
            self.loose = self.magazines;
            self.magazines = self.magazines.and_then(|first| first.chainlink.take());
        }
        let (chain, rest) = Chain::split(self.loose?, most);
        self.loose = rest;
        Some(chain)
    }

    /// How many nobody has needed since this was asked before.
    pub fn surplus(&mut self) -> u32 {
        core::mem::replace(&mut self.unused, self.len)
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.len
    }
}

/// A queue of Gs behind a lock.
pub struct GQueue {
    head: Option<&'static G>,
    tail: Option<&'static G>,
    /// The last of those that were put ahead and are still here.
    ahead: Option<&'static G>,
    len: u32,
}

impl GQueue {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            head: None,
            tail: None,
            ahead: None,
            len: 0,
        }
    }

    /// How many.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// The one that [`pop`](Self::pop) would take.
    pub fn first(&self) -> Option<&'static G> {
        self.head
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

    /// Puts behind those that were put ahead, and before all others.
    pub fn push_ahead(&mut self, gp: &'static G) {
        let next = self.ahead.map_or(self.head, |last| last.schedlink.get());
        gp.schedlink.set(next);
        match self.ahead {
            Some(last) => last.schedlink.set(Some(gp)),
            None => self.head = Some(gp),
        }
        if next.is_none() {
            self.tail = Some(gp);
        }
        self.ahead = Some(gp);
        self.len += 1;
    }

    /// Takes from the head.
    pub fn pop(&mut self) -> Option<&'static G> {
        let gp = self.head?;
        self.head = gp.schedlink.take();
        if self.head.is_none() {
            self.tail = None;
        }
        self.ahead.take_if(|last| core::ptr::eq(*last, gp));
        self.len -= 1;
        Some(gp)
    }
}
