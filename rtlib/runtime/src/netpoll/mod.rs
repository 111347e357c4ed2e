//! The network poller: goroutines wait for descriptors without a thread each (Go: `runtime/netpoll.go`, `netpoll_epoll.go`).
//!
//! # Protocol
//!
//! Each descriptor has a count of events for each direction. Who would wait for one reads the count, *then* tries its call, and if that would block waits until the
//! count is another one: a wait on a word of memory, as futex(2) has them ([`crate::sync::futex`]). Whoever polls raises the count and wakes who
//! waits at it. So an event that comes between the try and the wait is not lost, and any number of goroutines may wait for one descriptor. They are queued in the descriptor itself: ten thousand who
//! wait for as many descriptors are not looked for among each other.
//!
//! There is one epoll, edge-triggered. A descriptor is registered with it when somebody waits for it for the first time, and stays so until it is closed; no descriptor is ever made non-blocking for
//! others to see.
//!
//! # Who polls
//!
//! Ms that find no goroutine in their own queue or the global one, one at a time ([`poll`]); the idle M that would sleep anyway, in `epoll_wait` ([`block`]); sysmon, when nobody has polled
//! for [`OVERDUE_NS`].
//!
//! # What is known of a descriptor
//!
//! - Its *generation*, raised when it is closed: events and waiters of an earlier one are told apart by it.
//! - *Tracked*: made by a call that the runtime has seen. It is closed by one, too, so "registered" can be trusted. Of others (inherited, made by a system call that goes
//!   round libc) it is not: they are registered anew each time.
//! - Its [`Kind`], a hint: which calls can be tried on it.

mod desc;
mod edges;

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering, fence};

pub use desc::{Desc, Kind, desc};
pub use edges::Dir;

use crate::chan::real::Scheduler;
use crate::gmp::g::G;
use crate::gmp::waitreason::WaitReason;
use crate::lock::Lock;
use crate::lockrank::{Rank, Ranked};
use crate::os::linux::epoll::{self, Event};
use crate::os::linux::{Errno, nanotime, proc};
use crate::sched::park::{goready_behind, waiter};
use crate::sched::poller::{self, Poller, WAITERS, anybody_waits};
use crate::sync::futex::{self, Ended};
use crate::sync::table::Buckets;

/// The epoll's descriptor, and that of the eventfd which ends an `epoll_wait`; -1 while there are none.
static EPOLL: AtomicI32 = AtomicI32::new(-1);
static BREAK: AtomicI32 = AtomicI32::new(-1);
/// `data` of the eventfd's event: no descriptor has this number.
const IS_BREAK: u64 = u64::MAX;
/// What is wanted of the eventfd.
const BREAK_EVENT: Event = Event {
    events: epoll::EPOLLIN,
    data: IS_BREAK,
};

/// Somebody is in [`poll`]: the list of events is one, and two would wait for its lock.
static POLLING: AtomicBool = AtomicBool::new(false);
/// When somebody polled last, ns; `u64::MAX` while an idle M sleeps in `epoll_wait`.
static LAST_POLL: AtomicU64 = AtomicU64::new(0);
/// Nobody has polled for so long: sysmon does.
const OVERDUE_NS: u64 = 10_000_000;

/// How many events are taken at once.
const BATCH: usize = 128;

/// Events that were taken and not told yet.
pub struct Events {
    events: [Event; BATCH],
    len: usize,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// There was an event: try again.
    Ready,
    /// The deadline came first.
    TooLate,
    /// Somebody closed the descriptor. The number may be another's by now.
    Closed,
    /// It cannot be waited for here: it cannot be polled, or the system refuses.
    Unpollable,
}

/// Protects the making of the epoll.
struct Making;

impl Ranked for Making {
    const RANK: Rank = Rank::Netpoll;
}

static MAKING: Lock<Making> = Lock::new(Making);

/// The epoll, made at the first call. None if the system gives none.
fn epoll() -> Option<i32> {
    let made = EPOLL.load(Ordering::Acquire);
    if made >= 0 { Some(made) } else { make() }
}

#[cold]
fn make() -> Option<i32> {
    let _making = MAKING.lock();
    let made = EPOLL.load(Ordering::Acquire);
    if made >= 0 {
        return Some(made);
    }
    let made = epoll::create().ok()?;
    let eventfd = epoll::eventfd();
    let watched =
        eventfd.and_then(|eventfd| epoll::add(made, eventfd, BREAK_EVENT).map(|()| eventfd));
    let Ok(eventfd) = watched else {
        proc::close(made as usize);
        if let Ok(eventfd) = eventfd {
            proc::close(eventfd as usize);
        }
        return None;
    };
    BREAK.store(eventfd, Ordering::Relaxed);
    EPOLL.store(made, Ordering::Release);
    Some(made)
}

/// In the child of a fork: nobody waits, and the epoll, which would be the parent's, too, is to be made again.
///
/// # Safety
/// There is one thread.
pub unsafe fn forget() {
    for own in [&EPOLL, &BREAK] {
        let fd = own.swap(-1, Ordering::Relaxed);
        if fd >= 0 {
            proc::close(fd as usize);
        }
    }
    WAITERS.store(0, Ordering::Relaxed);
    SENDERS.store(0, Ordering::Relaxed);
    POLLING.store(false, Ordering::Relaxed);
    LAST_POLL.store(0, Ordering::Relaxed);
    desc::forget();
    // SAFETY: the caller vouches.
    unsafe {
        MAKING.renew(Making);
    }
}

/// Whether a descriptor is the poller's own: nobody else may close it.
pub fn is_own(fd: i32) -> bool {
    fd >= 0 && (fd == EPOLL.load(Ordering::Relaxed) || fd == BREAK.load(Ordering::Relaxed))
}

/// The poller's own descriptors, by rising numbers.
pub fn own() -> impl Iterator<Item = i32> {
    let (epoll, eventfd) = (EPOLL.load(Ordering::Relaxed), BREAK.load(Ordering::Relaxed));
    let both = [epoll.min(eventfd), epoll.max(eventfd)];
    both.into_iter().filter(|fd| *fd >= 0)
}

/// The program has closed what is the poller's, in a way that the runtime does not see. Who waits for a descriptor would wait for ever.
#[cold]
fn lost() -> ! {
    crate::fatal::throw(
        b"the program has closed the descriptors of the runtime's poller, by a system call that bypasses libc: do not close those that /proc/self/fd lists as anon_inode:[eventpoll] and anon_inode:[eventfd], or call libc's close_range",
    )
}

/// Whether the epoll still watches its eventfd. Asked without taking an event.
fn is_there(epoll: i32) -> bool {
    epoll::modify(epoll, BREAK.load(Ordering::Relaxed), BREAK_EVENT).is_ok()
}

/// What the kernel says of a descriptor that is no epoll, or none at all.
fn is_lost(errno: Errno) -> bool {
    use crate::os::linux::sys::{EBADF, EINVAL};
    matches!(errno, Errno(EBADF | EINVAL))
}

/// Notes for tracebacks what the caller is about to wait for.
fn note(fd: i32, dir: Dir) {
    let what = (fd as u32 as usize) << 2 | (dir as usize + 1);
    waiter().waits_on.store(what, Ordering::Relaxed);
}

/// The descriptor that a goroutine waits for, whose reason is [`WaitReason::IoWait`]. None if it is not one.
pub fn awaited(gp: &G) -> Option<(i32, Dir)> {
    let what = gp.waits_on.load(Ordering::Relaxed);
    let dir = Dir::ALL.get((what & 3).wrapping_sub(1))?;
    Some(((what >> 2) as i32, *dir))
}

/// Blocks the calling goroutine until there is an event of `dir` that `seen`, the count of [`edges::Edges::seen`] before its last try, does not include; or until the deadline (ns of the monotonic clock,
/// `u64::MAX`: none). `generation` is that of the first try.
pub fn wait(
    fd: i32,
    desc: &'static Desc,
    generation: u32,
    dir: Dir,
    seen: u32,
    deadline: u64,
) -> Waited {
    if desc.generation() != generation {
        return Waited::Closed;
    }
    if register(fd, desc, generation).is_err() {
        return Waited::Unpollable;
    }
    note(fd, dir);
    WAITERS.fetch_add(1, Ordering::SeqCst);
    let why = WaitReason::IoWait;
    let ended = futex::wait(desc, desc.edges.count(dir), seen, u32::MAX, deadline, why);
    WAITERS.fetch_sub(1, Ordering::SeqCst);
    if desc.generation() != generation {
        Waited::Closed
    } else if ended == Ended::TooLate {
        Waited::TooLate
    } else {
        Waited::Ready
    }
}

/// Has a goroutine that waits for a descriptor look again, and others that wait for the same.
pub fn stir(gp: &G) {
    let Some((desc, dir)) = awaited(gp).and_then(|(fd, dir)| Some((desc(fd)?, dir))) else {
        return;
    };
    let count = desc.edges.count(dir);
    count.fetch_add(1, Ordering::SeqCst);
    let addr = core::ptr::from_ref(count) as usize;
    futex::wake(desc, addr, u32::MAX, u32::MAX);
}

/// A descriptor among several that are waited for, as it was before the last try.
#[derive(Clone, Copy)]
pub struct Watched {
    fd: i32,
    desc: &'static Desc,
    generation: u32,
    seen: u32,
}

impl Watched {
    /// Before the caller tries. None if its number is beyond the table.
    pub fn new(fd: i32) -> Option<Self> {
        let desc = desc(fd)?;
        Some(Self {
            fd,
            desc,
            generation: desc.generation(),
            seen: desc.edges.seen(Dir::Any),
        })
    }
}

/// Room for one wait among several.
pub type Place = futex::Place<Scheduler>;

/// As [`wait`], until there is an event of any of several, which the caller has tried since it made them. There are as many places as descriptors, and at least one. Never [`Waited::Closed`]: when one
/// of them has been closed, the next try tells.
pub fn wait_any(all: &[Watched], places: &mut [MaybeUninit<Place>], deadline: u64) -> Waited {
    for one in all {
        if one.desc.generation() != one.generation {
            return Waited::Ready;
        }
        if register(one.fd, one.desc, one.generation).is_err() {
            return Waited::Unpollable;
        }
    }
    if let Some(first) = all.first() {
        note(first.fd, Dir::Any);
    }
    WAITERS.fetch_add(1, Ordering::SeqCst);
    let words = all.iter().map(|one| {
        let count = one.desc.edges.count(Dir::Any);
        let bucket = one.desc.bucket(core::ptr::from_ref(count) as usize);
        (bucket, count, one.seen)
    });
    let ended = futex::wait_any(words, places, deadline, WaitReason::IoWait);
    WAITERS.fetch_sub(1, Ordering::SeqCst);
    match ended {
        Ended::TooLate => Waited::TooLate,
        Ended::Woken | Ended::Changed => Waited::Ready,
    }
}

/// Sees to it that events of the descriptor come. If there is something already, one comes.
fn register(fd: i32, desc: &'static Desc, generation: u32) -> Result<(), Errno> {
    use crate::os::linux::sys::{EEXIST, EMFILE, ENOENT};
    let registered = desc.is_registered();
    if registered && desc.is_tracked() {
        return Ok(());
    }
    let epoll = epoll().ok_or(Errno(EMFILE))?;
    let event = Event {
        events: epoll::EPOLLIN
            | epoll::EPOLLOUT
            | epoll::EPOLLPRI
            | epoll::EPOLLRDHUP
            | epoll::EPOLLET,
        data: u64::from(fd as u32) | u64::from(generation) << 32,
    };
    let done = if registered {
        match epoll::modify(epoll, fd, event) {
            Err(Errno(ENOENT)) => epoll::add(epoll, fd, event),
            done => done,
        }
    } else {
        match epoll::add(epoll, fd, event) {
            Err(Errno(EEXIST)) => epoll::modify(epoll, fd, event),
            done => done,
        }
    };
    if done.is_err_and(is_lost) && !is_there(epoll) {
        lost();
    }
    done.map(|()| {
        desc::note_number(fd);
        desc.set_registered(generation);
    })
}

/// The right to take a connection from a listening socket.
pub struct Accepting(&'static Desc);

/// Waits for that right.
pub fn accepting(fd: i32, desc: &'static Desc) -> Accepting {
    let word = &desc.accepting;
    let free = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
    if free.is_err() {
        note(fd, Dir::Read);
        while word.swap(2, Ordering::Acquire) != 0 {
            futex::wait(desc, word, 2, u32::MAX, u64::MAX, WaitReason::IoWait);
        }
    }
    Accepting(desc)
}

impl Drop for Accepting {
    fn drop(&mut self) {
        let word = &self.0.accepting;
        if word.swap(0, Ordering::Release) == 2 {
            let addr = core::ptr::from_ref(word) as usize;
            futex::wake_by(self.0, addr, 1, u32::MAX, goready_behind);
        }
    }
}

/// Somebody has set a limit (`SO_RCVTIMEO`, `SO_SNDTIMEO`) on some socket.
static TIMEOUTS: AtomicBool = AtomicBool::new(false);

/// Notes that.
pub fn timeouts_are_set() {
    TIMEOUTS.store(true, Ordering::Relaxed);
}

/// Whether a socket may have such a limit: one that the runtime has seen being made has none before it has seen one being set.
pub fn may_have_timeouts(desc: &Desc) -> bool {
    TIMEOUTS.load(Ordering::Relaxed) || !desc.is_tracked()
}

/// Somebody has said of some socket how much there must be before a read gives it (`SO_RCVLOWAT`).
static LOW_WATER: AtomicBool = AtomicBool::new(false);

/// Notes that.
pub fn low_water_is_set() {
    LOW_WATER.store(true, Ordering::Relaxed);
}

/// Whether a socket may have such a limit.
pub fn may_have_low_water() -> bool {
    LOW_WATER.load(Ordering::Relaxed)
}

/// Somebody has set or done what lets a read of some stream get less than there is, or no event tell of what there is: urgent data, `SO_RCVLOWAT`, a protocol on top of TCP.
static READS_TELL_NOTHING: AtomicBool = AtomicBool::new(false);

/// Notes that. It concerns all streams: which descriptors are the same one, nobody knows.
pub fn reads_tell_nothing() {
    READS_TELL_NOTHING.store(true, Ordering::Relaxed);
}

/// If a read of this descriptor would find nothing, as far as an earlier one has told (see [`edges`]): the count of events to wait with.
pub fn empty_since(desc: &Desc) -> Option<u32> {
    if !desc.is_registered_stream() || READS_TELL_NOTHING.load(Ordering::Relaxed) {
        return None;
    }
    desc.edges.empty_since()
}

/// A descriptor was just made. If the runtime knows one of its number, that has been closed by something that it does not see.
pub fn made(fd: i32) {
    if let Some(desc) = desc::known(fd) {
        succeed(desc);
    }
}

/// A descriptor was just made, by a call that the runtime has seen, and will be closed by one.
pub fn opened(fd: i32, kind: Kind) {
    if let Some(desc) = desc::known(fd) {
        succeed(desc);
        desc::note_number(fd);
        desc.track(kind);
    }
}

/// As [`opened`], for a socket.
pub fn made_socket(fd: i32, is_tcp: bool) {
    let Some(desc) = desc(fd) else { return };
    succeed(desc);
    desc::note_number(fd);
    if is_tcp {
        desc.track_stream();
    } else {
        desc.track(Kind::Socket);
    }
}

fn succeed(desc: &'static Desc) {
    if desc.is_in_use() {
        desc.begin_generation();
        raise_all(desc);
    }
}

/// Before a descriptor is closed: nobody waits for it any more, and what follows concerns its successor.
pub fn close(fd: i32) {
    let Some(desc) = desc::known(fd) else { return };
    if desc.begin_generation() {
        let epoll = EPOLL.load(Ordering::Acquire);
        // Another descriptor of the same file would keep it in the epoll. When it fails, it is not there.
        _ = epoll::delete(epoll, fd);
    }
    raise_all(desc);
}

/// Before all of these are closed but the poller's own.
pub fn close_range(first: u32, last: u32) {
    let known = u32::try_from(desc::highest()).ok();
    let last = last.min(known.unwrap_or(0));
    for fd in (first..=last).map(|fd| fd as i32) {
        let in_use = desc::known(fd).is_some_and(Desc::is_in_use);
        if in_use && !is_own(fd) {
            close(fd);
        }
    }
}

/// How often a socket has been shut down of which the kernel tells nobody who waits for room in it.
static SHUTDOWNS: AtomicU32 = AtomicU32::new(0);
/// How many there are who would wait for that.
static SENDERS: AtomicU32 = AtomicU32::new(0);

/// See [`SHUTDOWNS`].
pub fn shutdowns() -> u32 {
    SHUTDOWNS.load(Ordering::SeqCst)
}

/// While there is one, its descriptor gets an event at each of [`SHUTDOWNS`].
pub struct Sender(());

impl Sender {
    /// Before the number is looked at.
    pub fn new(fd: i32) -> Self {
        desc::note_number(fd);
        SENDERS.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        SENDERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// There was one more: all who wait for room try again. Which descriptors are of the same socket, or of its other side, nobody knows.
pub fn shut_down() {
    SHUTDOWNS.fetch_add(1, Ordering::SeqCst);
    if SENDERS.load(Ordering::SeqCst) == 0 {
        return;
    }
    let all = (0..=desc::highest()).filter_map(desc::known);
    all.for_each(|desc| _ = raise(desc, Dir::Write));
}

fn raise_all(desc: &'static Desc) {
    for dir in Dir::ALL {
        raise(desc, dir);
    }
}

/// Counts an event and wakes who waits for it.
fn raise(desc: &'static Desc, dir: Dir) -> u32 {
    let count = desc.edges.count(dir);
    count.fetch_add(1, Ordering::SeqCst);
    let addr = core::ptr::from_ref(count) as usize;
    futex::wake_by(desc, addr, u32::MAX, u32::MAX, goready_behind)
}

/// Readies the goroutines whose descriptors have events, without waiting for any. True when there was one. The caller holds a P, or is sysmon.
pub fn poll() -> bool {
    if !anybody_waits() || POLLING.swap(true, Ordering::Acquire) {
        return false;
    }
    let mut events = Events::none();
    events.take(Some(0));
    LAST_POLL.store(nanotime(), Ordering::Relaxed);
    POLLING.store(false, Ordering::Release);
    events.tell()
}

/// Sysmon: polls if nobody has for long. True when somebody was readied.
pub fn poll_if_overdue(now: u64) -> bool {
    let last = LAST_POLL.load(Ordering::Relaxed);
    now.saturating_sub(last) >= OVERDUE_NS && poll()
}

/// Sleeps until there are events, at most so many ns, or until [`interrupt`]. For the idle M that the scheduler has chosen: there is one at a time, so that an interruption is for it.
pub fn block(ns: Option<u64>) -> Events {
    let mut events = Events::none();
    LAST_POLL.store(u64::MAX, Ordering::Relaxed);
    events.take(ns);
    LAST_POLL.store(nanotime(), Ordering::Relaxed);
    if events.taken().iter().any(is_break) {
        epoll::lower(BREAK.load(Ordering::Relaxed));
    }
    events
}

fn is_break(event: &Event) -> bool {
    let data = event.data;
    data == IS_BREAK
}

/// Ends the [`block`] that is under way, or the next one.
pub fn interrupt() {
    fence(Ordering::SeqCst);
    let eventfd = BREAK.load(Ordering::Relaxed);
    if eventfd >= 0 {
        epoll::raise(eventfd);
    }
}

impl Events {
    fn none() -> Self {
        Self {
            events: [Event::NONE; BATCH],
            len: 0,
        }
    }

    /// Takes what there is, or waits for it.
    fn take(&mut self, ns: Option<u64>) {
        let epoll = EPOLL.load(Ordering::Acquire);
        self.len = match epoll::wait(epoll, &mut self.events, ns) {
            Err(errno) if epoll >= 0 && is_lost(errno) => lost(),
            // An interrupted call has no events, and whoever wants some comes again.
            taken => taken.unwrap_or(0),
        };
    }

    fn taken(&self) -> &[Event] {
        &self.events[..self.len]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Readies those who wait for them. True when there was one.
    pub fn tell(&self) -> bool {
        let woken = self.taken().iter().map(tell);
        woken.sum::<u32>() != 0
    }
}

fn tell(event: &Event) -> u32 {
    use epoll::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP};
    if is_break(event) {
        return 0;
    }
    let (bits, data) = (event.events, event.data);
    let (fd, generation) = (data as u32 as i32, (data >> 32) as u32);
    let Some(desc) = desc::known(fd).filter(|desc| desc.generation() == generation) else {
        return 0;
    };
    if bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI) != 0 {
        desc.edges.ends();
    }
    let mut woken = raise(desc, Dir::Any);
    if bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) != 0 {
        woken += raise(desc, Dir::Read);
    }
    if bits & (EPOLLOUT | EPOLLHUP | EPOLLERR) != 0 {
        woken += raise(desc, Dir::Write);
    }
    woken
}

/// Has the scheduler poll here. In the boot.
pub fn register_poller() {
    static POLLER: Poller = Poller {
        poll,
        sleep: |ns, before| {
            let events = block(ns);
            before(!events.is_empty());
            events.tell();
        },
        interrupt,
    };
    poller::register(&POLLER);
}
