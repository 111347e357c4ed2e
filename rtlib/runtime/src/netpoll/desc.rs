//! What the poller knows of each descriptor: a table by number, of memory that is reserved once and touched where it is used.

use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::os::linux::mem;

/// Numbers from here on are not served: their calls keep the thread.
const DESCRIPTORS: usize = 1 << 20;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// Something to read, or the end.
    Read = 0,
    /// Room to write, or nobody who reads.
    Write = 1,
    /// Whatever poll(2) tells of.
    Any = 2,
}

impl Dir {
    /// All.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Any];
}

/// Which calls can be tried without blocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not known yet.
    Unknown = 0,
    /// A socket: `MSG_DONTWAIT`.
    Socket,
    /// A pipe, an eventfd and the like: `RWF_NOWAIT`.
    Nowait,
    /// A terminal, a FIFO, inotify: only poll(2) tells.
    PollFirst,
    /// A file, a directory, a block device: the call waits for a disk at most, and no event tells of that.
    File,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Socket,
        Self::Nowait,
        Self::PollFirst,
        Self::File,
    ];
}

/// A descriptor. Zero bytes are one of which nothing is known.
pub struct Desc {
    counts: [AtomicU32; 3],
    /// The right to take a connection: 0 is free, 1 taken, 2 taken and waited for.
    pub(super) accepting: AtomicU32,
    /// The generation, and below it the flags of the current one.
    state: AtomicU32,
}

const REGISTERED: u32 = 1;
const TRACKED: u32 = 2;
const KIND_SHIFT: u32 = 2;
const KIND: u32 = 7 << KIND_SHIFT;
const GENERATION_SHIFT: u32 = 5;
const FLAGS: u32 = (1 << GENERATION_SHIFT) - 1;

static DESCS: AtomicPtr<Desc> = AtomicPtr::new(core::ptr::null_mut());

/// In the child of a fork: nothing is known of any. The memory is lost.
pub(super) fn forget() {
    DESCS.store(core::ptr::null_mut(), Ordering::Relaxed);
}

/// What is known of a descriptor. None if there is no such number, or it is beyond the table.
#[inline]
pub fn desc(fd: i32) -> Option<&'static Desc> {
    let descs = DESCS.load(Ordering::Acquire);
    if descs.is_null() {
        reserve()?;
    }
    known(fd)
}

/// As [`desc`], but none if nothing is known of any.
#[inline]
pub fn known(fd: i32) -> Option<&'static Desc> {
    let descs = DESCS.load(Ordering::Acquire);
    let index = usize::try_from(fd)
        .ok()
        .filter(|index| *index < DESCRIPTORS)?;
    if descs.is_null() {
        return None;
    }
    // SAFETY: within the table, which is never unmapped; zero bytes are a `Desc`.
    Some(unsafe { &*descs.add(index) })
}

/// Reserves the table. Of two who do at once, one wins.
#[cold]
fn reserve() -> Option<()> {
    let len = DESCRIPTORS * size_of::<Desc>();
    let memory = mem::reserve(len).ok()?;
    let mine = memory.as_ptr().cast::<Desc>();
    let null = core::ptr::null_mut();
    if DESCS
        .compare_exchange(null, mine, Ordering::AcqRel, Ordering::Acquire)
        .is_err()
    {
        // SAFETY: a new mapping that nobody knows.
        unsafe { mem::release(memory, len) };
    }
    Some(())
}

impl Desc {
    /// The word that counts the events of one direction.
    #[inline]
    pub fn count(&self, dir: Dir) -> &AtomicU32 {
        &self.counts[dir as usize]
    }

    /// How many events of this direction there have been. Read before a try.
    #[inline]
    pub fn seen(&self, dir: Dir) -> u32 {
        self.count(dir).load(Ordering::SeqCst)
    }

    /// Its generation. Read before the first try.
    #[inline]
    pub fn generation(&self) -> u32 {
        self.state.load(Ordering::SeqCst) >> GENERATION_SHIFT
    }

    /// It is about to be closed. Whether it was registered.
    pub fn begin_generation(&self) -> bool {
        let next = |state: u32| Some((state & !FLAGS).wrapping_add(1 << GENERATION_SHIFT));
        let before = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        before.unwrap_or_else(|state| state) & REGISTERED != 0
    }

    /// It was just made, by a call that the runtime has seen.
    pub fn track(&self, kind: Kind) {
        let fresh = |state: u32| Some((state & !FLAGS) | TRACKED | (kind as u32) << KIND_SHIFT);
        _ = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fresh);
    }

    pub(super) fn is_tracked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & TRACKED != 0
    }

    pub(super) fn is_registered(&self) -> bool {
        self.state.load(Ordering::Relaxed) & REGISTERED != 0
    }

    /// It was registered, if it still is of this generation.
    pub(super) fn set_registered(&self, generation: u32) {
        self.change(generation, |state| state | REGISTERED);
    }

    /// Which calls to try.
    #[inline]
    pub fn kind(&self) -> Kind {
        let number = (self.state.load(Ordering::Relaxed) & KIND) >> KIND_SHIFT;
        let mut all = Kind::ALL.into_iter();
        all.find(|kind| *kind as u32 == number)
            .unwrap_or(Kind::Unknown)
    }

    /// A try has shown of what kind it is.
    pub fn set_kind(&self, generation: u32, kind: Kind) {
        self.change(generation, |state| {
            (state & !KIND) | (kind as u32) << KIND_SHIFT
        });
    }

    fn change(&self, generation: u32, f: impl Fn(u32) -> u32) {
        let same = |state: u32| (state >> GENERATION_SHIFT == generation).then(|| f(state));
        _ = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, same);
    }
}
