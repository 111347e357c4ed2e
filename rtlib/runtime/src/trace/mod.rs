//! `RTLIB_TRACE=file`: what the scheduler does, as a timeline that <https://ui.perfetto.dev> opens.
//!
//! - This file: the hooks that the scheduler calls, a load and a branch each while nothing is traced.
//! - `writer`: the file; who empties the buffers (`tracebuf`).
//! - `perfetto`: events as Perfetto's packets; `proto`: their wire format.
//!
//! # Invariants
//!
//! - An M's chunk is written by its own thread only, and read up to the length that it has published.
//! - Memory is bounded ([`buffer::MAX_CHUNKS`]). What does not fit is lost, counted, and said at the end.
//! - Every event carries its time; their order in the file does not matter.

mod perfetto;
mod proto;
mod writer;

use core::sync::atomic::{AtomicBool, Ordering};

use rtlib_abi::layout::TaskInfo;

use crate::gmp;
use crate::gmp::g::G;
use crate::gmp::m::M;
use crate::gmp::name::LEN;
use crate::gmp::p::P;
use crate::os::linux::nanotime;
use crate::tracebuf::buffer;
use crate::tracebuf::event::{Event, Kind};
pub use writer::{finish_dying, forget, start, stop, write_full};

static ON: AtomicBool = AtomicBool::new(false);

/// How a goroutine stops running.
#[derive(Clone, Copy)]
pub enum Stop {
    /// It waits, for the reason in the G.
    Block,
    /// It lets others run.
    Yield,
    /// It goes into a call that blocks.
    Syscall,
    /// It has ended.
    End,
}

/// Whether anything is traced.
#[inline]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// A goroutine has been made, by the goroutine with this id, 0 for a thread that is none.
#[inline]
pub fn created(gp: &'static G, by: u64) {
    if is_on() {
        note_wakeup(Kind::Create, gp, by);
    }
}

/// A goroutine has got this name.
#[inline]
pub fn named(gp: &'static G, name: [u8; LEN]) {
    if is_on() {
        note(Event::named(gp.id(), name));
    }
}

/// A goroutine that waited may run.
#[inline]
pub fn readied(gp: &'static G) {
    if is_on() {
        let by = crate::gmp::this_goroutine().map_or(0, G::id);
        note_wakeup(Kind::Ready, gp, by);
    }
}

/// A goroutine is about to run on this M, with its P.
#[inline]
pub fn started(mp: &'static M, gp: &'static G) {
    if is_on() {
        note_start(mp, gp);
    }
}

/// The running goroutine is about to be left.
#[inline]
pub fn stopped(gp: &'static G, how: Stop) {
    if is_on() {
        note_stop(gp, how);
    }
}

/// An M has got a P.
#[inline]
pub fn acquired(mp: &'static M, pp: &'static P) {
    if is_on() {
        note_p(Kind::Acquire, mp, pp);
    }
}

/// An M lets its P go.
#[inline]
pub fn released(mp: &'static M, pp: &'static P) {
    if is_on() {
        note_p(Kind::Release, mp, pp);
    }
}

/// A package's initialisation begins.
#[inline]
pub fn init_begins(task: &'static TaskInfo) {
    if is_on() {
        let task = core::ptr::from_ref(task) as u64;
        note(Event {
            other: task,
            ..Event::new(Kind::InitBegin)
        });
    }
}

/// It has ended.
#[inline]
pub fn init_ends() {
    if is_on() {
        note(Event::new(Kind::InitEnd));
    }
}

#[cold]
fn note_wakeup(kind: Kind, gp: &'static G, by: u64) {
    let flow = gp.traceseq.fetch_add(1, Ordering::Relaxed) + 1;
    note(Event {
        goid: gp.id(),
        other: by,
        flow,
        ..Event::new(kind)
    });
}

#[cold]
fn note_start(mp: &'static M, gp: &'static G) {
    let p = mp.p.get().map_or(0, |pp| pp.id.load(Ordering::Relaxed));
    let flow = gp.traceseq.load(Ordering::Relaxed);
    note(Event {
        goid: gp.id(),
        p: p as u16,
        flow,
        ..Event::new(Kind::Start)
    });
}

#[cold]
fn note_stop(gp: &'static G, how: Stop) {
    let (kind, reason) = match how {
        Stop::Block => (Kind::Block, gp.waitreason.load(Ordering::Relaxed)),
        Stop::Yield => (Kind::Yield, 0),
        Stop::Syscall => (Kind::Syscall, 0),
        Stop::End => (Kind::End, 0),
    };
    let p = gp
        .mp()
        .p
        .get()
        .map_or(0, |pp| pp.id.load(Ordering::Relaxed));
    note(Event {
        goid: gp.id(),
        p: p as u16,
        reason,
        ..Event::new(kind)
    });
}

#[cold]
fn note_p(kind: Kind, mp: &'static M, pp: &'static P) {
    let p = pp.id.load(Ordering::Relaxed) as u16;
    note(Event {
        p,
        other: mp.id.load(Ordering::Relaxed),
        ..Event::new(kind)
    });
}

/// Stamps an event and puts it into the calling thread's chunk, or into the one of all threads that are no Ms.
fn note(mut event: Event) {
    event.time = nanotime();
    match gmp::getg().and_then(|gp| gp.m.get()) {
        Some(mp) => {
            event.m = mp.id.load(Ordering::Relaxed) as u32;
            buffer::push(&mp.trace.chunk, event);
        }
        None => buffer::push_from_outside(event),
    }
}
