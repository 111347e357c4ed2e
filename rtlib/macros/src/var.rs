//! `#[var]`: which statics may carry it, and what becomes of them.
//!
//! The initialiser becomes the body of a closure *inside the static*, so names in it mean what they meant where it was
//! written, whatever the generated code is called.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use rtlib_abi::code;
use rtlib_abi::record::KIND_VAR;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Generics, Result, StaticMutability, Token, Type, Visibility};

use crate::args::Args;
use crate::attrs;
use crate::entry::Entry;
use crate::mistake::{mistake, mistake_at};
use crate::origin::Unit;

/// What looks like a variable, with what may be wrong in it.
struct Declaration {
    attrs: Vec<Attribute>,
    vis: Visibility,
    /// `static` or `const`.
    keyword: TokenTree,
    mutability: StaticMutability,
    name: Ident,
    generics: Generics,
    ty: Option<Type>,
    /// What rustc has read as an expression.
    expr: Option<TokenStream>,
    /// The semicolon: rustc drops what it has said of the same item, known by its first and last token.
    end: TokenStream,
}

/// The static as an `rtlib::Var`, with its entry in its initialiser.
pub(crate) fn expand(args: Args, item: TokenStream, unit: &Unit) -> Result<TokenStream> {
    if attrs::is_on_statement(&item) {
        return Ok(item);
    }
    let declaration: Declaration = syn::parse2(item)?;
    if declaration.is_refused() {
        return Ok(declaration.into_refused(&args));
    }
    let (ty, expr) = declaration.check()?;
    let Declaration {
        attrs,
        vis,
        keyword,
        name,
        end,
        ..
    } = &declaration;
    let private = args.private();
    let label = format!("::{}", name.unraw());
    // Each token is at the name, so that `line!()` is the name's line.
    let span = name.span();
    let at_name = args.private_at(span);
    let core = quote_spanned!(span=> #at_name::core);
    let place = quote_spanned! {span=>
        #core::concat!(#core::module_path!(), #label), #core::file!(), #core::line!()
    };
    // rustc points at the type when a static may not have it.
    let rtlib = args.rtlib_at(ty.span());
    let var = quote_spanned!(ty.span()=> #rtlib::Var<#ty>);
    let kind = KIND_VAR;
    let entry = Entry { kind, name }.to_tokens(&args, unit);
    Ok(quote! {
        #(#attrs)*
        #vis #keyword #name: #var = { #entry #private::var(|| #expr, #place) } #end
    })
}

/// What stands in the place of an item with a mistake. Its type is one of which rustc says nothing more, however it is used: the error is its array's length.
pub(crate) fn rejected(item: &TokenStream, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let Ok(declaration) = syn::parse2::<Declaration>(item.clone()) else {
        return quote!(#error #item);
    };
    let Declaration {
        vis,
        keyword,
        name,
        ty,
        ..
    } = &declaration;
    let attrs = declaration.other_attrs();
    let ty = match ty {
        Some(Type::Infer(_)) | None => quote!(()),
        Some(ty) => ty.to_token_stream(),
    };
    quote!(#(#attrs)* #vis #keyword #name: [#ty; #error] = loop {};)
}

const WANTED: &str =
    "`#[var]` belongs on a static: `#[rtlib::var] static NAME: Type = expression;`";

impl Declaration {
    /// The attributes that are not this crate's.
    fn other_attrs(&self) -> impl Iterator<Item = &Attribute> {
        let attrs = self.attrs.iter();
        attrs.filter(|attr| !attrs::is_any_of_ours(attr))
    }

    /// Whether rustc has refused it before it called the macro.
    fn is_refused(&self) -> bool {
        let has_parameters = !self.generics.params.is_empty();
        let is_untyped = self.ty.is_none() && self.expr.is_some();
        has_parameters || is_untyped || self.name == "_"
    }

    /// What of that rustc does not refuse for another reason.
    fn into_refused(self, args: &Args) -> TokenStream {
        let Self {
            vis, name, expr, ..
        } = &self;
        let attrs = self.other_attrs();
        let rtlib = args.rtlib_at(name.span());
        if name == "_" {
            TokenStream::new()
        } else if self.ty.is_none() {
            quote!(#(#attrs)* #vis static #name = #expr;)
        } else {
            let private = args.private();
            quote!(#(#attrs)* #vis static #name: #rtlib::Var<()> = #private::var(|| (), "", "", 0);)
        }
    }

    /// Its type and its initialiser, if nothing is wrong.
    fn check(&self) -> Result<(&Type, &TokenStream)> {
        if self.keyword.to_string() == "const" {
            return Err(mistake(&self.keyword, code::WRONG_ITEM, WANTED));
        }
        if let StaticMutability::Mut(token) = &self.mutability {
            return Err(mistake(
                token,
                code::VAR_MUTABLE,
                "a package variable is not `mut`: remove it, and put what changes behind a `Mutex` or an atomic",
            ));
        }
        if let Some(attr) = attrs::repeated(&self.attrs, "var") {
            return Err(mistake(
                attr,
                code::REPEATED_ATTRIBUTE,
                "`#[var]` is given twice: remove one",
            ));
        }
        match (&self.ty, &self.expr) {
            (None | Some(Type::Infer(_)), _) => Err(mistake(
                &self.name,
                code::VAR_UNTYPED,
                "a package variable needs its type: `static NAME: Type = expression;`",
            )),
            (_, None) => Err(mistake(
                &self.name,
                code::VAR_UNINITIALISED,
                "a package variable needs an initialiser: `static NAME: Type = expression;`",
            )),
            (Some(ty), Some(expr)) => Ok((ty, expr)),
        }
    }
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis: Visibility = input.parse()?;
        let is_constant = input.peek(Token![const]) && !input.peek2(Token![fn]);
        if !input.peek(Token![static]) && !is_constant {
            return Err(mistake_at(input.span(), code::WRONG_ITEM, WANTED));
        }
        let keyword = input.parse()?;
        let mutability = input.parse()?;
        let name = input.call(Ident::parse_any)?;
        let generics = input.parse()?;
        let ty = match input.parse::<Option<Token![:]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        let (expr, end) = match input.parse::<Option<Token![=]>>()? {
            Some(_) => {
                let (expr, end) = without_semicolon(input.parse()?);
                (Some(expr), end)
            }
            None => (
                None,
                input
                    .parse::<Option<Token![;]>>()?
                    .map_or_else(semicolon, |end| end.into_token_stream()),
            ),
        };
        Ok(Self {
            attrs,
            vis,
            keyword,
            mutability,
            name,
            generics,
            ty,
            expr,
            end,
        })
    }
}

/// The tokens up to the semicolon at the end, and that. rustc has said if there is none.
fn without_semicolon(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_end =
        |token: &mut TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let end = tokens.pop_if(is_end);
    let end = end.map_or_else(semicolon, TokenStream::from);
    (tokens.into_iter().collect(), end)
}

fn semicolon() -> TokenStream {
    quote!(;)
}
