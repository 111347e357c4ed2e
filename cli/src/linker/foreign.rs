//! Who else defines what the runtime defines: the wraps of libc's functions (`gobuild_codegen::elf::foreign_wrap`).

use std::path::PathBuf;

use super::args::LinkLine;

/// What to do about another definition of `__wrap_FUNCTION`.
#[must_use]
pub fn help(function: &str) -> String {
    format!(
        "the runtime defines `__wrap_{function}`, so that a waiting goroutine needs no thread: rename the other definition, or remove what defines it; docs/linking.md \
         lists the functions that the runtime wraps"
    )
}

/// The files of a line that name the symbol `__wrap_FUNCTION`. Libraries that the compiler itself adds, and looks up, are none of them.
#[must_use]
pub fn definers(line: &LinkLine, function: &str) -> Vec<PathBuf> {
    let symbol = format!("__wrap_{function}\0").into_bytes();
    let names = |path: &&std::path::Path| {
        std::fs::read(path)
            .is_ok_and(|bytes| bytes.windows(symbol.len()).any(|part| part == symbol))
    };
    line.inputs().filter(names).map(Into::into).collect()
}

/// The function whose wrap is defined twice, if that is what a linker complains of: `duplicate symbol: __wrap_X` (lld, mold), ``multiple definition of `__wrap_X'`` (GNU ld).
#[must_use]
pub fn defined_twice(said: &str) -> Option<&str> {
    // wild names the symbol in the line behind the complaint.
    let is_complaint = |line: &str| {
        [
            "duplicate symbol",
            "Duplicate symbol",
            "multiple definition",
        ]
        .iter()
        .any(|words| line.contains(words))
    };
    let lines: Vec<&str> = said.lines().collect();
    let complaints = (0..lines.len()).filter(|at| is_complaint(lines[*at]));
    let mut named = complaints.flat_map(|at| lines[at..].iter().take(2));
    named.find_map(|line| {
        let (_, name) = line.split_once("__wrap_")?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        Some(&name[..end.unwrap_or(name.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_definition_is_found_in_what_linkers_say() {
        for said in [
            "rust-lld: error: duplicate symbol: __wrap_recv\n>>> defined at socket.rs:284",
            "/usr/bin/ld: foreign.o: in function `__wrap_recv':\nf.c:(.text+0x0): multiple definition of `__wrap_recv'; runtime.o: first defined here",
            "mold: error: duplicate symbol: foreign.o: runtime.o: __wrap_recv",
            "wild: error: Duplicate symbols detected: __wrap_recv, defined in runtime.o and foreign.o",
            "wild: error: Duplicate symbols detected\n  `__wrap_recv` defined in runtime.o and foreign.o",
        ] {
            assert_eq!(defined_twice(said), Some("recv"), "{said}");
        }
        for said in [
            "",
            "undefined reference to `__wrap_recv'",
            "duplicate symbol: recv",
        ] {
            assert_eq!(defined_twice(said), None, "{said}");
        }
    }
}
