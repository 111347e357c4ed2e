//! The macros of `rtlib`: the attributes `#[init]` and `#[var]`, and what is behind `select!`. Users reach them, and their documentation, through `rtlib`.
//!
//! The attributes leave the item in place and add one anonymous `const` behind it (`entry.rs`) that holds what `cargo gobuild` needs: an
//! `extern "C"` function under a symbol of its own, and a record in the object file that names it (`rtlib_abi::record`).
//!
//! Invariants:
//! - An expansion holds no absolute path and nothing that changes between two builds of the same source.
//! - Whatever an expansion needs at run time it takes from `rtlib::__private::v<ABI version>`, so macros and a `rtlib` of
//!   different ABI versions do not compile together.
//! - A rejected item is still emitted as it was written, so that one mistake gives one error.
//!
//! What only the whole package can show (an init inside a function body, two of one name, cycles) is the business of the
//! scan in `cargo gobuild`, not of these macros.

use proc_macro::TokenStream;
use quote::quote;

mod args;
mod attrs;
mod entry;
mod init;
mod origin;
mod select;
mod var;

/// `#[rtlib::init]`: see `rtlib::init`.
#[proc_macro_attribute]
pub fn init(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item, init::expand)
}

/// `#[rtlib::var]`: see `rtlib::var`.
#[proc_macro_attribute]
pub fn var(args: TokenStream, item: TokenStream) -> TokenStream {
    expand(args, item, var::expand)
}

/// The arms of `rtlib::select!`, with how to choose and the path of `rtlib` before them.
#[proc_macro]
pub fn select_arms(input: TokenStream) -> TokenStream {
    match syn::parse::<select::Arms>(input) {
        Ok(arms) => arms.expand().into(),
        Err(error) => error.into_compile_error().into(),
    }
}

type Expander = fn(
    args::Args,
    proc_macro2::TokenStream,
    &origin::Unit,
) -> syn::Result<proc_macro2::TokenStream>;

fn expand(args: TokenStream, item: TokenStream, expander: Expander) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let expansion = syn::parse::<args::Args>(args)
        .and_then(|args| Ok((args, origin::Unit::from_env()?)))
        .and_then(|(args, unit)| expander(args, item.clone(), &unit));
    match expansion {
        Ok(tokens) => tokens.into(),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item).into()
        }
    }
}
