//! Errors of the attributes: what is wrong and what to do, and the code by which `docs/troubleshooting.md` explains it. rustc has no place for the code but the end of the text.

use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

/// An error at `tokens`.
pub(crate) fn mistake(tokens: impl ToTokens, code: &str, text: &str) -> Error {
    Error::new_spanned(tokens, format!("{text} [{code}]"))
}

/// An error at a place.
pub(crate) fn mistake_at(span: Span, code: &str, text: &str) -> Error {
    Error::new(span, format!("{text} [{code}]"))
}
