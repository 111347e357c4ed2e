//! `#[var]`: which statics may carry it, and what becomes of them.
//!
//! The initialiser becomes the body of a closure *inside the static*, so names in it mean what they meant where it was
//! written, whatever the generated code is called.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use rtlib_abi::record::KIND_VAR;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, Ident, Result, StaticMutability, Token, Type, Visibility};

use crate::args::Args;
use crate::attrs;
use crate::entry::Entry;
use crate::origin::Unit;

/// A static with an initialiser; what is wrong with it in other ways is still in it.
struct Variable {
    attrs: Vec<Attribute>,
    vis: Visibility,
    name: Ident,
    ty: Type,
    expr: Expr,
}

/// The static as an `rtlib::Var`, and its entry behind it.
pub(crate) fn expand(args: Args, item: TokenStream, unit: &Unit) -> Result<TokenStream> {
    let Variable {
        attrs,
        vis,
        name,
        ty,
        expr,
    } = syn::parse2(item)?;
    if let Some(attr) = attrs::repeated(&attrs, "var") {
        return Err(Error::new_spanned(
            attr,
            "`#[var]` is given twice: the variable would be initialised twice",
        ));
    }
    let (rtlib, private) = (args.rtlib(), args.private());
    let label = format!("::{}", name.unraw());
    let core = quote!(#private::core);
    let place = quote_spanned! {name.span()=>
        #core::concat!(#core::module_path!(), #label), #core::file!(), #core::line!()
    };
    let entry = Entry {
        kind: KIND_VAR,
        name: &name,
        conditions: attrs::conditions(&attrs),
    };
    let entry = entry.to_tokens(&args, unit);
    Ok(quote! {
        #(#attrs)*
        #vis static #name: #rtlib::Var<#ty> = #private::var(|| #expr, #place);
        #entry
    })
}

impl Parse for Variable {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        if !input.peek(Token![static]) {
            return Err(input.error(
                "`#[var]` belongs on a static: `#[rtlib::var] static NAME: Type = expression;`",
            ));
        }
        input.parse::<Token![static]>()?;
        refuse_mut(&input.parse()?)?;
        let name: Ident = input.parse()?;
        if input.peek(Token![<]) {
            return Err(input.error("a package variable cannot be generic"));
        }
        input.parse::<Token![:]>()?;
        let ty = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("a package variable needs an initialiser: `= expression;`"));
        }
        input.parse::<Token![=]>()?;
        let expr = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self {
            attrs,
            vis,
            name,
            ty,
            expr,
        })
    }
}

fn refuse_mut(mutability: &StaticMutability) -> Result<()> {
    match mutability {
        StaticMutability::None => Ok(()),
        other => Err(Error::new_spanned(
            other.to_token_stream(),
            "a package variable is not `mut`: it is initialised once; use an atomic or a lock inside for one that changes",
        )),
    }
}
