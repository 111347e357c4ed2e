//! `#[stamp]`: which statics may carry it, and what becomes of them.
//!
//! The work is done by `rtlib`'s macro `stamp!`, for the reasons that `entry.rs` gives.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, ItemStatic, Meta, Result, StaticMutability, Token, parse_quote};

use crate::args::Args;
use crate::attrs;
use crate::entry::Entry;
use crate::origin::Unit;

/// The static as an `rtlib::Stamp`, with what the tool needs behind it.
pub(crate) fn expand(args: Args, item: TokenStream, unit: &Unit) -> Result<TokenStream> {
    let wanted =
        "`#[stamp]` belongs on a static: `#[rtlib::stamp] static NAME: &str = \"default\";`";
    let parsed = syn::parse2(item.clone());
    let ItemStatic {
        attrs,
        vis,
        mutability,
        ident: name,
        ty,
        expr,
        ..
    } = parsed.map_err(|_| Error::new_spanned(item, wanted))?;
    if !matches!(mutability, StaticMutability::None) {
        let message = "a stamp is not `mut`: it has one value, that of the link";
        return Err(Error::new_spanned(mutability, message));
    }
    if let Some(attr) = attrs::repeated(&attrs, "stamp") {
        return Err(Error::new_spanned(attr, "`#[stamp]` is given twice"));
    }
    let private = args.private_at(name.span());
    let conditions: Vec<_> = attrs.iter().filter_map(condition).collect();
    // Not in a block, as other names are: assembly that belongs to no function stands in a module.
    let ours = Span::mixed_site().located_at(name.span());
    let value = format_ident!("__RTLIB_DEFAULT_{}", name.unraw(), span = ours);
    let names = Entry::names(&name, "stamp", unit);
    Ok(quote_spanned! {name.span()=>
        #private::stamp! { [#(#attrs)*] [#(#conditions)*] [#vis] #name #value [#ty] [#expr] #names }
    })
}

/// An item with a mistake stays as it was.
pub(crate) fn rejected(item: &TokenStream, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#error #item)
}

/// The part of an attribute that may remove the item, which all that is made of the item must have: a `#[cfg]`, also one inside a `#[cfg_attr]`.
fn condition(attr: &Attribute) -> Option<Attribute> {
    let meta = condition_in(&attr.meta)?;
    Some(parse_quote!(#[#meta]))
}

fn condition_in(meta: &Meta) -> Option<Meta> {
    if meta.path().is_ident("cfg") {
        return Some(meta.clone());
    }
    if !meta.path().is_ident("cfg_attr") {
        return None;
    }
    let list = meta.require_list().ok()?;
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let mut metas = metas.ok()?.into_iter();
    let predicate = metas.next()?;
    let conditions: Vec<Meta> = metas.filter_map(|meta| condition_in(&meta)).collect();
    (!conditions.is_empty()).then(|| parse_quote!(cfg_attr(#predicate, #(#conditions),*)))
}
