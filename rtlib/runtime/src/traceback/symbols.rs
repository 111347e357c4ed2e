//! The program's symboliser, which the `rtlib` crate defines; else [`own_names`].

use core::ffi::c_void;

use rtlib_abi::layout::Str;
use rtlib_abi::traceback::{Symbol, Symbolizer};

use super::{own_names, reporter};
use crate::arch::current::{weak, weak_address};

weak!("runtime.symbolizer");

fn symbolizer() -> Option<Symbolizer> {
    let at = weak_address!("runtime.symbolizer") as *const Symbolizer;
    // SAFETY: null, or the static of this type that `rtlib` defines.
    unsafe { at.as_ref() }.copied()
}

/// Calls `f` with the symbols of a program counter, as [`Symbolizer`] says.
pub fn of(pc: usize, mut f: impl FnMut(&Symbol)) {
    let Some(symbolizer) = symbolizer() else {
        return own_names::of(pc, f);
    };
    // What is done with a symbol is no part of the lookup: writing may take as long as whoever reads wants.
    let mut f = |symbol: &Symbol| {
        reporter::lookup_begins_or_ends();
        f(symbol);
        reporter::lookup_begins_or_ends();
    };
    let mut f: &mut dyn FnMut(&Symbol) = &mut f;
    reporter::lookup_begins_or_ends();
    // SAFETY: `emit` gets back what it expects, before this returns.
    unsafe { symbolizer(pc, emit, (&raw mut f).cast()) };
    reporter::lookup_begins_or_ends();
}

unsafe extern "C" fn emit(to: *mut c_void, symbol: *const Symbol) {
    // SAFETY: see `of`; the symboliser passes a symbol.
    unsafe { (*to.cast::<&mut dyn FnMut(&Symbol)>())(&*symbol) }
}

/// The text of a symbol.
pub fn text(text: &Str) -> &str {
    if text.len == 0 {
        return "";
    }
    // SAFETY: `Str` promises `len` bytes of UTF-8.
    unsafe {
        core::str::from_utf8_unchecked(core::slice::from_raw_parts(text.ptr, text.len as usize))
    }
}
