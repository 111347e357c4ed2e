//! All that is told of a goroutine: `rtlib_abi::traceback::Record`.

use core::sync::atomic::Ordering;

use rtlib_abi::layout::Str;
use rtlib_abi::traceback::{LEAKED, LOCKED, NO_M, READS, RUNS_ELSEWHERE, Record, STACK, WRITES};

use super::interrupt::{self, Outcome};
use super::unwind;
use crate::gmp::g::{G, Status};
use crate::gmp::waitreason::WaitReason;
use crate::netpoll::{self, Dir};
use crate::os::linux::{nanotime, proc};
use crate::stack::hold::Held;

/// How many goroutines are recorded at a time: they are held together.
pub const BATCH: usize = 16;

const NO_TEXT: Str = Str::of("");

/// A record of nobody.
pub const EMPTY: Record = Record {
    goid: 0,
    parent_goid: 0,
    gopc: 0,
    g: 0,
    m: NO_M,
    status: NO_TEXT,
    reason: NO_TEXT,
    waited: 0,
    flags: 0,
    fd: 0,
    name: [0; 16],
    trace: unwind::EMPTY,
};

/// Whether a goroutine is to be listed, at this moment. The runtime's own are for those who want to see its frames, too.
pub fn is_listed(gp: &G, system: bool) -> bool {
    gp.status_acquire().is_alive() && gp.id() != 0 && (system || !gp.system.load(Ordering::Relaxed))
}

/// Everything but the stack.
pub fn describe(record: &mut Record, gp: &G, status: Status) {
    let waits = status == Status::Waiting;
    let runs = matches!(status, Status::Running | Status::Syscall);
    let reason = WaitReason::from_number(gp.waitreason.load(Ordering::Relaxed));
    let since = gp.waitsince.load(Ordering::Relaxed);
    let locked = gp.lockedm.get().is_some();
    *record = Record {
        goid: gp.id(),
        parent_goid: gp.parent_goid.load(Ordering::Relaxed),
        gopc: gp.gopc.load(Ordering::Relaxed),
        g: core::ptr::from_ref(gp) as usize,
        status: Str::of(status.text()),
        name: gp.name.get(),
        ..EMPTY
    };
    if waits {
        record.reason = Str::of(reason.text());
    }
    if waits
        && reason == WaitReason::IoWait
        && let Some((fd, dir)) = netpoll::awaited(gp)
    {
        record.fd = fd;
        record.flags |= match dir {
            Dir::Read => READS,
            Dir::Write => WRITES,
            Dir::Any => READS | WRITES,
        };
    }
    if waits && since != 0 {
        record.waited = nanotime().saturating_sub(since);
    }
    if runs && let Some(mp) = gp.m.get() {
        record.m = mp.id.load(Ordering::Relaxed);
    }
    if locked {
        record.flags |= LOCKED;
    }
    if gp.is_leaked() {
        record.flags |= LEAKED;
    }
}

/// Who records, and how long it may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// The program goes on.
    None,
    /// The program ends: whoever has what is needed for this may never let go.
    Dying,
}

/// How long to wait for one goroutine's thread.
const fn patience_ns(haste: Haste) -> u64 {
    match haste {
        Haste::None => 1_000_000_000,
        Haste::Dying => 100_000_000,
    }
}

/// Records at most [`BATCH`] goroutines with their stacks, one record each in the same order; those that have ended have no id in theirs. `me` is described only.
pub fn capture(gs: &[&'static G], records: &mut [Record], me: Option<&'static G>, haste: Haste) {
    records.fill(EMPTY);
    capture_parked(&hold(gs, haste), gs, records);
    for (gp, record) in gs.iter().zip(records) {
        if me.is_some_and(|me| core::ptr::eq(me, *gp)) {
            describe(record, gp, gp.status_acquire());
        } else if record.flags & STACK == 0 {
            capture_running(gp, record, haste);
        }
    }
}

fn hold<'a>(gs: &'a [&'static G], haste: Haste) -> Held<'a> {
    match haste {
        Haste::None => Held::new(gs),
        Haste::Dying => Held::of_dying(gs),
    }
}

fn capture_parked(held: &Held<'_>, gs: &[&'static G], records: &mut [Record]) {
    let mut places = gs.iter().zip(records);
    for (gp, status) in held.parked() {
        let place = places.find(|(other, _)| core::ptr::eq(**other, gp));
        let Some((_, record)) = place else { break };
        describe(record, gp, status);
        // SAFETY: it is held and not running.
        unsafe { unwind::parked(&mut record.trace, gp) };
        record.flags |= STACK;
    }
}

/// For one that was seen running. It is held as well: if it gives way before its thread can be asked, it does not get away.
fn capture_running(gp: &'static G, record: &mut Record, haste: Haste) {
    /// A thread that runs something else needs this long to get on, or a CPU that those who ask do not take from it.
    const PAUSE_US: u64 = 50;
    let gs = [gp];
    let held = hold(&gs, haste);
    let end = nanotime() + patience_ns(haste);
    loop {
        let status = gp.status_acquire();
        if !status.is_alive() {
            return;
        }
        describe(record, gp, status);
        let outcome = interrupt::capture(gp, &mut record.trace, haste, end);
        if outcome == Outcome::Captured {
            record.flags |= STACK;
            return;
        }
        capture_parked(&held, &gs, core::slice::from_mut(record));
        if record.flags & STACK != 0 {
            return;
        }
        if outcome == Outcome::Silence || nanotime() >= end {
            break;
        }
        proc::usleep(PAUSE_US);
    }
    record.flags |= RUNS_ELSEWHERE;
}
