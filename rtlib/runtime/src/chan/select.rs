//! `select`: the first of several operations that can go on, chosen at random among those that can.
//!
//! First every channel is looked at alone, in random order. If nothing can go on, all locks are taken, in the order of addresses, and it is looked again: then either that is the answer, or
//! the caller queues up everywhere and parks, and the locks are let go of once it is parked. Whoever wakes it has won it (`Env::win`) and tells which record it came by; the other records
//! are then taken off their queues one by one.
//!
//! Nothing is allocated: orders and records are in the cases.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::{Acquire, Relaxed};

use rtlib_abi::chan::{CLOSED, DONE, NOTHING_CHOSEN, SEND};

use super::recv::Taken;
use super::waitq::{Kind, Outcome, Queue, Sudog};
use super::{Chan, Env, Locked, Wait, WaitReason};

/// One operation of a `select`. Layout as `rtlib_abi::chan::Case`.
#[repr(C)]
pub struct Case<E: Env> {
    /// Null: an operation that never can go on.
    chan: *const Chan<E>,
    /// For a receive, where the element goes.
    elem: *mut u8,
    /// `SEND` or `RECV`.
    dir: u32,
    /// Places in two orders: the case to look at as the n-th, the case to lock as the n-th.
    poll: Cell<u32>,
    lock: Cell<u32>,
    _status: u32,
    /// For a send that was chosen: see `Chan::fill`.
    claim: Cell<*const Sudog<E>>,
    record: UnsafeCell<MaybeUninit<Sudog<E>>>,
}

/// What a `select` is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Do one of the operations.
    Do,
    /// As `Do`, but of those that can go on at once the first.
    DoFirst,
    /// Tell which of them seems to be able to go on.
    Look,
    /// As `Look`, but of those that seem to be able at once the first.
    LookFirst,
}

impl Mode {
    fn is_look(self) -> bool {
        matches!(self, Self::Look | Self::LookFirst)
    }

    fn is_random(self) -> bool {
        matches!(self, Self::Do | Self::Look)
    }
}

/// Which case, and how it went: for a receive a status as of `Chan::recv`; for a send `DONE` (a claim was left) or `CLOSED`.
pub type Chosen = (u32, u32);

/// What can be done about a case.
enum Found<E: Env> {
    Nothing,
    Closed,
    /// For a receive: the element was moved, or comes from this sender.
    Received(Taken<E>),
    /// For a send: a receiver, ours now, or null for room, reserved now.
    Claim(*const Sudog<E>),
    /// It seems that it could go on.
    Ready,
}

impl<E: Env> Case<E> {
    #[inline(always)]
    fn chan(&self) -> Option<&Chan<E>> {
        // SAFETY: the caller of `select` vouches for its channels.
        unsafe { self.chan.as_ref() }
    }

    #[inline(always)]
    fn is_send(&self) -> bool {
        self.dir == SEND
    }

    /// The channel's address, or 0.
    pub fn address(&self) -> usize {
        self.chan as usize
    }

    fn queue<'a>(&self, chan: &'a Chan<E>) -> &'a Queue<E> {
        if self.is_send() {
            &chan.sendq
        } else {
            &chan.recvq
        }
    }

    /// An operation on this channel; `elem` as the fields say.
    #[cfg(all(test, loom))]
    pub(super) fn new(chan: &Chan<E>, elem: *mut u8, dir: u32) -> Self {
        Self {
            chan,
            elem,
            dir,
            poll: Cell::new(0),
            lock: Cell::new(0),
            _status: 0,
            claim: Cell::new(core::ptr::null()),
            record: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The claim that a chosen send left.
    #[cfg(all(test, loom))]
    pub(super) fn claim(&self) -> *const Sudog<E> {
        self.claim.get()
    }
}

/// The cases of a `select` that waits, by what it has told (`Env::waits_on`).
///
/// # Safety
/// It waits, and is not woken while they are used.
#[cfg(feature = "object")]
pub unsafe fn waiting<'a, E: Env>(at: usize) -> &'a [Case<E>] {
    // SAFETY: `queue_and_park` told the address of its own slice, and has not returned.
    unsafe { *(at as *const &[Case<E>]) }
}

/// Chooses one of the cases. `NOTHING_CHOSEN` after `Wait::Try` and when the time is over.
///
/// # Safety
/// The channels live; nobody else uses the cases or the slots of the receives. A claim is filled or abandoned by the caller.
pub unsafe fn select<E: Env>(cases: &[Case<E>], mode: Mode, wait: Wait) -> Chosen {
    set_poll_order(cases, mode);
    let mut lock_order = false;
    loop {
        if let Some(chosen) = one_by_one(cases, mode) {
            return chosen;
        }
        if !lock_order {
            set_lock_order(cases);
            lock_order = true;
        }
        if let Some(chosen) = all_at_once(cases, mode, wait) {
            return chosen;
        }
    }
}

fn set_poll_order<E: Env>(cases: &[Case<E>], mode: Mode) {
    for i in 0..cases.len() {
        let j = if mode.is_random() {
            below(E::random(), i + 1)
        } else {
            i
        };
        cases[i].poll.set(cases[j].poll.get());
        cases[j].poll.set(i as u32);
    }
}

/// A number below `n` from a random one, without a division.
fn below(random: u32, n: usize) -> usize {
    ((u64::from(random) * n as u64) >> 32) as usize
}

/// Sorts by address. Heapsort: no recursion, no memory, no bad case.
fn set_lock_order<E: Env>(cases: &[Case<E>]) {
    let address = |n: usize| cases[cases[n].lock.get() as usize].address();
    let sift = |mut root: usize, end: usize| {
        loop {
            let mut child = 2 * root + 1;
            if child >= end {
                return;
            }
            if child + 1 < end && address(child) < address(child + 1) {
                child += 1;
            }
            if address(root) >= address(child) {
                return;
            }
            cases[root].lock.swap(&cases[child].lock);
            root = child;
        }
    };
    for (n, case) in cases.iter().enumerate() {
        case.lock.set(n as u32);
    }
    for root in (0..cases.len() / 2).rev() {
        sift(root, cases.len());
    }
    for end in (1..cases.len()).rev() {
        cases[0].lock.swap(&cases[end].lock);
        sift(0, end);
    }
}

/// The first look: each channel alone.
fn one_by_one<E: Env>(cases: &[Case<E>], mode: Mode) -> Option<Chosen> {
    for order in cases {
        let index = order.poll.get();
        let case = &cases[index as usize];
        let Some(chan) = case.chan() else { continue };
        if !worth_locking(case, chan) {
            continue;
        }
        let locked = chan.lock();
        let found = look(case, chan, &locked, mode);
        drop(locked);
        if let Some(status) = complete(case, chan, found) {
            return Some((index, status));
        }
    }
    None
}

/// A guess without the lock; where it is wrong the second look corrects it.
#[inline(always)]
fn worth_locking<E: Env>(case: &Case<E>, chan: &Chan<E>) -> bool {
    let count = chan.count.load(Relaxed);
    let go_on = if case.is_send() {
        count < chan.cap || chan.recvq.has_waiters()
    } else {
        count != 0 || chan.sendq.has_waiters()
    };
    go_on || chan.closed.load(Acquire) != 0
}

#[inline(always)]
fn look<'a, E: Env>(
    case: &Case<E>,
    chan: &'a Chan<E>,
    locked: &Locked<'a, E>,
    mode: Mode,
) -> Found<E> {
    if mode.is_look() {
        return glance(case, chan, locked);
    }
    if !case.is_send() {
        // SAFETY: the case's slot is a place for an element.
        return match unsafe { chan.take(locked, case.elem) } {
            Taken::Nothing => Found::Nothing,
            Taken::Closed => Found::Closed,
            taken => Found::Received(taken),
        };
    }
    if locked.is_closed() {
        return Found::Closed;
    }
    if locked.has_room() {
        chan.reserved.set(chan.reserved.get() + 1);
        return Found::Claim(core::ptr::null());
    }
    match chan.recvq.pop(locked) {
        Some(receiver) => Found::Claim(receiver.into_claim()),
        None => Found::Nothing,
    }
}

fn glance<'a, E: Env>(case: &Case<E>, chan: &'a Chan<E>, locked: &Locked<'a, E>) -> Found<E> {
    let ready = if case.is_send() {
        locked.has_room() || chan.recvq.has_partner(locked)
    } else {
        !chan.is_empty() || chan.sendq.has_partner(locked)
    };
    if ready || locked.is_closed() {
        Found::Ready
    } else {
        Found::Nothing
    }
}

/// Brings what was found to its end, without locks. None: it came to nothing.
#[inline(always)]
fn complete<E: Env>(case: &Case<E>, chan: &Chan<E>, found: Found<E>) -> Option<u32> {
    match found {
        Found::Nothing | Found::Received(Taken::Nothing | Taken::Closed) => None,
        Found::Closed => Some(CLOSED),
        Found::Ready => Some(DONE),
        Found::Claim(claim) => {
            case.claim.set(claim);
            Some(DONE)
        }
        Found::Received(Taken::Buffered(sender, status)) => {
            if let Some((sender, outcome)) = sender {
                sender.wake(outcome);
            }
            Some(status)
        }
        Found::Received(Taken::Sender(sender)) => {
            // SAFETY: the slot is the case's.
            unsafe { chan.take_from(sender, case.elem) }.then_some(DONE)
        }
    }
}

/// The second look: under all locks. None: look again from the start.
fn all_at_once<E: Env>(cases: &[Case<E>], mode: Mode, wait: Wait) -> Option<Chosen> {
    lock_all(cases);
    for order in cases {
        let index = order.poll.get();
        let case = &cases[index as usize];
        let Some(chan) = case.chan() else { continue };
        // SAFETY: all are locked, and `keep` keeps it so.
        let locked = unsafe { chan.locked() };
        let found = look(case, chan, &locked, mode);
        _ = locked.keep();
        if !matches!(found, Found::Nothing) {
            unlock_all(cases);
            return complete(case, chan, found).map(|status| (index, status));
        }
    }
    if wait == Wait::Try {
        unlock_all(cases);
        return Some((NOTHING_CHOSEN, DONE));
    }
    queue_and_park(cases, mode, wait)
}

/// The channels, each once, in the order of addresses.
fn in_lock_order<E: Env>(cases: &[Case<E>]) -> impl Iterator<Item = &Chan<E>> {
    // The successor is looked up before a channel is given to the caller: once the last one is unlocked, the cases may be gone.
    cases.iter().enumerate().filter_map(move |(n, order)| {
        let case = &cases[order.lock.get() as usize];
        let next = cases.get(n + 1);
        let again = next.is_some_and(|next| cases[next.lock.get() as usize].chan == case.chan);
        if again { None } else { case.chan() }
    })
}

fn lock_all<E: Env>(cases: &[Case<E>]) {
    for chan in in_lock_order(cases) {
        _ = chan.lock().keep();
    }
}

fn unlock_all<E: Env>(cases: &[Case<E>]) {
    for chan in in_lock_order(cases) {
        // SAFETY: `lock_all` took it.
        drop(unsafe { chan.locked() });
    }
}

/// Commit of a `select` that waits. `cases` is the address of the slice on its stack.
///
/// The waiter may be woken as soon as the first channel is unlocked, but it returns only after it took the lock of every channel but the one that it was woken by. So the cases stay until
/// the last channel is unlocked, and nothing of them is read afterwards.
extern "C" fn unlock_commit<E: Env>(left: &'static E::G, cases: usize) {
    // SAFETY: `queue_and_park` passes it, and the waiter is not woken before it is published.
    let cases = unsafe { *(cases as *const &[Case<E>]) };
    E::publish(left);
    unlock_all(cases);
}

/// Commit of a `select` without channels: only a deadline ends it, at any time.
extern "C" fn publish_commit<E: Env>(left: &'static E::G, _: usize) {
    E::publish(left);
}

/// Waits on all channels, which are locked. None: look again from the start.
fn queue_and_park<E: Env>(cases: &[Case<E>], mode: Mode, wait: Wait) -> Option<Chosen> {
    let me = E::waiter();
    E::arm(me);
    let mut channels = false;
    for order in cases {
        // In this order too: of two cases on one channel, whoever comes takes the one that was queued first.
        let case = &cases[order.poll.get() as usize];
        let Some(chan) = case.chan() else { continue };
        channels = true;
        let kind = match (mode.is_look(), case.is_send()) {
            (true, _) => Kind::News,
            (false, true) => Kind::Claim,
            (false, false) => Kind::Element,
        };
        // SAFETY: all are locked, and `keep` keeps it so; nobody knows the record yet.
        unsafe {
            let locked = chan.locked();
            let record = (*case.record.get()).write(Sudog::new(me, case.elem, kind, true));
            case.queue(chan).push(&locked, record);
            _ = locked.keep();
        }
    }
    let deadline = wait.deadline();
    let timed_out = if channels {
        let arg = (&raw const cases) as usize;
        E::waits_on(me, arg);
        E::park(me, WaitReason::Select, unlock_commit::<E>, arg, deadline)
    } else {
        let why = WaitReason::SelectNoCases;
        E::park(me, why, publish_commit::<E>, 0, deadline)
    };
    let fired =
        (!timed_out).then(|| (E::word(me) - cases.as_ptr() as usize) / size_of::<Case<E>>());
    leave_queues(cases, fired);
    match fired {
        None => Some((NOTHING_CHOSEN, DONE)),
        Some(index) => told(&cases[index]).map(|status| (index as u32, status)),
    }
}

/// Takes the records off the queues, but for the one that the waker took.
fn leave_queues<E: Env>(cases: &[Case<E>], fired: Option<usize>) {
    for (index, case) in cases.iter().enumerate() {
        if fired == Some(index) {
            continue;
        }
        let Some(chan) = case.chan() else { continue };
        // SAFETY: written when it was queued.
        let record = unsafe { (*case.record.get()).assume_init_ref() };
        case.queue(chan).remove(&chan.lock(), record);
    }
}

/// What the waker said. None: look again.
fn told<E: Env>(case: &Case<E>) -> Option<u32> {
    // SAFETY: written when it was queued; the waker is done with it.
    let record = unsafe { (*case.record.get()).assume_init_ref() };
    match record.outcome.get() {
        Outcome::Moved => Some(DONE),
        Outcome::Closed => Some(CLOSED),
        Outcome::Claimed => {
            case.claim.set(record.partner.get());
            Some(DONE)
        }
        // Of news is told before there is something to see: the second look waits for the lock.
        Outcome::LookAgain | Outcome::Waiting => None,
    }
}
