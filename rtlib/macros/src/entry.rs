//! The anonymous `const` behind each item: the exported function that runs it and the record that tells `cargo gobuild`.
//!
//! File, line and column are asked with the builtin macros spanned at the item's name. They give the place of the name, or,
//! where a macro made the item, the place of the outermost macro call; all three always speak of one place.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::Attribute;
use syn::ext::IdentExt;

use rtlib_abi::symbol::RECORD_SECTION;

use crate::args::Args;
use crate::origin::Unit;

/// What an expansion asks of this module.
pub(crate) struct Entry<'a> {
    /// `rtlib_abi::record::KIND_INIT` or `KIND_VAR`.
    pub(crate) kind: &'static str,
    /// The item's name.
    pub(crate) name: &'a Ident,
    /// The item's conditions.
    pub(crate) conditions: Vec<Attribute>,
    /// What the exported function does.
    pub(crate) body: TokenStream,
}

impl Entry<'_> {
    /// The whole `const`.
    pub(crate) fn to_tokens(&self, args: &Args, unit: &Unit) -> TokenStream {
        let private = args.private();
        let Self {
            conditions, body, ..
        } = self;
        let symbol = self.symbol(unit);
        let record = self.record(unit, &symbol);
        quote! {
            #(#conditions)*
            const _: () = {
                #[unsafe(export_name = #symbol)]
                extern "C" fn __rtlib_entry() {
                    #body
                }
                const __RTLIB_RECORD: &::core::primitive::str = #record;
                #[used]
                #[unsafe(link_section = #RECORD_SECTION)]
                static __RTLIB_BYTES: [::core::primitive::u8; #private::record_len(__RTLIB_RECORD)] =
                    #private::record(__RTLIB_RECORD);
            };
        }
    }

    /// `<module path>.<name>.init.<hash>`, then line and column, which tell apart items that one macro made, then whether `cfg(test)`
    /// holds: a library's unit tests and the library itself may be linked together.
    fn symbol(&self, unit: &Unit) -> TokenStream {
        let span = self.name.span();
        let middle = Literal::string(&format!(
            ".{}.init.{}.",
            self.name.unraw(),
            unit.symbol_hash(span)
        ));
        quote_spanned! {span=>
            ::core::concat!(::core::module_path!(), #middle, ::core::line!(), ".", ::core::column!(), ".", ::core::cfg!(test))
        }
    }

    /// The record's body: the fields in the order of `rtlib_abi::record::Field`.
    fn record(&self, unit: &Unit, symbol: &TokenStream) -> TokenStream {
        let span = self.name.span();
        let text = |text: &str| quote!(#text);
        let fields = [
            text(self.kind),
            text(&unit.package),
            text(&unit.version),
            text(&unit.krate),
            quote_spanned!(span=> ::core::module_path!()),
            text(&self.name.unraw().to_string()),
            quote_spanned!(span=> ::core::file!()),
            quote_spanned!(span=> ::core::line!()),
            quote_spanned!(span=> ::core::column!()),
            symbol.clone(),
            quote!(::core::cfg!(test)),
        ];
        let (first, rest) = fields.split_first().expect("a record has fields");
        quote!(::core::concat!(#first #(, "\0", #rest)*))
    }
}

/// `Field` and the list above must agree.
const _: () = {
    use rtlib_abi::record::{FIELDS, Field};
    assert!(FIELDS == 11);
    assert!(
        Field::Kind as usize == 0 && Field::Package as usize == 1 && Field::Version as usize == 2
    );
    assert!(Field::Crate as usize == 3 && Field::Module as usize == 4 && Field::Name as usize == 5);
    assert!(Field::File as usize == 6 && Field::Line as usize == 7 && Field::Column as usize == 8);
    assert!(Field::Symbol as usize == 9 && Field::Test as usize == 10);
};
