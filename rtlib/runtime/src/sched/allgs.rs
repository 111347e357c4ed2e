//! `runtime.allgs`: all goroutines there ever were, and a description of them for debuggers.
//!
//! The runtime's debug information has lines but no types, and programs may have none at all. So the offsets, numbers and words that a debugger needs are in the program itself, each
//! with its name; `templates/files/runtime-gdb.py` reads them. They hang on the list, which no linker drops.

use core::mem::offset_of;

use rtlib_abi::layout::{Slice, Str};

use super::g::{G, Status};
use super::m::M;
use super::waitreason::WaitReason;
use crate::arch::current::switch::SAVED;
use crate::link::Link;

/// A number with a name.
#[repr(C)]
struct Named {
    name: Str,
    number: u64,
}

// SAFETY: the string is constant.
unsafe impl Sync for Named {}

/// What a debugger needs to know.
#[repr(C)]
struct Layout {
    /// Offsets in a G and in an M.
    offsets: Slice<Named>,
    /// The registers that are saved where `G.sp` points, by their offsets; the stack pointer itself was behind them.
    context: Slice<Named>,
    /// What the numbers of `G.status` mean.
    statuses: Slice<Named>,
    /// And those of `G.waitreason`.
    reasons: Slice<Named>,
}

// SAFETY: the tables are constant.
unsafe impl Sync for Layout {}

/// All Gs, newest first (`alllink`).
#[repr(C)]
pub struct AllGs {
    newest: Link<G>,
    layout: &'static Layout,
}

/// The list.
#[unsafe(export_name = "runtime.allgs")]
pub static ALLGS: AllGs = AllGs {
    newest: Link::none(),
    layout: &LAYOUT,
};

impl AllGs {
    /// Adds a new G. Under the scheduler lock.
    pub fn add(&self, gp: &'static G) {
        gp.alllink.set(self.newest.get());
        self.newest.set_release(Some(gp));
    }

    /// The newest.
    pub fn newest(&self) -> Option<&'static G> {
        self.newest.get_acquire()
    }
}

static LAYOUT: Layout = Layout {
    offsets: slice(&OFFSETS),
    context: slice(&CONTEXT),
    statuses: slice(&STATUSES),
    reasons: slice(&REASONS),
};

static OFFSETS: [Named; 10] = [
    named("g.alllink", offset_of!(G, alllink)),
    named("g.goid", offset_of!(G, goid)),
    named("g.status", G::STATUS),
    named("g.waitreason", offset_of!(G, waitreason)),
    named("g.stack_lo", offset_of!(G, stack_lo)),
    named("g.stack_hi", offset_of!(G, stack_hi)),
    named("g.sp", offset_of!(G, sp)),
    named("g.m", offset_of!(G, m)),
    named("m.g0", offset_of!(M, g0)),
    named("m.tid", offset_of!(M, tid)),
];

static CONTEXT: [Named; SAVED.len()] = {
    let mut context = [const { named("", 0) }; SAVED.len()];
    let mut i = 0;
    while i < SAVED.len() {
        context[i] = named(SAVED[i], i * size_of::<usize>());
        i += 1;
    }
    context
};

static STATUSES: [Named; Status::ALL.len()] = {
    let mut statuses = [const { named("", 0) }; Status::ALL.len()];
    let mut i = 0;
    while i < Status::ALL.len() {
        statuses[i] = named(Status::ALL[i].text(), Status::ALL[i] as usize);
        i += 1;
    }
    statuses
};

static REASONS: [Named; WaitReason::COUNT] = {
    let mut reasons = [const { named("", 0) }; WaitReason::COUNT];
    let mut i = 0;
    while i < WaitReason::COUNT {
        reasons[i] = named(WaitReason::ALL[i].text(), i);
        i += 1;
    }
    reasons
};

const fn named(name: &'static str, number: usize) -> Named {
    Named {
        name: Str {
            ptr: name.as_ptr(),
            len: name.len() as u64,
        },
        number: number as u64,
    }
}

const fn slice(table: &'static [Named]) -> Slice<Named> {
    let len = table.len() as u64;
    Slice {
        ptr: table.as_ptr(),
        len,
        cap: len,
    }
}
