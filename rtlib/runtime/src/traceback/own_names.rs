//! Names of functions from the program's own file, for programs without `rtlib`, which would know files and lines as well.
//!
//! The file is mapped, and its symbols are put in order, at the first question. Nothing here allocates or takes a lock, so a dying program may ask. A program that was stripped has no names, nor has one without /proc.

use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use rtlib_abi::layout::Str;
use rtlib_abi::plumbing::{is_plumbing, run_by, shown};
use rtlib_abi::traceback::{INLINED, PLUMBING, Symbol};

use super::demangle::demangle;
use super::symtab::Symtab;
use crate::os::linux::mem;

/// What is known of the program's file. It stands at the beginning of the mapping that holds the index.
struct Names {
    symtab: Symtab<'static>,
    index: &'static [u32],
}

/// Null before the first question.
static NAMES: AtomicPtr<Names> = AtomicPtr::new(ptr::null_mut());
/// There are none.
static HAS_NONE: AtomicBool = AtomicBool::new(false);

/// Calls `f` with the function that the instruction before `pc` is in, if that is known; before it with the closure that may be inlined into it.
pub fn of(pc: usize, mut f: impl FnMut(&Symbol)) {
    let names = names();
    let Some(symbol) = names.and_then(|names| {
        let address = pc.checked_sub(1)? as u64;
        names.symtab.name_at(names.index, address)
    }) else {
        return;
    };
    let demangled = demangle(symbol);
    let name = demangled.as_ref().map_or(symbol, |text| text.as_str());
    if let Some(closure) = run_by(name) {
        f(&Symbol {
            name: Str::of(closure),
            file: Str::of(""),
            line: 0,
            flags: INLINED,
        });
    }
    let name = shown(name);
    f(&Symbol {
        name: Str::of(name),
        file: Str::of(""),
        line: 0,
        flags: if is_plumbing(name) { PLUMBING } else { 0 },
    });
}

/// Reads the file unless somebody has. Two who ask at once both read it; what the second one has made stays unused.
fn names() -> Option<&'static Names> {
    let known = NAMES.load(Ordering::Acquire);
    // SAFETY: null, or what was stored below, which lives for ever.
    if let Some(names) = unsafe { known.as_ref() } {
        return Some(names);
    }
    if HAS_NONE.load(Ordering::Relaxed) {
        return None;
    }
    let names = read();
    HAS_NONE.store(names.is_none(), Ordering::Relaxed);
    NAMES.store(names?.as_ptr(), Ordering::Release);
    // SAFETY: as above.
    names.map(|names| unsafe { names.as_ref() })
}

fn read() -> Option<NonNull<Names>> {
    const HEAD: usize = size_of::<Names>().next_multiple_of(align_of::<u32>());
    let symtab = Symtab::of(mem::map_file(c"/proc/self/exe").ok()?)?;
    let count = symtab.len();
    let memory = mem::reserve(HEAD + count * size_of::<u32>()).ok()?;
    // SAFETY: a new mapping of zeros, with room for a head and as many numbers, both aligned.
    unsafe {
        let index = slice::from_raw_parts_mut(memory.add(HEAD).cast::<u32>().as_ptr(), count);
        let functions = symtab.sort(index);
        let names = memory.cast::<Names>();
        names.write(Names {
            symtab,
            index: &index[..functions],
        });
        Some(names)
    }
}
