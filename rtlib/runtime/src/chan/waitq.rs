//! Those who wait on a channel: a record ([`Sudog`], Go's word) on the stack of each, and the queues of these records.
//!
//! A record is on a queue, or somebody has taken it off and owns its waiter, or the waiter runs. The waiter does not leave the stack frame of a record before it is off its
//! queue and nobody owns it. That is why the references in here hold.

use core::ptr::{self, NonNull};
use core::sync::atomic::Ordering::Relaxed;

use super::{Env, Locked};
use crate::shim::{AtomicPtr, Cell};

/// What a waiter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To give the element in its slot, or to get one there.
    Element,
    /// To be chosen for a send whose element is not there yet.
    Claim,
    /// To hear that it should look at the channel again.
    News,
}

/// What became of it; told by the waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It waits, or its deadline woke it.
    Waiting,
    /// The element was moved.
    Moved,
    /// The channel was closed.
    Closed,
    /// There is a claim: on the receiver in `partner`, or on reserved room.
    Claimed,
    /// It has to look again.
    LookAgain,
}

/// Somebody waits on a channel. See the module's head.
#[repr(C)]
pub struct Sudog<E: Env> {
    pub(super) g: &'static E::G,
    next: Cell<*const Self>,
    prev: Cell<*const Self>,
    /// Where its element is or should go.
    pub(super) elem: *mut u8,
    /// With `Outcome::Claimed`: the receiver that the claim is on, or null.
    pub(super) partner: Cell<*const Self>,
    pub(super) outcome: Cell<Outcome>,
    pub(super) kind: Kind,
    /// Others may try to wake it at the same time.
    contended: bool,
    queued: Cell<bool>,
}

impl<E: Env> Sudog<E> {
    #[inline(always)]
    pub(super) fn new(g: &'static E::G, elem: *mut u8, kind: Kind, contended: bool) -> Self {
        Self {
            g,
            next: Cell::new(ptr::null()),
            prev: Cell::new(ptr::null()),
            elem,
            partner: Cell::new(ptr::null()),
            outcome: Cell::new(Outcome::Waiting),
            kind,
            contended,
            queued: Cell::new(false),
        }
    }

    fn is_ours(&self) -> bool {
        !self.contended || E::win(self.g)
    }
}

/// A waiter that the caller owns: taken from its queue, and won. It must be woken. A pointer, because the record may be gone as soon as its waiter is awake.
pub(super) struct Owned<E: Env>(NonNull<Sudog<E>>);

impl<E: Env> Owned<E> {
    /// The waiter that a claim is on.
    ///
    /// # Safety
    /// The record is of a waiter that the caller owns.
    #[inline(always)]
    pub(super) unsafe fn new(record: NonNull<Sudog<E>>) -> Self {
        Self(record)
    }

    /// The record, for a claim: the waiter is still owned.
    #[inline(always)]
    pub(super) fn into_claim(self) -> *const Sudog<E> {
        self.0.as_ptr()
    }

    #[inline(always)]
    fn record(&self) -> &Sudog<E> {
        // SAFETY: the record lives until its waiter is woken, which ends `self`.
        unsafe { self.0.as_ref() }
    }

    /// Where its element is or should go.
    #[inline(always)]
    pub(super) fn elem(&self) -> *mut u8 {
        self.record().elem
    }

    /// Whether it waits for a claim, and has no element.
    #[inline(always)]
    pub(super) fn wants_claim(&self) -> bool {
        self.record().kind == Kind::Claim
    }

    /// Tells the outcome, and leaves it to the caller to make this waiter ready.
    #[inline(always)]
    pub(super) fn tell(self, outcome: Outcome) -> &'static E::G {
        let record = self.record();
        record.outcome.set(outcome);
        let g = record.g;
        if record.contended {
            // Who waits for one thing knows by what it was woken, and its G need not be touched.
            E::leave_word(g, self.0.as_ptr() as usize);
        }
        g
    }

    /// Gives it a claim on this receiver, otherwise as `tell`.
    pub(super) fn tell_claim(self, receiver: &Sudog<E>) -> &'static E::G {
        self.record().partner.set(receiver);
        self.tell(Outcome::Claimed)
    }

    /// Wakes it.
    #[inline(always)]
    pub(super) fn wake(self, outcome: Outcome) {
        E::ready(self.tell(outcome));
    }
}

/// First in, first out. Only who holds the lock of its channel may touch it; `has_waiters` anybody.
pub(super) struct Queue<E: Env> {
    first: AtomicPtr<Sudog<E>>,
    last: Cell<*const Sudog<E>>,
}

impl<E: Env> Queue<E> {
    pub(super) fn new() -> Self {
        Self {
            first: AtomicPtr::new(ptr::null_mut()),
            last: Cell::new(ptr::null()),
        }
    }

    /// Whether the queue has anybody; without the lock a guess.
    #[inline(always)]
    pub(super) fn has_waiters(&self) -> bool {
        !self.first.load(Relaxed).is_null()
    }

    #[inline(always)]
    fn set_first(&self, to: *const Sudog<E>) {
        self.first.store(to.cast_mut(), Relaxed);
    }

    /// Puts a record at the end.
    #[inline(always)]
    pub(super) fn push(&self, _lock: &Locked<'_, E>, sg: &Sudog<E>) {
        let last = self.last.get();
        sg.next.set(ptr::null());
        sg.prev.set(last);
        sg.queued.set(true);
        // SAFETY: queued records live.
        match unsafe { last.as_ref() } {
            None => self.set_first(sg),
            Some(last) => last.next.set(sg),
        }
        self.last.set(sg);
    }

    /// Takes the first waiter that is to be had; the caller then owns it. Those before it who wanted to hear news hear them.
    #[inline(always)]
    pub(super) fn pop(&self, lock: &Locked<'_, E>) -> Option<Owned<E>> {
        if self.has_waiters() {
            self.pop_some(lock)
        } else {
            None
        }
    }

    #[inline]
    fn pop_some(&self, lock: &Locked<'_, E>) -> Option<Owned<E>> {
        loop {
            // SAFETY: queued records live.
            let sg = unsafe { self.first.load(Relaxed).as_ref() }?;
            self.unlink(lock, sg);
            if !sg.is_ours() {
                continue;
            }
            let owned = Owned(NonNull::from(sg));
            if sg.kind != Kind::News {
                return Some(owned);
            }
            owned.wake(Outcome::LookAgain);
        }
    }

    /// Takes everybody who is to be had, as a list through `next`, of which the caller owns each.
    pub(super) fn pop_all(&self, lock: &Locked<'_, E>) -> List<E> {
        let mut list = List {
            first: ptr::null(),
            last: ptr::null(),
        };
        while let Some(owned) = self.pop(lock) {
            owned.record().next.set(ptr::null());
            // SAFETY: the waiters of the list are ours, so their records live.
            match unsafe { list.last.as_ref() } {
                None => list.first = owned.0.as_ptr(),
                Some(last) => last.next.set(owned.0.as_ptr()),
            }
            list.last = owned.0.as_ptr();
        }
        list
    }

    /// Takes a record off the queue if it is still there; for its own waiter.
    pub(super) fn remove(&self, lock: &Locked<'_, E>, sg: &Sudog<E>) {
        if sg.queued.get() {
            self.unlink(lock, sg);
        }
    }

    /// Whether there seems to be somebody who takes or gives elements.
    pub(super) fn has_partner(&self, _lock: &Locked<'_, E>) -> bool {
        // SAFETY: queued records live.
        let mut at = unsafe { self.first.load(Relaxed).as_ref() };
        while let Some(sg) = at {
            if sg.kind != Kind::News {
                return true;
            }
            // SAFETY: queued records live.
            at = unsafe { sg.next.get().as_ref() };
        }
        false
    }

    #[inline(always)]
    fn unlink(&self, _lock: &Locked<'_, E>, sg: &Sudog<E>) {
        let (prev, next) = (sg.prev.get(), sg.next.get());
        // SAFETY: queued records live.
        unsafe {
            match prev.as_ref() {
                None => self.set_first(next),
                Some(prev) => prev.next.set(next),
            }
            match next.as_ref() {
                None => self.last.set(prev),
                Some(next) => next.prev.set(prev),
            }
        }
        sg.queued.set(false);
    }
}

/// Waiters that somebody owns and is going to wake.
pub(super) struct List<E: Env> {
    first: *const Sudog<E>,
    last: *const Sudog<E>,
}

impl<E: Env> List<E> {
    /// Wakes them all, in order.
    pub(super) fn wake(self, outcome: Outcome) {
        let mut at = NonNull::new(self.first.cast_mut());
        while let Some(record) = at {
            let owned = Owned(record);
            at = NonNull::new(owned.record().next.get().cast_mut());
            owned.wake(outcome);
        }
    }
}
