//! The crash report: what a program that ends prints of its goroutines.

use core::fmt::Write;

use rtlib_abi::traceback::Record;

use super::level::{self, Level};
use super::record::{self, BATCH, Haste};
use super::write::{self, SYSTEM, Style};
use crate::arch::current::unwind::Registers;
use crate::gmp::g::G;
use crate::inittask;
use crate::os::linux::mem;
use crate::print::Stderr;
use crate::stack::allgs;

/// What is to be printed.
pub struct CrashReport {
    /// The goroutine that is told of first, if it has an id.
    pub first: Record,
    /// The first was in an init function.
    pub init: Option<inittask::Running>,
    /// All goroutines are told of, whatever `GOTRACEBACK` says.
    pub others: bool,
    /// Printed at the end.
    pub registers: Option<Registers>,
}

/// Prints it. Only one thread of a dying program is in here, unless another one did not get on.
pub fn tell(report: &CrashReport, symbols: bool) {
    let Level { depth, all, .. } = level::get();
    let style = Style { depth, symbols };
    match &report.init {
        Some(init) => tell_of_init(init, &report.first, style),
        None if report.first.goid != 0 => tell_of(&report.first, style),
        None => {}
    }
    if report.others || all {
        tell_of_others(report.first.g, style);
    }
    if let Some(registers) = &report.registers {
        tell_registers(registers);
    }
}

fn tell_of(record: &Record, style: Style) {
    let mut err = Stderr::new();
    err.bytes(b"\n");
    // Writing cannot fail.
    let _ = write::record(&mut err, record, style);
}

fn tell_of_init(init: &inittask::Running, record: &Record, style: Style) {
    let mut err = Stderr::new();
    let inittask::Running {
        package,
        name,
        file,
        line,
    } = init;
    // Writing cannot fail.
    let _ = write!(
        err,
        "\ngoroutine {} [running, in init of package {package}]:\n",
        record.goid
    );
    let _ = write::trace(&mut err, &record.trace, style);
    let _ = write!(err, "in init {name}\n\t{file}:{line}\n");
}

fn tell_registers(registers: &Registers) {
    crate::print!("\n");
    for (name, value) in registers.all() {
        crate::print!("{name:<6} {value:#x}\n");
    }
}

/// All goroutines but one, by their ids.
fn tell_of_others(but: usize, style: Style) {
    let listed = |gp: &&G| {
        record::is_listed(gp, style.depth >= SYSTEM) && core::ptr::from_ref::<G>(gp) as usize != but
    };
    let room = allgs::all().filter(listed).count();
    let Ok(memory) = mem::reserve((room * size_of::<&G>()).max(1)) else {
        return;
    };
    let mut all = GList {
        at: memory.as_ptr().cast(),
        len: 0,
    };
    for gp in allgs::all().filter(listed).take(room) {
        // SAFETY: there is room for so many.
        unsafe { all.push(gp) };
    }
    let all = all.sorted();
    let mut records = [record::EMPTY; BATCH];
    for batch in all.chunks(BATCH) {
        let records = &mut records[..batch.len()];
        record::capture(batch, records, None, Haste::Dying);
        records
            .iter()
            .filter(|record| record.goid != 0)
            .for_each(|record| tell_of(record, style));
    }
}

/// Goroutines in memory of their own, which is not given back.
struct GList {
    at: *mut &'static G,
    len: usize,
}

impl GList {
    /// # Safety
    /// There is room for one more.
    unsafe fn push(&mut self, gp: &'static G) {
        // SAFETY: the caller vouches.
        unsafe { self.at.add(self.len).write(gp) };
        self.len += 1;
    }

    fn sorted(self) -> &'static [&'static G] {
        // SAFETY: so many were written.
        let all = unsafe { core::slice::from_raw_parts_mut(self.at, self.len) };
        all.sort_unstable_by_key(|gp| gp.id());
        all
    }
}
