//! Which positions of an arena are free: a bit each, outside of what lies there, so that nothing needs to be left there.
//!
//! 64 positions are a chunk, whose bits are one word. The memory of a chunk that is free as a whole can be given back ([`Positions::claim_full`]): whoever does that has claimed it meanwhile, so that
//! nobody takes a position of it.
//!
//! One writer at a time: whoever holds the lock of the arena's class. Anybody may look ([`Positions::next_live`]).

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Positions of a chunk.
pub const CHUNK: usize = u64::BITS as usize;
/// Most chunks that are claimed at a time.
const MAX_RUN: usize = 64;

/// See the module's head.
pub struct Positions {
    /// A word for each chunk: who is free.
    free: &'static [AtomicU64],
    /// A bit for each chunk: its memory has been given back and nobody has been there since.
    returned: &'static [AtomicU64],
    /// Those below have been used.
    used: AtomicUsize,
    /// How many are free among them.
    free_count: AtomicUsize,
    /// In the chunks below nobody is free.
    lowest: AtomicUsize,
    /// A chunk has become free as a whole since this was asked.
    some_full: AtomicBool,
}

impl Positions {
    /// Where `used` is.
    #[cfg(feature = "object")]
    pub const USED: usize = core::mem::offset_of!(Self, used);

    /// Words for the bits of so many positions: for the two arguments of [`new`](Self::new).
    pub const fn words(len: usize) -> [usize; 2] {
        let chunks = len.div_ceil(CHUNK);
        [chunks, chunks.div_ceil(CHUNK)]
    }

    /// None of them has been used. The words are zero, and nobody else's.
    pub const fn new(free: &'static [AtomicU64], returned: &'static [AtomicU64]) -> Self {
        Self {
            free,
            returned,
            used: AtomicUsize::new(0),
            free_count: AtomicUsize::new(0),
            lowest: AtomicUsize::new(0),
            some_full: AtomicBool::new(false),
        }
    }

    /// How many have been used; the next that has not.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// Takes the next ones that have not been used, `most` at most, of `len` in all.
    pub fn take_new(&self, most: usize, len: usize) -> Range<usize> {
        let start = self.used.load(Ordering::Relaxed);
        let end = len.min(start + most);
        self.used.store(end, Ordering::Release);
        start..end
    }

    /// Has the last ones that were taken as new be new again, unless somebody has taken others since: then nobody ever gets them.
    pub fn untake_new(&self, last: Range<usize>) {
        if self.used.load(Ordering::Relaxed) == last.end {
            self.used.store(last.start, Ordering::Release);
        }
    }

    /// Whether some are free, at a glance.
    pub fn some_free(&self) -> bool {
        self.free_count.load(Ordering::Relaxed) != 0
    }

    /// Takes some that are free, of one chunk, `most` at most: the chunk and their bits.
    pub fn take_free(&self, most: u32) -> Option<(usize, u64)> {
        if !self.some_free() {
            return None;
        }
        let lowest = self.lowest.load(Ordering::Relaxed);
        let chunk = (lowest..self.free.len()).find(|chunk| self.free_bits(*chunk) != 0)?;
        let bits = self.free_bits(chunk);
        let taken = lowest_bits(bits, most);
        self.free[chunk].store(bits & !taken, Ordering::Relaxed);
        self.set_returned(chunk, false);
        self.lowest.store(chunk, Ordering::Relaxed);
        self.change_count(-(taken.count_ones() as isize));
        Some((chunk, taken))
    }

    /// Frees one.
    pub fn put(&self, position: usize) {
        let chunk = position / CHUNK;
        let bits = self.free_bits(chunk) | 1 << (position % CHUNK);
        self.free[chunk].store(bits, Ordering::Relaxed);
        if bits == u64::MAX {
            self.some_full.store(true, Ordering::Relaxed);
        }
        self.lower(chunk);
        self.change_count(1);
    }

    /// Whether a chunk has become free as a whole since this was asked.
    pub fn ask_full(&self) -> bool {
        self.some_full.swap(false, Ordering::Relaxed)
    }

    /// Claims the next chunks from `from` on that lie side by side, are free as a whole and have not been given back.
    pub fn claim_full(&self, from: usize) -> Option<Range<usize>> {
        let chunks = self.used() / CHUNK;
        let can_be =
            |chunk: &usize| self.free_bits(*chunk) == u64::MAX && !self.is_returned(*chunk);
        let start = (from..chunks).find(can_be)?;
        let len = (start..chunks).take(MAX_RUN).take_while(can_be).count();
        let run = start..start + len;
        for chunk in run.clone() {
            self.free[chunk].store(0, Ordering::Relaxed);
        }
        self.change_count(-((len * CHUNK) as isize));
        Some(run)
    }

    /// Lets go of what [`claim_full`](Self::claim_full) gave, which is free again.
    pub fn unclaim(&self, run: Range<usize>, returned: bool) {
        self.lower(run.start);
        self.change_count((run.len() * CHUNK) as isize);
        for chunk in run {
            self.set_returned(chunk, returned);
            self.free[chunk].store(u64::MAX, Ordering::Relaxed);
        }
    }

    /// The first one from here on that has been used and is not free, at a glance; one that is claimed seems so.
    pub fn next_live(&self, mut from: usize) -> Option<usize> {
        let used = self.used();
        while from < used {
            let live = !self.free_bits(from / CHUNK) >> (from % CHUNK);
            if live != 0 {
                let next = from + live.trailing_zeros() as usize;
                return Some(next).filter(|next| *next < used);
            }
            from = (from / CHUNK + 1) * CHUNK;
        }
        None
    }

    fn free_bits(&self, chunk: usize) -> u64 {
        self.free[chunk].load(Ordering::Relaxed)
    }

    fn is_returned(&self, chunk: usize) -> bool {
        let word = self.returned[chunk / CHUNK].load(Ordering::Relaxed);
        word & 1 << (chunk % CHUNK) != 0
    }

    fn set_returned(&self, chunk: usize, returned: bool) {
        let (word, bit) = (&self.returned[chunk / CHUNK], 1 << (chunk % CHUNK));
        let others = word.load(Ordering::Relaxed) & !bit;
        word.store(others | if returned { bit } else { 0 }, Ordering::Relaxed);
    }

    fn lower(&self, chunk: usize) {
        let lowest = self.lowest.load(Ordering::Relaxed).min(chunk);
        self.lowest.store(lowest, Ordering::Relaxed);
    }

    fn change_count(&self, by: isize) {
        let count = self.free_count.load(Ordering::Relaxed);
        self.free_count
            .store(count.wrapping_add_signed(by), Ordering::Relaxed);
    }
}

/// The positions of these bits, in a chunk.
pub fn each(mut bits: u64) -> impl Iterator<Item = usize> {
    core::iter::from_fn(move || {
        let lowest = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            lowest
        })
    })
}

/// The `most` lowest of these bits.
fn lowest_bits(bits: u64, most: u32) -> u64 {
    each(bits)
        .take(most as usize)
        .fold(0, |sum, bit| sum | 1 << bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(len: usize) -> Positions {
        let [free, returned] = Positions::words(len).map(|words| {
            let words = (0..words).map(|_| AtomicU64::new(0));
            &*words.collect::<Vec<_>>().leak()
        });
        Positions::new(free, returned)
    }

    fn used(len: usize, count: usize) -> Positions {
        let positions = positions(len);
        assert_eq!(positions.take_new(count, len), 0..count);
        positions
    }

    fn live(positions: &Positions) -> Vec<usize> {
        core::iter::successors(positions.next_live(0), |at| positions.next_live(at + 1)).collect()
    }

    #[test]
    fn those_that_have_been_used_are_live_until_they_are_free() {
        let positions = used(200, 130);
        assert_eq!(live(&positions), (0..130).collect::<Vec<_>>());
        positions.put(129);
        positions.put(0);
        assert_eq!(live(&positions), (1..129).collect::<Vec<_>>());
        assert_eq!(positions.take_new(64, 200), 130..194);
        assert_eq!(positions.take_new(64, 200), 194..200);
    }

    #[test]
    fn the_last_ones_can_be_new_again_unless_others_are_behind_them() {
        let positions = used(100, 10);
        positions.untake_new(7..10);
        assert_eq!(positions.take_new(5, 100), 7..12);
        positions.untake_new(7..10);
        assert_eq!(positions.take_new(5, 100), 12..17);
    }

    #[test]
    fn the_lowest_are_taken_first_and_of_one_chunk() {
        let positions = used(200, 200);
        assert_eq!(positions.take_free(8), None);
        for position in [70, 65, 199, 3, 68] {
            positions.put(position);
        }
        assert_eq!(positions.take_free(8), Some((0, 1 << 3)));
        assert_eq!(positions.take_free(2), Some((1, 1 << 1 | 1 << 4)));
        positions.put(1);
        assert_eq!(positions.take_free(8), Some((0, 1 << 1)));
        assert_eq!(positions.take_free(8), Some((1, 1 << 6)));
        assert_eq!(positions.take_free(8), Some((3, 1 << 7)));
        assert_eq!(positions.take_free(8), None);
        assert_eq!(live(&positions), (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_free_as_a_whole_can_be_claimed_once() {
        let positions = used(64 * 6, 64 * 5 + 1);
        assert!(!positions.ask_full());
        (0..64 * 5 + 1)
            .filter(|position| *position != 64)
            .for_each(|position| positions.put(position));
        assert!(positions.ask_full() && !positions.ask_full());

        assert_eq!(positions.claim_full(0), Some(0..1));
        assert_eq!(positions.take_free(64), Some((1, u64::MAX << 1)));
        assert_eq!(positions.take_free(1), Some((2, 1)));
        positions.unclaim(0..1, true);
        // The last chunk has positions that have never been used: who takes them does not look at what is claimed.
        assert_eq!(positions.claim_full(0), Some(3..5));
        assert_eq!(positions.take_free(1), Some((0, 1)));
        positions.unclaim(3..5, false);
        assert_eq!(positions.claim_full(1), Some(3..5));
        positions.unclaim(3..5, true);
        assert_eq!(positions.claim_full(0), None);

        positions.put(0);
        assert!(positions.ask_full());
        assert_eq!(positions.claim_full(0), Some(0..1));
    }

    #[test]
    fn a_claim_has_an_end() {
        let positions = used(64 * 100, 64 * 100);
        (0..64 * 100).for_each(|position| positions.put(position));
        assert_eq!(positions.claim_full(0), Some(0..MAX_RUN));
        assert_eq!(positions.claim_full(MAX_RUN), Some(MAX_RUN..100));
        assert_eq!(positions.take_free(1), None);
        positions.unclaim(MAX_RUN..100, true);
        assert_eq!(positions.take_free(1), Some((MAX_RUN, 1)));
    }
}
