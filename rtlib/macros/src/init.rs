//! `#[init]`: which functions may carry it, and what becomes of them.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use rtlib_abi::code;
use rtlib_abi::record::KIND_INIT;
use syn::parse::{ParseStream, Parser};
use syn::{
    Attribute, Error, FnArg, ItemFn, Result, ReturnType, Signature, Token, Type, Visibility,
};

use crate::args::Args;
use crate::attrs;
use crate::entry::Entry;
use crate::mistake::{mistake, mistake_at};
use crate::origin::Unit;

/// The function with its entry in its body. There it is no item of its own in an `impl` or a trait, where it would be refused once more.
pub(crate) fn expand(args: Args, item: TokenStream, unit: &Unit) -> Result<TokenStream> {
    if attrs::is_on_statement(&item) {
        return Ok(item);
    }
    let function =
        syn::parse2::<ItemFn>(item.clone()).map_err(|error| not_a_function(&item, error))?;
    check(&function)?;
    let entry = Entry {
        kind: KIND_INIT,
        name: &function.sig.ident,
    };
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let body = tokens
        .pop()
        .map(|body| in_body(body, entry.to_tokens(&args, unit)));
    Ok(tokens.into_iter().chain(body).collect())
}

/// A rejected function as it was; one without a body gets one, so that rustc does not refuse it as well.
pub(crate) fn rejected(item: &TokenStream, error: &Error) -> TokenStream {
    let error = error.to_compile_error();
    let function = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let (vis, signature): (Visibility, Signature) = (input.parse()?, input.parse()?);
        input.parse::<Token![;]>()?;
        Ok(quote!(#(#attrs)* #vis #signature { loop {} }))
    };
    match function.parse2(item.clone()) {
        Ok(with_body) => quote!(#error #with_body),
        Err(_) => quote!(#error #item),
    }
}

/// The body with an item at its beginning, behind attributes of the body.
fn in_body(body: TokenTree, entry: TokenStream) -> TokenTree {
    let TokenTree::Group(group) = body else {
        return body;
    };
    let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let tokens: TokenStream = match group.delimiter() {
        Delimiter::Brace => {
            let is = |token: Option<&TokenTree>, what: char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == what);
            let mut start = 0;
            while is(tokens.get(start), '#') && is(tokens.get(start + 1), '!') {
                start += 3;
            }
            let rest = tokens.split_off(start.min(tokens.len()));
            tokens.into_iter().chain(entry).chain(rest).collect()
        }
        // A macro's `$body:block`.
        _ => {
            let last = tokens.pop().map(|inner| in_body(inner, entry));
            tokens.into_iter().chain(last).collect()
        }
    };
    let mut with = Group::new(group.delimiter(), tokens);
    with.set_span(group.span());
    TokenTree::Group(with)
}

const WANTED: &str =
    "`#[init]` belongs on a function with a body: `#[rtlib::init] fn name() { … }`";

/// A function that does not parse keeps syn's own error, which points into it.
fn not_a_function(item: &TokenStream, parse_error: Error) -> Error {
    match syn::parse2::<syn::Item>(item.clone()) {
        Ok(syn::Item::Fn(_)) | Err(_) => mistake_at(
            parse_error.span(),
            code::WRONG_ITEM,
            &parse_error.to_string(),
        ),
        Ok(other) => mistake(head(&other), code::WRONG_ITEM, WANTED),
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
        main_error(&function.sig),
        signature_error(&function.sig),
        feature_error(function),
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

fn main_error(signature: &Signature) -> Option<Error> {
    let is_main = signature.ident == "main";
    is_main.then(|| {
        mistake(
            &signature.ident,
            code::WRONG_ITEM,
            "`main` runs after the init functions, and is none: remove the attribute",
        )
    })
}

fn feature_error(function: &ItemFn) -> Option<Error> {
    let mut attrs = function.attrs.iter();
    let attr = attrs.find(|attr| attr.path().is_ident("target_feature"))?;
    Some(mistake(
        attr,
        code::INIT_QUALIFIER,
        "an init function cannot need features of the processor, which nobody has looked for: call such a function from it",
    ))
}

fn signature_error(signature: &Signature) -> Option<Error> {
    let refuse =
        |tokens: &dyn ToTokens, message: &str| Some(mistake(tokens, code::INIT_QUALIFIER, message));
    let refuse_generics =
        |tokens: &dyn ToTokens, message: &str| Some(mistake(tokens, code::INIT_GENERICS, message));
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
            "an init function cannot be async: remove `async`; it runs on the main goroutine and may simply block",
        )
    } else if let Some(token) = unsafety {
        refuse(
            token,
            "an init function cannot be unsafe: nobody is there to uphold its conditions; remove `unsafe`, and write an `unsafe` block inside",
        )
    } else if let Some(abi) = abi {
        refuse(abi, "an init function has no foreign ABI: remove `extern`")
    } else if !generics.params.is_empty() {
        refuse_generics(
            generics,
            "an init function cannot be generic: nothing chooses its parameters; remove them",
        )
    } else {
        let clause = generics.where_clause.as_ref()?;
        refuse_generics(
            clause,
            "an init function has no `where` clause: nothing chooses its parameters; remove it",
        )
    }
}

fn arguments_error(signature: &Signature) -> Option<Error> {
    let message = match signature.inputs.first()? {
        FnArg::Receiver(_) => {
            "an init function is no method with `self`: move it out of the `impl`, and remove `self`"
        }
        FnArg::Typed(_) => {
            "an init function takes no arguments: remove them; it reads what it needs itself"
        }
    };
    Some(mistake(&signature.inputs, code::INIT_ARGUMENTS, message))
}

fn output_error(signature: &Signature) -> Option<Error> {
    let ReturnType::Type(_, output) = &signature.output else {
        return None;
    };
    if matches!(&**output, Type::Tuple(tuple) if tuple.elems.is_empty()) {
        return None;
    }
    Some(mistake(
        output,
        code::INIT_RETURN,
        "an init function returns nothing: remove the type; handle an error inside, or panic to end the program",
    ))
}

fn repeated_error(function: &ItemFn) -> Option<Error> {
    let attr = attrs::repeated(&function.attrs, "init")?;
    Some(mistake(
        attr,
        code::REPEATED_ATTRIBUTE,
        "`#[init]` is given twice: remove one",
    ))
}
