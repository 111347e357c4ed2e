//! What stands in each item, where its conditions hold for it, and where it is no item of its own in an `impl` or a trait: a call of `rtlib`'s macro `entry!`, which makes the exported function that runs the item and the record that tells `cargo gobuild`.
//!
//! `#[unsafe(export_name)]` and `#[unsafe(link_section)]` are in that macro and not here. In this expansion every path is looked up where the item is, and a crate without `unsafe` may have given another meaning to
//! `::core` or `::rtlib` (`extern crate other as core;`); what it reaches then is its own. There all paths begin with `$crate`.
//!
//! All tokens have the place of the item's name, so that `line!()` and its like in the macro give that or, where a macro made the item, the place of the outermost macro call.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use crate::args::Args;
use crate::origin::Unit;

/// What an expansion asks of this module.
pub(crate) struct Entry<'a> {
    /// `rtlib_abi::record::KIND_INIT` or `KIND_VAR`.
    pub(crate) kind: &'static str,
    /// The item's name.
    pub(crate) name: &'a Ident,
}

impl Entry<'_> {
    /// The whole `const`.
    pub(crate) fn to_tokens(&self, args: &Args, unit: &Unit) -> TokenStream {
        let Self { kind, name } = self;
        let span = name.span();
        let private = args.private_at(span);
        // A name that cannot be the item's. It is the macro's as far as lints can tell.
        let ours = Span::mixed_site().located_at(span);
        let run = format_ident!("__rtlib_run_{}", name.unraw(), span = ours);
        let kind = Ident::new(kind, span);
        let names = Self::names(name, "init", unit);
        let call = quote_spanned! {span=>
            #private::entry! { #kind #name #run #names }
        };
        quote!(const _: () = { #call };)
    }

    /// What makes the record of an item, and its symbol with `word` in it: the record's name, then the package and the item as text.
    pub(crate) fn names(name: &Ident, word: &str, unit: &Unit) -> TokenStream {
        let span = name.span();
        let text = |text: &str| {
            let mut literal = Literal::string(text);
            literal.set_span(span);
            literal
        };
        let plain = name.unraw();
        let ours = Span::mixed_site().located_at(span);
        let record = format_ident!("__RTLIB_RECORD_{plain}", span = ours);
        let (package, version, krate) =
            (text(&unit.package), text(&unit.version), text(&unit.krate));
        let named = text(&plain.to_string());
        // Line and column, which follow the hash, tell apart items that one macro made, and whether `cfg(test)` holds a library's unit tests from the library itself.
        let middle = text(&format!(".{plain}.{word}.{}.", unit.symbol_hash(span)));
        quote!(#record #package #version #krate #named #middle)
    }
}
