//! The search itself: who may be woken yet, found from all memory but the candidates' stacks, and from the stacks of those who turn out to be none.

use core::sync::atomic::Ordering;

use rtlib_abi::leaks::HANDLE;

use super::Error;
use super::memory::{self, Array, Range, Reader, Scratch};
use super::world::{Place, Stopped};
use crate::arch::current::RED_ZONE;
use crate::chan::Chan;
use crate::chan::real::Scheduler;
use crate::chan::select::{self, Case};
use crate::gmp::g::{G, Status};
use crate::gmp::m::M;
use crate::gmp::waitreason::WaitReason;
use crate::gmp::{is_main, this_goroutine};
use crate::libc::tcb;
use crate::persistent;
use crate::stack::allgs::{self, ALLGS};

/// Bytes of a channel.
const CHAN: usize = size_of::<Chan<Scheduler>>();

/// A goroutine that has leaked unless somebody can wake it.
#[derive(Clone, Copy)]
struct Candidate {
    g: &'static G,
    frames: Range,
    may_wake: bool,
}

/// One of the channels that a candidate waits for.
#[derive(Clone, Copy)]
struct Awaited {
    chan: usize,
    candidate: usize,
}

/// What a candidate waits for.
enum Wait {
    /// Nothing that could come.
    Nothing,
    Chan(usize),
    Cases(&'static [Case<Scheduler>]),
}

impl Wait {
    /// None if it is no candidate. While the world is stopped.
    fn of(gp: &'static G) -> Option<Self> {
        let waits = gp.status_acquire() == Status::Waiting;
        if !waits || gp.id() == 0 || gp.timed.load(Ordering::Relaxed) {
            return None;
        }
        gp.sp_on_own_stack()?; // else nobody knows what of its own stack it has in use
        let on = gp.waits_on.load(Ordering::Relaxed);
        match WaitReason::from_number(gp.waitreason.load(Ordering::Relaxed)) {
            WaitReason::ChanReceiveNil | WaitReason::ChanSendNil | WaitReason::SelectNoCases => {
                Some(Self::Nothing)
            }
            WaitReason::ChanReceive | WaitReason::ChanSend if on != 0 => Some(Self::Chan(on)),
            // SAFETY: a parked `select` has left the address of its cases.
            WaitReason::Select => Some(Self::Cases(unsafe { select::waiting(on) })),
            _ => None,
        }
    }

    fn for_each_channel(&self, mut f: impl FnMut(usize)) {
        match self {
            Self::Nothing => {}
            Self::Chan(chan) => f(*chan),
            Self::Cases(cases) => {
                let channels = cases.iter().map(Case::address);
                channels.filter(|chan| *chan != 0).for_each(f);
            }
        }
    }
}

/// How much there is of everything.
#[derive(Default)]
struct Counts {
    candidates: usize,
    awaited: usize,
    excluded: usize,
    elsewhere: usize,
}

impl Counts {
    fn now(stopped: &Stopped) -> Self {
        /// The search's own memory, the main goroutine's stack, the caller's M.
        const OTHERS: usize = 8;
        let mut counts = Self {
            excluded: OTHERS
                + 2 * stopped.places().len()
                + ALLGS.arenas.iter().count()
                + persistent::chunks().count(),
            ..Self::default()
        };
        for wait in allgs::all().filter_map(Wait::of) {
            counts.candidates += 1;
            wait.for_each_channel(|_| counts.awaited += 1);
        }
        counts.elsewhere = elsewhere().count();
        counts
    }

    fn bytes(&self) -> usize {
        let ignored = self.awaited + self.candidates;
        Scratch::bytes_for::<Candidate>(self.candidates)
            + Scratch::bytes_for::<usize>(self.candidates)
            + Scratch::bytes_for::<Awaited>(self.awaited)
            + Scratch::bytes_for::<Range>(ignored)
            + Scratch::bytes_for::<Range>(self.excluded)
            + Scratch::bytes_for::<usize>(self.elsewhere)
    }
}

/// What memory holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Frames and registers: of a handle perhaps only the channel's address, from which the compiler makes the rest.
    Stack,
    /// What programs store: handles as they are.
    Data,
    /// What the scheduler has in use: what it runs for others holds handles as they are. Channels, and their waiters' stacks, it knows of itself.
    Scheduler,
}

/// Who is a candidate, and who of them may be woken as far as is known.
struct Marker {
    /// By the addresses of their stacks.
    candidates: Array<Candidate>,
    /// By the addresses of the channels.
    awaited: Array<Awaited>,
    /// Memory in which words are no handles: the channels themselves, whose queues point to their waiters' stacks, and the cases of candidates. Sorted.
    ignored: Array<Range>,
    /// Candidates that may be woken and whose stacks have not been searched.
    work: Array<usize>,
}

impl Marker {
    fn new(counts: &Counts, scratch: &mut Scratch) -> Self {
        let mut marker = Self {
            candidates: scratch.array(counts.candidates),
            awaited: scratch.array(counts.awaited),
            ignored: scratch.array(counts.awaited + counts.candidates),
            work: scratch.array(counts.candidates),
        };
        for gp in allgs::all().filter(|gp| Wait::of(gp).is_some()) {
            marker.candidates.push(Candidate {
                g: gp,
                frames: Range {
                    at: gp.sp.load(Ordering::Relaxed),
                    end: gp.stack_hi.load(Ordering::Relaxed),
                },
                may_wake: false,
            });
        }
        marker
            .candidates
            .all_mut()
            .sort_unstable_by_key(|candidate| candidate.frames.at);
        for (index, candidate) in marker.candidates.all().iter().enumerate() {
            let Some(wait) = Wait::of(candidate.g) else {
                continue;
            };
            if let Wait::Cases(cases) = wait {
                let cases = cases.as_ptr_range();
                marker.ignored.push(Range {
                    at: cases.start as usize,
                    end: cases.end as usize,
                });
            }
            wait.for_each_channel(|chan| {
                let candidate = index;
                marker.awaited.push(Awaited { chan, candidate });
                let end = chan + CHAN;
                marker.ignored.push(Range { at: chan, end });
            });
        }
        marker
            .awaited
            .all_mut()
            .sort_unstable_by_key(|one| one.chan);
        marker.ignored.all_mut().sort_unstable_by_key(|one| one.at);
        marker
    }

    /// A word was found at this address, in memory that may be in use.
    fn word(&mut self, at: usize, word: usize, kind: Kind) {
        match kind {
            Kind::Stack => self.word_as_channel(at, word & !HANDLE),
            _ if word & HANDLE != 0 => self.word_as_channel(at, word - HANDLE),
            _ => {}
        }
        if kind != Kind::Scheduler {
            self.word_as_stack(at, word);
        }
    }

    fn word_as_channel(&mut self, at: usize, chan: usize) {
        let all = self.awaited.all();
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return;
        };
        if chan < first.chan || chan > last.chan {
            return;
        }
        let mut next = all.partition_point(|one| one.chan < chan);
        if all[next].chan != chan || self.is_ignored(at) {
            return;
        }
        while let Some(one) = self.awaited.all().get(next).filter(|one| one.chan == chan) {
            let candidate = one.candidate;
            self.mark(candidate);
            next += 1;
        }
    }

    fn word_as_stack(&mut self, at: usize, word: usize) {
        let all = self.candidates.all();
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return;
        };
        if word < first.frames.at || word >= last.frames.end {
            return;
        }
        let index = all.partition_point(|one| one.frames.at <= word) - 1;
        if word < all[index].frames.end && !self.is_ignored(at) {
            self.mark(index);
        }
    }

    fn is_ignored(&self, at: usize) -> bool {
        let all = self.ignored.all();
        let behind = all.partition_point(|range| range.at <= at);
        behind != 0 && at < all[behind - 1].end
    }

    fn mark(&mut self, index: usize) {
        let candidate = &mut self.candidates.all_mut()[index];
        if !candidate.may_wake {
            candidate.may_wake = true;
            self.work.push(index);
        }
    }
}

/// Searches; the caller's stack is in use from `own_sp` on. How many have leaked.
pub fn search(stopped: &Stopped, own_sp: usize) -> Result<usize, Error> {
    let counts = Counts::now(stopped);
    let mut scratch = Scratch::new(counts.bytes())?;
    let mut marker = Marker::new(&counts, &mut scratch);
    let mut excluded: Array<Range> = scratch.array(counts.excluded);
    let mut others: Array<usize> = scratch.array(counts.elsewhere);
    for sp in elsewhere() {
        others.push(sp);
        marker.word_as_stack(0, sp); // on a candidate's stack, which so is in use
    }
    others.all_mut().sort_unstable();
    let mut reader = Reader::new(&mut scratch);
    let mut search =
        |range: Range, kind: Kind| reader.words(range, |at, word| marker.word(at, word, kind));

    excluded.push(scratch.range());
    excluded.push(stopped.memory());
    arenas().for_each(|range| excluded.push(range));
    persistent::chunks().for_each(|(at, end)| excluded.push(Range { at, end }));
    for gp in allgs::all() {
        goroutine(gp, stopped.places(), own_sp, &mut search)?;
        if is_main(gp) {
            excluded.push(stack_of(gp));
        }
    }
    for place in stopped.places() {
        if let Some(mp) = place.m.get() {
            thread(mp, place, &mut search)?;
            excluded.push(signal_stack_of(mp));
            excluded.push(scheduling_stack_of(mp));
        }
    }
    if let Some(mp) = this_goroutine().and_then(|me| me.m.get()) {
        excluded.push(signal_stack_of(mp));
        excluded.push(scheduling_stack_of(mp));
    }
    excluded.all_mut().sort_unstable_by_key(|range| range.at);
    memory::writable(excluded.all(), &mut |range| {
        search(
            range,
            kind_of(range, stopped.places(), own_sp, others.all()),
        )
    })?;
    while let Some(index) = marker.work.pop() {
        let frames = marker.candidates.all()[index].frames;
        reader.words(frames, |at, word| marker.word(at, word, Kind::Stack))?;
    }
    Ok(tell(&marker))
}

/// Searches what a goroutine has in use: its frames unless it is a candidate, and its TLS block.
fn goroutine(
    gp: &'static G,
    places: &[Place],
    own_sp: usize,
    search: &mut impl FnMut(Range, Kind) -> Result<(), Error>,
) -> Result<(), Error> {
    let status = gp.status_acquire();
    if !status.is_alive() || gp.id() == 0 {
        return Ok(());
    }
    let stack = stack_of(gp);
    if !is_main(gp) {
        // The main goroutine's is libc's, and is found with all other memory.
        let end = tcb::end_of_block(gp.fs.load(Ordering::Relaxed));
        search(Range { at: stack.end, end }, Kind::Data)?;
    }
    if Wait::of(gp).is_some() {
        return Ok(());
    }
    let at = match status {
        Status::Runnable | Status::Waiting => gp.sp_on_own_stack(),
        _ if this_goroutine().is_some_and(|me| core::ptr::eq(me, gp)) => Some(own_sp),
        _ => places
            .iter()
            .find_map(|place| stopped_at(place, stack))
            .or_else(|| left_at(gp, places)),
    };
    // All of it, when its frames go on elsewhere.
    let at = at.filter(|at| stack.contains(*at)).unwrap_or(stack.at);
    search(Range { at, ..stack }, Kind::Stack)
}

/// From where on the stack is in use of a goroutine that runs, but not there. If its thread is in the scheduler or on another goroutine's stack it has just been left or is about to be resumed; else
/// it may be anywhere, say in a signal handler of the program, or on a stack of some library's: none.
fn left_at(gp: &'static G, places: &[Place]) -> Option<usize> {
    let is_its = |place: &&Place| {
        gp.m.get()
            .is_some_and(|mp| place.m.get().is_some_and(|m| core::ptr::eq(m, mp)))
    };
    let is_elsewhere = places.iter().find(is_its).is_some_and(|place| {
        let sp = place.sp.load(Ordering::Relaxed);
        let in_scheduler = place.m.get().map(scheduling_stack_of);
        in_scheduler.into_iter().any(|stack| stack.contains(sp))
            || arenas().any(|arena| arena.contains(sp))
    });
    is_elsewhere.then(|| gp.sp_on_own_stack()).flatten()
}

/// The saved stack pointers that are not on their goroutines' own stacks. Where those stacks begin and end nobody knows; they are somewhere in the memory of the process.
fn elsewhere() -> impl Iterator<Item = usize> {
    allgs::all()
        .filter(|gp| {
            gp.status_acquire().is_alive() && gp.id() != 0 && gp.sp_on_own_stack().is_none()
        })
        .map(|gp| gp.sp.load(Ordering::Relaxed))
}

/// Searches what an M's thread has in use beside its goroutine's stack: registers and, when it is in the scheduler, that stack. Nothing while it sleeps there.
fn thread(
    mp: &'static M,
    place: &Place,
    search: &mut impl FnMut(Range, Kind) -> Result<(), Error>,
) -> Result<(), Error> {
    if mp.blocked.load(Ordering::Relaxed) {
        return Ok(());
    }
    let (signals, scheduler) = (signal_stack_of(mp), scheduling_stack_of(mp));
    let in_scheduler = stopped_at(place, scheduler);
    let kind = if in_scheduler.is_some() {
        Kind::Scheduler
    } else {
        Kind::Stack
    };
    if let Some(at) = in_scheduler {
        search(Range { at, ..scheduler }, kind)?;
    }
    if let Some(at) = stopped_at(place, signals) {
        search(Range { at, ..signals }, kind)?;
    }
    Ok(())
}

/// Memory that is nobody's whom the runtime knows: the stacks of other threads are somewhere in it, and those on which goroutines are that are not on their own. `others`, sorted, are the stack pointers
/// of those that do not run.
fn kind_of(range: Range, places: &[Place], own_sp: usize, others: &[usize]) -> Kind {
    let next = others.partition_point(|sp| *sp < range.at);
    let is_stack = others.get(next).is_some_and(|sp| range.contains(*sp))
        || range.contains(own_sp)
        || places.iter().any(|place| {
            range.contains(place.sp.load(Ordering::Relaxed))
                || range.contains(place.handler.load(Ordering::Relaxed))
        });
    if is_stack { Kind::Stack } else { Kind::Data }
}

/// From where on this stack is in use by the thread, if it is.
fn stopped_at(place: &Place, stack: Range) -> Option<usize> {
    let handler = place.handler.load(Ordering::Relaxed);
    let sp = place.sp.load(Ordering::Relaxed);
    [handler, sp.saturating_sub(RED_ZONE)]
        .into_iter()
        .find(|at| stack.contains(*at))
}

fn arenas() -> impl Iterator<Item = Range> {
    ALLGS.arenas.iter().map(|arena| {
        let (at, end) = arena.range();
        Range { at, end }
    })
}

fn stack_of(gp: &G) -> Range {
    Range {
        at: gp.stack_lo.load(Ordering::Relaxed),
        end: gp.stack_hi.load(Ordering::Relaxed),
    }
}

fn signal_stack_of(mp: &M) -> Range {
    let at = mp.signal_stack.load(Ordering::Relaxed);
    Range {
        at,
        end: at + mp.signal_stack_len.load(Ordering::Relaxed),
    }
}

fn scheduling_stack_of(mp: &M) -> Range {
    mp.g0.get().map_or(Range { at: 0, end: 0 }, stack_of)
}

/// Notes in the Gs who has leaked.
fn tell(marker: &Marker) -> usize {
    allgs::all().for_each(|gp| gp.leaked.store(0, Ordering::Relaxed));
    let leaked = marker.candidates.all().iter().filter(|one| !one.may_wake);
    leaked
        .map(|one| one.g.leaked.store(one.g.id(), Ordering::Relaxed))
        .count()
}
