//! The symbol table of an ELF file (gabi, "Symbol Table"): which function an address is in.
//!
//! The bytes are a file's and may be anything: what does not fit is no symbol. No memory is needed but for an index, which the caller brings.

/// Size of a section header and of a symbol.
const SECTION: usize = 64;
const SYMBOL: usize = 24;
/// `sh_type` of a symbol table; type of a function in `st_info`.
const SHT_SYMTAB: u32 = 2;
const STT_FUNC: u8 = 2;

/// The table and its names, as they are in the file.
#[derive(Clone, Copy)]
pub struct Symtab<'a> {
    symbols: &'a [u8],
    names: &'a [u8],
}

impl<'a> Symtab<'a> {
    /// Finds it in a file. None if there is none: the program was stripped.
    pub fn of(file: &'a [u8]) -> Option<Self> {
        if !file.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let at = usize::try_from(u64_at(file, 0x28)?).ok()?;
        let count = usize::from(u16_at(file, 0x3c)?);
        let headers = file.get(at..)?.chunks_exact(SECTION).take(count);
        let table = headers
            .clone()
            .find(|header| u32_at(header, 4) == Some(SHT_SYMTAB))?;
        let link = u32_at(table, 0x28)?;
        let names = headers.clone().nth(usize::try_from(link).ok()?)?;
        Some(Self {
            symbols: content(file, table)?,
            names: content(file, names)?,
        })
    }

    /// How many symbols there are: so large must an index be.
    pub fn len(&self) -> usize {
        self.symbols.len() / SYMBOL
    }

    /// Writes the numbers of all functions into `index`, ordered by their addresses, and returns how many they are.
    pub fn sort(&self, index: &mut [u32]) -> usize {
        let mut count = 0;
        for number in 0..self.len() {
            let is_function = self.function(number).is_some();
            if let (true, Some(entry), Ok(number)) =
                (is_function, index.get_mut(count), u32::try_from(number))
            {
                *entry = number;
                count += 1;
            }
        }
        index[..count].sort_unstable_by_key(|number| self.start(*number));
        count
    }

    /// The name of the function that holds this address, if the index is [`Symtab::sort`]'s.
    pub fn name_at(&self, index: &[u32], address: u64) -> Option<&'a str> {
        let behind = index.partition_point(|number| self.start(*number) <= address);
        let number = *index.get(behind.checked_sub(1)?)?;
        let (start, size) = self.function(number as usize)?;
        if address - start >= size {
            return None;
        }
        self.name(number)
    }

    /// The name of a symbol, by its number.
    pub fn name(&self, number: u32) -> Option<&'a str> {
        let name = u32_at(self.symbol(number as usize)?, 0)?;
        let name = self.names.get(name as usize..)?;
        let len = name.iter().position(|byte| *byte == 0)?;
        core::str::from_utf8(&name[..len]).ok()
    }

    fn symbol(&self, number: usize) -> Option<&'a [u8]> {
        self.symbols.get(number * SYMBOL..(number + 1) * SYMBOL)
    }

    fn start(&self, number: u32) -> u64 {
        let symbol = self.symbol(number as usize);
        symbol.and_then(|symbol| u64_at(symbol, 8)).unwrap_or(0)
    }

    /// Where a function begins and how long it is. None for symbols that are no functions, or that are not in this file.
    fn function(&self, number: usize) -> Option<(u64, u64)> {
        let symbol = self.symbol(number)?;
        let is_function = symbol[4] & 0xf == STT_FUNC && u16_at(symbol, 6)? != 0;
        let (start, size) = (u64_at(symbol, 8)?, u64_at(symbol, 16)?);
        (is_function && size != 0).then_some((start, size))
    }
}

/// What a section header points to.
fn content<'a>(file: &'a [u8], header: &[u8]) -> Option<&'a [u8]> {
    let at = usize::try_from(u64_at(header, 0x18)?).ok()?;
    let len = usize::try_from(u64_at(header, 0x20)?).ok()?;
    file.get(at..at.checked_add(len)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*field))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::prelude::v1::*;

    use super::Symtab;

    #[test]
    fn a_function_is_found_by_any_of_its_addresses() {
        let file = fs::read("/proc/self/exe").expect("the test's own program");
        let symtab = Symtab::of(&file).expect("it is not stripped");
        let mut index = vec![0; symtab.len()];
        let count = symtab.sort(&mut index);
        let index = &index[..count];
        assert!(count > 100);
        for number in index.iter().step_by(count / 50) {
            let (start, size) = symtab.function(*number as usize).expect("a function");
            for address in [start, start + size - 1] {
                assert!(symtab.name_at(index, address).is_some(), "{address:#x}");
            }
        }
        assert!(symtab.name_at(index, 0).is_none());
        assert!(symtab.name_at(index, u64::MAX).is_none());
    }

    #[test]
    fn a_damaged_file_has_no_symbols_or_some_and_nothing_panics() {
        let whole = fs::read("/proc/self/exe").expect("the test's own program");
        let headers =
            usize::try_from(super::u64_at(&whole, 0x28).expect("a header")).expect("fits");
        for len in [0, 5, 0x28, 0x40, headers, headers + 64, whole.len() - 1] {
            let _ = Symtab::of(&whole[..len]);
        }
        let mut file = whole;
        for at in (0x28..0x40).chain((headers..file.len()).step_by(5)) {
            let good = std::mem::replace(&mut file[at], 0xff);
            if let Some(symtab) = Symtab::of(&file) {
                let mut index = vec![0; symtab.len().min(1000)];
                let count = symtab.sort(&mut index);
                let _ = symtab.name_at(&index[..count], 0x20_0000);
            }
            file[at] = good;
        }
    }
}
