//! What the scan finds and what it refuses, on small crates in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use expect_test::{Expect, expect};

use super::*;
use crate::model::EdgeKind;
use crate::source::MemorySource;
use crate::testing::GraphBuilder;

const CFG: &str = "unix\ntarget_os=\"linux\"\n";

/// A crate `app` of a `main.rs` and other files below `/ws/app/src`, which depends on rtlib.
fn scan_app(main: &str, files: &[(&str, &str)]) -> Result<Scan, Diagnostics> {
    let graph = GraphBuilder::new().package("app", &[("rtlib", EdgeKind::Normal)]).package("rtlib", &[]);
    let mut graph = graph.bin("app");
    for package in graph.packages.values_mut() {
        package.lib = package.lib.take().filter(|lib| lib.crate_name == "rtlib");
    }
    let mut sources: BTreeMap<PathBuf, String> = BTreeMap::new();
    sources.insert("/ws/app/src/main.rs".into(), main.into());
    for (name, text) in files {
        sources.insert(format!("/ws/app/src/{name}").into(), (*text).into());
    }
    let graph = RuntimeGraph::new(&graph).expect("no cycle");
    scan(&graph, &Cfg::parse(CFG), &MemorySource(sources))
}

fn listed(scan: &Scan) -> String {
    let mut out = String::new();
    for item in scan.crates.values().flat_map(|krate| &krate.items) {
        let condition = item.condition.as_ref().map_or(String::new(), |it| format!(" if {it}"));
        out.push_str(&format!("{} {} {}{condition}\n", item.kind, item.path(), item.location()));
    }
    for label in scan.crates.values().flat_map(|krate| &krate.behind_macros) {
        out.push_str(&format!("behind a macro: {}\n", label.location));
    }
    out
}

fn check(main: &str, files: &[(&str, &str)], expect: Expect) {
    let text = match scan_app(main, files) {
        Ok(scan) => listed(&scan),
        Err(errors) => errors.to_string(),
    };
    expect.assert_eq(&text);
}

/// Every variable with what it refers to; a guess has a question mark.
fn check_references(main: &str, expect: Expect) {
    let scan = scan_app(main, &[]).expect("the input is right");
    let items = &scan.crates[&CrateId::Main].items;
    let mut out = String::new();
    for item in items.iter().filter(|item| item.kind == InitKind::Var) {
        let mut references = Vec::new();
        for reference in &item.refers_to {
            let via: Vec<&str> = reference.via.iter().map(|mention| mention.name.trim_start_matches("app::")).collect();
            let guess = if reference.guessed { "?" } else { "" };
            references.push(format!("{}{guess} {via:?}", items[reference.target].name));
        }
        out.push_str(&format!("{}: {}\n", item.name, references.join(", ")));
    }
    expect.assert_eq(&out);
}

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
    check(main, &[], expect![[r#"
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
    "#]]);
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
    check(main, &[], expect![[""]]);
}

#[test]
fn macro_use_brings_the_attributes_into_scope() {
    check("#[macro_use] extern crate rtlib; mod m { #[init] fn a() {} }", &[], expect![[r#"
        init app::m::a app/src/main.rs:1
    "#]]);
}

#[test]
fn files_of_modules_are_found_as_rustc_finds_them() {
    let init = "#[rtlib::init] fn x() {}";
    check(
        "mod flat; mod nested; #[path = \"odd/name.rs\"] mod renamed; mod inline { mod child; } #[path = \"dir\"] mod moved { mod child; }",
        &[
            ("flat.rs", "mod child; #[path = \"beside.rs\"] mod other; mod inline { mod far; #[path = \"p.rs\"] mod near; }"),
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
        expect![[r#"
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
    check(main, &[], expect![[r#"
        init app::b app/src/main.rs:3
        init app::c app/src/main.rs:4 if cfg(maybe)
        init app::d app/src/main.rs:5
        init app::f app/src/main.rs:7 if cfg(maybe)
        init app::present::g app/src/main.rs:10 if cfg(maybe) and cfg(debug_assertions)
        init app::inner::i app/src/main.rs:12 if cfg(maybe)
        init app::twice app/src/main.rs:13 if cfg(maybe)
        init app::twice app/src/main.rs:14 if cfg(not (maybe))
    "#]]);
}

#[test]
fn an_init_function_takes_and_gives_nothing() {
    let main = "
#[rtlib::init]
fn a(x: u8, y: u8) {}
#[rtlib::init]
pub fn b() -> Result<(), Error> { Ok(()) }
#[rtlib::init]
fn c<T>() where T: Default {}
#[rtlib::init]
async fn d() {}
#[rtlib::init]
const unsafe extern \"C\" fn e() {}
";
    check(main, &[], expect![[r#"
        error[init-arguments]: init function `a` takes arguments
         --> app/src/main.rs:3:5
          |
        3 | fn a(x: u8, y: u8) {}
          |     ^^^^^^^^^^^^^^ nobody passes them
          |
          = help: remove the arguments

        error[init-return]: init function `b` returns a value
         --> app/src/main.rs:5:15
          |
        5 | pub fn b() -> Result<(), Error> { Ok(()) }
          |               ^^^^^^^^^^^^^^^^^ nobody receives it
          |
          = help: handle the value inside; an init that cannot go on may panic

        error[init-generics]: init function `c` is generic
         --> app/src/main.rs:7:5
          |
        7 | fn c<T>() where T: Default {}
          |     ^^^ nobody chooses them
          |
          = help: remove the generics

        error[init-qualifier]: init function `d` is `async`
         --> app/src/main.rs:9:1
          |
        9 | async fn d() {}
          | ^^^^^ not allowed here
          |
          = help: remove `async`: it runs on the main goroutine and may block

        error[init-qualifier]: init function `e` is `unsafe`
          --> app/src/main.rs:11:7
           |
        11 | const unsafe extern "C" fn e() {}
           |       ^^^^^^ not allowed here
           |
           = help: remove `unsafe`; write the unsafe block inside, with its reason

        error[init-qualifier]: init function `e` is `const`
          --> app/src/main.rs:11:1
           |
        11 | const unsafe extern "C" fn e() {}
           | ^^^^^ not allowed here
           |
           = help: remove `const`: it runs when the program starts

        error[init-qualifier]: init function `e` is `extern`
          --> app/src/main.rs:11:14
           |
        11 | const unsafe extern "C" fn e() {}
           |              ^^^^^^^^^^ not allowed here
           |
           = help: remove the ABI: only Rust calls it"#]]);
}

#[test]
fn marks_on_the_wrong_things_are_refused() {
    let main = "
#[rtlib::var]
fn a() {}
#[rtlib::init]
static B: u8 = 1;
#[rtlib::init]
mod c {}
#[rtlib::var]
static mut D: u8 = 1;
#[rtlib::var]
static E: u8;
struct S;
impl S {
    #[rtlib::init]
    fn f() {}
}
trait T {
    #[rtlib::init]
    fn g();
}
";
    check(main, &[], expect![[r#"
        error[wrong-item]: `var` belongs on a static: `#[rtlib::var] static NAME: Type = expression;`
         --> app/src/main.rs:2:3
          |
        2 | #[rtlib::var]
          |   ^^^^^^^^^^ not on this item

        error[wrong-item]: `init` belongs on a function: `#[rtlib::init] fn name() { … }`
         --> app/src/main.rs:4:3
          |
        4 | #[rtlib::init]
          |   ^^^^^^^^^^^ not on this item

        error[wrong-item]: `init` belongs on a function: `#[rtlib::init] fn name() { … }`
         --> app/src/main.rs:6:3
          |
        6 | #[rtlib::init]
          |   ^^^^^^^^^^^ not on this item

        error[var-mutable]: package variable `D` is `static mut`
         --> app/src/main.rs:9:8
          |
        9 | static mut D: u8 = 1;
          |        ^^^ mutable
          |
          = help: remove `mut`; put what changes behind a `Mutex` or an atomic

        error[var-uninitialised]: a package variable has no initialiser
          --> app/src/main.rs:10:3
           |
        10 | #[rtlib::var]
           |   ^^^^^^^^^^ on a static without a value
           |
           = help: give it one: `#[rtlib::var] static NAME: Type = expression;`

        error[associated-item]: `init` stands inside an `impl` block
          --> app/src/main.rs:14:7
           |
        14 |     #[rtlib::init]
           |       ^^^^^^^^^^^ must stand in a module
           |
           = help: move the item out, into the module

        error[associated-item]: `init` stands inside a trait
          --> app/src/main.rs:18:7
           |
        18 |     #[rtlib::init]
           |       ^^^^^^^^^^^ must stand in a module
           |
           = help: move the item out, into the module"#]]);
}

#[test]
fn marks_inside_code_are_refused() {
    let main = "
fn f() {
    if true {
        #[rtlib::init]
        fn inner() {}
    }
    #[allow(dead_code)]
    #[rtlib::var]
    static X: u8 = 1;
    let _ = quote! { #[rtlib::init] fn made() {} };
}
struct S;
impl S { fn g() { #[rtlib::init] fn inner() {} } }
const _: () = { #[rtlib::init] fn inner() {} };
";
    check(main, &[], expect![[r#"
        error[inside-body]: `init` stands inside a block of code
         --> app/src/main.rs:4:10
          |
        4 |         #[rtlib::init]
          |          ^^^^^^^^^^^^^ must stand in a module
          |
          = help: move the item out of the block: what runs before `main` is part of the module, not of a function

        error[inside-body]: `var` stands inside a block of code
         --> app/src/main.rs:8:6
          |
        8 |     #[rtlib::var]
          |      ^^^^^^^^^^^^ must stand in a module
          |
          = help: move the item out of the block: what runs before `main` is part of the module, not of a function

        error[inside-body]: `init` stands inside a block of code
          --> app/src/main.rs:14:18
           |
        14 | const _: () = { #[rtlib::init] fn inner() {} };
           |                  ^^^^^^^^^^^^^ must stand in a module
           |
           = help: move the item out of the block: what runs before `main` is part of the module, not of a function

        error[inside-body]: `init` stands inside a block of code
          --> app/src/main.rs:13:20
           |
        13 | impl S { fn g() { #[rtlib::init] fn inner() {} } }
           |                    ^^^^^^^^^^^^^ must stand in a module
           |
           = help: move the item out of the block: what runs before `main` is part of the module, not of a function"#]]);
}

#[test]
fn duplicates_are_refused() {
    check("#[rtlib::init]\nfn a() {}\n#[rtlib::init]\nfn a() {}\nmod m { #[rtlib::init] fn a() {} }", &[], expect![[r#"
        error[duplicate]: `a` is declared twice in module `app`
         --> app/src/main.rs:4:4
          |
        4 | fn a() {}
          |    ^ declared again here
          |
         ::: app/src/main.rs:2:4
          |
        2 | fn a() {}
          |    - first declared here
          |
          = help: rename one of them; init functions may have any name"#]]);
}

#[test]
fn inits_behind_macros_are_noted_and_variables_refused() {
    check("macro_rules! m { ($n:ident) => { #[rtlib::init] fn $n() {} } }\nm!(a);\nother! { #[rtlib::init] fn b() {} }", &[], expect![[r#"
        behind a macro: app/src/main.rs:1
        behind a macro: app/src/main.rs:3
    "#]]);
    check("cfg_if! { if #[cfg(unix)] {\n    #[rtlib::var] static X: u8 = 1;\n} }", &[], expect![[r#"
        error[var-behind-macro]: a package variable stands behind a macro
         --> app/src/main.rs:2:6
          |
        2 |     #[rtlib::var] static X: u8 = 1;
          |      ^^^^^^^^^^^^ its dependencies cannot be known
          |
          = note: variables are initialised after those that their initialisers refer to, which is read from the source
          = help: write the static outside of the macro; let the macro make an expression instead"#]]);
}

#[test]
fn files_that_cannot_be_parsed_are_shown() {
    check("fn main() {\n    let x = (1;\n}", &[], expect![[r#"
        error[syntax]: cannot parse `app/src/main.rs`: these are no Rust tokens
         --> app/src/main.rs:3:1
          |
        3 | }
          | ^
          |
          = help: correct the syntax; `cargo check` may say more"#]]);
    check("fn main() {}\nstruct { x: u8 }", &[], expect![[r#"
        error[syntax]: cannot parse `app/src/main.rs`: expected identifier
         --> app/src/main.rs:2:8
          |
        2 | struct { x: u8 }
          |        ^
          |
          = help: correct the syntax; `cargo check` may say more"#]]);
    check("mod a;", &[("a.rs", "pub struct S\nfn f() {}")], expect![[r#"
        error[syntax]: cannot parse `app/src/a.rs`: expected one of: `where`, parentheses, curly braces, `;`
         --> app/src/a.rs:2:1
          |
        2 | fn f() {}
          | ^^
          |
          = help: correct the syntax; `cargo check` may say more"#]]);
}

#[test]
fn missing_files_are_named() {
    check("fn main() {}\nmod a;\nmod b { #[path = \"c.rs\"] mod d; }", &[], expect![[r#"
        error[missing-file]: the file of module `app::a` is missing
         --> app/src/main.rs:2:5
          |
        2 | mod a;
          |     ^
          |
          = help: create `app/src/a.rs` or `app/src/a/mod.rs`, or remove the declaration

        error[missing-file]: the file of module `app::b::d` is missing
         --> app/src/main.rs:3:30
          |
        3 | mod b { #[path = "c.rs"] mod d; }
          |                              ^
          |
          = help: create `app/src/b/c.rs`, or remove the declaration"#]]);
}

#[test]
fn a_file_with_inits_may_be_included_once() {
    let files = [("a.rs", "#[rtlib::init] fn x() {}"), ("plain.rs", "fn y() {}")];
    let main = "mod a;\n#[path = \"./a.rs\"] mod b;\n#[path = \"plain.rs\"] mod c;\nmod plain;";
    check(main, &files, expect![[r#"
        error[file-included-twice]: a file with inits is included as several modules: `app::a`, `app::b`
         --> app/src/main.rs:1:5
          |
        1 | mod a;
          |     ^ included here
          |
         ::: app/src/main.rs:2:24
          |
        2 | #[path = "./a.rs"] mod b;
          |                        - included here
          |
          = help: include it once, and `use` the module elsewhere: its inits would run once for each"#]]);
}

#[test]
fn circles_of_files_are_refused() {
    check("mod a;", &[("a.rs", "#[path = \"b/../main.rs\"]\nmod b;")], expect![[r#"
        error[circular-modules]: module `app::a::b` includes the file that it stands in: `app/src/main.rs`
         --> app/src/a.rs:2:5
          |
        2 | mod b;
          |     ^
          |
          = help: correct the `#[path]` attribute"#]]);
}

#[test]
fn explosions_of_files_end() {
    let twice = |next: usize| format!("#[path = \"f{next}.rs\"] mod a; #[path = \"f{next}.rs\"] mod b;");
    let files: Vec<(String, String)> = (0..40).map(|i| (format!("f{i}.rs"), twice(i + 1))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let errors = scan_app(&twice(0), &files).expect_err("too many modules");
    assert!(errors.as_slice().iter().any(|error| error.code == Code::TooDeep));
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow_the_stack() {
    for (open, close) in [("{", "}"), ("mod m {", "}"), ("[", "]"), ("- ", ""), ("&", ""), ("Box<", ">")] {
        for depth in [2_000, 100_000] {
            let text = format!("static X: u8 = {}1{};", open.repeat(depth), close.repeat(depth));
            let text = if open.starts_with("mod") { text.replace("static X: u8 = ", "").replace("1", "").replace(";", "") } else { text };
            let text = if open == "Box<" { text.replace("u8 = ", "").replace('1', "u8") } else { text };
            let result = scan_app(&format!("#![allow(unused)]\n{text}"), &[]);
            assert!(depth < 100_000 || result.is_err(), "{open}");
        }
    }
}

#[test]
fn references_go_through_functions_constants_and_methods() {
    check_references(
        r#"
        #[rtlib::var] static A: u8 = f();
        #[rtlib::var] static B: u8 = 1;
        #[rtlib::var] static C: u8 = K.0();
        #[rtlib::var] static D: u8 = S::make();
        #[rtlib::var] static E: u8 = s().read();
        #[rtlib::var] static F: fn() -> u8 = f;
        #[rtlib::var] static G: u8 = m::deep::h();
        #[rtlib::var] static H: u8 = *A + inner::A;
        fn f() -> u8 { g() }
        fn g() -> u8 { let h = || B; h() }
        const K: (fn() -> u8,) = (g,);
        struct S;
        impl S {
            fn make() -> u8 { Self::other() }
            fn other() -> u8 { *A }
            fn read(&self) -> u8 { self.other2() }
            fn other2(&self) -> u8 { *B }
        }
        mod m { pub mod deep { use super::super::{g as renamed}; pub fn h() -> u8 { renamed() + *crate::A + *super::super::C } } }
        mod inner { #[rtlib::var] pub static A: u8 = 1; }
        "#,
        expect![[r#"
            A: B ["f", "g"]
            B: 
            C: B ["K", "g"]
            D: A ["S::make", "S::other"]
            E: B? ["S::read", "S::other2"]
            F: B ["f", "g"]
            G: A ["m::deep::h"], B ["m::deep::h", "g"], C ["m::deep::h"]
            H: A [], A []
            A: 
        "#]],
    );
}

#[test]
fn locals_shadow_functions_but_not_statics() {
    check_references(
        r#"
        #[rtlib::var] static X: u8 = 1;
        #[rtlib::var] static A: u8 = { let f = 1; f };
        #[rtlib::var] static B: u8 = { let g = |f: u8| f; g(2) };
        #[rtlib::var] static C: u8 = { let y = f; { let f = 1; f } };
        #[rtlib::var] static D: u8 = match 1 { f => f };
        #[rtlib::var] static E: u8 = { if let Some(f) = o { f } else { f() } };
        #[rtlib::var] static F: u8 = { for f in 0..1 { f; } 1 };
        #[rtlib::var] static G: u8 = { fn f() -> u8 { 2 } f() };
        #[rtlib::var] static H: u8 = { use m::k as f; f() };
        #[rtlib::var] static I: u8 = { fn k() -> u8 { f() } k() };
        #[rtlib::var] static J: u8 = { #[cfg(windows)] let z = f(); 1 };
        #[rtlib::var] static K: u8 = g(1);
        fn f() -> u8 { *X }
        fn g(f: u8) -> u8 { let f = f; f }
        mod m { pub fn k() -> u8 { 1 } }
        "#,
        expect![[r#"
            X: 
            A: 
            B: 
            C: X ["f"]
            D: 
            E: X ["f"]
            F: 
            G: 
            H: 
            I: X ["f"]
            J: 
            K: 
        "#]],
    );
}

#[test]
fn macros_are_looked_into() {
    check_references(
        r#"
        macro_rules! get { () => { *$crate::X } }
        #[rtlib::var] static X: u8 = 1;
        #[rtlib::var] static A: String = format!("{}", *X);
        #[rtlib::var] static B: String = format!("{X} {{A}}");
        #[rtlib::var] static C: Vec<u8> = vec![*X; 3];
        #[rtlib::var] static D: u8 = get!();
        #[rtlib::var] static E: u8 = select! { a => crate::X.f(), };
        #[rtlib::var] static F: u8 = select! { a => b, };
        "#,
        expect![[r#"
            X: 
            A: X []
            B: X? []
            C: X []
            D: X? ["get"]
            E: X? []
            F: 
        "#]],
    );
}

#[test]
fn method_calls_on_unknown_receivers_are_guessed() {
    check_references(
        r#"
        #[rtlib::var] static X: u8 = 1;
        #[rtlib::var] static A: u8 = thing.get();
        #[rtlib::var] static B: u8 = <S as Get>::get(&S);
        #[rtlib::var] static C: u8 = Get::get(&S);
        #[rtlib::var] static D: u8 = S::twice(&S);
        #[rtlib::var] static E: u8 = HashMap::get(&S) + Vec::get(&S) + u8::get(&S);
        #[rtlib::var] static F: u8 = T::get(&S);
        use std::collections::HashMap;
        struct S;
        trait Get { fn get(&self) -> u8; fn twice(&self) -> u8 { self.get() } }
        impl Get for S { fn get(&self) -> u8 { *X } }
        "#,
        expect![[r#"
            X: 
            A: X? ["S::get"]
            B: X ["S::get"]
            C: X? ["S::get"]
            D: X? ["Get::twice", "S::get"]
            E: X? ["S::get"]
        "#]],
    );
}

#[test]
fn circular_imports_and_aliases_end() {
    let globs = "pub use super::a::*; pub use super::b::*; pub use super::c::*; pub use super::d::*;";
    let main = format!(
        "mod a {{ {globs} }} mod b {{ {globs} }} mod c {{ {globs} }} mod d {{ {globs} }} use a::*; use x as y; use y as x;
         type P = Q; type Q = P; impl P {{ fn f() {{}} }}
         #[rtlib::var] static V: u8 = x::z() + missing + P::f() + y; #[y] fn g() {{}}"
    );
    let scan = scan_app(&main, &[]).expect("the input is right");
    assert_eq!(scan.crates[&CrateId::Main].items.len(), 1);
}

#[test]
fn crates_that_cannot_see_rtlib_are_not_read() {
    let graph = GraphBuilder::new()
        .package("app", &[("log", EdgeKind::Normal), ("lib", EdgeKind::Normal)])
        .package("lib", &[("rtlib", EdgeKind::Normal)])
        .package("log", &[])
        .package("rtlib", &[]);
    let graph = RuntimeGraph::new(&graph.bin("app")).expect("no cycle");
    let files = [("/ws/app/src/main.rs", ""), ("/ws/app/src/lib.rs", ""), ("/ws/lib/src/lib.rs", "#[rtlib::init] fn a() {}")];
    let sources = MemorySource(files.iter().map(|(path, text)| (path.into(), (*text).into())).collect());
    let scan = scan(&graph, &Cfg::parse(CFG), &sources).expect("the input is right");
    assert_eq!(scan.crates.len(), 3);
    assert_eq!(listed(&scan), "init lib::a lib/src/lib.rs:1\n");
}
