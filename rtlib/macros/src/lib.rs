//! The macros of `rtlib`: the attributes `#[init]`, `#[var]` and `#[stamp]`, and what is behind `select!`. Users reach them, and their documentation, through `rtlib`.
//!
//! The attributes leave the item in place and add one anonymous `const` (`entry.rs`), in the body of an init function and in the initialiser of a variable. It holds what `cargo gobuild`
//! needs: an `extern "C"` function under a symbol of its own, and a record in the object file that names it (`rtlib_abi::record`).
//!
//! Invariants:
//! - An expansion holds no absolute path and nothing that changes between two builds of the same source.
//! - Whatever an expansion needs at run time it takes from `rtlib::__private::v<ABI version>`, so macros and a `rtlib` of
//!   different ABI versions do not compile together.
//! - One mistake gives one error. A rejected function is still emitted as it was written, and a rejected variable with a type of which rustc says nothing. What rustc
//!   has refused before it called a macro is not refused again.
//! - An error names what to do, and its code (`rtlib_abi::code`).
//!
//! What only the whole package can show (an init inside a function body, two of one name, cycles) is the business of the
//! scan in `cargo gobuild`, not of these macros.

use proc_macro::TokenStream;

mod args;
mod attrs;
mod entry;
mod init;
mod mistake;
mod origin;
mod select;
mod stamp;
mod var;

/// `#[rtlib::init]`: see `rtlib::init`.
#[proc_macro_attribute]
pub fn init(args: TokenStream, item: TokenStream) -> TokenStream {
    let (expand, reject) = (init::expand, init::rejected);
    Attribute { expand, reject }.apply(args, item)
}

/// `#[rtlib::var]`: see `rtlib::var`.
#[proc_macro_attribute]
pub fn var(args: TokenStream, item: TokenStream) -> TokenStream {
    let (expand, reject) = (var::expand, var::rejected);
    Attribute { expand, reject }.apply(args, item)
}

/// `#[rtlib::stamp]`: see `rtlib::stamp`.
#[proc_macro_attribute]
pub fn stamp(args: TokenStream, item: TokenStream) -> TokenStream {
    let (expand, reject) = (stamp::expand, stamp::rejected);
    Attribute { expand, reject }.apply(args, item)
}

/// The arms of `rtlib::select!`, with how to choose and the path of `rtlib` before them.
#[proc_macro]
pub fn select_arms(input: TokenStream) -> TokenStream {
    match syn::parse::<select::Arms>(input) {
        Ok(arms) => arms.expand().into(),
        Err(error) => error.into_compile_error().into(),
    }
}

/// How an attribute makes its expansion, and what it leaves of an item with a mistake.
struct Attribute {
    expand: fn(
        args::Args,
        proc_macro2::TokenStream,
        &origin::Unit,
    ) -> syn::Result<proc_macro2::TokenStream>,
    reject: fn(&proc_macro2::TokenStream, &syn::Error) -> proc_macro2::TokenStream,
}

impl Attribute {
    fn apply(self, args: TokenStream, item: TokenStream) -> TokenStream {
        let item = proc_macro2::TokenStream::from(item);
        let expansion = syn::parse::<args::Args>(args)
            .and_then(|args| Ok((args, origin::Unit::from_env()?)))
            .and_then(|(args, unit)| (self.expand)(args, item.clone(), &unit));
        let tokens = expansion.unwrap_or_else(|error| (self.reject)(&item, &error));
        tokens.into()
    }
}
