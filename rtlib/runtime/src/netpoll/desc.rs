//! What the poller knows of each descriptor: a table by number, of memory that is reserved once and touched where it is used.

use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

use super::edges::Edges;
use crate::chan::real::Scheduler;
use crate::os::linux::mem;
use crate::sync::table::{Bucket, Buckets};

/// For how many the table is reserved: the first that there is address space for.
const DESCRIPTORS: [usize; 3] = [1 << 20, 1 << 17, 1 << 14];
/// Numbers from here on are not served: their calls keep the thread. Not more than the table has room for, once there is one.
static SERVED: AtomicUsize = AtomicUsize::new(DESCRIPTORS[0]);

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
    /// Its events.
    pub edges: Edges,
    /// The right to take a connection: 0 is free, 1 taken, 2 taken and waited for.
    pub(super) accepting: AtomicU32,
    /// The generation, and below it the flags of the current one.
    state: AtomicU32,
    /// Who waits for its events, or for that right.
    waiting: Bucket<Scheduler>,
}

impl Buckets for Desc {
    type Env = Scheduler;

    #[inline]
    fn bucket(&self, _: usize) -> &Bucket<Scheduler> {
        &self.waiting
    }
}

const REGISTERED: u32 = 1;
const TRACKED: u32 = 2;
const KIND_SHIFT: u32 = 2;
const KIND: u32 = 7 << KIND_SHIFT;
const STREAM: u32 = 1 << 5;
const GENERATION_SHIFT: u32 = 6;
const FLAGS: u32 = (1 << GENERATION_SHIFT) - 1;

/// The highest number of which something is known, or more.
static HIGHEST: AtomicI32 = AtomicI32::new(-1);

/// See [`HIGHEST`].
pub(super) fn highest() -> i32 {
    HIGHEST.load(Ordering::Acquire)
}

/// Something is known of this one from now on.
pub(super) fn note_number(fd: i32) {
    if fd > HIGHEST.load(Ordering::Relaxed) {
        HIGHEST.fetch_max(fd, Ordering::AcqRel);
    }
}

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
        .filter(|index| *index < SERVED.load(Ordering::Relaxed))?;
    if descs.is_null() {
        return None;
    }
    // SAFETY: within the table, which is never unmapped; zero bytes are a `Desc`.
    Some(unsafe { &*descs.add(index) })
}

/// Reserves the table. Of two who do at once, one wins.
#[cold]
fn reserve() -> Option<()> {
    let reserve = |count: usize| {
        let len = count * size_of::<Desc>();
        Some((count, len, mem::reserve(len).ok()?))
    };
    let (count, len, memory) = DESCRIPTORS.into_iter().find_map(reserve)?;
    // Before the table can be found; of two who reserve at once, the smaller number counts, whoever wins.
    SERVED.fetch_min(count, Ordering::Relaxed);
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
        self.edges.forget_reads();
        before.unwrap_or_else(|state| state) & REGISTERED != 0
    }

    /// It was just made, by a call that the runtime has seen.
    pub fn track(&self, kind: Kind) {
        self.is_new((kind as u32) << KIND_SHIFT);
    }

    /// It was just made, and is a TCP socket.
    pub fn track_stream(&self) {
        self.is_new(STREAM | (Kind::Socket as u32) << KIND_SHIFT);
    }

    fn is_new(&self, flags: u32) {
        let fresh = |state: u32| Some((state & !FLAGS) | TRACKED | flags);
        _ = self
            .state
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fresh);
        self.edges.forget_reads();
    }

    /// Whether it is a TCP socket that the runtime has seen being made.
    pub fn is_stream(&self) -> bool {
        self.state.load(Ordering::Relaxed) & STREAM != 0
    }

    /// As [`Desc::is_stream`], and its events come.
    pub(super) fn is_registered_stream(&self) -> bool {
        const ALL: u32 = STREAM | TRACKED | REGISTERED;
        self.state.load(Ordering::Relaxed) & ALL == ALL
    }

    pub(super) fn is_tracked(&self) -> bool {
        self.state.load(Ordering::Relaxed) & TRACKED != 0
    }

    pub(super) fn is_registered(&self) -> bool {
        self.state.load(Ordering::Relaxed) & REGISTERED != 0
    }

    /// Whether the runtime takes it for open.
    pub(super) fn is_in_use(&self) -> bool {
        self.state.load(Ordering::SeqCst) & (TRACKED | REGISTERED) != 0
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
