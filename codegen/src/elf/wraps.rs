//! Whether the wraps in a program are the runtime's. The linker leads each call of a wrapped function NAME to `__wrap_NAME`, whoever defines that: libgcc.a has a few, a library may have others, and
//! `--defsym` makes one of anything. A program with such a one builds, and its goroutines keep their threads or worse.
//!
//! A function of the program is the runtime's when it has the length and the bytes that it has in the runtime's object, but for those that the linker writes. A stripped program tells nothing.

use std::collections::BTreeMap;

use object::LittleEndian;
use object::elf::{FileHeader64, STB_LOCAL};
use object::read::elf::{ElfFile, ElfSymbol};
use object::read::{Object, ObjectSection, ObjectSymbol, ReadRef};

use super::error::ElfError;
use super::image::Image;
use super::symbols::for_each_defined;

/// What is before the name of a function in the symbol of its wrap.
const PREFIX: &str = "__wrap_";

/// Bytes around a place that the linker writes to which it may change as well: it makes shorter instructions of what takes an address from a table.
const BEFORE: usize = 4;
/// See [`BEFORE`]; with the place itself.
const FROM: usize = 12;

type Runtime<'data> = ElfFile<'data, FileHeader64<LittleEndian>>;

/// The first of these functions whose wrap in the program is another than that in the runtime's object.
///
/// # Errors
/// When the program's symbol table is damaged, or the object is none.
pub fn foreign_wrap<'data, R: ReadRef<'data>>(
    program: R,
    runtime: &[u8],
    functions: &[&'static str],
) -> Result<Option<&'static str>, ElfError> {
    let image = Image::open(program)?;
    let found = wraps(&image, functions)?;
    if found.is_empty() {
        return Ok(None);
    }
    let runtime = Runtime::parse(runtime)
        .map_err(|_| ElfError::Damaged("the object of the runtime cannot be read"))?;
    let ours: BTreeMap<&str, ElfSymbol<'_, '_, _>> = runtime
        .symbols()
        .filter(|symbol| symbol.is_definition())
        .filter_map(|symbol| Some((symbol.name().ok()?.strip_prefix(PREFIX)?, symbol)))
        .collect();
    for (function, places) in found {
        let ours = ours.get(function).and_then(|symbol| body(&runtime, symbol));
        let is = |place: &Place| {
            let theirs = image.memory("a wrap", place.address, place.size);
            ours.as_ref()
                .zip(theirs.ok())
                .is_some_and(|(ours, theirs)| are_same(ours, theirs))
        };
        if !places.iter().any(is) {
            return Ok(Some(function));
        }
    }
    Ok(None)
}

/// Where a function is in the program.
#[derive(Clone, Copy)]
struct Place {
    address: u64,
    size: u64,
}

/// The wraps in a program, by the names of the functions. Where all symbols are local, as mold has them, several may be called the same.
fn wraps<'data, R: ReadRef<'data>>(
    image: &Image<R>,
    functions: &[&'static str],
) -> Result<BTreeMap<&'static str, Vec<Place>>, ElfError> {
    let (mut global, mut local) = (BTreeMap::new(), BTreeMap::new());
    for_each_defined(image, |symbol, name| {
        let name = name.strip_prefix(PREFIX.as_bytes());
        let function = functions
            .iter()
            .find(|function| name == Some(function.as_bytes()));
        if let Some(function) = function {
            let found = if symbol.st_bind() == STB_LOCAL {
                &mut local
            } else {
                &mut global
            };
            let places: &mut Vec<Place> = found.entry(*function).or_default();
            places.push(Place {
                address: symbol.st_value.get(LittleEndian),
                size: symbol.st_size.get(LittleEndian),
            });
        }
    })?;
    Ok(if global.is_empty() { local } else { global })
}

fn are_same(ours: &[Option<u8>], theirs: &[u8]) -> bool {
    let mut pairs = ours.iter().zip(theirs);
    ours.len() == theirs.len()
        && pairs.all(|(ours, theirs)| ours.is_none_or(|byte| byte == *theirs))
}

/// The bytes of a function in an object; none for those that the linker may write.
fn body(
    object: &Runtime<'_>,
    symbol: &ElfSymbol<'_, '_, FileHeader64<LittleEndian>>,
) -> Option<Vec<Option<u8>>> {
    let section = object.section_by_index(symbol.section_index()?).ok()?;
    let (start, len) = (symbol.address() as usize, symbol.size() as usize);
    let bytes = section.data().ok()?.get(start..start.checked_add(len)?)?;
    let mut body: Vec<Option<u8>> = bytes.iter().copied().map(Some).collect();
    for (at, _) in section.relocations() {
        let at = at as usize;
        let (first, end) = (
            at.saturating_sub(BEFORE).max(start),
            at.saturating_add(FROM).min(start + len),
        );
        if first < end {
            body[first - start..end - start].fill(None);
        }
    }
    Some(body)
}
