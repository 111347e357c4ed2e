//! What the texts of settings mean. Errors say what there is.

use gobuild_codegen::buildinfo::{Malloc, Std};
use gobuild_templates::GoAmd64;
use rtlib_abi::layout::STACK_CLASSES;

/// The smallest and the largest default stack.
const STACK_SIZES: std::ops::RangeInclusive<u64> =
    1 << *STACK_CLASSES.start()..=1 << *STACK_CLASSES.end();
/// Stacks are made of pages.
const PAGE: u64 = 4096;

/// `65536`, `256K`, `1M`, `1G`; rounded up to whole pages.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    const SHAPE: &str = "a size is a number of bytes, or a number and K, M or G, as in \"256K\"";
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K' | b'k') => (&text[..text.len() - 1], 1 << 10),
        Some(b'M' | b'm') => (&text[..text.len() - 1], 1 << 20),
        Some(b'G' | b'g') => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| SHAPE.to_owned())?;
    let bytes = number
        .checked_mul(unit)
        .filter(|bytes| STACK_SIZES.contains(bytes));
    bytes
        .map(|bytes| bytes.next_multiple_of(PAGE))
        .ok_or_else(|| "a stack has between 16K and 1G".to_owned())
}

/// What std's threads are to be.
///
/// # Errors
/// With what there is.
pub fn parse_std(text: &str) -> Result<Std, String> {
    Std::ALL
        .into_iter()
        .find(|std| std.as_str() == text)
        .ok_or_else(|| "std's threads are `threads` or `goroutines`".to_owned())
}

/// Whose malloc the program is to have.
///
/// # Errors
/// With what there is.
pub fn parse_malloc(text: &str) -> Result<Malloc, String> {
    Malloc::ALL
        .into_iter()
        .find(|malloc| malloc.as_str() == text)
        .ok_or_else(|| "malloc is that of `libc` or of the `runtime`".to_owned())
}

/// A level of processors.
pub(super) fn parse_level(text: &str) -> Result<GoAmd64, String> {
    GoAmd64::ALL
        .into_iter()
        .find(|level| level.as_str() == text)
        .ok_or_else(|| "a level is v1, v2, v3 or v4".to_owned())
}
