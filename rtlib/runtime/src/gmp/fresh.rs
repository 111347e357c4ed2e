//! Goroutines of a P that were started and have not run yet: the newest first for the P's holder, the oldest first for thieves.
//!
//! Why they do not queue up behind the others: a goroutine that starts goroutines that start goroutines is the root of a tree. First come, first served walks
//! this tree level by level, so that a whole level is alive at once, each goroutine with a stack of its own. The newest first walks it depth first: what is alive is one
//! path from the root and the siblings along it, in stacks that are still in some cache. Thieves take the oldest, nearest to the root, where the
//! most work is.
//!
//! [`crate::sched::pick`] sees to it that nobody waits here for ever. A lock and not a deque without one: it is nobody else's most of the time, and its two
//! atomic operations are what starting a goroutine needs anyway to see whether an idle P must be woken.

#[cfg(feature = "object")]
pub use object::Fresh;

use crate::link::Link;

/// Something that can be on a [`List`].
pub trait Started: Sized + Sync + 'static {
    /// The one that was started before it.
    fn older(&self) -> &Link<Self>;
    /// The one that was started after it.
    fn newer(&self) -> &Link<Self>;
}

/// The list, by its ends. The links of what is on it belong to it.
pub struct List<T: Started> {
    newest: Option<&'static T>,
    oldest: Option<&'static T>,
}

impl<T: Started> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Started> List<T> {
    /// Nobody.
    pub const fn new() -> Self {
        Self {
            newest: None,
            oldest: None,
        }
    }

    /// Adds the newest.
    #[inline]
    pub fn push(&mut self, item: &'static T) {
        item.newer().set(None);
        item.older().set(self.newest);
        match self.newest {
            Some(older) => older.newer().set(Some(item)),
            None => self.oldest = Some(item),
        }
        self.newest = Some(item);
    }

    /// Takes the newest.
    #[inline]
    pub fn pop_newest(&mut self) -> Option<&'static T> {
        let item = self.newest?;
        self.newest = item.older().take();
        match self.newest {
            Some(newest) => newest.newer().set(None),
            None => self.oldest = None,
        }
        Some(item)
    }

    /// Takes the oldest.
    pub fn pop_oldest(&mut self) -> Option<&'static T> {
        let item = self.oldest?;
        self.oldest = item.newer().take();
        match self.oldest {
            Some(oldest) => oldest.older().set(None),
            None => self.newest = None,
        }
        Some(item)
    }
}

#[cfg(feature = "object")]
mod object {
    use core::sync::atomic::{AtomicU32, Ordering};

    use super::List;
    use crate::gmp::g::G;
    use crate::lock::{Guard, Lock};
    use crate::lockrank::{Rank, Ranked};

    /// See the module's head. Anybody may ask and take.
    pub struct Fresh {
        /// How many; written under the lock.
        len: AtomicU32,
        list: Lock<List<G>>,
    }

    impl Ranked for List<G> {
        const RANK: Rank = Rank::Fresh;
    }

    impl Fresh {
        /// Puts a goroutine that was just started. Full barrier.
        #[inline]
        pub fn push(&self, gp: &'static G) {
            let mut list = self.list.lock();
            list.push(gp);
            self.set_len(&list, self.len() + 1);
        }

        /// How many, at a glance; whether there are none is certain for who has passed a full barrier since the last [`push`](Self::push).
        #[inline]
        pub fn len(&self) -> u32 {
            self.len.load(Ordering::SeqCst)
        }

        /// Takes the newest.
        #[inline]
        pub fn pop_newest(&self) -> Option<&'static G> {
            self.pop(1, List::pop_newest)
        }

        /// Takes the oldest.
        pub fn pop_oldest(&self) -> Option<&'static G> {
            self.pop(1, List::pop_oldest)
        }

        /// Takes the oldest if it is not the newest as well.
        pub fn pop_oldest_of_several(&self) -> Option<&'static G> {
            self.pop(2, List::pop_oldest)
        }

        #[inline]
        fn pop(&self, of: u32, take: fn(&mut List<G>) -> Option<&'static G>) -> Option<&'static G> {
            if self.len() < of {
                return None;
            }
            let mut list = self.list.lock();
            if self.len() < of {
                return None;
            }
            let gp = take(&mut list)?;
            self.set_len(&list, self.len() - 1);
            Some(gp)
        }

        fn set_len(&self, _held: &Guard<'_, List<G>>, len: u32) {
            self.len.store(len, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Item {
        number: u32,
        older: Link<Item>,
        newer: Link<Item>,
    }

    impl Started for Item {
        fn older(&self) -> &Link<Self> {
            &self.older
        }

        fn newer(&self) -> &Link<Self> {
            &self.newer
        }
    }

    fn list(numbers: core::ops::Range<u32>) -> List<Item> {
        let mut list = List::new();
        for number in numbers {
            list.push(Box::leak(Box::new(Item {
                number,
                older: Link::none(),
                newer: Link::none(),
            })));
        }
        list
    }

    fn number(item: Option<&'static Item>) -> Option<u32> {
        item.map(|item| item.number)
    }

    #[test]
    fn the_owner_takes_the_newest_and_thieves_the_oldest() {
        let mut list = list(0..4);
        assert_eq!(number(list.pop_newest()), Some(3));
        assert_eq!(number(list.pop_oldest()), Some(0));
        assert_eq!(number(list.pop_oldest()), Some(1));
        assert_eq!(number(list.pop_newest()), Some(2));
        assert_eq!(number(list.pop_newest()), None);
        assert_eq!(number(list.pop_oldest()), None);
    }

    #[test]
    fn what_was_taken_can_come_again_from_either_end() {
        let mut list = list(0..2);
        let (first, second) = (list.pop_oldest(), list.pop_oldest());
        list.push(second.expect("two"));
        list.push(first.expect("two"));
        assert_eq!(number(list.pop_newest()), Some(0));
        assert_eq!(number(list.pop_newest()), Some(1));
        assert_eq!(number(list.pop_oldest()), None);
    }
}
