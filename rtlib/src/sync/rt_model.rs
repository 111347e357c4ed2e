//! `rt.rs` for loom: semaphores and lists on loom's own locks. A deadline has passed or never does: since models try every order, "passed" stands for any moment.

use core::cell::Cell;
use std::collections::VecDeque;
use std::thread_local;

use loom::sync::{Arc, Condvar, Mutex};

pub(crate) use rtlib_abi::sync::{
    WHY_BARRIER, WHY_CONDVAR, WHY_MUTEX, WHY_ONCE, WHY_RWLOCK_READ, WHY_RWLOCK_WRITE,
    WHY_SEMACQUIRE, WHY_WAIT_GROUP,
};

thread_local! {
    static ALL_STARVE: Cell<bool> = const { Cell::new(false) };
}

/// In this model every wait was too long, or none. (All threads of a model are on one thread of the system.)
pub(super) fn everybody_starves(yes: bool) {
    ALL_STARVE.set(yes);
}

/// Measures how long somebody has waited.
pub(super) struct Stopwatch;

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self
    }

    pub(super) fn is_past(&self, _ns: u64) -> bool {
        ALL_STARVE.get()
    }
}

/// When to give up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deadline {
    Never,
    Passed,
}

impl Deadline {
    pub(crate) const NEVER: Self = Self::Never;

    /// It is about to happen, so let it.
    pub(super) fn shortly() -> Self {
        loom::thread::yield_now();
        Self::Passed
    }
}

pub(super) fn can_spin(times: u32) -> bool {
    times < 1
}

pub(super) fn spin() {
    loom::thread::yield_now();
}

pub(super) fn fatal(message: &str) -> ! {
    panic!("fatal error: {message}");
}

pub(crate) struct Sema {
    units: Mutex<u32>,
    changed: Condvar,
}

impl Sema {
    pub(crate) fn new() -> Self {
        Self {
            units: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn acquire(&self, _why: u8, _in_front: bool, deadline: Deadline) -> bool {
        let mut units = self.units.lock().unwrap();
        while *units == 0 {
            if deadline == Deadline::Passed {
                return false;
            }
            units = self.changed.wait(units).unwrap();
        }
        *units -= 1;
        true
    }

    pub(crate) fn release(&self, _handoff: bool) {
        *self.units.lock().unwrap() += 1;
        self.changed.notify_one();
    }
}

impl Sema {
    #[cfg(test)]
    pub(super) fn units_left(&self) -> u32 {
        *self.units.lock().unwrap()
    }
}

#[derive(Default)]
struct Ticket {
    notified: Mutex<bool>,
    changed: Condvar,
}

pub(super) struct WaitList(Mutex<VecDeque<Arc<Ticket>>>);

impl WaitList {
    pub(super) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    pub(super) fn wait<F: Fn()>(&self, _why: u8, deadline: Deadline, release: &F) -> bool {
        let mine = Arc::new(Ticket::default());
        self.0.lock().unwrap().push_back(mine.clone());
        release();
        if deadline == Deadline::Passed {
            let mut list = self.0.lock().unwrap();
            let before = list.len();
            list.retain(|other| !Arc::ptr_eq(other, &mine));
            return list.len() == before;
        }
        let mut notified = mine.notified.lock().unwrap();
        while !*notified {
            notified = mine.changed.wait(notified).unwrap();
        }
        true
    }

    pub(super) fn notify_one(&self) {
        let first = self.0.lock().unwrap().pop_front();
        if let Some(first) = first {
            wake(&first);
        }
    }

    pub(super) fn notify_all(&self) {
        let all = core::mem::take(&mut *self.0.lock().unwrap());
        all.iter().for_each(|ticket| wake(ticket));
    }
}

fn wake(ticket: &Ticket) {
    *ticket.notified.lock().unwrap() = true;
    ticket.changed.notify_one();
}
