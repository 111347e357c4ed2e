//! What the scan finds, and where it looks.

use snapbox::{IntoData, str};

use super::*;

#[test]
fn declarations_are_found_under_every_name_of_rtlib() {
    let main = r#"
        use rtlib::init;
        use rtlib::{init as start, var};
        use rtlib as rt;
        extern crate rtlib as old;
        #[rtlib::init] fn a() {}
        #[::rtlib::init] fn b() {}
        #[init] fn c() {}
        #[start] fn d() {}
        #[rt::init] fn e() {}
        #[old::init] fn f() {}
        #[var] static G: u8 = 1;
        mod inner {
            use super::*;
            #[init] pub fn h() {}
            mod deeper { use crate::start as begin; #[begin] fn i() {} }
        }
        mod globbed { use rtlib::*; #[var] pub(crate) static J: u8 = 1; }
        #[init(crate = rt)] fn k() -> () {}
        mod prelude { pub use rtlib; }
        #[prelude::rtlib::init] fn l() {}
    "#;
    check(
        main,
        &[],
        str![[r#"
init app::a app/src/main.rs:6
init app::b app/src/main.rs:7
init app::c app/src/main.rs:8
init app::d app/src/main.rs:9
init app::e app/src/main.rs:10
init app::f app/src/main.rs:11
var app::G app/src/main.rs:12
init app::inner::h app/src/main.rs:15
init app::inner::deeper::i app/src/main.rs:16
var app::globbed::J app/src/main.rs:18
init app::k app/src/main.rs:19
init app::l app/src/main.rs:21

"#]],
    );
}

#[test]
fn attributes_of_others_are_left_alone() {
    let main = r#"
        mod rtlib { pub use other::init; }
        use other::{init, var};
        #[init] fn a(x: u8) -> u8 { x }
        #[self::rtlib::init] fn b(x: u8) {}
        #[var] struct S;
        #[inline] #[test] fn c() {}
        mod inner { #[init] fn d(x: u8) {} }
    "#;
    check(main, &[], str![[""]]);
}

#[test]
fn macro_use_brings_the_attributes_into_scope() {
    check(
        "#[macro_use] extern crate rtlib; mod m { #[init] fn a() {} }",
        &[],
        str![[r#"
init app::m::a app/src/main.rs:1

"#]],
    );
}

#[test]
fn files_of_modules_are_found_as_rustc_finds_them() {
    let init = "#[rtlib::init] fn x() {}";
    check(
        "mod flat; mod nested; #[path = \"odd/name.rs\"] mod renamed; mod inline { mod child; } #[path = \"dir\"] mod moved { mod child; }",
        &[
            (
                "flat.rs",
                "mod child; #[path = \"beside.rs\"] mod other; mod inline { mod far; #[path = \"p.rs\"] mod near; }",
            ),
            ("flat/child.rs", init),
            ("beside.rs", "mod below;"),
            ("below.rs", init),
            ("flat/inline/far.rs", init),
            ("flat/inline/p.rs", init),
            ("nested/mod.rs", "mod child;"),
            ("nested/child.rs", init),
            ("odd/name.rs", "mod child;"),
            ("odd/child.rs", init),
            ("inline/child.rs", init),
            ("dir/child.rs", init),
        ],
        str![[r#"
init app::flat::other::below::x app/src/below.rs:1
init app::moved::child::x app/src/dir/child.rs:1
init app::flat::child::x app/src/flat/child.rs:1
init app::flat::inline::far::x app/src/flat/inline/far.rs:1
init app::flat::inline::near::x app/src/flat/inline/p.rs:1
init app::inline::child::x app/src/inline/child.rs:1
init app::nested::child::x app/src/nested/child.rs:1
init app::renamed::child::x app/src/odd/child.rs:1

"#]],
    );
}

#[test]
fn cfg_rules_items_out_or_makes_them_conditional() {
    let main = r#"
        #[cfg(windows)] #[rtlib::init] fn a() {}
        #[cfg(unix)] #[rtlib::init] fn b() {}
        #[cfg(maybe)] #[rtlib::init] fn c() {}
        #[cfg_attr(unix, rtlib::init)] fn d() {}
        #[cfg_attr(windows, rtlib::init)] fn e() {}
        #[cfg_attr(maybe, rtlib::init)] fn f() {}
        #[cfg(windows)] mod gone;
        #[cfg(maybe)] mod perhaps;
        #[cfg(maybe)] mod present { #[cfg(debug_assertions)] #[rtlib::init] fn g() {} }
        #[cfg(test)] mod tests { #[rtlib::init] fn h() {} }
        mod inner { #![cfg(maybe)] #[rtlib::init] fn i() {} }
        #[cfg(maybe)] #[rtlib::init] fn twice() {}
        #[cfg(not(maybe))] #[rtlib::init] fn twice() {}
    "#;
    check(
        main,
        &[],
        str![[r#"
init app::b app/src/main.rs:3
init app::c app/src/main.rs:4 if cfg(maybe)
init app::d app/src/main.rs:5
init app::f app/src/main.rs:7 if cfg(maybe)
init app::present::g app/src/main.rs:10 if cfg(maybe) and cfg(debug_assertions)
init app::inner::i app/src/main.rs:12 if cfg(maybe)
init app::twice app/src/main.rs:13 if cfg(maybe)
init app::twice app/src/main.rs:14 if cfg(not (maybe))

"#]],
    );
}

/// Another package is called `rtlib`, too: its attributes are nobody's business.
#[test]
fn a_foreign_package_called_rtlib_is_not_ours() {
    let graph = GraphBuilder::new()
        .package(
            "app",
            &[
                ("rtlib", EdgeKind::Normal),
                ("painter", EdgeKind::Normal),
                ("ours", EdgeKind::Normal),
            ],
        )
        .package("painter", &[("rtlib", EdgeKind::Normal)])
        .package("rtlib", &[])
        .package("ours", &[(RTLIB_PACKAGE, EdgeKind::Normal)])
        .package(RTLIB_PACKAGE, &[]);
    let graph = RuntimeGraph::new(&graph.bin("app")).expect("no cycle");
    let main = r#"
        #[rtlib::init] fn a(x: u8) -> u8 { x }
        #[painter::rtlib::init] fn b(x: u8) {}
        #[rtlib::var] struct S;
        #[ours::rtlib::init] fn c() {}
    "#;
    let files = [
        ("/ws/app/src/main.rs", main),
        ("/ws/app/src/lib.rs", ""),
        (
            "/ws/painter/src/lib.rs",
            "#[rtlib::init] fn d(x: u8) -> u8 { x }",
        ),
        ("/ws/ours/src/lib.rs", "pub use rtlib;"),
    ];
    let sources = MemorySource(
        files
            .iter()
            .map(|(path, text)| (path.into(), (*text).into()))
            .collect(),
    );
    let scan = scan(&graph, &Cfg::parse(CFG), &sources).expect("scans");
    let expect = str![[r#"
init app::c app/src/main.rs:5

"#]];
    snapbox::assert_data_eq!(listed(&scan), expect.raw());
}

/// What is just allowed costs the most stack: this overflows it if the limit promises too much.
#[test]
fn crates_that_cannot_see_rtlib_are_not_read() {
    let graph = GraphBuilder::new()
        .package(
            "app",
            &[("log", EdgeKind::Normal), ("lib", EdgeKind::Normal)],
        )
        .package("lib", &[(RTLIB_PACKAGE, EdgeKind::Normal)])
        .package("log", &[])
        .package(RTLIB_PACKAGE, &[]);
    let graph = RuntimeGraph::new(&graph.bin("app")).expect("no cycle");
    let files = [
        ("/ws/app/src/main.rs", ""),
        ("/ws/app/src/lib.rs", ""),
        ("/ws/lib/src/lib.rs", "#[rtlib::init] fn a() {}"),
    ];
    let sources = MemorySource(
        files
            .iter()
            .map(|(path, text)| (path.into(), (*text).into()))
            .collect(),
    );
    let scan = scan(&graph, &Cfg::parse(CFG), &sources).expect("the input is right");
    assert_eq!(scan.crates.len(), 3);
    assert_eq!(listed(&scan), "init lib::a lib/src/lib.rs:1\n");
}
