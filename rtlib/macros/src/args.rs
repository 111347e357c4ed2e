//! The arguments of both attributes: nothing, or `crate = path` for a crate that knows `rtlib` by another name.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Path, Token};

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
        let Some(path) = &self.rtlib else {
            return quote_spanned!(span=> ::rtlib::__private::#version);
        };
        let there = |mut token: TokenTree| {
            token.set_span(token.span().located_at(span));
            token
        };
        let path: TokenStream = quote!(#path).into_iter().map(there).collect();
        quote_spanned!(span=> #path::__private::#version)
    }

    /// Path of the `rtlib` crate itself.
    pub(crate) fn rtlib(&self) -> TokenStream {
        match &self.rtlib {
            Some(path) => quote!(#path),
            None => quote!(::rtlib),
        }
    }
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self { rtlib: None });
        }
        if !input.peek(Token![crate]) {
            return Err(input.error("unknown argument: only `crate = path`, the path of the `rtlib` crate, is understood"));
        }
        input.parse::<Token![crate]>()?;
        input.parse::<Token![=]>()?;
        let rtlib = input.call(Path::parse_mod_style)?;
        input.parse::<Option<Token![,]>>()?;
        if input.is_empty() {
            Ok(Self { rtlib: Some(rtlib) })
        } else {
            Err(input.error("`crate = path` is the only argument"))
        }
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
