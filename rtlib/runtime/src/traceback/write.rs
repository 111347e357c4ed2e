//! Records and stacks as text, in the format of Go's tracebacks.
//!
//! ```text
//! goroutine 7 [chan receive, 2 minutes, locked to thread, "worker"]:
//! app::worker(...)
//!         src/main.rs:12 +0x1f
//! created by app::main in goroutine 1
//!         src/main.rs:30 +0x8c
//! ```
//!
//! Arguments are `(...)`, as Go writes those that it does not know. The offset is the program counter's in the function that the line stands for; a function that is inlined has none.

use core::fmt::{self, Write};

use rtlib_abi::traceback::{
    INLINED, LEAKED, LOCKED, NO_M, PLUMBING, READS, RUNS_ELSEWHERE, Record, STACK, Symbol, Trace,
    WRITES,
};

use super::{eh_frame, symbols, unwind};

/// Level from which on the runtime's frames, and program counters, are shown.
pub const SYSTEM: u32 = 2;
/// The main goroutine was created by nobody.
const MAIN_GOID: u64 = crate::gmp::MAIN_GOID;

/// What to write.
#[derive(Clone, Copy)]
pub struct Style {
    /// As [`super::level::Level::depth`].
    pub depth: u32,
    /// Whether the symboliser may be asked.
    pub symbols: bool,
}

/// Header, stack and creator.
pub fn record(out: &mut dyn Write, record: &Record, style: Style) -> fmt::Result {
    header(out, record, style)?;
    if record.flags & STACK != 0 {
        trace(out, &record.trace, style)?;
    } else if record.flags & RUNS_ELSEWHERE != 0 {
        out.write_str("\tgoroutine running on other thread; stack unavailable\n")?;
    }
    creator(out, record, style)
}

fn header(out: &mut dyn Write, record: &Record, style: Style) -> fmt::Result {
    const MINUTE_NS: u64 = 60_000_000_000;
    write!(out, "goroutine {}", record.goid)?;
    if style.depth >= SYSTEM {
        write!(out, " gp={:#x}", record.g)?;
        match record.m {
            NO_M => out.write_str(" m=nil")?,
            m => write!(out, " m={m}")?,
        }
    }
    let reason = symbols::text(&record.reason);
    let status = symbols::text(&record.status);
    write!(out, " [{}", if reason.is_empty() { status } else { reason })?;
    if record.flags & LEAKED != 0 {
        out.write_str(" (leaked)")?;
    }
    let how = match record.flags & (READS | WRITES) {
        0 => None,
        READS => Some("read"),
        WRITES => Some("write"),
        _ => Some("poll"),
    };
    if let Some(how) = how {
        write!(out, ", {how} fd {}", record.fd)?;
    }
    let minutes = record.waited / MINUTE_NS;
    if minutes >= 1 {
        write!(out, ", {minutes} minutes")?;
    }
    if record.flags & LOCKED != 0 {
        out.write_str(", locked to thread")?;
    }
    name(out, &record.name)?;
    out.write_str("]:\n")
}

/// A goroutine's name, if it has one. Bytes that could be taken for something else in a line are shown as `?`.
fn name(out: &mut dyn Write, name: &[u8]) -> fmt::Result {
    let len = name.iter().position(|byte| *byte == 0);
    let name = &name[..len.unwrap_or(name.len())];
    if name.is_empty() {
        return Ok(());
    }
    out.write_str(", \"")?;
    for byte in name {
        let is_plain = byte.is_ascii_graphic() && !matches!(byte, b'"' | b']');
        let shown = if is_plain || *byte == b' ' {
            *byte
        } else {
            b'?'
        };
        out.write_char(char::from(shown))?;
    }
    out.write_char('"')
}

/// The frames. If all of them are hidden ones, they are shown.
pub fn trace(out: &mut dyn Write, trace: &Trace, style: Style) -> fmt::Result {
    let shown = frames(out, trace, style)?;
    if shown == 0 && style.depth < SYSTEM {
        let depth = SYSTEM;
        frames(out, trace, Style { depth, ..style })?;
    }
    Ok(())
}

fn frames(out: &mut dyn Write, trace: &Trace, style: Style) -> Result<usize, fmt::Error> {
    let (pcs, gap) = unwind::kept(trace);
    let mut shown = 0;
    let mut last = Last(0);
    for (i, pc) in pcs.enumerate() {
        if let Some((_, left_out)) = gap.filter(|(after, _)| *after == i) {
            writeln!(out, "...{left_out} frames elided...")?;
        }
        shown += frame(out, pc, style, &mut last)?;
    }
    Ok(shown)
}

/// The name of the function that was written last, as a hash.
struct Last(u64);

impl Last {
    /// Whether it was not this one. It is now.
    fn is_new(&mut self, name: &str) -> bool {
        const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);
        let hash = name.bytes().fold(FNV.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(FNV.1)
        });
        core::mem::replace(&mut self.0, hash) != hash
    }
}

/// The functions of a frame; returns how many. A closure of which no place is known is inlined, or it was the frame before.
fn frame(
    out: &mut dyn Write,
    pc: usize,
    style: Style,
    last: &mut Last,
) -> Result<usize, fmt::Error> {
    let entry = eh_frame::function_start(pc);
    let mut shown = 0;
    let mut known = false;
    let mut result = Ok(());
    for_each_symbol(pc, style, |symbol| {
        known = true;
        if result.is_ok() && (style.depth >= SYSTEM || symbol.flags & PLUMBING == 0) {
            let is_new = last.is_new(symbols::text(&symbol.name));
            if !is_new && symbol.flags & INLINED != 0 && symbol.file.len == 0 {
                return;
            }
            shown += 1;
            result = function(out, pc, entry, symbol, style);
        }
    });
    result?;
    if !known {
        shown += 1;
        unknown(out, pc, entry, "(...)", style)?;
    }
    Ok(shown)
}

fn for_each_symbol(pc: usize, style: Style, f: impl FnMut(&Symbol)) {
    if style.symbols {
        symbols::of(pc, f);
    }
}

fn function(
    out: &mut dyn Write,
    pc: usize,
    entry: Option<usize>,
    symbol: &Symbol,
    style: Style,
) -> fmt::Result {
    writeln!(out, "{}(...)", symbols::text(&symbol.name))?;
    place(out, pc, entry, symbol, style)
}

fn place(
    out: &mut dyn Write,
    pc: usize,
    entry: Option<usize>,
    symbol: &Symbol,
    style: Style,
) -> fmt::Result {
    match symbols::text(&symbol.file) {
        "" => out.write_str("\t?:0")?,
        file => write!(out, "\t{file}:{}", symbol.line)?,
    }
    let outermost = symbol.flags & INLINED == 0;
    if let Some(entry) = entry.filter(|_| outermost) {
        write!(out, " +{:#x}", pc - entry)?;
    }
    if outermost && style.depth >= SYSTEM {
        write!(out, " pc={pc:#x}")?;
    }
    out.write_char('\n')
}

/// A function of which no name is known, by its address.
fn unknown(
    out: &mut dyn Write,
    pc: usize,
    entry: Option<usize>,
    arguments: &str,
    style: Style,
) -> fmt::Result {
    let start = entry.unwrap_or(pc);
    write!(out, "{start:#x}{arguments}")?;
    if arguments.is_empty() {
        return Ok(());
    }
    write!(out, "\n\t?:0 +{:#x}", pc - start)?;
    if style.depth >= SYSTEM {
        write!(out, " pc={pc:#x}")?;
    }
    out.write_char('\n')
}

/// `created by`: the innermost function at the creating call that is not plumbing.
fn creator(out: &mut dyn Write, record: &Record, style: Style) -> fmt::Result {
    let pc = record.gopc;
    if pc == 0 || record.goid == MAIN_GOID {
        return Ok(());
    }
    let entry = eh_frame::function_start(pc);
    let mut named = false;
    let mut result = Ok(());
    for_each_symbol(pc, style, |symbol| {
        let name = symbols::text(&symbol.name);
        let last = symbol.flags & INLINED == 0;
        if !named && result.is_ok() && (last || symbol.flags & PLUMBING == 0) {
            named = true;
            result = created_by(out, record, |out| out.write_str(name))
                .and_then(|()| place(out, pc, entry, symbol, style));
        }
    });
    result?;
    if !named {
        created_by(out, record, |out| unknown(out, pc, entry, "", style))?;
        writeln!(out, "\t?:0 +{:#x}", pc - entry.unwrap_or(pc))?;
    }
    Ok(())
}

fn created_by(
    out: &mut dyn Write,
    record: &Record,
    name: impl FnOnce(&mut dyn Write) -> fmt::Result,
) -> fmt::Result {
    out.write_str("created by ")?;
    name(out)?;
    if record.parent_goid != 0 {
        write!(out, " in goroutine {}", record.parent_goid)?;
    }
    out.write_char('\n')
}
