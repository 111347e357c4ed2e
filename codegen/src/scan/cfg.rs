//! Conditional compilation: which `cfg` predicates hold in a crate, and what an item's attributes come to.
//!
//! Truth has three values. What `rustc --print cfg`, the enabled features and the target kind decide is true or false; names that
//! a build script or a profile may set (`--cfg foo`, `debug_assertions`, `panic`) are unknown when they are not listed, and
//! whatever depends on them is carried on as conditional: the objects decide.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, Lit, Meta, Token, parenthesized, token};

/// Names that the compiler alone defines: not listed means false.
const DECIDED: [&str; 17] = [
    "unix",
    "windows",
    "target_os",
    "target_arch",
    "target_family",
    "target_env",
    "target_endian",
    "target_pointer_width",
    "target_vendor",
    "target_abi",
    "target_has_atomic",
    "target_thread_local",
    "feature",
    "test",
    "doc",
    "doctest",
    "miri",
];

/// Names that depend on the profile of the package, even when `rustc --print cfg` lists them.
const BY_PROFILE: [&str; 4] = ["debug_assertions", "overflow_checks", "ub_checks", "panic"];

/// The configuration of the compiler, without what differs from crate to crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cfg {
    names: BTreeSet<String>,
    pairs: BTreeSet<(String, String)>,
}

impl Cfg {
    /// Reads what `rustc --print cfg` prints: `name` or `key="value"`, one a line. The flags of the build (`--cfg`,
    /// `-C target-feature`) must have been given to rustc.
    #[must_use]
    pub fn parse(lines: &str) -> Self {
        let mut cfg = Self::default();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once('=') {
                Some((key, value)) => {
                    cfg.pairs.insert((
                        key.trim().to_owned(),
                        value.trim().trim_matches('"').to_owned(),
                    ));
                }
                None => {
                    cfg.names.insert(line.to_owned());
                }
            }
        }
        cfg
    }

    /// The configuration of one crate.
    pub(super) fn of_crate(&self, features: &[String], test: bool) -> Self {
        let mut cfg = self.clone();
        for name in BY_PROFILE {
            cfg.names.remove(name);
            cfg.pairs.retain(|(key, _)| key != name);
        }
        cfg.pairs.extend(
            features
                .iter()
                .map(|feature| ("feature".to_owned(), feature.clone())),
        );
        if test {
            cfg.names.insert("test".to_owned());
        }
        cfg
    }

    fn truth_of(&self, name: &str, listed: bool) -> Truth {
        if listed {
            Truth::True
        } else if DECIDED.contains(&name) {
            Truth::False
        } else {
            Truth::Unknown
        }
    }

    fn evaluate(&self, predicate: &Predicate) -> Truth {
        match predicate {
            Predicate::Literal(true) => Truth::True,
            Predicate::Literal(false) => Truth::False,
            Predicate::Name(name) => self.truth_of(name, self.names.contains(name)),
            Predicate::Pair(key, value) => {
                self.truth_of(key, self.pairs.contains(&(key.clone(), value.clone())))
            }
            Predicate::Not(inner) => self.evaluate(inner).not(),
            Predicate::All(list) => self.all(list, |truth| truth),
            Predicate::Any(list) => self.all(list, Truth::not).not(),
            Predicate::Other => Truth::Unknown,
        }
    }

    fn all(&self, list: &[Predicate], each: fn(Truth) -> Truth) -> Truth {
        list.iter().fold(Truth::True, |truth, one| {
            truth.and(each(self.evaluate(one)))
        })
    }

    /// What remains of an item's attributes.
    pub(super) fn effective(&self, attributes: &[Attribute]) -> Effective {
        let mut effective = Effective::default();
        for attribute in attributes {
            self.apply(&attribute.meta, None, &mut effective);
        }
        effective
    }

    fn apply(&self, meta: &Meta, condition: Option<&str>, effective: &mut Effective) {
        match meta {
            Meta::List(list) if list.path.is_ident("cfg") => {
                let truth = Predicate::parse
                    .parse2(list.tokens.clone())
                    .map_or(Truth::Unknown, |it| self.evaluate(&it));
                let truth = if condition.is_some() {
                    truth.or(Truth::Unknown)
                } else {
                    truth
                };
                effective.require(truth, &list.tokens);
            }
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                if let Ok(parts) = CfgAttr::parse.parse2(list.tokens.clone()) {
                    self.apply_cfg_attr(&parts, condition, effective);
                }
            }
            _ => effective.attributes.push(EffectiveAttribute {
                meta: meta.clone(),
                condition: condition.map(str::to_owned),
            }),
        }
    }

    fn apply_cfg_attr(&self, parts: &CfgAttr, condition: Option<&str>, effective: &mut Effective) {
        let own = match self.evaluate(&parts.predicate) {
            Truth::False => return,
            Truth::True => None,
            Truth::Unknown => Some(format!("cfg({})", parts.text)),
        };
        let joined = join_conditions(condition, own.as_deref());
        for meta in &parts.attributes {
            self.apply(meta, joined.as_deref(), effective);
        }
    }
}

/// Both conditions as one text.
pub(super) fn join_conditions(a: Option<&str>, b: Option<&str>) -> Option<String> {
    match (a, b) {
        (Some(a), Some(b)) => Some(format!("{a} and {b}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// Whether a predicate holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Truth {
    #[default]
    True,
    False,
    Unknown,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// An attribute that is there, or is there under an unknown condition.
#[derive(Clone)]
pub(super) struct EffectiveAttribute {
    pub(super) meta: Meta,
    pub(super) condition: Option<String>,
}

/// What an item's attributes come to once `cfg` and `cfg_attr` are evaluated.
#[derive(Clone, Default)]
pub(super) struct Effective {
    /// Whether the item is there.
    pub(super) truth: Truth,
    /// The unknown predicates on it.
    pub(super) condition: Option<String>,
    /// The other attributes.
    pub(super) attributes: Vec<EffectiveAttribute>,
}

impl Effective {
    fn require(&mut self, truth: Truth, tokens: &TokenStream) {
        self.truth = self.truth.and(truth);
        if truth == Truth::Unknown {
            self.condition =
                join_conditions(self.condition.as_deref(), Some(&format!("cfg({tokens})")));
        }
    }

    /// The `#[path = "…"]` of a module, with the condition it stands under.
    pub(super) fn path_attribute(&self) -> Option<(String, Option<&str>)> {
        self.attributes
            .iter()
            .find_map(|attribute| match &attribute.meta {
                Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                    syn::Expr::Lit(syn::ExprLit {
                        lit: Lit::Str(text),
                        ..
                    }) => Some((text.value(), attribute.condition.as_deref())),
                    _ => None,
                },
                _ => None,
            })
    }
}

enum Predicate {
    Literal(bool),
    Name(String),
    Pair(String, String),
    Not(Box<Predicate>),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    /// A form that this version does not know, such as `version("1.99")`.
    Other,
}

impl Parse for Predicate {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?.unraw().to_string();
        if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            return Ok(match input.parse::<Lit>()? {
                Lit::Str(value) => Self::Pair(name, value.value()),
                _ => Self::Other,
            });
        }
        if !input.peek(token::Paren) {
            return Ok(match name.as_str() {
                "true" => Self::Literal(true),
                "false" => Self::Literal(false),
                _ => Self::Name(name),
            });
        }
        let content;
        parenthesized!(content in input);
        match name.as_str() {
            "not" => {
                let inner = content.parse()?;
                content.parse::<Option<Token![,]>>()?;
                Ok(Self::Not(Box::new(inner)))
            }
            "all" => list(&content).map(Self::All),
            "any" => list(&content).map(Self::Any),
            _ => {
                content.parse::<TokenStream>()?;
                Ok(Self::Other)
            }
        }
    }
}

fn list(input: ParseStream<'_>) -> syn::Result<Vec<Predicate>> {
    Ok(Punctuated::<Predicate, Token![,]>::parse_terminated(input)?
        .into_iter()
        .collect())
}

/// The inside of `cfg_attr(predicate, attribute, …)`.
struct CfgAttr {
    predicate: Predicate,
    text: String,
    attributes: Vec<Meta>,
}

impl Parse for CfgAttr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let start = input.fork();
        let predicate = input.parse()?;
        let mut text = TokenStream::new();
        while !start.peek(Token![,]) && !start.is_empty() {
            start
                .parse::<proc_macro2::TokenTree>()?
                .to_tokens(&mut text);
        }
        input.parse::<Option<Token![,]>>()?;
        let attributes = Punctuated::<Meta, Token![,]>::parse_terminated(input)?;
        Ok(Self {
            predicate,
            text: text.to_string(),
            attributes: attributes.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cfg() -> Cfg {
        Cfg::parse("unix\ndebug_assertions\ntarget_os=\"linux\"\npanic=\"unwind\"\nmy_flag\n")
            .of_crate(&["net".into()], false)
    }

    fn check(attributes: &str, truth: Truth, condition: Option<&str>) {
        let item: syn::ItemFn =
            syn::parse_str(&format!("{attributes} fn f() {{}}")).expect("test input parses");
        let effective = cfg().effective(&item.attrs);
        assert_eq!(
            (effective.truth, effective.condition.as_deref()),
            (truth, condition),
            "{attributes}"
        );
    }

    #[test]
    fn predicates_are_evaluated() {
        check("#[cfg(unix)]", Truth::True, None);
        check("#[cfg(windows)]", Truth::False, None);
        check("#[cfg(not(windows))]", Truth::True, None);
        check("#[cfg(target_os = \"linux\")]", Truth::True, None);
        check(
            "#[cfg(all(unix, target_os = \"macos\"))]",
            Truth::False,
            None,
        );
        check("#[cfg(any(windows, feature = \"net\"))]", Truth::True, None);
        check("#[cfg(any())]", Truth::False, None);
        check("#[cfg(all())]", Truth::True, None);
        check("#[cfg(true)]", Truth::True, None);
        check("#[cfg(test)]", Truth::False, None);
        check("#[cfg(my_flag)]", Truth::True, None);
    }

    #[test]
    fn what_a_build_may_set_is_unknown() {
        check(
            "#[cfg(from_build_script)]",
            Truth::Unknown,
            Some("cfg(from_build_script)"),
        );
        check(
            "#[cfg(debug_assertions)]",
            Truth::Unknown,
            Some("cfg(debug_assertions)"),
        );
        check(
            "#[cfg(not(foo))] #[cfg(bar)]",
            Truth::Unknown,
            Some("cfg(not (foo)) and cfg(bar)"),
        );
        check("#[cfg(all(foo, windows))]", Truth::False, None);
        check("#[cfg(any(foo, unix))]", Truth::True, None);
        check(
            "#[cfg(version(\"1.99\"))]",
            Truth::Unknown,
            Some("cfg(version (\"1.99\"))"),
        );
    }

    #[test]
    fn cfg_attr_adds_attributes() {
        check("#[cfg_attr(unix, cfg(windows))]", Truth::False, None);
        check("#[cfg_attr(windows, cfg(windows))]", Truth::True, None);
        check(
            "#[cfg_attr(foo, cfg(windows))]",
            Truth::Unknown,
            Some("cfg(windows)"),
        );
        let item: syn::ItemMod =
            syn::parse_str("#[cfg_attr(unix, cfg_attr(foo, path = \"x.rs\"))] mod x;")
                .expect("test input parses");
        assert_eq!(
            cfg().effective(&item.attrs).path_attribute(),
            Some(("x.rs".into(), Some("cfg(foo)")))
        );
    }

    #[test]
    fn tests_have_cfg_test() {
        let item: syn::ItemFn =
            syn::parse_str("#[cfg(test)] fn f() {}").expect("test input parses");
        assert_eq!(
            Cfg::default()
                .of_crate(&[], true)
                .effective(&item.attrs)
                .truth,
            Truth::True
        );
    }
}
