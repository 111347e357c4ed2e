//! Names, and a damaged program. Real programs are in `tests/emit.rs`.

use super::*;
use snapbox::IntoData;

#[test]
fn a_function_belongs_to_the_crate_of_its_type() {
    for (name, expect) in [
        (
            "_ZN3std3sys3net10connection6socket6Socket4recv17h0123456789abcdefE",
            Some("std"),
        ),
        (
            "_ZN58_$LT$std..net..tcp..TcpStream$u20$as$u20$std..io..Read$GT$4read17h0123456789abcdefE",
            Some("std"),
        ),
        (
            "_ZN57_$LT$$RF$mut$u20$app..Server$u20$as$u20$std..io..Read$GT$4read17h0123456789abcdefE",
            Some("app"),
        ),
        (
            "_ZN43_$LT$u8$u20$as$u20$alloc..slice..Concat$GT$1f17h0123456789abcdefE",
            Some("alloc"),
        ),
        ("_RNvNtCs1234_7mycrate3foo3bar", Some("mycrate")),
        ("sqlite3_step", None),
        ("runtime.park", None),
        ("", None),
    ] {
        assert_eq!(crate_name::of(name).as_deref(), expect, "{name}");
    }
}

#[test]
fn what_is_no_program_is_an_error() {
    let foreign = BTreeMap::new();
    for bytes in [&b""[..], b"\x7fELF", &[0; 64]] {
        assert!(matches!(
            calls(bytes, &foreign),
            Err(BlockingError::Damaged(_))
        ));
    }
}

#[test]
fn the_text_says_what_each_crate_calls() {
    let owner = |crate_name: &str, is_c| Owner {
        crate_name: crate_name.to_owned(),
        is_c,
    };
    let calls = |list: &[(Effect, &[&str])]| Calls {
        by_effect: list
            .iter()
            .map(|(effect, names)| (*effect, names.iter().map(|&name| name.to_owned()).collect()))
            .collect(),
    };
    let all = BTreeMap::from([
        (
            owner("std", false),
            calls(&[
                (Effect::Parks, &["recv", "read"]),
                (Effect::KeepsThread, &["fsync"]),
            ]),
        ),
        (
            owner("sqlite", true),
            calls(&[(Effect::StartsThread, &["pthread_create"])]),
        ),
        (
            owner("rustix", false),
            calls(&[(Effect::RoundLibc, &["a", "b", "c", "d", "e"])]),
        ),
    ]);
    let expect = snapbox::str![[r#"
rustix
    bypasses libc     a, b, c, d and 1 more
        `rustix = { version = "1", features = ["use-libc"] }` makes these calls of libc
sqlite (C)
    starts operating-system threads
std
    parks             read recv
    keeps its thread  fsync

"#]];
    snapbox::assert_data_eq!(text(&all), expect.raw());
}
