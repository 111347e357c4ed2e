//! Names, files and lines of program counters: the symboliser of the `backtrace` crate, for this module and for the runtime's own tracebacks.
//!
//! What was looked up is kept: in a dump of many goroutines the same few call sites come again and again.

use core::ffi::c_void;
use std::borrow::ToOwned;
use std::collections::HashMap;
use std::format;
use std::panic::catch_unwind;
use std::string::String;
use std::sync::{Arc, Mutex, TryLockError};
use std::vec::Vec;

use rtlib_abi::layout::Str;
use rtlib_abi::plumbing::{run_by, shown};
use rtlib_abi::traceback::{EmitSymbol, INLINED, PLUMBING, Symbol as RawSymbol, Symbolizer};

use super::plumbing::is_plumbing;
use super::symbol_table;

/// What is known of a place in the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    name: String,
    file: String,
    line: u32,
}

impl Symbol {
    /// The function's path, without hash. `None` if it is unknown.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        Some(&*self.name).filter(|name| !name.is_empty())
    }

    /// The source file. `None` without line tables.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        Some(&*self.file).filter(|file| !file.is_empty())
    }

    /// The line, from 1. `None` without line tables.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        Some(self.line).filter(|line| *line != 0)
    }
}

type Symbols = Arc<[Symbol]>;

/// The symbols of the instruction before `pc`, the innermost inlined function first.
pub(super) fn resolve(pc: usize) -> Symbols {
    static KNOWN: Mutex<Option<HashMap<usize, Symbols>>> = Mutex::new(None);
    // Not `lock`: a dying program asks from a thread that must not wait for one that may be stopped.
    let mut known = match KNOWN.try_lock() {
        Ok(known) => known,
        Err(TryLockError::Poisoned(known)) => known.into_inner(),
        Err(TryLockError::WouldBlock) => return look_up(pc),
    };
    let known = known.get_or_insert_default();
    Arc::clone(known.entry(pc).or_insert_with(|| look_up(pc)))
}

fn look_up(pc: usize) -> Symbols {
    let mut symbols = Vec::new();
    backtrace::resolve(core::ptr::without_provenance_mut(pc), |symbol| {
        symbols.push(Symbol {
            name: symbol
                .name()
                .map(|name| format!("{name:#}"))
                .unwrap_or_default(),
            file: symbol
                .filename()
                .and_then(|file| file.to_str())
                .unwrap_or_default()
                .to_owned(),
            line: symbol.lineno().unwrap_or_default(),
        });
    });
    let is_full = |outermost: &Symbol| outermost.name.contains("::");
    if !symbols.last().is_some_and(is_full)
        && let Some(name) = symbol_table::function_at(pc.saturating_sub(1))
    {
        match symbols.last_mut() {
            Some(outermost) => outermost.name = name,
            // The file that the symboliser looks for by its name may have been replaced or deleted since.
            None => symbols.push(Symbol {
                name,
                file: String::new(),
                line: 0,
            }),
        }
    }
    // Without line tables the name is all that is known of a closure that was inlined.
    if let [only] = &mut symbols[..]
        && only.file.is_empty()
    {
        only.name = shown(&only.name).to_owned();
    }
    symbols.into()
}

/// Found by the runtime under this name.
#[used]
#[unsafe(export_name = "runtime.symbolizer")]
static SYMBOLIZER: Symbolizer = symbolize;

unsafe extern "C" fn symbolize(pc: usize, emit: EmitSymbol, to: *mut c_void) {
    let symbols = catch_unwind(|| resolve(pc)).unwrap_or_default();
    // As above, of a goroutine's closure. The writer leaves it out where it is a frame of its own.
    if let [only] = &symbols[..]
        && only.file.is_empty()
        && let Some(closure) = run_by(&only.name)
    {
        let raw = RawSymbol {
            name: Str::of(closure),
            file: Str::of(""),
            line: 0,
            flags: INLINED,
        };
        // SAFETY: as below.
        unsafe { emit(to, &raw const raw) };
    }
    let last = symbols.len().saturating_sub(1);
    for (i, symbol) in symbols.iter().enumerate() {
        let raw = RawSymbol {
            name: Str::of(&symbol.name),
            file: Str::of(&symbol.file),
            line: symbol.line,
            flags: if i == last { 0 } else { INLINED }
                | if is_plumbing(&symbol.name, &symbol.file) {
                    PLUMBING
                } else {
                    0
                },
        };
        // SAFETY: the caller's function, with the caller's argument; the strings outlive the call.
        unsafe { emit(to, &raw const raw) };
    }
}
