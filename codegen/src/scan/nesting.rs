//! The guard in front of the parser: refuses tokens that nest so deeply that a recursive parser would need an unreasonable stack.
//!
//! The weight of a token bounds the depth of the syntax tree above it: for each level of brackets around it, the tokens since
//! something on that level surely ended the expression or item before (operators, method chains, `else if` and `&&&T` nest
//! without brackets). The lexer and this walk use no recursion of their own. [`STACK_SIZE`] is what the parser, the visitors and
//! the drop of the tree are given; measured, one unit of weight costs at most 32 KiB unoptimised and 6 KiB optimised.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree, token_stream};

/// The deepest nesting that is parsed.
pub(super) const MAX_WEIGHT: usize = 6_000;

/// The stack of the thread that parses. It is reserved, not used.
pub(super) const STACK_SIZE: usize = 256 << 20;

/// The place where the text becomes too deep.
#[derive(Debug)]
pub(super) struct TooDeep(pub(super) Span);

/// Checks what is about to be given to the parser.
pub(super) fn check(tokens: TokenStream) -> Result<(), TooDeep> {
    let mut levels = vec![Level::new(tokens)];
    let mut weight = 0;
    while let Some(level) = levels.last_mut() {
        weight -= level.run;
        let Some(token) = level.tokens.next() else {
            levels.pop();
            continue;
        };
        level.count(&token);
        weight += level.run;
        if weight > MAX_WEIGHT {
            return Err(TooDeep(token.span()));
        }
        if let TokenTree::Group(group) = token {
            levels.push(Level::new(group.stream()));
        }
    }
    Ok(())
}

/// One open pair of brackets.
struct Level {
    tokens: token_stream::IntoIter,
    /// Tokens since the last sure end.
    run: usize,
    /// Angle brackets open since then: a comma between them ends nothing.
    angles: usize,
    /// Closure bars since then: likewise.
    bars: usize,
    previous: Previous,
}

#[derive(Clone, Copy, PartialEq)]
enum Previous {
    Braces,
    Equals,
    Minus,
    Other,
}

impl Level {
    fn new(tokens: TokenStream) -> Self {
        Self {
            tokens: tokens.into_iter(),
            run: 0,
            angles: 0,
            bars: 0,
            previous: Previous::Other,
        }
    }

    fn count(&mut self, token: &TokenTree) {
        if self.previous == Previous::Braces && begins_anew(token) {
            self.end();
        }
        self.run += 1;
        if let TokenTree::Punct(punct) = token {
            match (punct.as_char(), self.previous) {
                (';', _) | ('>', Previous::Equals) => self.end(),
                (',', _) => self.run = self.angles + self.bars,
                ('<', _) => self.angles += 1,
                ('>', previous) if previous != Previous::Minus => {
                    self.angles = self.angles.saturating_sub(1)
                }
                ('|', _) => self.bars += 1,
                _ => {}
            }
        }
        self.previous = Previous::of(token);
    }

    fn end(&mut self) {
        (self.run, self.angles, self.bars) = (0, 0, 0);
    }
}

impl Previous {
    fn of(token: &TokenTree) -> Self {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Self::Braces,
            TokenTree::Punct(punct) if punct.as_char() == '=' => Self::Equals,
            TokenTree::Punct(punct) if punct.as_char() == '-' => Self::Minus,
            _ => Self::Other,
        }
    }
}

/// Whether a token behind a block begins another item or statement: names do, `else` and operators go on.
fn begins_anew(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(ident) => ident != "else" && ident != "as",
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(text: &str) -> bool {
        check(text.parse().expect("test input is made of tokens")).is_ok()
    }

    #[test]
    fn long_files_are_not_deep() {
        assert!(passes(
            &"fn f<T, U>(a: &T, b: Vec<U>) -> u8 { match a { X | Y => 1, _ => 2 } }\n"
                .repeat(20_000)
        ));
        assert!(passes(&"struct S; use a::{b, c};\n".repeat(20_000)));
        assert!(passes(&format!(
            "static T: [(u8, Vec<u8>); 1] = [{}];",
            "(1, f::<u8>(), a < b),".repeat(4_000)
        )));
        assert!(passes(&format!(
            "fn f() {{ match x {{ {} }} }}",
            "A | B | C => f(|a, b| a | b),".repeat(20_000)
        )));
    }

    #[test]
    fn every_way_of_nesting_is_counted() {
        let pairs = [
            ("(", ")"),
            ("{", "}"),
            ("[", "]"),
            ("f(", ")"),
            ("match a { _ => ", "}"),
            ("mod a {", "}"),
        ];
        for (open, close) in pairs {
            let text = format!("{}{}", open.repeat(7_000), close.repeat(7_000));
            assert!(!passes(&text), "{open}");
        }
        let chains = [
            "- ",
            "& ",
            "+ a",
            ".b()",
            "? ",
            "else if a {} ",
            "|a, b| ",
            "|a, b| 1 >> ",
            "A<B, ",
            "fn() -> ",
            "fn() -> A<B, ",
            "if {} == ",
            "= a",
            "as u8 ",
            "return ",
            "|| -> u8 ",
        ];
        for chain in chains {
            assert!(!passes(&chain.repeat(7_000)), "{chain}");
        }
    }
}
