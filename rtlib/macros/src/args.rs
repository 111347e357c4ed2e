//! The arguments of both attributes: nothing, or `crate = path` for a crate that knows `rtlib` by another name.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use rtlib_abi::code;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::{Path, Token};

use crate::mistake::mistake_at;

/// The parsed arguments.
pub(crate) struct Args {
    rtlib: Option<Path>,
}

impl Args {
    /// Path of the module that expansions use: `::rtlib::__private::v1`.
    pub(crate) fn private(&self) -> TokenStream {
        let version = format_ident!("v{}", rtlib_abi::ABI_VERSION);
        match &self.rtlib {
            Some(path) => quote!(#path::__private::#version),
            None => quote!(::rtlib::__private::#version),
        }
    }

    /// The same, every token of it at the place of `span`. A path that the user wrote means what it meant where he wrote it.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        let version = format_ident!("v{}", rtlib_abi::ABI_VERSION, span = span);
        let rtlib = self.rtlib_at(span);
        quote_spanned!(span=> #rtlib::__private::#version)
    }

    /// Path of the `rtlib` crate itself, in the same way.
    pub(crate) fn rtlib_at(&self, span: Span) -> TokenStream {
        let Some(path) = &self.rtlib else {
            return quote_spanned!(span=> ::rtlib);
        };
        let there = |mut token: TokenTree| {
            token.set_span(token.span().located_at(span));
            token
        };
        quote!(#path).into_iter().map(there).collect()
    }
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self { rtlib: None });
        }
        let start = input.span();
        let path = input.fork();
        let read = read(&path).map_err(|error| {
            let place = if input.peek(Token![crate]) { error.span() } else { start };
            mistake_at(place, code::ATTRIBUTE_OPTION, "the only option is `crate = path`, the path of the crate `rtlib`: remove everything else")
        })?;
        input.advance_to(&path);
        Ok(Self { rtlib: Some(read) })
    }
}

fn read(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    let rtlib = input.call(Path::parse_mod_style)?;
    input.parse::<Option<Token![,]>>()?;
    match input.is_empty() {
        true => Ok(rtlib),
        false => Err(input.error("more than a path")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn private(args: &str) -> String {
        syn::parse_str::<Args>(args)
            .expect("arguments")
            .private()
            .to_string()
            .replace(' ', "")
    }

    #[test]
    fn the_default_is_rtlib_and_its_abi_version() {
        assert_eq!(private(""), "::rtlib::__private::v1");
    }

    #[test]
    fn another_name_for_rtlib_is_used_as_given() {
        assert_eq!(private("crate = ::my::rt"), "::my::rt::__private::v1");
        assert_eq!(private("crate = crate::rt,"), "crate::rt::__private::v1");
    }

    #[test]
    fn anything_else_is_refused() {
        for args in [
            "priority = 3",
            "crate",
            "crate = ",
            "crate = a, crate = b",
            "crate = a b",
            "\"rtlib\"",
        ] {
            assert!(syn::parse_str::<Args>(args).is_err(), "{args}");
        }
    }
}
