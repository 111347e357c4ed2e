//! The program's own symbol table: full names of functions whose debug information has only short ones (`debug = "line-tables-only"`).

use std::boxed::Box;
use std::format;
use std::fs::File;
use std::string::String;
use std::sync::OnceLock;

use object::read::ReadCache;
use object::{Object, SymbolMap, SymbolMapName};

/// The demangled name, without hash, of the function that contains this address.
pub(super) fn function_at(address: usize) -> Option<String> {
    static TABLE: OnceLock<Option<SymbolMap<SymbolMapName<'static>>>> = OnceLock::new();
    let table = TABLE.get_or_init(read).as_ref()?;
    let symbol = table.containing(u64::try_from(address).ok()?)?;
    Some(format!("{:#}", rustc_demangle::demangle(symbol.name())))
}

/// Kept for as long as the program runs, as are the names in it. `None` when the program's file cannot be read.
fn read() -> Option<SymbolMap<SymbolMapName<'static>>> {
    let file = File::open("/proc/self/exe").ok()?;
    let cache: &'static ReadCache<File> = Box::leak(Box::new(ReadCache::new(file)));
    Some(object::File::parse(cache).ok()?.symbol_map())
}
