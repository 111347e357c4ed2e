//! Which calls of a linked program wait, crate by crate: what `--emit blocking` shows.
//!
//! The program is disassembled: a call counts if its code is in the program, whoever was inlined into whom. Whose code it is, is told from the function's name; functions with the names of C belong to the
//! library of a crate that defines them ([`c_functions`]). The runtime's own code and libc's are left out.
//!
//! Invariants: the input is hostile; what cannot be read is an error or left out, and nothing panics. Equal bytes give equal results.

mod crate_name;
mod disassemble;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use object::read::archive::ArchiveFile;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSymbol, SymbolKind};
use rtlib_abi::calls as table;

pub use text::text;

/// What a call does to the goroutine that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It parks it.
    Parks,
    /// Its thread waits, and another one runs the other goroutines.
    KeepsThread,
    /// It may tie it to its thread.
    Ties,
    /// It starts a thread: of the kernel, if its first function is not Rust's.
    StartsThread,
    /// A system call that goes round libc: its thread waits.
    RoundLibc,
}

/// The calls of one crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// The functions that are called, by what they do. Empty sets are left out; of [`Effect::RoundLibc`] these are the functions that hold the instructions.
    pub by_effect: BTreeMap<Effect, BTreeSet<String>>,
}

/// Whose code it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The crate.
    pub crate_name: String,
    /// Code in C that it brings, not its own in Rust.
    pub is_c: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum BlockingError {
    /// The program has no symbol table.
    #[error("the program is stripped: its functions have no names")]
    Stripped,
    /// It is no program, or it is damaged.
    #[error("the program cannot be read: {0}")]
    Damaged(#[from] object::Error),
}

/// The functions with names of C that the library of a crate defines: those that its build script has compiled, and its own `no_mangle` ones.
///
/// # Errors
/// When the archive is damaged.
pub fn c_functions(rlib: &[u8]) -> Result<Vec<String>, object::Error> {
    let archive = ArchiveFile::parse(rlib)?;
    let mut names = Vec::new();
    for member in archive.members() {
        let content = member?.data(rlib)?;
        // A member that is no object (`lib.rmeta`, LLVM's bitcode) has no functions here.
        let Ok(object) = ElfFile64::<object::LittleEndian>::parse(content) else {
            continue;
        };
        let defined = object
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text && !symbol.is_undefined());
        let names_of_c = defined.filter_map(|symbol| {
            symbol
                .name()
                .ok()
                .filter(|name| crate_name::of(name).is_none())
        });
        names.extend(names_of_c.map(str::to_owned));
    }
    Ok(names)
}

/// All calls that wait, of a program. `foreign` says which crate's library defines a function with a name of C.
///
/// # Errors
/// When the program has no names, or is damaged.
pub fn calls(
    program: &[u8],
    foreign: &BTreeMap<String, String>,
) -> Result<BTreeMap<Owner, Calls>, BlockingError> {
    let file = ElfFile64::<object::LittleEndian>::parse(program)?;
    if file.symbols().next().is_none() {
        return Err(BlockingError::Stripped);
    }
    let targets = targets(&file);
    let mut all = BTreeMap::<Owner, Calls>::new();
    for function in file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() != 0)
    {
        let Some(owner) = function.name().ok().and_then(|name| owner(name, foreign)) else {
            continue;
        };
        let name = crate_name::readable(function.name().unwrap_or_default());
        disassemble::for_each_call(&file, &function, |call| {
            let (effect, what) = match call {
                disassemble::Call::To(address) => match targets.get(&address) {
                    Some((effect, what)) => (*effect, (*what).to_owned()),
                    None => return,
                },
                disassemble::Call::System => (Effect::RoundLibc, name.clone()),
            };
            let calls = all.entry(owner.clone()).or_default();
            calls.by_effect.entry(effect).or_default().insert(what);
        });
    }
    Ok(all)
}

fn targets<'data>(
    file: &ElfFile64<'data, object::LittleEndian>,
) -> BTreeMap<u64, (Effect, &'data str)> {
    let effect = |name: &'data str| {
        let wrapped = name.strip_prefix("__wrap_");
        let name = wrapped.unwrap_or(name);
        let effect = match table::effect_of(name)? {
            table::Effect::Waits => Effect::KeepsThread,
            _ if wrapped.is_none() => return None,
            table::Effect::StartsThread => Effect::StartsThread,
            table::Effect::Parks => Effect::Parks,
            table::Effect::KeepsThread => Effect::KeepsThread,
            table::Effect::Ties => Effect::Ties,
            table::Effect::Answers => return None,
        };
        Some((effect, name))
    };
    let functions = file.symbols().filter(|symbol| !symbol.is_undefined());
    functions
        .filter_map(|symbol| Some((symbol.address(), effect(symbol.name().ok()?)?)))
        .collect()
}

/// Whose a function is. None for the runtime's own and for libc's.
fn owner(name: &str, foreign: &BTreeMap<String, String>) -> Option<Owner> {
    if let Some(crate_name) = crate_name::of(name) {
        // Glue of core for the runtime's types is the runtime's, too.
        let is_ours = name.contains("rtlib_runtime");
        return (!is_ours).then_some(Owner {
            crate_name,
            is_c: false,
        });
    }
    foreign.get(name).map(|crate_name| Owner {
        crate_name: crate_name.clone(),
        is_c: true,
    })
}

#[cfg(test)]
mod tests;
