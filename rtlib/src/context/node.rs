//! The tree of contexts.
//!
//! A node knows its children, so that it can end them, and has a weak reference to its parent, so that it can leave it. A node is alive at least as long as
//! its handle, whose drop ends it; when it ends it lets go of its children. So there are no cycles, and no chain of strong references upwards.
//!
//! # Invariants
//!
//! - A node ends once: `status` goes from live to one of the others, under the node's lock.
//! - A child is in the map of a parent that has not ended, or has ended itself, or is about to be ended by whoever ended the parent.
//! - `status` is set before the `done` channel is closed: who sees the channel closed, sees why.
//! - No lock is held while another one is taken, a callback is started, a timer is stopped or anything of the user is dropped.

use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering};
use std::boxed::Box;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Instant;

use super::error::{Cause, Error};
use crate::chan::{Receiver, Sender, bounded};
use crate::sync::{Mutex, MutexGuard};
use crate::time::{AfterFunc, at_func};

const LIVE: u8 = 0;
const CANCELED: u8 = 1;
const DEADLINE_EXCEEDED: u8 = 2;

/// A context that can end.
pub(super) struct Node {
    status: AtomicU8,
    done: Receiver<()>,
    deadline: Option<Instant>,
    state: Mutex<State>,
}

struct State {
    /// Why it ended, for those who ask more than `status` tells.
    cause: Option<Cause>,
    /// The only sender of `done`; nothing is sent.
    open: Option<Sender<()>>,
    timer: Option<AfterFunc>,
    parent: Option<Registration>,
    children: BTreeMap<u64, Child>,
    last_key: u64,
}

enum Child {
    Context(Arc<Node>),
    Callback(Box<dyn FnOnce() + Send>),
}

/// A child that came too late, and why the node had ended.
struct Refused {
    error: Error,
    cause: Option<Cause>,
    child: Child,
}

/// A place among a node's children.
pub(super) struct Registration {
    node: Weak<Node>,
    key: u64,
}

impl Node {
    /// A child of `parent`, or a root. Ended already, if `parent` is.
    pub(super) fn new(parent: Option<&Arc<Self>>, deadline: Option<Instant>) -> Arc<Self> {
        let (open, done) = bounded(0);
        let node = Arc::new(Self {
            status: AtomicU8::new(LIVE),
            done,
            deadline,
            state: Mutex::new(State {
                cause: None,
                open: Some(open),
                timer: None,
                parent: None,
                children: BTreeMap::new(),
                last_key: 0,
            }),
        });
        if let Some(parent) = parent {
            match parent.register(Child::Context(Arc::clone(&node))) {
                Ok(registration) => node.lock().parent = Some(registration),
                Err(refused) => node.end(refused.error, refused.cause),
            }
        }
        node
    }

    pub(super) fn done(&self) -> &Receiver<()> {
        &self.done
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn error(&self) -> Option<Error> {
        match self.status.load(Ordering::Acquire) {
            LIVE => None,
            CANCELED => Some(Error::Canceled),
            _ => Some(Error::DeadlineExceeded),
        }
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        let error = self.error()?;
        let given = self.lock().cause.clone();
        Some(given.unwrap_or_else(|| Arc::new(error)))
    }

    /// Ends the node at `deadline`.
    pub(super) fn end_at(self: &Arc<Self>, deadline: Instant) {
        if deadline <= Instant::now() {
            return self.end(Error::DeadlineExceeded, None);
        }
        let node = Arc::downgrade(self);
        let timer = at_func(deadline, move || {
            if let Some(node) = node.upgrade() {
                node.end(Error::DeadlineExceeded, None);
            }
        });
        let mut state = self.lock();
        if self.error().is_none() {
            state.timer = Some(timer);
        } // else `timer` goes, after the lock
    }

    /// Has `f` started when the node ends; at once, if it has.
    pub(super) fn call_after(
        self: &Arc<Self>,
        f: impl FnOnce() + Send + 'static,
    ) -> Option<Registration> {
        let refused = match self.register(Child::Callback(Box::new(f))) {
            Ok(registration) => return Some(registration),
            Err(refused) => refused.child,
        };
        if let Child::Callback(f) = refused {
            crate::go(f);
        }
        None
    }

    /// Ends the node and all below it, and takes it from its parent's children.
    pub(super) fn end(&self, error: Error, cause: Option<Cause>) {
        let Some(mut ended) = self.end_alone(error, cause.as_ref()) else {
            return;
        };
        if let Some(registration) = ended.parent.take() {
            registration.remove();
        }
        let mut below = ended.release();
        while let Some(child) = below.pop_front() {
            match child {
                Child::Context(node) => {
                    if let Some(ended) = node.end_alone(error, cause.as_ref()) {
                        below.extend(ended.release());
                    }
                }
                Child::Callback(f) => crate::go(f),
            }
        }
    }

    /// Ends this node; gives back what is to be let go outside of the lock, `None` when it had ended before.
    fn end_alone(&self, error: Error, cause: Option<&Cause>) -> Option<State> {
        if self.error().is_some() {
            return None;
        }
        let mut state = self.lock();
        if self.error().is_some() {
            return None;
        }
        let cause = cause.cloned();
        let status = match error {
            Error::Canceled => CANCELED,
            Error::DeadlineExceeded => DEADLINE_EXCEEDED,
        };
        let after = State {
            cause,
            open: None,
            timer: None,
            parent: None,
            children: BTreeMap::new(),
            last_key: state.last_key,
        };
        let before = core::mem::replace(&mut *state, after);
        self.status.store(status, Ordering::Release);
        Some(before)
    }

    /// Puts something among the children, or gives it back with the reason when the node has ended.
    fn register(self: &Arc<Self>, child: Child) -> Result<Registration, Refused> {
        let mut state = self.lock();
        if let Some(error) = self.error() {
            let cause = state.cause.clone();
            return Err(Refused {
                error,
                cause,
                child,
            });
        }
        state.last_key += 1;
        let key = state.last_key;
        state.children.insert(key, child);
        Ok(Registration {
            node: Arc::downgrade(self),
            key,
        })
    }

    /// How many children wait for its end.
    #[cfg(all(test, not(loom)))]
    pub(super) fn children(&self) -> usize {
        self.lock().children.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Closes the channel of a node that has ended, then stops its timer; what is left are its children.
    fn release(self) -> VecDeque<Child> {
        drop(self.open);
        drop(self.timer);
        self.children.into_values().collect()
    }
}

impl Registration {
    /// Whether it was still there.
    pub(super) fn remove(&self) -> bool {
        let Some(node) = self.node.upgrade() else {
            return false;
        };
        let child = node.lock().children.remove(&self.key);
        child.is_some()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
