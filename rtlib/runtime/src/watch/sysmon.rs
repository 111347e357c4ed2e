//! sysmon: a thread without a P that watches the others.
//!
//! It looks often while it finds something to do and less and less while it does not: every [`MIN_DELAY_US`] at first, up to [`MAX_DELAY_US`]. Each look gives Ps
//! of goroutines that do not come back to others (`retake`), runs timers that no P has come to run, and prints a line for `GODEBUG=schedtrace`.
//!
//! # Rest
//!
//! When nobody runs ([`nobody_runs`]) there is nothing to watch. After [`QUIET_NS`] of that sysmon asks whether it is a deadlock (`dead`), and sleeps
//! until a P is taken from the idle list, which wakes it. It sets itself no end for that but what was asked for: a timer, memory that is to be given back, `schedtrace`.
//!
//! A timer's M takes a P without waking sysmon, which comes [`AFTER_TIMER_NS`] later of its own accord: most of what a tick has to do is over by then, and sysmon sleeps until the next timer. So a
//! tick wakes sysmon once, and costs no time before the goroutine runs.

use core::sync::atomic::Ordering;

use super::{dead, exhausted, reclaim, retake, schedtrace, slow};
use crate::gmp::all::allp;
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::switch::ThreadMain;
use crate::os::linux::{nanotime, proc};
use crate::sched::global::{ACTIVATIONS, SCHED, SPIN};
use crate::sched::{poller, procs, relay, threads, timers, watcher};
use crate::{leaks, netpoll, trace};

/// How often sysmon looks: often at first, less while nothing happens. Go's numbers.
const MIN_DELAY_US: u64 = 20;
const MAX_DELAY_US: u64 = 10_000;
/// Looks without a find before the delay doubles.
const PATIENCE: u32 = 50;
/// While nobody runs each pause is so many times the last one.
const LULL_GROWTH: u64 = 4;
/// No P taken for so long, and nobody runs: time to look for a deadlock, and to sleep. Whoever takes Ps more often than that need not wake sysmon each time.
const QUIET_NS: u64 = 10_000_000;
/// How long after a timer is due sysmon looks whether somebody still runs.
const AFTER_TIMER_NS: u64 = 250_000;

/// The thread's life. It takes no signals.
extern "C" fn sysmon(mp: &'static M) -> ! {
    watcher::begins(mp);
    let mut pace = Pace::new();
    let mut quiet = Quiet::new();
    let mut shortage = exhausted::Watch::new();
    let mut retaker = retake::Retaker::new();
    loop {
        pace.pause();
        let looks = leaks::let_nobody_stop();
        let now = nanotime();
        watcher::sees(now);
        let found = relay::deliver()
            | retaker.look(now)
            | timers::see_to_overdue(now)
            | netpoll::poll_if_overdue(now);
        slow::look(now);
        schedtrace::when_due(now);
        trace::write_full();
        let readied = reclaim::when_due(now);
        if pace.is_slow() {
            retaker.settle(now);
        }
        let short_of_threads = shortage.look(now);
        drop(looks);
        if short_of_threads {
            pace.seen(found);
        } else if readied {
            quiet.expect_activations();
        } else if quiet.lasts(now) && !slow::must_watch() {
            pace = Pace::new();
            pace.is_late = sleep_until_active(&mut quiet);
        } else {
            pace.seen(found);
        }
    }
}

/// How long sysmon pauses before each look.
struct Pace {
    delay: u64,
    in_vain: u32,
    /// The pause while nobody runs; 0 while somebody does.
    lull: u64,
    /// The next look is due now.
    is_late: bool,
}

impl Pace {
    fn new() -> Self {
        Self {
            delay: MIN_DELAY_US,
            in_vain: 0,
            lull: 0,
            is_late: false,
        }
    }

    fn pause(&mut self) {
        if !core::mem::take(&mut self.is_late) {
            let pause = self.delay.max(self.lull);
            let most = slow::longest_pause_us().map_or(pause, |most| most.max(MIN_DELAY_US));
            proc::usleep(pause.min(most));
        }
    }

    /// Nothing has been found for long.
    fn is_slow(&self) -> bool {
        self.delay == MAX_DELAY_US
    }

    /// After a look.
    fn seen(&mut self, found: bool) {
        if found {
            *self = Self::new();
        } else {
            self.in_vain += 1;
        }
        if self.in_vain > PATIENCE {
            self.delay = (self.delay * 2).min(MAX_DELAY_US);
        }
        self.lull = if nobody_runs() {
            (self.lull.max(MIN_DELAY_US) * LULL_GROWTH).min(MAX_DELAY_US)
        } else {
            0
        };
    }
}

/// Since when no P has been taken from the idle list but for what sysmon knew of: timers, and its own workers.
struct Quiet {
    activations: u64,
    since: u64,
}

impl Quiet {
    fn new() -> Self {
        Self {
            activations: 0,
            since: 0,
        }
    }

    /// The Ps that have been taken were taken for what sysmon knew of.
    fn expect_activations(&mut self) {
        self.activations = ACTIVATIONS.load(Ordering::Acquire);
    }

    /// Whether nobody runs, and no P has been taken for [`QUIET_NS`].
    fn lasts(&mut self, now: u64) -> bool {
        let activations = ACTIVATIONS.load(Ordering::Acquire);
        if activations != self.activations {
            *self = Self {
                activations,
                since: now,
            };
        }
        now.saturating_sub(self.since) >= QUIET_NS && nobody_runs()
    }
}

/// Whether there is nothing to watch: all Ps are idle, but for those of hogs that are made up for already and have left nobody waiting. Exact under the scheduler lock.
fn nobody_runs() -> bool {
    let (idle, live) = (SPIN.idle(), procs::live());
    idle >= live || (idle != 0 && idle + procs::hogs() >= live && allp().all(P::is_at_rest))
}

/// Looks for a deadlock, again and again as long as that cannot be decided, and sleeps meanwhile until a P is taken. True when it slept, and is to look at once.
fn sleep_until_active(quiet: &mut Quiet) -> bool {
    let mut undecided = dead::Undecided::new();
    loop {
        let dead = undecided.look(quiet.activations);
        let now = nanotime();
        let for_timer = timers::first().map(|first| look_after_timer(first, now));
        let for_death = dead.look_again_in().map(|pause| now + pause);
        let for_memory = reclaim::due(now);
        let for_trace = schedtrace::interval().map(|pause| now + pause);
        let until = [for_timer, for_death, for_memory, for_trace];
        let until = until.into_iter().flatten().min();
        {
            let sched = SCHED.lock();
            if poller::anybody_waits() && !sched.somebody_waits_for_descriptors() {
                drop(sched);
                threads::wakep(true); // its M finds nothing to run, and sleeps in the poller
                return false;
            }
            if !nobody_runs()
                || ACTIVATIONS.load(Ordering::Relaxed) != quiet.activations
                || !dead.stands()
            {
                return false;
            }
            watcher::is_about_to_sleep(until);
        }
        let pause = until.map(|until| until.saturating_sub(now));
        if relay::has_some() {
            stop_waiting();
            return true;
        }
        let noted = watcher::sleep_for(pause);
        let woken = !stop_waiting() || noted;
        let now = nanotime();
        watcher::sees(now);
        if woken {
            quiet.since = now;
            return true;
        }
        if ACTIVATIONS.load(Ordering::Acquire) != quiet.activations
            || for_timer.is_some_and(|at| at <= now)
        {
            quiet.expect_activations();
            return true;
        }
        schedtrace::when_due(now);
        if reclaim::when_due(now) {
            quiet.expect_activations();
            return false;
        }
    }
}

/// When to look whether what a timer has started still runs. A timer that is late waits for a processor of the machine: to look at once would not help it.
fn look_after_timer(first: u64, now: u64) -> u64 {
    let late = now.saturating_sub(first);
    first.max(now) + AFTER_TIMER_NS.max(late)
}

/// Time is up: nobody is to wake sysmon any more. False when somebody has, or is about to.
fn stop_waiting() -> bool {
    let _sched = SCHED.lock();
    watcher::stop_waiting()
}

/// Says that sysmon is the scheduler's watcher. In the boot.
pub fn register() {
    static MAIN: ThreadMain = sysmon;
    watcher::register(&MAIN);
}
