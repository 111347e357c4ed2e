//! Arenas: where goroutines are, their Gs and their stacks, one stack class each.
//!
//! ```text
//!   | Arena, Positions' bits | G 0 | G 1 | G 2 ... | slot 0 | slot 1 | slot 2 ...        (nothing is backed before it is touched)
//! ```
//!
//! Position i is a G and a slot for its stack. A free position's slot has its guard and is zero otherwise. Its G is [`Idle`](crate::gmp::g::Status::Idle): who takes it ([`take`]) makes a stack with a TLS
//! block of the slot. So nothing of a free position is worth its memory, and when a whole chunk of them is free, their Gs, too, are given back ([`give_back_gs`]). A G of zero bytes is `Idle` and has no id:
//! whoever still has a reference to one sees a goroutine that has ended.
//!
//! (Where memory is locked, mlockall(2), slots cannot be given back. There the G of a free position is `Dead` and its slot still has its TLS block.)
//!
//! Arenas are never unmapped.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::{ptr, slice};

use super::allgs::ALLGS;
use super::positions::{self, CHUNK, Positions};
use super::{CLASSES, Class, NoRoom, hold};
use crate::arch::current::valgrind;
use crate::gmp::g::G;
use crate::gmp::gfree::Chain;
use crate::link::Link;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::mem;
use crate::stack;

/// Address space that the slots of an arena take, or four slots when they are larger; less where so much is not to be had (`ulimit -v`).
const SLOTS: usize = 16 << 30;
/// The same under valgrind, some of whose tools write down something for each byte of a mapping.
const SLOTS_UNDER_VALGRIND: usize = 64 << 20;
/// Core files get an arena's slots in steps of so many bytes at least, and its Gs in smaller ones.
const DUMP_STEP: usize = 16 << 20;
/// See `DUMP_STEP`.
const DUMP_STEP_GS: usize = 1 << 20;
/// Most new positions that are taken at a time.
pub const MAX_AHEAD: u32 = mem::MAX_GUARDS as u32;
/// Memory of a chunk's Gs.
const CHUNK_BYTES: usize = CHUNK * size_of::<G>();
const _: () = assert!(CHUNK_BYTES.is_multiple_of(mem::PAGE));

/// An arena, at the start of its mapping.
pub struct Arena {
    /// The next one that was made.
    next: Link<Arena>,
    end: usize,
    class: Class,
    /// Where the Gs are, and where the slots.
    gs: usize,
    slots: usize,
    /// How many of both.
    len: usize,
    positions: Positions,
}

/// All arenas, the oldest first.
#[repr(transparent)]
pub struct Arenas {
    first: Link<Arena>,
}

impl Arenas {
    /// None.
    pub const fn new() -> Self {
        Self {
            first: Link::none(),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &'static Arena> {
        core::iter::successors(self.first.get_acquire(), |arena| arena.next())
    }

    /// Appends one. Under the lock of one class.
    fn add(&self, arena: &'static Arena) {
        while ADDING.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        let last = self.iter().last();
        last.map_or(&self.first, |last| &last.next)
            .set_release(Some(arena));
        ADDING.store(false, Ordering::Release);
    }

    fn of_class(&self, class: Class) -> impl Iterator<Item = &'static Arena> {
        self.iter().filter(move |arena| arena.class == class)
    }

    /// The one that this G is in, and where; none when it is in no arena.
    pub fn find(&self, gp: &G) -> Option<(&'static Arena, usize)> {
        let at = ptr::from_ref(gp) as usize;
        let arena = self
            .iter()
            .find(|arena| (arena.gs..arena.slots).contains(&at))?;
        Some((arena, (at - arena.gs) / size_of::<G>()))
    }

    /// The G whose slot an address is in. None if it is in no slot that has been used.
    pub fn of_slot(&self, at: usize) -> Option<&'static G> {
        let mut all = self.iter();
        let arena = all.find(|arena| (arena.slots..arena.end).contains(&at))?;
        let position = (at - arena.slots) / stride(arena.class);
        (position < arena.positions.used()).then(|| arena.g(position))
    }
}

impl Arena {
    /// Where a debugger finds what it needs: offsets of the next arena, of the address of the Gs and of how many of them have been used.
    pub const NEXT: usize = core::mem::offset_of!(Self, next);
    /// See `NEXT`.
    pub const GS: usize = core::mem::offset_of!(Self, gs);
    /// See `NEXT`.
    pub const USED: usize = core::mem::offset_of!(Self, positions) + Positions::USED;

    /// Start and end of its mapping.
    pub fn range(&self) -> (usize, usize) {
        (ptr::from_ref(self) as usize, self.end)
    }

    /// The next one that was made.
    pub fn next(&self) -> Option<&'static Arena> {
        self.next.get_acquire()
    }

    /// The first position from here on that is not free, at a glance.
    pub fn next_live(&self, from: usize) -> Option<usize> {
        self.positions.next_live(from)
    }

    /// The G of a position that has been used.
    pub fn g(&self, position: usize) -> &'static G {
        debug_assert!(position < self.positions.used());
        // SAFETY: there are Gs from `gs` to `slots`; zero bytes are one, and all fields are atomic.
        unsafe { &*(self.gs as *const G).add(position) }
    }

    fn slot(&self, position: usize) -> usize {
        self.slots + position * stride(self.class)
    }

    /// The Gs of positions that have not been used before. Fewer if the others can have no guards.
    fn prepare_new(&self, new: Range<usize>) -> Result<Chain, NoRoom> {
        let mut guarded = new.clone();
        let guards = stack::guard(self.slot(new.start), stride(self.class), new.len());
        let why = match guards {
            Ok(()) => NoRoom(b"an arena has grown by nothing"),
            Err((done, why)) => {
                guarded.end = new.start + done;
                let _growth = GROWTH[self.class.index()].lock();
                self.positions.untake_new(guarded.end..new.end);
                why
            }
        };
        Chain::link(guarded.map(|position| self.prepare(position))).ok_or(why)
    }

    /// The G of a position that was just taken, with its stack's place.
    fn prepare(&self, position: usize) -> &'static G {
        let gp = self.g(position);
        let lo = self.slot(position) + stack::GUARD;
        gp.stack_lo.store(lo, Ordering::Relaxed);
        gp.class.store(self.class.index() as u8, Ordering::Relaxed);
        gp
    }
}

/// From one slot to the next.
fn stride(class: Class) -> usize {
    stack::GUARD + class.size()
}

/// Somebody appends to the list of arenas.
static ADDING: AtomicBool = AtomicBool::new(false);

/// In the child of a fork: arenas are what they are, and the next goroutine gets a new one.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    ADDING.store(false, Ordering::Relaxed);
    for growth in &GROWTH {
        // SAFETY: the caller vouches.
        unsafe { growth.renew(Growth::nothing()) };
    }
}

/// Where an arena grows. Its lock is that of all arenas of its class.
struct Growth {
    arena: Option<&'static Arena>,
    dumped: Dumped,
    dumped_gs: Dumped,
    /// How many new positions are taken at a time: more and more, so that a program with few goroutines does not pay for many.
    ahead: u32,
}

impl Ranked for Growth {
    const RANK: Rank = Rank::Arena;
}

static GROWTH: [Lock<Growth>; CLASSES] = [const { Lock::new(Growth::nothing()) }; CLASSES];

/// How far core files get a part of an arena.
struct Dumped {
    start: usize,
    to: usize,
}

impl Dumped {
    const fn nothing() -> Self {
        Self { start: 0, to: 0 }
    }

    /// None of what begins there.
    fn begin(&mut self, start: usize) {
        (self.start, self.to) = (start, start);
    }

    /// Has them get it up to here at least, and some more: each step stops all who touch the arena for the first time somewhere.
    fn reach(&mut self, at: usize, step: usize, end: usize) {
        if at > self.to {
            let step = step.max((self.to - self.start) / 4);
            let len = step.max(at - self.to).min(end - self.to);
            mem::in_core_files(self.to, len, true);
            self.to += len;
        }
    }
}

/// Takes positions that are free or have not been used, `most` at most: their Gs.
pub fn take(class: Class, most: u32) -> Result<Chain, NoRoom> {
    if let Some(free) = take_free(class, most) {
        return Ok(free);
    }
    let (arena, new) = GROWTH[class.index()].lock().take_new(class, most)?;
    arena.prepare_new(new)
}

/// The same for those who can do without: as far as that takes no new arena, and no guard pages that there may be too few of.
pub fn take_spare(class: Class, most: u32) -> Option<Chain> {
    take_free(class, most).or_else(|| {
        let (arena, new) = {
            let mut growth = GROWTH[class.index()].lock();
            let is_cheap = growth.room() >= most as usize && stack::guards_are_light();
            is_cheap.then(|| growth.take_new(class, most))
        }?
        .ok()?;
        arena.prepare_new(new).ok()
    })
}

fn take_free(class: Class, most: u32) -> Option<Chain> {
    let mut arenas = ALLGS.arenas.of_class(class);
    if !arenas.any(|arena| arena.positions.some_free()) {
        return None;
    }
    let _growth = GROWTH[class.index()].lock();
    let (arena, (chunk, bits)) = ALLGS
        .arenas
        .of_class(class)
        .find_map(|arena| Some((arena, arena.positions.take_free(most)?)))?;
    let first = chunk * CHUNK;
    Chain::link(positions::each(bits).map(|bit| arena.prepare(first + bit)))
}

/// Frees positions of this class. Their stacks have been given back and their Gs are `Idle`, or neither.
pub fn put(class: Class, gs: Chain) {
    let _growth = GROWTH[class.index()].lock();
    for gp in gs.iter() {
        match ALLGS.arenas.find(gp) {
            Some((arena, position)) => arena.positions.put(position),
            None => crate::fatal::throw(b"a dead goroutine is in no arena"),
        }
    }
}

/// Gives back the memory of Gs, chunk by chunk, as far as that has become possible since it was done before. Not under a lock of the runtime.
pub fn give_back_gs() {
    ALLGS
        .arenas
        .iter()
        .filter(|arena| arena.positions.ask_full())
        .for_each(|arena| {
            let mut from = 0;
            while let Some(next) = arena.give_back_run(from) {
                from = next;
            }
        });
}

impl Arena {
    /// Gives back the next few chunks of Gs from here on; where to go on.
    fn give_back_run(&self, from: usize) -> Option<usize> {
        // A holder's mark is in the G, and the holder would lose it.
        let _nobody_holds = hold::let_nobody_hold()?;
        let lock = &GROWTH[self.class.index()];
        let run = {
            let _growth = lock.lock();
            self.positions.claim_full(from)?
        };
        let end = run.end;
        let all_idle =
            (run.start * CHUNK..run.end * CHUNK).all(|position| !self.g(position).has_stack());
        let at = self.gs + run.start * CHUNK_BYTES;
        // SAFETY: free positions, which nobody can take while they are claimed; that nothing is left of their Gs `Idle` says, which zero bytes are.
        let returned = all_idle && unsafe { mem::give_back(at, run.len() * CHUNK_BYTES) }.is_ok();
        let _growth = lock.lock();
        self.positions.unclaim(run, returned);
        Some(end)
    }
}

impl Growth {
    const fn nothing() -> Self {
        Self {
            arena: None,
            dumped: Dumped::nothing(),
            dumped_gs: Dumped::nothing(),
            ahead: 1,
        }
    }

    /// Positions that have not been used, without a new arena.
    fn room(&self) -> usize {
        self.arena
            .map_or(0, |arena| arena.len - arena.positions.used())
    }

    /// New positions, in this arena. They have no guards yet.
    fn take_new(
        &mut self,
        class: Class,
        most: u32,
    ) -> Result<(&'static Arena, Range<usize>), NoRoom> {
        let arena = match self.arena {
            Some(arena) if self.room() > 0 => arena,
            _ => self.new_arena(class)?,
        };
        let new = arena
            .positions
            .take_new(self.ahead.min(most) as usize, arena.len);
        self.ahead = (self.ahead * 2).min(MAX_AHEAD);
        self.dumped.reach(arena.slot(new.end), DUMP_STEP, arena.end);
        let end_of_gs = arena.gs + new.end * size_of::<G>();
        self.dumped_gs.reach(end_of_gs, DUMP_STEP_GS, arena.slots);
        Ok((arena, new))
    }

    fn new_arena(&mut self, class: Class) -> Result<&'static Arena, NoRoom> {
        let arena = new_arena(class)?;
        let (at, end) = arena.range();
        mem::no_huge_pages(at, end - at);
        mem::in_core_files(arena.gs, end - arena.gs, false);
        self.dumped.begin(arena.slots);
        self.dumped_gs.begin(arena.gs);
        self.arena = Some(arena);
        ALLGS.arenas.add(arena);
        Ok(arena)
    }
}

/// Address space for an arena, as much as there is.
fn new_arena(class: Class) -> Result<&'static Arena, NoRoom> {
    let stride = stride(class);
    let slots = if valgrind::is_running() {
        SLOTS_UNDER_VALGRIND
    } else {
        SLOTS
    };
    let mut len = (slots / stride).max(4);
    loop {
        let words = Positions::words(len);
        let head = size_of::<Arena>() + (words[0] + words[1]) * size_of::<u64>();
        let gs = head.next_multiple_of(mem::PAGE);
        let slots = gs + (len * size_of::<G>()).next_multiple_of(mem::PAGE);
        let align = class.size().min(2 << 20);
        let whole = slots + align + len * stride;
        if let Ok(fresh) = mem::reserve(whole) {
            let at = fresh.as_ptr() as usize;
            let bits = at + size_of::<Arena>();
            // SAFETY: a new mapping of zero bytes, never given back; there is room for an arena and these words before the Gs.
            return unsafe {
                let free = slice::from_raw_parts(bits as *const AtomicU64, words[0]);
                let returned = slice::from_raw_parts(free.as_ptr_range().end, words[1]);
                (at as *mut Arena).write(Arena {
                    next: Link::none(),
                    end: at + whole,
                    class,
                    gs: at + gs,
                    slots: (at + slots).next_multiple_of(align),
                    len,
                    positions: Positions::new(free, returned),
                });
                Ok(&*(at as *const Arena))
            };
        }
        if len == 1 {
            return Err(NoRoom(
                b"runtime: cannot reserve address space for goroutine stacks",
            ));
        }
        len = (len / 4).max(1);
    }
}
