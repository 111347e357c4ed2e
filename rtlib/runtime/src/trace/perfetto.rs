//! Events as packets of Perfetto's trace format (<https://perfetto.dev/docs/reference/synthetic-track-event>); the numbers are the fields' in its .proto files.
//!
//! Each goroutine has a track with what it does: running, runnable, or why it waits. Each P has one with the goroutines that it runs; each M one with its Ps and in them the
//! goroutines. Wake-ups are arrows from who wakes to the next run. Initialisation has a track of its own.

use core::fmt::{self, Write as _};

use rtlib_abi::layout::TaskInfo;

use super::proto::Message;
use crate::gmp::waitreason::WaitReason;
use crate::moduledata;
use crate::tracebuf::event::{Event, Kind};

/// `Trace`
mod trace {
    pub const PACKET: u64 = 1;
}

/// `TracePacket`
mod packet {
    pub const TIMESTAMP: u64 = 8;
    pub const SEQUENCE: u64 = 10;
    pub const TRACK_EVENT: u64 = 11;
    pub const INTERNED_DATA: u64 = 12;
    pub const SEQUENCE_FLAGS: u64 = 13;
    pub const TRACK_DESCRIPTOR: u64 = 60;
    /// `SEQ_INCREMENTAL_STATE_CLEARED`
    pub const STARTS: u64 = 1;
    /// `SEQ_NEEDS_INCREMENTAL_STATE`
    pub const CONTINUES: u64 = 2;
}

/// `TrackDescriptor`, `ProcessDescriptor`
mod track {
    pub const UUID: u64 = 1;
    pub const NAME: u64 = 2;
    pub const PROCESS: u64 = 3;
    pub const PARENT: u64 = 5;
    pub const SIBLING_MERGE_BEHAVIOR: u64 = 15;
    pub const PID: u64 = 1;
    pub const PROCESS_NAME: u64 = 6;
    /// `SIBLING_MERGE_BEHAVIOR_NONE`: then a later name takes the place of an earlier one.
    pub const NONE: u64 = 2;
}

/// `TrackEvent`
mod event {
    pub const TYPE: u64 = 9;
    pub const NAME_IID: u64 = 10;
    pub const TRACK: u64 = 11;
    pub const NAME: u64 = 23;
    pub const FLOWS: u64 = 47;
    pub const FLOWS_THAT_END: u64 = 48;
    pub const BEGIN: u64 = 1;
    pub const END: u64 = 2;
    pub const INSTANT: u64 = 3;
}

/// `InternedData`, `EventName`
mod interned {
    pub const EVENT_NAMES: u64 = 2;
    pub const IID: u64 = 1;
    pub const NAME: u64 = 2;
}

const PROCESS: u64 = 1;
const GOROUTINES: u64 = 2;
const PS: u64 = 3;
const MS: u64 = 4;
const INITS: u64 = 5;

/// Interned names: those of the wait reasons follow.
const RUNNING: u64 = 1;
const RUNNABLE: u64 = 2;
const SYSCALL: u64 = 3;
const REASONS: u64 = 4;

fn g_track(goid: u64) -> u64 {
    1 << 60 | goid
}

fn p_track(p: u16) -> u64 {
    2 << 60 | u64::from(p)
}

fn m_track(m: u32) -> u64 {
    3 << 60 | u64::from(m)
}

/// What takes the bytes.
pub trait Sink {
    /// Takes some.
    fn write(&mut self, bytes: &[u8]);
}

/// Writes packets. Remembers which tracks have been described.
pub struct Encoder {
    ps: [u64; 1024 / 64],
    ms: [u64; 16_384 / 64],
    /// Goroutines with names, each where its id leads to: a later one takes the place.
    named: [u64; 1024],
}

/// A short text, formatted without allocation.
struct Text {
    bytes: [u8; 48],
    len: usize,
}

impl Text {
    fn of(args: fmt::Arguments<'_>) -> Self {
        let mut text = Self {
            bytes: [0; 48],
            len: 0,
        };
        // Numbers and a few letters: it fits.
        let _ = text.write_fmt(args);
        text
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let end = self.len + more.len();
        self.bytes
            .get_mut(self.len..end)
            .ok_or(fmt::Error)?
            .copy_from_slice(more.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Encoder {
    /// Nothing described yet.
    pub const fn new() -> Self {
        Self {
            ps: [0; 1024 / 64],
            ms: [0; 16_384 / 64],
            named: [0; 1024],
        }
    }

    /// What comes first: the process, the groups of tracks, names.
    pub fn begin(&mut self, pid: u64, name: &str, to: &mut impl Sink) {
        let mut process = Message::new();
        process
            .number(track::PID, pid)
            .string(track::PROCESS_NAME, name);
        let mut descriptor = Message::new();
        descriptor
            .number(track::UUID, PROCESS)
            .message(track::PROCESS, &process);
        put(
            to,
            Message::new().message(packet::TRACK_DESCRIPTOR, &descriptor),
        );
        for (uuid, name) in [
            (INITS, "init"),
            (PS, "Ps"),
            (MS, "Ms"),
            (GOROUTINES, "goroutines"),
        ] {
            describe(to, uuid, name, PROCESS);
        }
        intern_names(to);
    }

    /// One event.
    pub fn event(&mut self, event: &Event, to: &mut impl Sink) {
        let mut at = Slices {
            time: event.time,
            to,
        };
        match event.kind {
            Kind::Create => self.create(event, at),
            Kind::Name => self.name(event, at.to),
            Kind::Ready => {
                self.wakes(event, "wakes", at.to);
                at.change(g_track(event.goid), RUNNABLE);
            }
            Kind::Start => self.start(event, at),
            Kind::Block => stop(event, Some(REASONS + u64::from(event.reason)), at),
            Kind::Yield => stop(event, Some(RUNNABLE), at),
            Kind::Syscall => {
                stop(
                    event,
                    Some(SYSCALL),
                    Slices {
                        time: event.time,
                        to: at.to,
                    },
                );
                at.end(m_track(event.m)); // without its P
            }
            Kind::End => stop(event, None, at),
            Kind::Acquire => {
                let m = event.other as u32;
                self.describe_m(m, at.to);
                at.begin(m_track(m), Text::of(format_args!("P{}", event.p)).as_str());
            }
            Kind::Release => at.end(m_track(event.other as u32)),
            Kind::InitBegin => {
                // SAFETY: `init_begins` stored a reference to an emitted description, which lives for ever.
                let task = unsafe { &*(event.other as *const TaskInfo) };
                at.begin(INITS, moduledata::package(task));
            }
            Kind::InitEnd => at.end(INITS),
        }
    }

    fn start(&mut self, event: &Event, mut at: Slices<'_, impl Sink>) {
        self.describe_p(event.p, at.to);
        at.end(g_track(event.goid));
        let mut running = Message::new();
        running
            .number(event::TYPE, event::BEGIN)
            .number(event::TRACK, g_track(event.goid))
            .number(event::NAME_IID, RUNNING)
            .fixed64(event::FLOWS_THAT_END, flow(event));
        at.put(&running);
        let name = Text::of(format_args!("G{}", event.goid));
        at.begin(p_track(event.p), name.as_str());
        at.begin(m_track(event.m), name.as_str());
    }

    fn create(&mut self, event: &Event, mut at: Slices<'_, impl Sink>) {
        let track = g_track(event.goid);
        // The goroutine's name may come first, from another M.
        if *self.named(event.goid) != event.goid {
            let note = if event.goid == 1 { " main" } else { "" };
            let name = Text::of(format_args!("G{}{note}", event.goid));
            describe(at.to, track, name.as_str(), GOROUTINES);
        }
        self.wakes(event, "go", at.to);
        at.begin_interned(track, RUNNABLE);
    }

    fn name(&mut self, event: &Event, to: &mut impl Sink) {
        *self.named(event.goid) = event.goid;
        let (name, len) = event.name();
        let mut text = Text::of(format_args!("G{} ", event.goid));
        for part in name[..len].utf8_chunks() {
            // As long as a thread's may be: it fits.
            let _ = text.write_str(part.valid());
        }
        let track = g_track(event.goid);
        describe(to, track, text.as_str().trim_end(), GOROUTINES);
    }

    fn named(&mut self, goid: u64) -> &mut u64 {
        let at = goid as usize % self.named.len();
        &mut self.named[at]
    }

    /// The instant at which a goroutine wakes or starts another, with an arrow to what it does then.
    fn wakes(&mut self, event: &Event, verb: &str, to: &mut impl Sink) {
        let by = match event.other {
            0 => {
                self.describe_m(event.m, to);
                m_track(event.m)
            }
            goid => g_track(goid),
        };
        let mut instant = Message::new();
        instant
            .number(event::TYPE, event::INSTANT)
            .number(event::TRACK, by)
            .string(
                event::NAME,
                Text::of(format_args!("{verb} G{}", event.goid)).as_str(),
            )
            .fixed64(event::FLOWS, flow(event));
        Slices {
            time: event.time,
            to,
        }
        .put(&instant);
    }

    fn describe_p(&mut self, p: u16, to: &mut impl Sink) {
        if is_new(&mut self.ps, p.into()) {
            describe(to, p_track(p), Text::of(format_args!("P{p}")).as_str(), PS);
        }
    }

    fn describe_m(&mut self, m: u32, to: &mut impl Sink) {
        if is_new(&mut self.ms, m as usize) {
            describe(to, m_track(m), Text::of(format_args!("M{m}")).as_str(), MS);
        }
    }
}

/// Whether this bit was not set. It is now.
fn is_new(bits: &mut [u64], n: usize) -> bool {
    let Some(word) = bits.get_mut(n / 64) else {
        return false;
    };
    let bit = 1 << (n % 64);
    core::mem::replace(word, *word | bit) & bit == 0
}

/// Identifies a wake-up, so that its two ends find each other.
fn flow(event: &Event) -> u64 {
    event.goid << 24 | u64::from(event.flow & 0xff_ffff)
}

/// The goroutine leaves its P, and is in this state then.
fn stop(event: &Event, state: Option<u64>, mut at: Slices<'_, impl Sink>) {
    at.end(p_track(event.p));
    at.end(m_track(event.m));
    at.end(g_track(event.goid));
    if let Some(state) = state {
        at.begin_interned(g_track(event.goid), state);
    }
}

/// Slices of tracks that begin and end at one time.
struct Slices<'a, S> {
    time: u64,
    to: &'a mut S,
}

impl<S: Sink> Slices<'_, S> {
    fn begin(&mut self, track: u64, name: &str) {
        let mut message = self.of(event::BEGIN, track);
        message.string(event::NAME, name);
        self.put(&message);
    }

    fn begin_interned(&mut self, track: u64, name: u64) {
        let mut message = self.of(event::BEGIN, track);
        message.number(event::NAME_IID, name);
        self.put(&message);
    }

    fn end(&mut self, track: u64) {
        let message = self.of(event::END, track);
        self.put(&message);
    }

    fn change(mut self, track: u64, name: u64) {
        self.end(track);
        self.begin_interned(track, name);
    }

    fn of(&self, kind: u64, track: u64) -> Message {
        let mut message = Message::new();
        message
            .number(event::TYPE, kind)
            .number(event::TRACK, track);
        message
    }

    fn put(&mut self, event: &Message) {
        let mut packet = Message::new();
        packet
            .number(packet::TIMESTAMP, self.time)
            .number(packet::SEQUENCE, 1)
            .number(packet::SEQUENCE_FLAGS, packet::CONTINUES)
            .message(packet::TRACK_EVENT, event);
        put(self.to, &packet);
    }
}

fn describe(to: &mut impl Sink, uuid: u64, name: &str, parent: u64) {
    let mut descriptor = Message::new();
    descriptor
        .number(track::UUID, uuid)
        .string(track::NAME, name)
        .number(track::PARENT, parent)
        .number(track::SIBLING_MERGE_BEHAVIOR, track::NONE);
    put(
        to,
        Message::new().message(packet::TRACK_DESCRIPTOR, &descriptor),
    );
}

/// Each in a packet of its own: messages are small.
fn intern_names(to: &mut impl Sink) {
    let states = [
        (RUNNING, "running"),
        (RUNNABLE, "runnable"),
        (SYSCALL, "syscall"),
    ];
    let reasons = (0_u8..)
        .map(|number| {
            (
                REASONS + u64::from(number),
                WaitReason::from_number(number).text(),
            )
        })
        .take(WaitReason::COUNT);
    for (n, (iid, name)) in states.into_iter().chain(reasons).enumerate() {
        let flags = if n == 0 {
            packet::STARTS
        } else {
            packet::CONTINUES
        };
        let name = if name.is_empty() { "waiting" } else { name };
        let mut entry = Message::new();
        entry
            .number(interned::IID, iid)
            .string(interned::NAME, name);
        let mut data = Message::new();
        data.message(interned::EVENT_NAMES, &entry);
        let mut packet = Message::new();
        packet
            .number(packet::SEQUENCE, 1)
            .number(packet::SEQUENCE_FLAGS, flags)
            .message(packet::INTERNED_DATA, &data);
        put(to, &packet);
    }
}

fn put(to: &mut impl Sink, packet: &Message) {
    let mut whole = Message::new();
    whole.message(trace::PACKET, packet);
    to.write(whole.bytes());
}
