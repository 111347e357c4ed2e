//! The symbol of a package's inittask.

use rtlib_abi::symbol::{
    BUILD_INFO, GO_RUNTIME_INITTASKS, INITTASK_SUFFIX, MAIN_INITTASKS, MAIN_MAIN, MAIN_PC,
    MODULE_DATA, RUNTIME_INITTASKS,
};

/// `<package>..inittask`, escaped as Go's linker escapes package paths: `%xx` for each byte that is no printable ASCII, and for
/// `%`, `"` and `@`. An `@` left as it is would make the linker take `foo@1.0.0..inittask` for version `1.0.0..inittask` of a symbol `foo`.
#[must_use]
pub fn inittask_symbol(package: &str) -> String {
    let mut symbol = String::with_capacity(package.len() + INITTASK_SUFFIX.len());
    for byte in package.bytes() {
        match byte {
            b'%' | b'"' | b'@' => push_escaped(&mut symbol, byte),
            _ if byte.is_ascii_graphic() => symbol.push(char::from(byte)),
            _ => push_escaped(&mut symbol, byte),
        }
    }
    symbol.push_str(INITTASK_SUFFIX);
    symbol
}

fn push_escaped(symbol: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    symbol.push('%');
    symbol.push(char::from(DIGITS[usize::from(byte >> 4)]));
    symbol.push(char::from(DIGITS[usize::from(byte & 0xf)]));
}

/// Symbols that the emitted objects define themselves, inittasks left out.
const OWN: [&str; 7] = [
    BUILD_INFO,
    GO_RUNTIME_INITTASKS,
    MAIN_INITTASKS,
    MAIN_MAIN,
    MAIN_PC,
    MODULE_DATA,
    RUNTIME_INITTASKS,
];

/// Whether the symbol of an init function can be linked as it stands: no symbol version, and no table of our own.
pub(super) fn is_linkable(symbol: &str) -> bool {
    let plain = !symbol.is_empty() && !symbol.contains(|c: char| c.is_control() || c == '@');
    plain && !symbol.ends_with(INITTASK_SUFFIX) && !OWN.contains(&symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_read_as_go_writes_them() {
        for (package, expect) in [
            ("config", "config..inittask"),
            ("serde-json", "serde-json..inittask"),
            ("rand@0.8.5", "rand%400.8.5..inittask"),
            ("odd\"%\u{e9}", "odd%22%25%c3%a9..inittask"),
        ] {
            assert_eq!(inittask_symbol(package), expect);
        }
    }
}
