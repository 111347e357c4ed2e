//! What the scan refuses, and how it says so.

use snapbox::str;

use super::*;

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
    check(
        main,
        &[],
        str![[r#"
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
   = help: remove the ABI: only Rust calls it
"#]],
    );
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
    check(
        main,
        &[],
        str![[r#"
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

error[associated-item]: `init` is inside an `impl` block
  --> app/src/main.rs:14:7
   |
14 |     #[rtlib::init]
   |       ^^^^^^^^^^^ must be in a module
   |
   = help: move the item out, into the module

error[associated-item]: `init` is inside a trait
  --> app/src/main.rs:18:7
   |
18 |     #[rtlib::init]
   |       ^^^^^^^^^^^ must be in a module
   |
   = help: move the item out, into the module
"#]],
    );
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
    check(
        main,
        &[],
        str![[r#"
error[inside-body]: `init` is inside a block of code
 --> app/src/main.rs:4:10
  |
4 |         #[rtlib::init]
  |          ^^^^^^^^^^^^^ must be in a module
  |
  = help: move the item out of the block: what runs before `main` is part of the module, not of a function

error[inside-body]: `var` is inside a block of code
 --> app/src/main.rs:8:6
  |
8 |     #[rtlib::var]
  |      ^^^^^^^^^^^^ must be in a module
  |
  = help: move the item out of the block: what runs before `main` is part of the module, not of a function

error[inside-body]: `init` is inside a block of code
  --> app/src/main.rs:14:18
   |
14 | const _: () = { #[rtlib::init] fn inner() {} };
   |                  ^^^^^^^^^^^^^ must be in a module
   |
   = help: move the item out of the block: what runs before `main` is part of the module, not of a function

error[inside-body]: `init` is inside a block of code
  --> app/src/main.rs:13:20
   |
13 | impl S { fn g() { #[rtlib::init] fn inner() {} } }
   |                    ^^^^^^^^^^^^^ must be in a module
   |
   = help: move the item out of the block: what runs before `main` is part of the module, not of a function
"#]],
    );
}

#[test]
fn duplicates_are_refused() {
    check(
        "#[rtlib::init]\nfn a() {}\n#[rtlib::init]\nfn a() {}\nmod m { #[rtlib::init] fn a() {} }",
        &[],
        str![[r#"
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
  = help: rename one of them; init functions may have any name
"#]],
    );
}

#[test]
fn inits_behind_macros_are_noted_and_variables_refused() {
    check(
        "macro_rules! m { ($n:ident) => { #[rtlib::init] fn $n() {} } }\nm!(a);\nother! { #[rtlib::init] fn b() {} }",
        &[],
        str![[r#"
behind a macro: app/src/main.rs:1
behind a macro: app/src/main.rs:3

"#]],
    );
    check(
        "cfg_if! { if #[cfg(unix)] {\n    #[rtlib::var] static X: u8 = 1;\n} }",
        &[],
        str![[r#"
error[var-behind-macro]: a package variable is made by a macro
 --> app/src/main.rs:2:6
  |
2 |     #[rtlib::var] static X: u8 = 1;
  |      ^^^^^^^^^^^^ its dependencies cannot be known
  |
  = note: variables are initialised after those that their initialisers refer to, which is read from the source
  = help: write the static outside of the macro; let the macro make an expression instead
"#]],
    );
}

#[test]
fn files_that_cannot_be_parsed_are_shown() {
    check(
        "fn main() {\n    let x = (1;\n}",
        &[],
        str![[r#"
error[syntax]: cannot parse `app/src/main.rs`: these are not Rust tokens
 --> app/src/main.rs:3:1
  |
3 | }
  | ^
  |
  = help: correct the syntax; `cargo check` may say more
"#]],
    );
    check(
        "fn main() {}\nstruct { x: u8 }",
        &[],
        str![[r#"
error[syntax]: cannot parse `app/src/main.rs`: expected identifier
 --> app/src/main.rs:2:8
  |
2 | struct { x: u8 }
  |        ^
  |
  = help: correct the syntax; `cargo check` may say more
"#]],
    );
    check(
        "mod a;",
        &[("a.rs", "pub struct S\nfn f() {}")],
        str![[r#"
error[syntax]: cannot parse `app/src/a.rs`: expected one of: `where`, parentheses, curly braces, `;`
 --> app/src/a.rs:2:1
  |
2 | fn f() {}
  | ^^
  |
  = help: correct the syntax; `cargo check` may say more
"#]],
    );
}

#[test]
fn missing_files_are_named() {
    check(
        "fn main() {}\nmod a;\nmod b { #[path = \"c.rs\"] mod d; }",
        &[],
        str![[r#"
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
  = help: create `app/src/b/c.rs`, or remove the declaration
"#]],
    );
}

#[test]
fn a_file_with_inits_may_be_included_once() {
    let files = [
        ("a.rs", "#[rtlib::init] fn x() {}"),
        ("plain.rs", "fn y() {}"),
    ];
    let main = "mod a;\n#[path = \"./a.rs\"] mod b;\n#[path = \"plain.rs\"] mod c;\nmod plain;";
    check(
        main,
        &files,
        str![[r#"
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
  = help: include it once, and `use` the module elsewhere: its inits would run once for each
"#]],
    );
}

#[test]
fn circles_of_files_are_refused() {
    check(
        "mod a;",
        &[("a.rs", "#[path = \"b/../main.rs\"]\nmod b;")],
        str![[r#"
error[circular-modules]: module `app::a::b` leads back to `app/src/main.rs`, which it is part of
 --> app/src/a.rs:2:5
  |
2 | mod b;
  |     ^
  |
  = help: correct the `#[path]` attribute
"#]],
    );
}

#[test]
fn explosions_of_files_end() {
    let twice =
        |next: usize| format!("#[path = \"f{next}.rs\"] mod a; #[path = \"f{next}.rs\"] mod b;");
    let files: Vec<(String, String)> = (0..40)
        .map(|i| (format!("f{i}.rs"), twice(i + 1)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let errors = scan_app(&twice(0), &files).expect_err("too many modules");
    assert!(
        errors
            .as_slice()
            .iter()
            .any(|error| error.code == Code::TooDeep)
    );
}

/// A way of nesting: what stands before it, its brackets, what is inside, and its weight.
const NESTINGS: [(&str, &str, &str, &str, usize); 7] = [
    ("static X: u8 = ", "{", "1", "}", 1),
    ("static X: u8 = ", "[", "1", "]", 1),
    ("static X: u8 = ", "- ", "1", "", 1),
    ("static X: u8 = ", "if a {", "1", "}", 3),
    ("static X: ", "(", "u8", ",)", 1),
    ("static X: ", "& ", "u8", "", 1),
    ("static X: ", "A<", "u8", ">", 3),
];

#[test]
fn nesting_is_parsed_up_to_the_limit_and_refused_beyond() {
    for (before, open, inside, close, weight) in NESTINGS {
        let end = if before.contains('=') { ";" } else { " = 1;" };
        let refused = |depth: usize| {
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            let result = scan_app(&format!("{before}{open}{inside}{close}{end}"), &[]);
            result.is_err_and(|errors| errors.as_slice()[0].code == Code::TooDeep)
        };
        assert!(
            !refused((nesting::MAX_WEIGHT - 50) / weight),
            "{open} within the limit"
        );
        assert!(refused(nesting::MAX_WEIGHT + 50), "{open} beyond the limit");
        assert!(refused(200_000), "{open} far beyond the limit");
    }
}
