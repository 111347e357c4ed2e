//! What the initialisers of variables refer to.

use snapbox::data::Inline;
use snapbox::{IntoData, assert_data_eq, str};

use super::*;

/// Every variable with what it refers to; a guess has a question mark.
fn check_references(main: &str, expect: Inline) {
    let scan = scan_app(main, &[]).expect("the input is right");
    let items = &scan.crates[&CrateId::Main].items;
    let mut out = String::new();
    for item in items.iter().filter(|item| item.kind == InitKind::Var) {
        let mut references = Vec::new();
        for reference in &item.refers_to {
            let via: Vec<&str> = reference
                .via
                .iter()
                .map(|mention| mention.name.trim_start_matches("app::"))
                .collect();
            let guess = if reference.guessed { "?" } else { "" };
            references.push(format!("{}{guess} {via:?}", items[reference.target].name));
        }
        out.push_str(&format!("{}: {}\n", item.name, references.join(", ")));
    }
    assert_data_eq!(out, expect.raw());
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
        str![[r#"
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
        str![[r#"
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
        str![[r#"
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
        str![[r#"
X: 
A: X? ["S::get"]
B: X ["S::get"]
C: X? ["S::get"]
D: X? ["Get::twice", "S::get"]
E: 
F: X? ["S::get"]

"#]],
    );
}

#[test]
fn circular_imports_and_aliases_end() {
    let globs =
        "pub use super::a::*; pub use super::b::*; pub use super::c::*; pub use super::d::*;";
    let main = format!(
        "mod a {{ {globs} }} mod b {{ {globs} }} mod c {{ {globs} }} mod d {{ {globs} }} use a::*; use x as y; use y as x;
         type P = Q; type Q = P; impl P {{ fn f() {{}} }}
         #[rtlib::var] static V: u8 = x::z() + missing + P::f() + y; #[y] fn g() {{}}"
    );
    let scan = scan_app(&main, &[]).expect("the input is right");
    assert_eq!(scan.crates[&CrateId::Main].items.len(), 1);
}
