//! Against rustc-demangle, on the names of a real program and on those of the RFC; and symbols that are none.

use std::fmt::Write as _;
use std::fs;
use std::prelude::v1::*;

use super::{MAX, Text, demangle};
use crate::traceback::symtab::Symtab;

fn ours(symbol: &str) -> Option<String> {
    demangle(symbol).map(|text| text.as_str().to_owned())
}

#[track_caller]
fn same(symbol: &str) {
    let theirs = format!("{:#}", rustc_demangle::demangle(symbol));
    assert_eq!(ours(symbol), Some(theirs), "{symbol}");
}

/// What cannot be read has its symbol for a name; nothing has a wrong one.
#[test]
fn the_functions_of_a_program_have_the_names_that_rustc_demangle_gives() {
    let file = fs::read("/proc/self/exe").expect("the test's own program");
    let symtab = Symtab::of(&file).expect("it is not stripped");
    let mut index = vec![0; symtab.len()];
    let count = symtab.sort(&mut index);
    let mut read = 0;
    for number in &index[..count] {
        let Some(symbol) = symtab.name(*number) else {
            continue;
        };
        let Ok(theirs) = rustc_demangle::try_demangle(symbol) else {
            assert_eq!(ours(symbol), None, "{symbol}");
            continue;
        };
        let theirs = format!("{theirs:#}");
        match ours(symbol) {
            Some(ours) if theirs.len() < MAX - 3 => {
                assert_eq!(ours, theirs, "{symbol}");
                read += 1;
            }
            Some(ours) => assert!(ours.ends_with("..."), "{symbol}"),
            None => assert!(symbol.starts_with("_R"), "{symbol}"),
        }
    }
    assert!(read > 100, "{read}");
}

#[test]
fn the_old_scheme() {
    for symbol in [
        "_ZN4core3fmt5Write9write_str17h0123456789abcdefE",
        "_ZN4testE",
        "_ZN58_$LT$std..net..tcp..TcpStream$u20$as$u20$std..io..Read$GT$4read17h0123456789abcdefE",
        "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
        "_ZN3foo17h05af221e174051e9E.llvm.12345",
        "_ZN12test$BP$test4foobE",
    ] {
        same(symbol);
    }
}

#[test]
fn the_new_scheme() {
    for symbol in [
        "_RNvCs1234_7mycrate3foo",
        "_RNvNtNtCs1234_7mycrate3foo3bar3baz",
        "_RNCNvCs1234_3app4main0",
        "_RNCNvCs1234_3app4mains_0",
        "_RNvMs_Cs1234_3appNtB4_6Server5serve",
        "_RNvXs_Cs1234_3appNtB4_6ServerNtNtCs5678_4core5clone5Clone5clone",
        "_RINvCs1234_3app3runlNtB2_6ServerE",
        "_RINvCs1234_3app4callRShQmE",
        "_RINvCs1234_3app4callTlmETxEuE",
        "_RINvCs1234_3app4callAhj4_E",
        "_RINvCs1234_3app4callKb1_Kln5_E",
        "_RINvCs1234_3app4callFUKCPhEuE",
        "_RINvCs1234_3app4callFG_RL0_hEBp_E",
        "_RINvCs1234_3app4callDNtNtCs5678_4core3any3AnyEL_E",
        "_RINvCs1234_3app4callDINtNtCs5678_4core3ops6FnOncehEp6OutputlEL_E",
        "_RNSNvCs1234_3app4main6vtable",
        "_RNvYNtCs1234_3app6ServerNtB2_5Serve5serve",
    ] {
        if rustc_demangle::try_demangle(symbol).is_ok() {
            same(symbol);
        } else {
            assert_eq!(ours(symbol), None, "{symbol}");
        }
    }
}

#[test]
fn what_is_no_symbol_of_rusts_has_no_name() {
    for symbol in [
        "",
        "main",
        "_ZN",
        "_ZN3f",
        "_ZN3barEx",
        "_R",
        "_RNv",
        "_RB_",
        "_RNvB_3foo",
        "_RINvC1a1bFG9999999999_uEuE",
        "_RNvC99999999999999999999a",
        "_RNvCs1234_7mycrate3f\u{fc}",
    ] {
        assert_eq!(ours(symbol), None, "{symbol}");
    }
    // Each reference back doubles what is to be written.
    let mut bomb = String::from("_RINvC1a1bTTTTTTTTTTTTTTTT");
    for _ in 0..40 {
        bomb.push_str("B7_");
    }
    assert_eq!(ours(&bomb), None);
    // Damaged ones.
    let symbol =
        "_RINvMs_Cs1234_3appNtB4_6Server5serveDINtNtCs5678_4core3ops6FnOncehEp6OutputlEL_E";
    for at in 0..symbol.len() {
        for byte in "0_BEINs9".chars() {
            let mut damaged = symbol.to_owned();
            damaged.replace_range(at..=at, byte.encode_utf8(&mut [0; 4]));
            let _ = ours(&damaged);
        }
        let _ = ours(&symbol[..at]);
    }
}

#[test]
fn a_text_that_is_too_long_is_cut() {
    let mut text = Text::new();
    for _ in 0..MAX {
        write!(text, "\u{fc}b").expect("it takes everything");
    }
    assert!(text.as_str().len() <= MAX && text.as_str().ends_with("..."));
}
