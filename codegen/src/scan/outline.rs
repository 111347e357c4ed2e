//! Takes the function bodies out of a file before it is parsed.
//!
//! Items, attributes and signatures are all that most files are scanned for, and bodies are most of the text: without them the
//! parser is several times faster. A body is parsed later, and only if the initialiser of a package variable leads to it. So
//! errors inside other bodies are left to rustc.
//!
//! A body is found again by the position of its opening brace, which the empty braces left in its place keep.

use std::collections::HashMap;
use std::iter::Peekable;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree, token_stream};

/// The bodies of a file's functions by the byte position of the opening brace.
pub(super) type Bodies = HashMap<usize, TokenStream>;

/// The file's tokens with every function body empty, and the bodies. Recurses as deep as modules and impls nest.
pub(super) fn split(tokens: TokenStream, bodies: &mut Bodies) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    let mut head = Head::Unknown;
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(ident) if head == Head::Unknown => {
                head = head_of(&ident.to_string(), &mut tokens)
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => head = Head::Unknown,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                out.extend([TokenTree::Group(replaced(group, head, &mut tokens, bodies))]);
                if !is_const_argument(&mut tokens) {
                    head = Head::Unknown;
                }
                continue;
            }
            _ => {}
        }
        out.extend([token]);
    }
    out
}

/// What kind of item the tokens before a brace belong to.
#[derive(Clone, Copy, PartialEq)]
enum Head {
    Unknown,
    Function,
    /// A module, impl, trait or extern block: holds items.
    Items,
    Other,
}

type Tokens = Peekable<token_stream::IntoIter>;

fn head_of(word: &str, rest: &mut Tokens) -> Head {
    match word {
        "fn" => Head::Function,
        "mod" | "impl" | "trait" => Head::Items,
        "static" | "struct" | "enum" | "type" | "use" => Head::Other,
        "const" if !is_function_qualifier(rest.peek()) => Head::Other,
        _ => Head::Unknown,
    }
}

fn is_function_qualifier(token: Option<&TokenTree>) -> bool {
    match token {
        Some(TokenTree::Ident(ident)) => ["fn", "unsafe", "async", "extern"]
            .iter()
            .any(|word| ident == word),
        _ => false,
    }
}

/// Braces in a signature: `Array<{ N + 1 }>`.
fn is_const_argument(rest: &mut Tokens) -> bool {
    matches!(rest.peek(), Some(TokenTree::Punct(punct)) if matches!(punct.as_char(), '>' | ','))
}

fn replaced(group: &Group, head: Head, rest: &mut Tokens, bodies: &mut Bodies) -> Group {
    let inside = match head {
        Head::Function if !is_const_argument(rest) => {
            bodies.insert(group.span_open().byte_range().start, group.stream());
            TokenStream::new()
        }
        Head::Items => split(group.stream(), bodies),
        _ => return group.clone(),
    };
    let mut new = Group::new(Delimiter::Brace, inside);
    new.set_span(group.span());
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use snapbox::data::Inline;
    use snapbox::{IntoData, assert_data_eq, str};

    fn check(text: &str, expect: Inline) {
        let mut bodies = Bodies::new();
        let outline = split(
            text.parse().expect("test input is made of tokens"),
            &mut bodies,
        );
        let mut bodies: Vec<_> = bodies.into_iter().collect();
        bodies.sort_by_key(|(at, _)| *at);
        let mut out = format!("{outline}\n");
        for (at, body) in bodies {
            out.push_str(&format!("{}: {body}\n", &text[at..=at]));
        }
        assert_data_eq!(out, expect.raw());
    }

    #[test]
    fn bodies_of_functions_and_methods_are_taken_out() {
        check(
            "pub const unsafe fn f() { 1 } mod m { impl T for S { fn g(self) { 2 } } trait T { fn h() { 3 } fn i(); } }",
            str![[r#"
pub const unsafe fn f () { } mod m { impl T for S { fn g (self) { } } trait T { fn h () { } fn i () ; } }
{: 1
{: 2
{: 3

"#]],
        );
    }

    #[test]
    fn other_braces_stay() {
        check(
            "struct S { f: fn() } static X: fn() -> u8 = { 1 }; const Y: u8 = { 2 }; use a::{b}; m! { fn f() { 3 } }",
            str![[r#"
struct S { f : fn () } static X : fn () -> u8 = { 1 } ; const Y : u8 = { 2 } ; use a :: { b } ; m ! { fn f () { 3 } }

"#]],
        );
    }

    #[test]
    fn braces_in_a_signature_are_no_body() {
        check(
            "fn f() -> A<{ 1 }> where B<{ 2 }, u8>: C { 3 } fn g() { 4 }",
            str![[r#"
fn f () -> A < { 1 } > where B < { 2 } , u8 >: C { } fn g () { }
{: 3
{: 4

"#]],
        );
    }

    #[test]
    fn the_attribute_of_a_function_does_not_hide_it() {
        check(
            "#[a { b }] fn f() { 1 } extern \"C\" { fn g(); } fn h() { 2 }",
            str![[r##"
# [a { b }] fn f () { } extern "C" { fn g () ; } fn h () { }
{: 1
{: 2

"##]],
        );
    }
}
