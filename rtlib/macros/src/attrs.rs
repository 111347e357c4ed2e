//! The attributes of an item: which are this crate's, and what they may not stand on.

use proc_macro2::TokenStream;
use syn::{Attribute, Path};

/// A second `#[init]` or `#[var]` (`name`) on the item, which would run it twice.
pub(crate) fn repeated<'a>(attrs: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attrs.iter().find(|attr| is_ours(attr.path(), name))
}

/// Whether it is `#[init]` or `#[var]`.
pub(crate) fn is_any_of_ours(attr: &Attribute) -> bool {
    ["init", "var"]
        .iter()
        .any(|name| is_ours(attr.path(), name))
}

/// Whether an attribute stands on a `let`, where rustc refuses all attributes that are macros.
pub(crate) fn is_on_statement(item: &TokenStream) -> bool {
    item.clone()
        .into_iter()
        .next()
        .is_some_and(|token| token.to_string() == "let")
}

fn is_ours(path: &Path, name: &str) -> bool {
    let segments: Vec<String> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    match segments.as_slice() {
        [only] => only == name,
        [first, second] => first == "rtlib" && second == name,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::ItemFn;

    fn attrs(source: &str) -> Vec<Attribute> {
        syn::parse_str::<ItemFn>(&format!("{source} fn f() {{}}"))
            .expect("a function")
            .attrs
    }

    #[test]
    fn a_second_attribute_of_ours_is_found() {
        assert!(repeated(&attrs("#[inline] #[init]"), "init").is_some());
        assert!(repeated(&attrs("#[::rtlib::init]"), "init").is_some());
        assert!(repeated(&attrs("#[other::init] #[var]"), "init").is_none());
    }
}
