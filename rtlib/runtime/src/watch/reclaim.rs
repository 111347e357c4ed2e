//! Memory of stacks goes back to the system: dead goroutines' (`bgsweep`), parked goroutines' (`bgscavenge`, see `scavenge`), and when.
//!
//! A dead goroutine keeps its stack, and with it all pages that it ever touched, so that the next one starts warm. Once a second sysmon counts the dead ones that nobody has
//! needed for a second (`gfree::Dead::surplus`; those in the caches of idle Ps count), and readies `bgsweep`, which frees them (`arena`): everything between their guard page and the end
//! of their slot is given back, the TLS block too, and in the end the Gs themselves where many side by side are free.
//!
//! The two workers are goroutines of the runtime's own (Go starts them in `gcenable`; here each is started when there is something to do for the first time). They work
//! for [`SLICE_NS`] at a time and rest for [`REST_NS`], so each takes a tenth of one P at most; when nobody else wants their P they go on to the end, so that the program is at rest sooner.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use rtlib_abi::api::Entry;

use super::scavenge;
use crate::gmp::all::{allp, ever_made_ps};
use crate::gmp::current;
use crate::gmp::g::{G, Status};
use crate::gmp::p::P;
use crate::gmp::waitreason::WaitReason;
use crate::libc::malloc;
use crate::link::Link;
use crate::os::linux::{mem, nanotime};
use crate::sched::global::{RUNQSIZE, SCHED, SPIN, Sched};
use crate::sched::park::{gopark, goready, publish};
use crate::sched::{procs, shuffle, spawn, timers};
use crate::stack::{self, CLASSES, Class, arena};

/// From one count of what nobody needs to the next.
const ROUND_NS: u64 = 1_000_000_000;
/// Between looks at the pages of the heap.
const HEAP_NS: u64 = 1_000_000_000;
/// How long a worker runs, and how long it rests after that.
const SLICE_NS: u64 = 1_000_000;
const REST_NS: u64 = 9_000_000;

/// When sysmon is to do something for dead goroutines next, ns.
static NEXT_SWEEP: AtomicU64 = AtomicU64::new(0);
static NEXT_HEAP: AtomicU64 = AtomicU64::new(0);
/// When it is to look whether there is something to do for parked ones.
static NEXT_SCAVENGE: AtomicU64 = AtomicU64::new(0);
/// What is still to be freed in this round, by stack class.
static SURPLUS: [AtomicU32; CLASSES] = [const { AtomicU32::new(0) }; CLASSES];

/// How often the workers have begun to run: once, and then after each rest.
static TURNS: AtomicU64 = AtomicU64::new(0);

static BGSWEEP: Worker = Worker::new();
static BGSCAVENGE: Worker = Worker::new();

/// In the child of a fork: the workers are the parent's.
pub fn forget() {
    for worker in [&BGSWEEP, &BGSCAVENGE] {
        worker.gp.set(None);
        worker.rests.store(false, Ordering::Relaxed);
    }
    for surplus in &SURPLUS {
        surplus.store(0, Ordering::Relaxed);
    }
    scavenge::forget();
}

/// A goroutine of the runtime's own, which sysmon readies.
struct Worker {
    gp: Link<G>,
    rests: AtomicBool,
}

impl Worker {
    /// Not started.
    const fn new() -> Self {
        Self {
            gp: Link::none(),
            rests: AtomicBool::new(false),
        }
    }

    /// Parks the worker, which calls this, until `ready`.
    fn rest(&'static self, me: &'static G, reason: WaitReason) {
        gopark(me, reason, rest_commit, core::ptr::from_ref(self) as usize);
    }

    /// Lets the worker run; it is started when there is none yet. On sysmon.
    fn ready(&self, main: Entry) {
        match self.gp.get() {
            Some(gp) if self.rests.swap(false, Ordering::AcqRel) => goready(gp),
            Some(_) => {}
            None => self.gp.set(Some(spawn::system_goroutine(main))),
        }
    }
}

extern "C" fn rest_commit(left: &'static G, worker: usize) {
    publish(left);
    // SAFETY: `rest` passes a static.
    let worker = unsafe { &*(worker as *const Worker) };
    worker.rests.store(true, Ordering::Release);
}

/// Sysmon's part: begins rounds, and readies the workers. True when it has readied one.
pub fn when_due(now: u64) -> bool {
    if shuffle::is_on() {
        return false; // nobody is to run because of the time
    }
    let sweeps = now >= NEXT_SWEEP.load(Ordering::Relaxed) && sweep_when_due(now);
    let scavenges = now >= NEXT_SCAVENGE.load(Ordering::Relaxed) && scavenge_when_due(now);
    if now >= NEXT_HEAP.load(Ordering::Relaxed) {
        heap_when_due(now);
    }
    sweeps | scavenges
}

/// Pages of the heap that have been free for a round or two go back to the system. On sysmon's own thread: it takes no P, and the heap's lock for each run of pages only.
fn heap_when_due(now: u64) {
    NEXT_HEAP.store(now + HEAP_NS, Ordering::Relaxed);
    if malloc::has_surplus() {
        SCHED.lock().flush_idle_ps();
        _ = malloc::scavenge(false);
    }
}

fn sweep_when_due(now: u64) -> bool {
    if surplus() == 0 {
        NEXT_SWEEP.store(now + ROUND_NS, Ordering::Relaxed);
        count_surplus(&mut SCHED.lock());
    }
    let anything = surplus() > 0;
    if anything {
        NEXT_SWEEP.store(now + REST_NS, Ordering::Relaxed);
        BGSWEEP.ready(bgsweep);
    }
    anything
}

fn scavenge_when_due(now: u64) -> bool {
    if !scavenge::in_progress() {
        scavenge::see_runs(now, runs_of_others());
        if scavenge::due().is_some_and(|at| at <= now) {
            scavenge::begin_round(now);
        }
    }
    let anything = scavenge::in_progress();
    let next = if anything {
        BGSCAVENGE.ready(bgscavenge);
        now + REST_NS
    } else {
        scavenge::due().unwrap_or(now + scavenge::LONG_NS)
    };
    NEXT_SCAVENGE.store(next, Ordering::Relaxed);
    anything
}

/// When sysmon is wanted here, ns, although nobody runs. None when there is nothing to give back.
pub fn due(now: u64) -> Option<u64> {
    if shuffle::is_on() {
        return None;
    }
    let anything = surplus() > 0 || {
        let mut sched = SCHED.lock();
        sched.drain_idle_ps();
        sched.gfree.iter().any(|dead| dead.len() > 0)
    };
    let sweep = anything.then(|| NEXT_SWEEP.load(Ordering::Relaxed));
    let scavenge = if scavenge::in_progress() {
        Some(NEXT_SCAVENGE.load(Ordering::Relaxed))
    } else {
        scavenge::see_runs(now, runs_of_others());
        let last = scavenge::last_due();
        last.inspect(|&at| _ = NEXT_SCAVENGE.fetch_min(at, Ordering::Relaxed))
    };
    let heap = malloc::has_surplus().then(|| NEXT_HEAP.load(Ordering::Relaxed));
    [sweep, scavenge, heap].into_iter().flatten().min()
}

/// How often goroutines have begun to run, the workers not counted: while that stands nothing new can be found.
fn runs_of_others() -> u64 {
    let ticks = |pp: &P| pp.schedtick.load(Ordering::Relaxed);
    let all = ever_made_ps().map(ticks).fold(0, u64::wrapping_add);
    all.wrapping_sub(TURNS.load(Ordering::Relaxed))
}

/// Whether a worker goes on: it does for a slice of time, and longer while nobody else runs or waits.
fn goes_on(end: u64) -> bool {
    let now = nanotime();
    now < end
        || (SPIN.idle() + 1 >= procs::live()
            && RUNQSIZE.load(Ordering::Relaxed) == 0
            && !allp().any(P::has_work)
            && timers::first().is_none_or(|first| now < first))
}

/// Gives back at once what can be: for `rtlib::debug::free_os_memory`. See `rtlib_abi::watch::free_os_memory`.
#[unsafe(export_name = "runtime/debug.freeOSMemory")]
extern "C" fn free_os_memory() {
    {
        let mut sched = SCHED.lock();
        sched.drain_idle_ps();
        if let Some(me) = current() {
            let class = Class::for_size(0).index();
            me.mp().pp().gfree.drain(&mut sched.gfree[class]);
        }
    }
    for class in 0..CLASSES {
        while sweep(class, u32::MAX) > 0 {}
    }
    arena::give_back_gs();
    scavenge::everything();
    SCHED.lock().flush_idle_ps();
    _ = malloc::scavenge(true);
}

fn surplus() -> u32 {
    SURPLUS.iter().map(|n| n.load(Ordering::Relaxed)).sum()
}

fn count_surplus(sched: &mut Sched) {
    sched.drain_idle_ps();
    for (dead, surplus) in sched.gfree.iter_mut().zip(&SURPLUS) {
        surplus.store(dead.surplus(), Ordering::Relaxed);
    }
}

/// The worker: frees surplus dead goroutines. `unsafe` because of its type only.
unsafe extern "C" fn bgsweep(_arg: *mut u8) {
    let Some(me) = current() else {
        crate::fatal::throw(b"bgsweep: no goroutine")
    };
    loop {
        TURNS.fetch_add(1, Ordering::Relaxed);
        let end = nanotime() + SLICE_NS;
        while goes_on(end) && sweep_some() {}
        arena::give_back_gs();
        BGSWEEP.rest(me, WaitReason::GCSweepWait);
    }
}

/// The worker for parked goroutines. `unsafe` because of its type only.
unsafe extern "C" fn bgscavenge(_arg: *mut u8) {
    let Some(me) = current() else {
        crate::fatal::throw(b"bgscavenge: no goroutine")
    };
    loop {
        TURNS.fetch_add(1, Ordering::Relaxed);
        let end = nanotime() + SLICE_NS;
        scavenge::go_on(|| goes_on(end));
        BGSCAVENGE.rest(me, WaitReason::GCScavengeWait);
    }
}

/// Frees a magazine or a few. False when there is nothing left to do in this round.
fn sweep_some() -> bool {
    SURPLUS.iter().enumerate().any(|(class, surplus)| {
        let most = surplus.load(Ordering::Relaxed);
        if most == 0 {
            return false;
        }
        let swept = sweep(class, most);
        let left = if swept == 0 {
            0
        } else {
            most.saturating_sub(swept)
        };
        surplus.store(left, Ordering::Relaxed);
        swept > 0
    })
}

/// Frees dead ones of a class, at most so many; returns how many.
fn sweep(class: usize, most: u32) -> u32 {
    let taken = SCHED.lock().gfree[class].take(most);
    let Some(taken) = taken else { return 0 };
    taken.iter().for_each(give_back_stack);
    arena::put(Class::from_index(class as u8), taken);
    taken.len()
}

/// Gives back the stack of a dead goroutine that the caller has taken off its list; it may have none any more.
fn give_back_stack(gp: &'static G) {
    if !gp.has_stack() {
        return;
    }
    let lo = gp.stack_lo.load(Ordering::Relaxed);
    // SAFETY: a dead goroutine's stack is its list's owner's, which we are; `Idle` says that nothing is left of what was there.
    let given = unsafe { mem::give_back(lo, stack::slot_of(gp).end - lo) };
    if given.is_ok() {
        gp.set_status(Status::Dead, Status::Idle);
    }
}
