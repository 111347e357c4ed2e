//! Finds what looks like an attribute in tokens that are not parsed: function bodies and the insides of macros.
//!
//! Used by [`super::find`]. Nothing recurses, so tokens may nest as deep as they like.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree, token_stream};
use syn::ext::IdentExt;

use super::tree::UsePath;

/// What to do about macro calls while walking tokens.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Macros {
    /// Their tokens may be anything (`quote!`, `stringify!`).
    Skip,
    Enter,
}

/// Calls back for everything that looks like an outer attribute. No recursion: bodies nest as deep as they like.
pub(super) fn for_each_attribute(
    tokens: TokenStream,
    macros: Macros,
    found: &mut dyn FnMut(&UsePath, Span),
) {
    let mut open: Vec<token_stream::IntoIter> = vec![tokens.into_iter()];
    let mut previous = Before::Other;
    while let Some(level) = open.last_mut() {
        let Some(token) = level.next() else {
            open.pop();
            previous = Before::Other;
            continue;
        };
        let before = previous;
        previous = Before::of(before, &token);
        let TokenTree::Group(group) = token else {
            continue;
        };
        if before == Before::Pound && group.delimiter() == Delimiter::Bracket {
            found(&path_at_start(group.stream()), group.span());
        } else if before != Before::MacroCall || macros == Macros::Enter {
            open.push(group.stream().into_iter());
            previous = Before::Other;
        }
    }
}

/// What stands in front of a group.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    Pound,
    Name,
    /// `name!` or `macro_rules! name`.
    MacroCall,
    Other,
}

impl Before {
    fn of(before: Self, token: &TokenTree) -> Self {
        match token {
            TokenTree::Ident(_) if before == Self::MacroCall => Self::MacroCall,
            TokenTree::Ident(_) => Self::Name,
            TokenTree::Punct(punct) if punct.as_char() == '#' => Self::Pound,
            TokenTree::Punct(punct) if punct.as_char() == '!' && before == Self::Name => {
                Self::MacroCall
            }
            _ => Self::Other,
        }
    }
}

/// The path at the start of an attribute's tokens; `$crate` counts as a name.
fn path_at_start(tokens: TokenStream) -> UsePath {
    let mut path = UsePath {
        global: false,
        segments: Vec::new(),
    };
    let mut expects_name = true;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if expects_name => {
                path.segments.push(ident.unraw().to_string());
                expects_name = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                path.global |= path.segments.is_empty();
                expects_name = true;
            }
            TokenTree::Punct(punct) if punct.as_char() == '$' && path.segments.is_empty() => {}
            _ => break,
        }
    }
    path
}
