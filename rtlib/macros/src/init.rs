//! `#[init]`: which functions may carry it, and what becomes of them.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use rtlib_abi::record::KIND_INIT;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, Result, ReturnType, Signature, Type};

use crate::args::Args;
use crate::attrs;
use crate::entry::Entry;
use crate::origin::Unit;

/// The item as it was, and its entry behind it.
pub(crate) fn expand(args: Args, item: TokenStream, unit: &Unit) -> Result<TokenStream> {
    let function =
        syn::parse2::<ItemFn>(item.clone()).map_err(|error| not_a_function(&item, error))?;
    check(&function)?;
    let entry = Entry {
        kind: KIND_INIT,
        name: &function.sig.ident,
        conditions: attrs::conditions(&function.attrs),
    };
    let entry = entry.to_tokens(&args, unit);
    Ok(quote!(#item #entry))
}

/// A function that does not parse keeps syn's own error, which points into it.
fn not_a_function(item: &TokenStream, parse_error: Error) -> Error {
    match syn::parse2::<syn::Item>(item.clone()) {
        Ok(syn::Item::Fn(_)) | Err(_) => parse_error,
        Ok(other) => Error::new(
            head(&other).span(),
            "`#[init]` belongs on a function: `#[rtlib::init] fn name() { … }`",
        ),
    }
}

/// The first token of an item behind its attributes: enough for an error to point at.
fn head(item: &syn::Item) -> TokenStream {
    let tokens = item.to_token_stream().into_iter();
    let mut in_attribute = false;
    tokens
        .skip_while(move |token| {
            let pound =
                matches!(token, proc_macro2::TokenTree::Punct(punct) if punct.as_char() == '#');
            let skip = pound || in_attribute;
            in_attribute = pound;
            skip
        })
        .take(1)
        .collect()
}

fn check(function: &ItemFn) -> Result<()> {
    let errors = [
        signature_error(&function.sig),
        arguments_error(&function.sig),
        output_error(&function.sig),
        repeated_error(function),
    ];
    let combined = errors.into_iter().flatten().reduce(|mut all, error| {
        all.combine(error);
        all
    });
    combined.map_or(Ok(()), Err)
}

fn signature_error(signature: &Signature) -> Option<Error> {
    let refuse = |tokens: &dyn ToTokens, message: &str| {
        Some(Error::new_spanned(tokens.to_token_stream(), message))
    };
    let Signature {
        constness,
        asyncness,
        unsafety,
        abi,
        generics,
        ..
    } = signature;
    if let Some(token) = constness {
        refuse(
            token,
            "an init function runs before `main`, not at compile time: remove `const`",
        )
    } else if let Some(token) = asyncness {
        refuse(
            token,
            "an init function cannot be async: it runs on the main goroutine and may simply block",
        )
    } else if let Some(token) = unsafety {
        refuse(
            token,
            "an init function cannot be unsafe: nobody is there to uphold its conditions; write the `unsafe` block inside",
        )
    } else if let Some(abi) = abi {
        refuse(abi, "an init function has no foreign ABI: remove `extern`")
    } else if !generics.params.is_empty() {
        refuse(
            generics,
            "an init function cannot be generic: nothing chooses its parameters",
        )
    } else {
        let clause = generics.where_clause.as_ref()?;
        refuse(
            clause,
            "an init function has no `where` clause: nothing chooses its parameters",
        )
    }
}

fn arguments_error(signature: &Signature) -> Option<Error> {
    let message = match signature.inputs.first()? {
        FnArg::Receiver(_) => {
            "an init function is a free function: it cannot be a method with `self`"
        }
        FnArg::Typed(_) => "an init function takes no arguments",
    };
    Some(Error::new_spanned(&signature.inputs, message))
}

fn output_error(signature: &Signature) -> Option<Error> {
    let ReturnType::Type(_, output) = &signature.output else {
        return None;
    };
    if matches!(&**output, Type::Tuple(tuple) if tuple.elems.is_empty()) {
        return None;
    }
    Some(Error::new_spanned(
        output,
        "an init function returns nothing: handle the error inside, or panic to end the program",
    ))
}

fn repeated_error(function: &ItemFn) -> Option<Error> {
    let attr = attrs::repeated(&function.attrs, "init")?;
    Some(Error::new_spanned(
        attr,
        "`#[init]` is given twice: the function would run twice",
    ))
}
