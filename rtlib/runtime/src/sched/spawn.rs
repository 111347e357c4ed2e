//! Starting and ending goroutines: `newproc`, `goexit`.

use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};

use rtlib_abi::api::{Entry, GRef, OpaqueG};

use super::g::{G, Status};
use super::global::{ALLGS, GOIDGEN, SCHED, STARTED, allp};
use super::p::P;
use super::stack::{self, Class};
use super::{MAIN_GOID, current, park};
use crate::arch::current::{switch, tls};
use crate::libc::tcb;
use crate::os::linux::mem;

/// Ids that a P takes from the global counter at a time.
const GOID_BATCH: u64 = 16;
/// Dead goroutines that a P keeps, and how many it gives away or fetches at a time.
const GFREE_LOCAL: u32 = 64;
const GFREE_MOVE: u32 = 32;
/// Left free below rt0_go's frames on the process stack, for a signal that arrives before the main goroutine runs.
const MAIN_STACK_GAP: usize = 16 << 10;

/// Makes the main goroutine, which runs the function that `*fn_ptr` names on the process stack. From rt0_go, on g0.
#[unsafe(export_name = "runtime.newproc")]
extern "C" fn newproc(fn_ptr: &'static extern "C" fn()) {
    let Some(g0) = tls::getg() else {
        crate::fatal::throw(b"newproc: no g")
    };
    let gp = galloc();
    let hi = (ptr::from_ref(&gp) as usize - MAIN_STACK_GAP) & !15;
    let lo = crate::boot::main_stack_bottom(hi);
    gp.stack_lo.store(lo, Ordering::Relaxed);
    gp.stack_hi.store(hi, Ordering::Relaxed);
    let tp = crate::boot::main_thread_pointer();
    gp.fs.store(tp, Ordering::Relaxed);
    tcb::bind(tp, gp);
    gp.goid.store(MAIN_GOID, Ordering::Relaxed);
    GOIDGEN.store(MAIN_GOID, Ordering::Relaxed);
    let entry = *fn_ptr as usize;
    gp.startpc.store(entry, Ordering::Relaxed);
    // SAFETY: the memory below rt0_go's frames is unused, and nothing but signal handlers runs there before the main goroutine.
    let sp = unsafe { switch::make_context(hi, entry, 0) };
    gp.sp.store(sp, Ordering::Relaxed);
    gp.set_status(Status::Idle, Status::Runnable);
    STARTED.fetch_add(1, Ordering::Relaxed);
    g0.mp().pp().runq.put_next(gp);
}

/// See `rtlib_abi::api::newproc1`.
#[unsafe(export_name = "runtime.newproc1")]
extern "C" fn newproc1(
    entry: Entry,
    arg: *const u8,
    size: usize,
    align: usize,
    stack_size: usize,
    callerpc: usize,
) -> GRef {
    let class = Class::for_size(stack_size);
    if align > mem::PAGE || size > class.size() / 4 {
        crate::fatal::throw(b"newproc: function arguments too large for new goroutine");
    }
    let creator = current();
    let pp = creator.map(|gp| gp.mp().pp());
    let gp = gfget(pp, class);
    let hi = gp.stack_hi.load(Ordering::Relaxed);
    let at = (hi - size) & !(align.max(16) - 1);
    // SAFETY: the goroutine is ours alone; the argument fits its stack; the caller vouches for `arg`.
    let sp = unsafe {
        ptr::copy_nonoverlapping(arg, at as *mut u8, size);
        switch::make_context(at, entry as usize, at)
    };
    gp.sp.store(sp, Ordering::Relaxed);
    gp.startpc.store(entry as usize, Ordering::Relaxed);
    gp.gopc.store(callerpc, Ordering::Relaxed);
    gp.parent_goid
        .store(creator.map_or(0, G::id), Ordering::Relaxed);
    gp.park.store(park::EMPTY, Ordering::Relaxed);
    let goid = next_goid(pp);
    gp.goid.store(goid, Ordering::Relaxed);
    match pp {
        Some(pp) => add(&pp.started),
        None => _ = STARTED.fetch_add(1, Ordering::Relaxed),
    }
    gp.set_status(Status::Dead, Status::Runnable);
    let gref = GRef {
        g: ptr::from_ref(gp).cast::<OpaqueG>(),
        goid,
    };
    park::submit(gp, pp);
    gref
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

/// A dead goroutine of this class with a fresh TLS block.
fn gfget(pp: Option<&'static P>, class: Class) -> &'static G {
    let default = class == Class::for_size(0);
    if let Some(pp) = pp.filter(|_| default) {
        if let Some(gp) = pp.gfree.pop() {
            renew(gp);
            return gp;
        }
        refill(pp, class);
    }
    let dead = match pp.filter(|_| default) {
        Some(pp) => pp.gfree.pop(),
        None => SCHED.lock().gfree[class.index()].pop(),
    };
    match dead {
        Some(gp) => {
            renew(gp);
            gp
        }
        None => malg(class),
    }
}

fn renew(gp: &'static G) {
    // SAFETY: a dead goroutine's block, made by `malg`; the list it came from gave it to us alone.
    unsafe { tcb::refresh(gp.fs.load(Ordering::Relaxed), gp) };
}

#[cold]
fn refill(pp: &'static P, class: Class) {
    let mut sched = SCHED.lock();
    for _ in 0..GFREE_MOVE {
        match sched.gfree[class.index()].pop() {
            Some(gp) => pp.gfree.push(gp),
            None => return,
        }
    }
}

/// A new goroutine with a stack and a TLS block.
#[cold]
fn malg(class: Class) -> &'static G {
    let slot = stack::alloc(class);
    let place = tcb::place(slot.end);
    let gp = galloc();
    gp.class.store(class.index() as u8, Ordering::Relaxed);
    gp.stack_lo.store(slot.lo + mem::PAGE, Ordering::Relaxed);
    gp.stack_hi.store(place.stack_hi, Ordering::Relaxed);
    gp.fs.store(place.tp, Ordering::Relaxed);
    // SAFETY: a new slot: zeroed, nobody's.
    unsafe { tcb::create(&place, gp) };
    gp.set_status(Status::Idle, Status::Dead);
    gp
}

/// A new G without a stack, on the list of all.
pub fn galloc() -> &'static G {
    // SAFETY: `G::new()` is all zero bytes: null links, numbers, false.
    let gp: &'static G = unsafe { mem::persistent() };
    let _sched = SCHED.lock();
    gp.alllink.set(ALLGS.get());
    ALLGS.set_release(Some(gp));
    gp
}

/// Ends the running goroutine: thread-local destructors, what libc keeps per thread, then the next goroutine.
#[unsafe(export_name = "runtime.goexit1")]
pub extern "C" fn goexit() -> ! {
    let Some(gp) = current() else {
        crate::fatal::throw(b"goexit: not on a goroutine")
    };
    tcb::thread_exit();
    park::leave(gp, gdestroy, 0);
    crate::fatal::throw(b"goexit: a dead goroutine was resumed")
}

/// Commit of `goexit`: the goroutine is off its stack.
extern "C" fn gdestroy(gp: &'static G, _arg: usize) {
    let Some(me) = tls::getg() else {
        crate::fatal::throw(b"gdestroy: no g")
    };
    let mp = me.mp();
    gp.set_status(Status::Running, Status::Dead);
    if gp.lockedm.take().is_some() {
        mp.lockedg.set(None);
        mp.locked_ext.store(0, Ordering::Relaxed);
        mp.exiting.store(true, Ordering::Relaxed);
    }
    gp.goid.store(0, Ordering::Relaxed);
    gp.m.set(None);
    let pp = mp.pp();
    add(&pp.ended);
    gfput(pp, gp);
}

/// Increments a counter that only the holder of a P writes.
fn add(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

fn gfput(pp: &'static P, gp: &'static G) {
    let class = Class::from_index(gp.class.load(Ordering::Relaxed));
    if class != Class::for_size(0) {
        SCHED.lock().gfree[class.index()].push(gp);
        return;
    }
    pp.gfree.push(gp);
    if pp.gfree.len() >= GFREE_LOCAL {
        spill(pp, class);
    }
}

#[cold]
fn spill(pp: &'static P, class: Class) {
    let mut sched = SCHED.lock();
    for _ in 0..GFREE_MOVE {
        if let Some(gp) = pp.gfree.pop() {
            sched.gfree[class.index()].push(gp);
        }
    }
}

/// Goroutines alive.
pub fn count() -> u64 {
    let of_ps = |sum: u64, pp: &P| {
        sum.wrapping_add(pp.started.load(Ordering::Relaxed))
            .wrapping_sub(pp.ended.load(Ordering::Relaxed))
    };
    allp().fold(STARTED.load(Ordering::Relaxed), of_ps)
}
