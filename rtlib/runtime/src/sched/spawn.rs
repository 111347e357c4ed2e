//! Starting and ending goroutines: `newproc`, `goexit`.

use core::ops::Range;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rtlib_abi::api::{Entry, GRef, OpaqueG, PANICS_ARE_FATAL};

use super::global::{GOIDGEN, SCHED, STARTED};
use super::{ahead, asleep, masks, park, second, shuffle, syscall, threads};
use crate::arch::current::{step_of_boot, switch, valgrind};
use crate::gmp::all::ever_made_ps;
use crate::gmp::g::{G, Status};
use crate::gmp::gfree::{Chain, MAGAZINE};
use crate::gmp::m::M;
use crate::gmp::p::P;
use crate::gmp::{self, MAIN_G, MAIN_GOID, current, this_goroutine};
use crate::libc::{ffi, tcb};
use crate::link::Link;
use crate::os::linux::{Errno, mem};
use crate::stack::{self, Class, NoRoom, arena};
use crate::trace;

/// Ids that a P takes from the global counter at a time.
const GOID_BATCH: u64 = 16;
/// Where [`newproc1`]'s flags have the state that a goroutine begins with.
pub const THREAD_SHIFT: u32 = 8;
/// Goroutines of the runtime's own.
static SYSTEM: AtomicU64 = AtomicU64::new(0);

/// Makes the main goroutine, which runs the function that `*fn_ptr` names on the process stack. From rt0_go, on g0.
#[unsafe(export_name = "runtime.newproc")]
extern "C" fn newproc(fn_ptr: &'static extern "C" fn()) {
    step_of_boot!();
    let Some(g0) = gmp::getg() else {
        crate::fatal::throw(b"newproc: no g")
    };
    let gp = &MAIN_G;
    // What is in use of the process stack below this is rt0_go's callees', which is over when the main goroutine starts.
    let hi = ptr::from_ref(&gp) as usize & !15;
    let lo = crate::process::main_stack_bottom(hi);
    gp.stack_lo.store(lo, Ordering::Relaxed);
    gp.stack_hi.store(hi, Ordering::Relaxed);
    let tp = crate::process::main_thread_pointer();
    gp.fs.store(tp, Ordering::Relaxed);
    tcb::bind(tp, gp);
    gp.goid.store(MAIN_GOID, Ordering::Relaxed);
    GOIDGEN.store(MAIN_GOID, Ordering::Relaxed);
    let entry = *fn_ptr as usize;
    gp.startpc.store(entry, Ordering::Relaxed);
    // The context lies on the stack that m0's g0 is about to get, in its middle: nothing is written to the process stack far below the stack pointer, where the memory need not be there yet (kernels before
    // 5.0 and valgrind grow that stack only near the stack pointer). g0's frames, above it, are not that deep by then.
    let top = threads::make_g0_stack();
    // SAFETY: new memory; the functions on the process stack do not return.
    let sp = unsafe { switch::make_context_elsewhere(top, hi, entry) };
    gp.sp.store(sp, Ordering::Relaxed);
    gp.set_status(Status::Idle, Status::Runnable);
    STARTED.fetch_add(1, Ordering::Relaxed);
    trace::created(gp, 0);
    g0.mp().pp().runq.put_next(gp);
}

/// `rtlib_abi::api::newproc1` and, as the last argument, its return address: `runtime.newproc1` in `arch` adds that.
#[unsafe(export_name = "runtime.newproc1.callerpc")]
pub extern "C" fn newproc1(
    entry: Entry,
    arg: *const u8,
    size: usize,
    align: usize,
    stack_size: usize,
    flags: usize,
    callerpc: usize,
) -> GRef {
    let class = Class::for_size(stack_size);
    if align > mem::PAGE || size > class.size() / 4 {
        crate::fatal::throw(b"newproc: function arguments too large for new goroutine");
    }
    let arg = Argument {
        at: arg,
        size,
        align,
    };
    match start(entry, arg, class, flags, callerpc) {
        Ok(gref) => gref,
        Err(NotStarted::NoStack(NoRoom(why))) => crate::fatal::throw(why),
        Err(NotStarted::NoThread(errno)) => threads::no_thread(errno),
    }
}

/// Why a goroutine cannot be started.
pub enum NotStarted {
    /// There is no room for its stack.
    NoStack(NoRoom),
    /// It would be the second one, and the system refuses a thread that the runtime needs for that.
    NoThread(Errno),
}

/// What a goroutine's function is called with: bytes that are copied to its stack.
pub struct Argument {
    /// Where they are.
    pub at: *const u8,
    /// How many.
    pub size: usize,
    /// Their alignment.
    pub align: usize,
}

/// Starts a goroutine, where there is room for it. The argument fits a stack of this class.
pub fn start(
    entry: Entry,
    arg: Argument,
    class: Class,
    flags: usize,
    callerpc: usize,
) -> Result<GRef, NotStarted> {
    let Argument {
        at: arg,
        size,
        align,
    } = arg;
    let creator = current();
    let pp = creator.map(|gp| gp.mp().pp());
    let gp = gfget(pp, class)?;
    let hi = gp.stack_hi.load(Ordering::Relaxed);
    let at = (hi - size) & !(align.max(16) - 1);
    valgrind::defined(at - mem::PAGE..hi);
    // SAFETY: the goroutine is ours alone; the argument fits its stack; the caller vouches for `arg`.
    let sp = unsafe {
        ptr::copy_nonoverlapping(arg, at as *mut u8, size);
        switch::make_context(at, entry as usize, at)
    };
    gp.sp.store(sp, Ordering::Relaxed);
    gp.startpc.store(entry as usize, Ordering::Relaxed);
    gp.gopc.store(callerpc, Ordering::Relaxed);
    gp.thread
        .store((flags >> THREAD_SHIFT) as u8, Ordering::Relaxed);
    gp.name.clear();
    gp.fatal_panics
        .store(flags & PANICS_ARE_FATAL != 0, Ordering::Relaxed);
    gp.parent_goid
        .store(this_goroutine().map_or(0, G::id), Ordering::Relaxed);
    gp.park.store(park::EMPTY, Ordering::Relaxed);
    let goid = next_goid(pp);
    gp.goid.store(goid, Ordering::Relaxed);
    trace::created(gp, gp.parent_goid.load(Ordering::Relaxed));
    match pp {
        Some(pp) => add(&pp.started),
        None => _ = STARTED.fetch_add(1, Ordering::Relaxed),
    }
    masks::inherit(this_goroutine(), gp);
    masks::look_again();
    gp.set_status(Status::Dead, Status::Runnable);
    let gref = GRef {
        g: ptr::from_ref(gp).cast::<OpaqueG>(),
        goid,
    };
    match pp {
        Some(pp) => park::submit_fresh(gp, pp),
        None => park::submit(gp, None),
    }
    if let (Some(creator), Some(pp)) = (creator, pp) {
        give_way(creator, pp);
    }
    Ok(gref)
}

/// Starts a goroutine of the runtime's own, which never ends.
pub fn system_goroutine(main: Entry) -> &'static G {
    let gref = newproc1(main, ptr::null(), 0, 1, 0, 0, 0);
    SYSTEM.fetch_add(1, Ordering::Relaxed);
    // SAFETY: a goroutine of this runtime; Gs are never freed.
    let gp = unsafe { &*gref.g.cast::<G>() };
    gp.system.store(true, Ordering::Relaxed);
    gp
}

/// Starting so many goroutines without giving way is a scheduling point: the creator goes to the tail of the global queue, so that what it
/// started runs (and ends, and gives its stack back while that is still in some cache) before more is started.
const STARTS: u32 = 32;
// More must have run by the time that the creator comes back than it has started.
const _: () = assert!((STARTS as u64) < park::GLOBAL_EVERY);

#[inline]
fn give_way(creator: &'static G, pp: &'static P) {
    shuffle::point();
    let tick = pp.schedtick.load(Ordering::Relaxed);
    let before = if pp.starts_tick.load(Ordering::Relaxed) == tick {
        pp.starts.load(Ordering::Relaxed)
    } else {
        pp.starts_tick.store(tick, Ordering::Relaxed);
        0
    };
    pp.starts.store(before + 1, Ordering::Relaxed);
    if before + 1 >= STARTS && creator.lockedm.get().is_none() {
        trace::stopped(creator, trace::Stop::Yield);
        park::leave(creator, park::to_global_queue, 0);
    }
}

fn next_goid(pp: Option<&'static P>) -> u64 {
    let Some(pp) = pp else {
        return GOIDGEN.fetch_add(1, Ordering::Relaxed) + 1;
    };
    let mut next = pp.goidcache.load(Ordering::Relaxed);
    if next == pp.goidcacheend.load(Ordering::Relaxed) {
        next = GOIDGEN.fetch_add(GOID_BATCH, Ordering::Relaxed) + 1;
        pp.goidcacheend.store(next + GOID_BATCH, Ordering::Relaxed);
    }
    pp.goidcache.store(next + 1, Ordering::Relaxed);
    next
}

/// A dead goroutine of this class, or a place for one.
#[inline]
fn gfget(pp: Option<&'static P>, class: Class) -> Result<&'static G, NotStarted> {
    let gp = match pp.filter(|_| class == Class::for_size(0)) {
        Some(pp) => match pp.gfree.pop() {
            Some(gp) => gp,
            None => refill(pp, class)?,
        },
        None => take_one(class)?,
    };
    if !gp.has_stack() {
        make_stack(gp);
    }
    Ok(gp)
}

#[cold]
fn refill(pp: &'static P, class: Class) -> Result<&'static G, NotStarted> {
    let dead = SCHED.lock().gfree[class.index()].take(MAGAZINE);
    let chain = match dead {
        Some(chain) => chain,
        None => places(class, arena::MAX_AHEAD)?,
    };
    if chain.len() < MAGAZINE {
        // Places; or loose ones, which as a rule were made ahead.
        ahead::needed(chain.len());
    }
    Ok(pp.gfree.load(chain))
}

#[cold]
fn take_one(class: Class) -> Result<&'static G, NotStarted> {
    let dead = SCHED.lock().gfree[class.index()].take(1);
    let chain = match dead {
        Some(chain) => chain,
        None => places(class, 1)?,
    };
    Ok(chain.first())
}

fn places(class: Class, most: u32) -> Result<Chain, NotStarted> {
    second::prepare().map_err(NotStarted::NoThread)?;
    arena::take(class, most).map_err(NotStarted::NoStack)
}

/// Makes a TLS block and a stack for a G that has only the place for them.
#[cold]
pub fn make_stack(gp: &'static G) {
    let slot = stack::slot_of(gp);
    let place = tcb::place(slot.end - colour(&slot));
    if !leaves_room(&slot, &place) {
        crate::fatal::throw(
            b"newproc: the program's thread-local data does not fit this stack: raise stack-size in [package.metadata.gobuild]",
        );
    }
    valgrind::stack(slot.clone());
    gp.stack_hi.store(place.stack_hi, Ordering::Relaxed);
    gp.fs.store(place.tp, Ordering::Relaxed);
    // SAFETY: the slot's memory is zero, and it is the G's, which is ours.
    unsafe { tcb::create(&place, gp) };
    gp.set_status(Status::Idle, Status::Dead);
}

fn leaves_room(slot: &Range<usize>, place: &tcb::Place) -> bool {
    place.stack_hi >= slot.start + MIN_FRAMES
}

/// Whether the program's thread-local data fits stacks of this class.
pub fn fits(class: Class) -> bool {
    let slot = class.size()..2 * class.size();
    let lowest = slot.end - (COLOURS - 1) * CACHE_LINE;
    leaves_room(&slot, &tcb::place(lowest))
}

/// Room for frames that every stack must have.
const MIN_FRAMES: usize = 4 << 10;

/// How many places there are for blocks, and how far they are apart.
const COLOURS: usize = 8;
const CACHE_LINE: usize = 64;

/// How far the block of this slot is moved down from its end: stacks are aligned alike, and without this the same lines of all of them would compete for
/// the same few sets of the caches.
fn colour(slot: &Range<usize>) -> usize {
    slot.start / (slot.len() + stack::GUARD) % COLOURS * CACHE_LINE
}

/// Ends the running goroutine: thread-local destructors, what libc keeps per thread, then the next goroutine.
#[unsafe(export_name = "runtime.goexit1")]
pub extern "C" fn goexit() -> ! {
    syscall::end_call();
    let Some(gp) = current() else {
        crate::fatal::throw(b"goexit: not on a goroutine")
    };
    let used = tcb::thread_exit();
    if is_last_thread(gp) {
        // SAFETY: libc's function; this is what its own threads do that are the last ones.
        unsafe { ffi::exit(0) };
    }
    masks::end(gp);
    trace::stopped(gp, trace::Stop::End);
    park::leave(gp, gdestroy, usize::from(used));
    crate::fatal::throw(b"goexit: a dead goroutine was resumed")
}

/// Commit of `goexit`: the goroutine is off its stack.
extern "C" fn gdestroy(gp: &'static G, tls_used: usize) {
    let Some(me) = gmp::getg() else {
        crate::fatal::throw(b"gdestroy: no g")
    };
    let mp = me.mp();
    gp.set_status(Status::Running, Status::Dead);
    forget_thread(gp, mp);
    gp.goid.store(0, Ordering::Relaxed);
    gp.m.set(None);
    if tls_used != 0 {
        // SAFETY: a block made by `make_stack`; the goroutine is off it.
        unsafe { tcb::refresh(gp.fs.load(Ordering::Relaxed), gp) };
    }
    let pp = mp.pp();
    add(&pp.ended);
    masks::look_again();
    if !gp.is_known_as_thread() || thread_ended(gp) {
        gfput(pp, gp);
    }
}

/// Who is told of the end of a goroutine that others know as a thread, and says whether its place is free: `pthread`.
static END_OF_THREADS: Link<fn(&'static G) -> bool> = Link::none();

/// Registers that.
pub fn register_end_of_threads(ended: &'static fn(&'static G) -> bool) {
    END_OF_THREADS.set(Some(ended));
}

#[cold]
fn thread_ended(gp: &'static G) -> bool {
    END_OF_THREADS.get().is_none_or(|ended| ended(gp))
}

/// Gives a dead goroutine to whoever starts the next one.
pub fn release(gp: &'static G) {
    match current() {
        Some(me) => gfput(me.mp().pp(), gp),
        None => {
            let class = Class::from_index(gp.class.load(Ordering::Relaxed));
            SCHED.lock().gfree[class.index()].push(gp);
        }
    }
}

/// The thread of a goroutine that ends tied to it ends, too.
fn forget_thread(gp: &'static G, mp: &'static M) {
    if gp.lockedm.take().is_some() {
        mp.lockedg.set(None);
        mp.locked_ext.store(0, Ordering::Relaxed);
        mp.tied.store(false, Ordering::Relaxed);
        mp.exiting.store(true, Ordering::Relaxed);
    }
}

/// See `rtlib_abi::goexit::end_main`. The main goroutine's stack and TLS block are the process's and are not used again. The caller may be anywhere on that stack, whose frames are abandoned: what they lent to other
/// goroutines stays valid, and so must thread-locals that they had borrowed (`LocalKey::with`). So no destructor runs here.
#[unsafe(export_name = "runtime.maingoexit")]
extern "C" fn end_main() -> ! {
    let Some(gp) = this_goroutine() else {
        crate::fatal::throw(b"end_main: no g")
    };
    super::syscall::exitsyscall();
    park::leave(gp, main_ended, 0);
    crate::fatal::throw(b"the main goroutine runs after its end")
}

extern "C" fn main_ended(gp: &'static G, _arg: usize) {
    let mp = gp.mp();
    gp.set_status(Status::Running, Status::Dead);
    forget_thread(gp, mp);
    gp.goid.store(0, Ordering::Relaxed);
    gp.m.set(None);
    add(&mp.pp().ended);
}

/// Increments a counter that only the holder of a P writes.
pub fn add(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

fn gfput(pp: &'static P, gp: &'static G) {
    let class = Class::from_index(gp.class.load(Ordering::Relaxed));
    if class != Class::for_size(0) {
        SCHED.lock().gfree[class.index()].push(gp);
    } else if let Some(full) = pp.gfree.push(gp) {
        SCHED.lock().gfree[class.index()].push_chain(full);
    }
}

/// In the child of a fork, which has this goroutine or none.
pub fn restart(me: Option<&'static G>) {
    STARTED.store(u64::from(me.is_some()), Ordering::Relaxed);
    SYSTEM.store(0, Ordering::Relaxed);
    let by_thread = me.is_some_and(|me| !gmp::is_main(me) && me.is_known_as_thread());
    ENDS_WITH_LAST_THREAD.store(by_thread, Ordering::Relaxed);
}

/// The process is the child of a fork that a thread of std has made: it has no main, and ends well with its last thread, as libc has it.
static ENDS_WITH_LAST_THREAD: AtomicBool = AtomicBool::new(false);

/// See [`ENDS_WITH_LAST_THREAD`].
pub fn ends_with_last_thread() -> bool {
    ENDS_WITH_LAST_THREAD.load(Ordering::Relaxed)
}

/// Whether the process ends with this goroutine. If two end at once neither of them is the last one, and sysmon finds that nobody is left.
fn is_last_thread(gp: &G) -> bool {
    ends_with_last_thread() && gp.is_known_as_thread() && count() == 1 && asleep::plain() == 0
}

/// Goroutines started since the program began, the runtime's own included.
pub fn started() -> u64 {
    let of_ps = |sum, pp: &P| sum + pp.started.load(Ordering::Relaxed);
    ever_made_ps().fold(STARTED.load(Ordering::Relaxed), of_ps)
}

/// Goroutines alive, the runtime's own left out.
pub fn count() -> u64 {
    let of_ps = |sum: u64, pp: &P| {
        sum.wrapping_add(pp.started.load(Ordering::Relaxed))
            .wrapping_sub(pp.ended.load(Ordering::Relaxed))
    };
    ever_made_ps()
        .fold(STARTED.load(Ordering::Relaxed), of_ps)
        .saturating_sub(SYSTEM.load(Ordering::Relaxed))
}
