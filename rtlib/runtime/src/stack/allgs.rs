//! `runtime.allgs`: where all goroutines are, and a description of them for debuggers.
//!
//! The runtime's debug information has lines but no types, and programs may have none at all. So the offsets, numbers and words that a debugger needs are in the program itself, each
//! with its name; `templates/files/runtime-gdb.py` reads them. They hang on the list, which no linker drops.

use core::mem::offset_of;
use core::sync::atomic::Ordering;

use rtlib_abi::layout::{Slice, Str};

use super::arena::{Arena, Arenas};
use crate::arch::current::switch::SAVED;
use crate::gmp::MAIN_G;
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::waitreason::WaitReason;

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
    /// Offsets in an arena, in a G and in an M; the size of a G.
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

/// Where Gs are, for debuggers, too.
#[repr(C)]
pub struct AllGs {
    main: &'static G,
    /// The arenas.
    pub arenas: Arenas,
    layout: &'static Layout,
}

/// All there are.
#[unsafe(export_name = "runtime.allgs")]
pub static ALLGS: AllGs = AllGs {
    main: &MAIN_G,
    arenas: Arenas::new(),
    layout: &LAYOUT,
};

/// All Gs but those of threads: the main goroutine's, then those of the arenas that are not free. Dead ones are among them, and such as have no stack.
pub fn all() -> All {
    All {
        main: Some(&MAIN_G),
        place: first_place(ALLGS.arenas.iter().next()),
    }
}

/// The one whose TLS block has this thread pointer. None if no goroutine's has, or the main goroutine's, whose block is libc's.
pub fn of_block(tp: usize) -> Option<&'static G> {
    let gp = ALLGS.arenas.of_slot(tp)?;
    (gp.fs.load(Ordering::Relaxed) == tp).then_some(gp)
}

/// Those from this one on.
pub fn from(gp: &G) -> All {
    let place = ALLGS.arenas.find(gp);
    place.map_or_else(all, |_| All { main: None, place })
}

/// Those behind this one.
pub fn after(gp: &G) -> All {
    let mut rest = from(gp);
    let is_main = rest.main.take().is_some();
    if !is_main {
        rest.place = rest.place.map(|(arena, position)| (arena, position + 1));
    }
    rest
}

/// See [`all`].
pub struct All {
    main: Option<&'static G>,
    /// An arena, and the position to go on from.
    place: Option<(&'static Arena, usize)>,
}

impl Iterator for All {
    type Item = &'static G;

    fn next(&mut self) -> Option<&'static G> {
        if let Some(main) = self.main.take() {
            return Some(main);
        }
        loop {
            let (arena, from) = self.place?;
            if let Some(position) = arena.next_live(from) {
                self.place = Some((arena, position + 1));
                return Some(arena.g(position));
            }
            self.place = first_place(arena.next());
        }
    }
}

fn first_place(arena: Option<&'static Arena>) -> Option<(&'static Arena, usize)> {
    arena.map(|arena| (arena, 0))
}

static LAYOUT: Layout = Layout {
    offsets: slice(&OFFSETS),
    context: slice(&CONTEXT),
    statuses: slice(&STATUSES),
    reasons: slice(&REASONS),
};

static OFFSETS: [Named; 15] = [
    named("arena.next", Arena::NEXT),
    named("arena.gs", Arena::GS),
    named("arena.used", Arena::USED),
    named("g.size", size_of::<G>()),
    named("g.goid", offset_of!(G, goid)),
    named("g.status", G::STATUS),
    named("g.waitreason", offset_of!(G, waitreason)),
    named("g.waits_on", offset_of!(G, waits_on)),
    named("g.stack_lo", offset_of!(G, stack_lo)),
    named("g.stack_hi", offset_of!(G, stack_hi)),
    named("g.sp", offset_of!(G, sp)),
    named("g.m", offset_of!(G, m)),
    named("g.name", offset_of!(G, name)),
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
        name: Str::of(name),
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
