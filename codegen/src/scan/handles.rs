//! Contexts that are cancelled where they are made: `let (ctx, _) = context::with_cancel(…)` drops the handle, and that cancels. The compiler says nothing, because `_` counts as a use.
//!
//! A warning, for crates of the user's own. A function is recognised by what its path leads to, as the macros are (`find`). Only bodies with such a pattern are parsed, and one that does not
//! parse is left to rustc.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Expr, Pat};

use super::cfg::Cfg;
use super::find::Names;
use super::refs::{self, Dropped};
use super::tree::{Body, NodeId, Target, Tree};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::RTLIB_CRATE;

/// The module of `rtlib`, and its functions that return a context and its handle.
const MODULE: &str = "context";
const FUNCTIONS: [&str; 4] = [
    "with_cancel",
    "with_deadline",
    "with_timeout",
    "with_signals",
];

/// The warnings about a crate.
pub(super) fn dropped_at_once(tree: &Tree<'_>, cfg: &Cfg, names: &Names) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for node in (0..tree.nodes.len()).filter(|node| may_drop(tree, *node)) {
        for Dropped { span, function } in refs::dropped(tree, cfg, node).unwrap_or_default() {
            let name = function.iter().find_map(|target| context(target, names));
            warnings.extend(name.map(|name| warning(tree, node, span, name)));
        }
    }
    warnings.sort_by(|a, b| a.labels[0].location.cmp(&b.labels[0].location));
    warnings
}

fn warning(tree: &Tree<'_>, node: NodeId, span: Span, function: &str) -> Diagnostic {
    let file = &tree.loaded.files[tree.loaded.modules[tree.nodes[node].module].file];
    let message = format!("the context of `{function}` is cancelled at once");
    Diagnostic::warning(Code::HandleDropped, message)
        .label(
            file.label(span)
                .with_message("drops the handle, which cancels the context"),
        )
        .help("give the handle a name that lives as long as the context is needed: `let (ctx, _cancel) = …`")
        .help("to cancel at once, say so: `let (ctx, cancel) = …; cancel.cancel();`")
}

/// The name of a function of `rtlib::context`, or of `other::rtlib::context` where another crate passes rtlib on.
fn context<'t>(target: &'t Target, names: &Names) -> Option<&'t str> {
    let Target::External(krate, rest) = target else {
        return None;
    };
    let path: Vec<&str> = rest.iter().map(String::as_str).collect();
    let name = match path.as_slice() {
        [MODULE, name] if names.rtlib.contains(krate) => name,
        [.., RTLIB_CRATE, MODULE, name] if names.reaching.contains(krate) => name,
        _ => return None,
    };
    FUNCTIONS.contains(name).then_some(*name)
}

/// Whether a function's body has such a pattern anywhere. No recursion: bodies nest as deep as they like.
fn may_drop(tree: &Tree<'_>, node: NodeId) -> bool {
    let node = &tree.nodes[node];
    let Body::Function(_, Some(position)) = &node.body else {
        return false;
    };
    let file = &tree.loaded.files[tree.loaded.modules[node.module].file];
    let mut open: Vec<TokenStream> = file.bodies.get(position).cloned().into_iter().collect();
    while let Some(tokens) = open.pop() {
        let mut after_let = false;
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                if after_let && is_pattern(group) {
                    return true;
                }
                open.push(group.stream());
            }
            after_let = matches!(&token, TokenTree::Ident(word) if word == "let");
        }
    }
    false
}

/// `(…, _)` or `(…, ..)`.
fn is_pattern(group: &Group) -> bool {
    let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    tokens.pop_if(|last| matches!(last, TokenTree::Punct(punct) if punct.as_char() == ','));
    let drops = match tokens.last() {
        Some(TokenTree::Ident(ident)) => ident == "_",
        Some(TokenTree::Punct(punct)) => punct.as_char() == '.',
        _ => false,
    };
    group.delimiter() == Delimiter::Parenthesis && drops
}

/// Where a pattern for a pair says that its second part is dropped, if it does.
pub(super) fn dropped_second(pattern: &Pat) -> Option<Span> {
    let pattern = match pattern {
        Pat::Type(typed) => &typed.pat,
        other => other,
    };
    let Pat::Tuple(pair) = pattern else {
        return None;
    };
    let last = pair.elems.last()?;
    let drops = match last {
        Pat::Wild(_) => pair.elems.len() == 2,
        Pat::Rest(_) => pair.elems.len() <= 2,
        _ => false,
    };
    drops.then(|| last.span())
}

/// The function whose result an expression is, or what is in it: `f(…)`, `f(…)?`, `f(…).unwrap()`, `f(…).expect(…)`.
pub(super) fn called(value: &Expr) -> Option<&syn::Path> {
    match value {
        Expr::Call(call) => match &*call.func {
            Expr::Path(function) if function.qself.is_none() => Some(&function.path),
            _ => None,
        },
        Expr::Try(inner) => called(&inner.expr),
        Expr::MethodCall(call) if call.method == "unwrap" || call.method == "expect" => {
            called(&call.receiver)
        }
        Expr::Paren(inner) => called(&inner.expr),
        _ => None,
    }
}
