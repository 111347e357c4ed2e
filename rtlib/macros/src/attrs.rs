//! Which attributes of the item the generated `const` must carry too: those that may remove the item.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token, parse_quote};

/// The `#[cfg]`s among `attrs`, those inside a `#[cfg_attr]` included.
pub(crate) fn conditions(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter_map(condition).collect()
}

fn condition(attr: &Attribute) -> Option<Attribute> {
    let meta = condition_in(&attr.meta)?;
    Some(parse_quote!(#[#meta]))
}

/// What a `cfg`, or a `cfg_attr` around one at any depth, says of the item's presence.
fn condition_in(meta: &Meta) -> Option<Meta> {
    if meta.path().is_ident("cfg") {
        return Some(meta.clone());
    }
    if !meta.path().is_ident("cfg_attr") {
        return None;
    }
    let list = meta.require_list().ok()?;
    let mut metas = list
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .ok()?
        .into_iter();
    let predicate = metas.next()?;
    let conditions: Vec<Meta> = metas.filter_map(|meta| condition_in(&meta)).collect();
    (!conditions.is_empty()).then(|| parse_quote!(cfg_attr(#predicate, #(#conditions),*)))
}

/// A second `#[init]` or `#[var]` (`name`) on the item, which would run it twice.
pub(crate) fn repeated<'a>(attrs: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attrs.iter().find(|attr| is_ours(attr.path(), name))
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
    use quote::ToTokens;
    use syn::ItemFn;

    fn attrs(source: &str) -> Vec<Attribute> {
        syn::parse_str::<ItemFn>(&format!("{source} fn f() {{}}"))
            .expect("a function")
            .attrs
    }

    fn conditions_of(source: &str) -> String {
        conditions(&attrs(source))
            .iter()
            .map(|attr| attr.to_token_stream().to_string().replace(' ', ""))
            .collect()
    }

    #[test]
    fn only_conditions_are_carried_over() {
        assert_eq!(
            conditions_of("/// doc\n#[allow(x)] #[cfg(unix)] #[inline]"),
            "#[cfg(unix)]"
        );
    }

    #[test]
    fn a_condition_inside_cfg_attr_is_a_condition() {
        assert_eq!(
            conditions_of("#[cfg_attr(a, cfg(b), inline)]"),
            "#[cfg_attr(a,cfg(b))]"
        );
        assert_eq!(conditions_of("#[cfg_attr(a, inline)]"), "");
        assert_eq!(
            conditions_of("#[cfg_attr(a, inline, cfg_attr(b, cfg(c), inline))]"),
            "#[cfg_attr(a,cfg_attr(b,cfg(c)))]"
        );
    }

    #[test]
    fn a_second_attribute_of_ours_is_found() {
        assert!(repeated(&attrs("#[inline] #[init]"), "init").is_some());
        assert!(repeated(&attrs("#[::rtlib::init]"), "init").is_some());
        assert!(repeated(&attrs("#[other::init] #[var]"), "init").is_none());
    }
}
