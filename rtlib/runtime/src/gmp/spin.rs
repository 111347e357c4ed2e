//! Who looks for work, and who wakes whom: the protocol that keeps "there is work" and "there is an idle P" from being true together.
//!
//! Only counters and their orderings are here, so that loom can check the protocol with its own queues and sleepers (see the test). Go explains it in
//! runtime/proc.go, "Worker thread parking/unparking":
//!
//! - Who submits work: makes it visible, then (full barrier) looks at `idle` and `spinning`; when some P is idle and nobody spins, it claims the right to
//!   start one spinner (`claim`).
//! - Who stops spinning: counts itself out, then (full barrier) looks at all queues again.
//! - The last spinner that finds work starts another.
//!
//! So either the submitter sees the spinner gone and starts another, or the spinner sees the work.

use crate::shim::{AtomicI32, AtomicU32, Ordering, fence};

/// The counters.
pub struct Spin {
    idle: AtomicU32,
    spinning: AtomicI32,
}

impl Default for Spin {
    fn default() -> Self {
        Self::new()
    }
}

impl Spin {
    /// Nobody idle, nobody spinning.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            idle: AtomicU32::new(0),
            spinning: AtomicI32::new(0),
        }
    }

    /// Nobody idle, nobody spinning.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            idle: AtomicU32::new(0),
            spinning: AtomicI32::new(0),
        }
    }

    /// Nobody idle, nobody spinning: in the child of a fork.
    #[cfg(feature = "object")]
    pub fn forget(&self) {
        self.idle.store(0, Ordering::Relaxed);
        self.spinning.store(0, Ordering::Relaxed);
    }

    /// A P went to the idle list. Under the scheduler lock.
    pub fn idle_added(&self) {
        self.idle.fetch_add(1, Ordering::SeqCst);
    }

    /// A P left the idle list. Under the scheduler lock.
    pub fn idle_removed(&self) {
        self.idle.fetch_sub(1, Ordering::SeqCst);
    }

    /// Idle Ps; may be stale.
    #[inline]
    pub fn idle(&self) -> u32 {
        self.idle.load(Ordering::Relaxed)
    }

    /// Spinning Ms; may be stale.
    pub fn spinning(&self) -> i32 {
        self.spinning.load(Ordering::Relaxed)
    }

    /// After work became visible: true when the caller must start a spinner. It is counted already; the caller counts it out
    /// ([`Spin::stop`]) when it finds no P for it.
    ///
    /// `fenced` says that the caller made the work visible with a full barrier (a swap, a lock).
    #[inline]
    pub fn claim(&self, fenced: bool) -> bool {
        if !fenced {
            fence(Ordering::SeqCst);
        }
        self.idle.load(Ordering::SeqCst) != 0
            && self.spinning.load(Ordering::SeqCst) == 0
            && self
                .spinning
                .compare_exchange(0, 1, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
    }

    /// An M starts to look for work on its own account.
    pub fn start(&self) {
        self.spinning.fetch_add(1, Ordering::SeqCst);
    }

    /// An M stops looking: it found work, or it gives up. Full barrier: who gives up looks at the queues afterwards. Returns how many spin on.
    pub fn stop(&self) -> i32 {
        let left = self.spinning.fetch_sub(1, Ordering::SeqCst) - 1;
        fence(Ordering::SeqCst);
        left
    }
}

/// Run with `RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib-runtime --release loom`.
#[cfg(all(test, loom))]
mod loom_tests {
    use loom::sync::atomic::AtomicUsize;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    use super::*;

    /// A scheduler of one submitter and one M, reduced to the protocol: `work` stands for the run queues, `woken` for the Ms that `claim` obliged the submitter to
    /// start.
    struct Model {
        spin: Spin,
        lock: Mutex<()>,
        work: AtomicUsize,
        woken: AtomicUsize,
    }

    impl Model {
        fn new() -> Self {
            Self {
                spin: Spin::new(),
                lock: Mutex::new(()),
                work: AtomicUsize::new(0),
                woken: AtomicUsize::new(0),
            }
        }

        fn take(&self) -> bool {
            let n = self.work.load(Ordering::Acquire);
            n > 0
                && self
                    .work
                    .compare_exchange(n, n - 1, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
        }

        /// What a spinning M does when it finds nothing: `find::give_up`. True when it found work after all.
        fn give_up(&self) -> bool {
            {
                let _lock = self.lock.lock().expect("lock");
                self.spin.idle_added();
            }
            self.spin.stop();
            if self.work.load(Ordering::SeqCst) == 0 {
                return false;
            }
            let _lock = self.lock.lock().expect("lock");
            self.spin.idle_removed();
            true
        }

        fn submit(&self) {
            self.work.fetch_add(1, Ordering::Release);
            if self.spin.claim(false) {
                self.woken.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    #[test]
    fn loom_work_is_never_left_to_sleepers() {
        loom::model(|| {
            let model = Arc::new(Model::new());
            model.spin.start();
            let spinner = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.take() || model.give_up())
            };
            model.submit();
            let found = spinner.join().expect("spinner");
            let woken = model.woken.load(Ordering::SeqCst) > 0;
            assert!(
                found || woken,
                "work submitted, spinner asleep, nobody woken"
            );
        });
    }

    #[test]
    fn loom_at_most_one_spinner_is_started_for_two_submitters() {
        loom::model(|| {
            let model = Arc::new(Model::new());
            model.spin.idle_added();
            let other = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.submit())
            };
            model.submit();
            other.join().expect("submitter");
            assert_eq!(model.woken.load(Ordering::SeqCst), 1);
            assert_eq!((model.spin.spinning(), model.spin.idle()), (1, 1));
        });
    }
}
