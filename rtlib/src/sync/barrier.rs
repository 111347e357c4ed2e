//! [`Barrier`]: std's.

use core::fmt;

use super::condvar::Condvar;
use super::mutex::Mutex;
use super::rt::WHY_BARRIER;
use crate::shim::const_unless_loom;

/// A point that a number of goroutines pass together: `std::sync::Barrier`, for goroutines.
///
/// ```no_run,standalone_crate
/// use rtlib::sync::Barrier;
///
/// static START: Barrier = Barrier::new(2);
///
/// rtlib::go(|| {
///     START.wait();
/// });
/// START.wait();
/// ```
pub struct Barrier {
    goroutines: usize,
    arrivals: Mutex<Arrivals>,
    complete: Condvar,
}

struct Arrivals {
    /// Of the present round.
    count: usize,
    round: usize,
}

/// What [`Barrier::wait`] returns: whether the caller is the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for one goroutine of each round: the one that came last.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    const_unless_loom! {
        /// A barrier for `goroutines` goroutines; 0 means the same as 1.
        #[must_use]
        pub const fn new(goroutines: usize) -> Self {
            Self {
                goroutines,
                arrivals: Mutex::new(Arrivals { count: 0, round: 0 }),
                complete: Condvar::new(),
            }
        }
    }

    /// Blocks until as many goroutines as the barrier is for have called this. Then all go on, and the next round begins.
    pub fn wait(&self) -> BarrierWaitResult {
        let mut arrivals = self
            .arrivals
            .lock()
            .expect("nothing panics while this lock is held");
        arrivals.count += 1;
        if arrivals.count >= self.goroutines {
            arrivals.count = 0;
            arrivals.round = arrivals.round.wrapping_add(1);
            self.complete.notify_all();
            return BarrierWaitResult(true);
        }
        let round = arrivals.round;
        while arrivals.round == round {
            arrivals = self.complete.wait_because(arrivals, WHY_BARRIER);
        }
        BarrierWaitResult(false)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("goroutines", &self.goroutines)
            .finish_non_exhaustive()
    }
}
