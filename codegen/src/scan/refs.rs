//! What the body of one function, constant or static refers to: every mention of another node of the crate. And what it drops at once,
//! for [`super::handles`].
//!
//! As in Go, a mention counts whether or not it is called, and calls through trait objects and operators do not count. Locals
//! shadow functions. A method call whose receiver's type is unknown refers to every method of that name: such a reference is
//! *guessed*, as is what only the tokens of a macro show. Whoever orders by references may drop guesses, never certain ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprMethodCall, FnArg, Item, Stmt, Token};

use super::cfg::{Cfg, Truth};
use super::handles;
use super::load::{self, ModuleId, parse_checked};
use super::resolve::resolve;
use super::tree::{Body, NodeId, Target, Tree, TypeId, UsePath, flatten};
use crate::diagnostic::Diagnostic;

/// What a node refers to, and whether that is certain.
pub(super) type References = BTreeMap<NodeId, Certainty>;

/// How sure a reference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    Guessed,
    Certain,
}

/// The references of a node. Errors if its body does not parse.
pub(super) fn references(tree: &Tree<'_>, cfg: &Cfg, id: NodeId) -> Result<References, Diagnostic> {
    walk(tree, cfg, id).map(|walked| walked.references)
}

/// A `let` whose pattern drops the second part of what a function returns.
pub(super) struct Dropped {
    /// Where the pattern says so.
    pub(super) span: Span,
    /// What the function's path leads to.
    pub(super) function: Vec<Target>,
}

/// Those in the body of a node. Errors if it does not parse.
pub(super) fn dropped(tree: &Tree<'_>, cfg: &Cfg, id: NodeId) -> Result<Vec<Dropped>, Diagnostic> {
    walk(tree, cfg, id).map(|walked| walked.dropped)
}

fn walk<'t, 'a>(
    tree: &'t Tree<'a>,
    cfg: &'t Cfg,
    id: NodeId,
) -> Result<Walker<'t, 'a>, Diagnostic> {
    let node = &tree.nodes[id];
    let mut walker = Walker {
        tree,
        cfg,
        module: node.module,
        self_type: node.self_type,
        scopes: vec![Scope::default()],
        references: References::new(),
        dropped: Vec::new(),
    };
    match &node.body {
        Body::Expression(expression) => walker.visit_expr(expression),
        Body::Macro(tokens) => walker.loose_tokens((*tokens).clone()),
        Body::Function(signature, position) => {
            let file = &tree.loaded.files[tree.loaded.modules[node.module].file];
            let body = position
                .and_then(|at| file.bodies.get(&at))
                .cloned()
                .unwrap_or_default();
            let body = parse_checked::<Statements>(file, body)?;
            walker.arguments(&signature.inputs);
            walker.statements(&body.0);
        }
    }
    Ok(walker)
}

/// The inside of a block.
struct Statements(Vec<Stmt>);

impl syn::parse::Parse for Statements {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        input.call(syn::Attribute::parse_inner)?;
        input.call(Block::parse_within).map(Self)
    }
}

/// The names that a block adds.
#[derive(Default)]
struct Scope {
    locals: HashSet<String>,
    imports: HashMap<String, UsePath>,
}

struct Walker<'t, 'a> {
    tree: &'t Tree<'a>,
    cfg: &'t Cfg,
    module: ModuleId,
    self_type: Option<TypeId>,
    scopes: Vec<Scope>,
    references: References,
    dropped: Vec<Dropped>,
}

impl Walker<'_, '_> {
    fn refer(&mut self, node: NodeId, certainty: Certainty) {
        let known = self.references.entry(node).or_insert(certainty);
        *known = certainty.max(*known);
    }

    fn refer_all(&mut self, nodes: &[NodeId], certainty: Certainty) {
        for node in nodes {
            self.refer(*node, certainty);
        }
    }

    fn scoped(&mut self, inside: impl FnOnce(&mut Self)) {
        self.scopes.push(Scope::default());
        inside(self);
        self.scopes.pop();
    }

    fn bind(&mut self, name: &syn::Ident) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.locals.insert(name.unraw().to_string());
        }
    }

    fn is_local(&self, name: &str) -> bool {
        let innermost = self.scopes.iter().rev().find_map(|scope| {
            let (local, import) = (
                scope.locals.contains(name),
                scope.imports.contains_key(name),
            );
            (local || import).then_some(local)
        });
        innermost.unwrap_or(false)
    }

    /// What a path leads to, imports of the blocks around it included.
    fn targets(&self, path: &UsePath) -> Vec<Target> {
        let first = path.segments.first().map_or("", String::as_str);
        let import = self
            .scopes
            .iter()
            .rev()
            .find_map(|scope| scope.imports.get(first));
        match import.filter(|_| !path.global) {
            None => resolve(self.tree, self.module, path),
            Some(import) => {
                let segments = import
                    .segments
                    .iter()
                    .chain(&path.segments[1..])
                    .cloned()
                    .collect();
                resolve(
                    self.tree,
                    self.module,
                    &UsePath {
                        global: import.global,
                        segments,
                    },
                )
            }
        }
    }

    /// Whether a path begins with a name that a block around it declares.
    fn begins_locally(&self, path: &UsePath) -> bool {
        let first = path.segments.first();
        !path.global && first.is_some_and(|first| self.is_local(first))
    }

    fn note_dropped(&mut self, pattern: &syn::Pat, value: &Expr) {
        let (Some(span), Some(function)) =
            (handles::dropped_second(pattern), handles::called(value))
        else {
            return;
        };
        let path = UsePath::from(function);
        if !self.begins_locally(&path) {
            let function = self.targets(&path);
            self.dropped.push(Dropped { span, function });
        }
    }

    fn mention(&mut self, path: &UsePath, certainty: Certainty) {
        let local = self.begins_locally(path);
        if local && path.segments.len() == 1 {
            return;
        }
        if let ([own, name], Some(ty)) = (path.segments.as_slice(), self.self_type)
            && own == "Self"
        {
            return self.associated(ty, name, certainty);
        }
        let targets = self.targets(path);
        for target in &targets {
            match target {
                Target::Value(node) => self.refer(*node, certainty),
                Target::Associated(ty, name) => self.associated(*ty, name, certainty),
                Target::Module(_) | Target::Type(_) | Target::External(..) => {}
            }
        }
        if let (true, [_, .., name]) = (targets.is_empty(), path.segments.as_slice()) {
            self.any_method(name);
        }
    }

    fn associated(&mut self, ty: TypeId, name: &str, certainty: Certainty) {
        let own = self.tree.associated(ty, name);
        if !own.is_empty() {
            self.refer_all(&own, certainty);
        } else if self.tree.is_trait(ty) {
            self.any_method(name);
        } else {
            let defaults = self
                .tree
                .trait_methods
                .get(name)
                .cloned()
                .unwrap_or_default();
            self.refer_all(&defaults, Certainty::Guessed);
        }
    }

    fn any_method(&mut self, name: &str) {
        let methods = self.tree.methods.get(name).cloned().unwrap_or_default();
        self.refer_all(&methods, Certainty::Guessed);
    }

    fn arguments(&mut self, inputs: &Punctuated<FnArg, Token![,]>) {
        for input in inputs {
            if let FnArg::Typed(input) = input {
                self.visit_pat(&input.pat);
            }
        }
    }

    /// The statements of a block, in the scope that is open: its items are known before its first statement.
    fn statements(&mut self, statements: &[Stmt]) {
        let there: Vec<&Stmt> = statements
            .iter()
            .filter(|statement| self.is_there(statement))
            .collect();
        for statement in &there {
            if let Stmt::Item(item) = statement {
                self.declare(item);
            }
        }
        for statement in there {
            self.visit_stmt(statement);
        }
    }

    fn is_there(&self, statement: &Stmt) -> bool {
        let attributes = match statement {
            Stmt::Local(local) => &local.attrs,
            Stmt::Item(item) => load::attributes(item),
            Stmt::Macro(call) => &call.attrs,
            Stmt::Expr(..) => return true,
        };
        self.cfg.effective(attributes).truth != Truth::False
    }

    fn declare(&mut self, item: &Item) {
        match item {
            Item::Fn(item) => self.bind(&item.sig.ident),
            Item::Const(item) => self.bind(&item.ident),
            Item::Static(item) => self.bind(&item.ident),
            Item::Use(item) => {
                let mut imports = Vec::new();
                let prefix = UsePath {
                    global: item.leading_colon.is_some(),
                    segments: Vec::new(),
                };
                flatten(&item.tree, prefix, &mut imports);
                let named = imports
                    .into_iter()
                    .filter_map(|(name, path)| Some((name?, path)));
                if let Some(scope) = self.scopes.last_mut() {
                    scope.imports.extend(named);
                }
            }
            _ => {}
        }
    }

    /// A name in a pattern binds, unless it is that of a constant or static.
    fn pattern_name(&mut self, name: &syn::Ident) {
        let path = UsePath {
            global: false,
            segments: vec![name.unraw().to_string()],
        };
        let statics: Vec<NodeId> = self
            .targets(&path)
            .into_iter()
            .filter_map(|target| match target {
                Target::Value(node) if self.tree.nodes[node].is_static => Some(node),
                _ => None,
            })
            .collect();
        if statics.is_empty() || self.is_local(&path.segments[0]) {
            self.bind(name);
        } else {
            self.refer_all(&statics, Certainty::Certain);
        }
    }

    fn call_macro(&mut self, call: &syn::Macro) {
        if let Some(rules) = call
            .path
            .segments
            .last()
            .and_then(|name| self.tree.macros.get(&name.ident.to_string()))
        {
            self.refer_all(rules, Certainty::Certain);
        }
        self.format_captures(call.tokens.clone());
        match arguments_of_macro(call.tokens.clone()) {
            Some(expressions) => expressions
                .iter()
                .for_each(|expression| self.visit_expr(expression)),
            None => self.loose_tokens(call.tokens.clone()),
        }
    }

    /// `"{NAME}"`: the strings of a formatting macro mention names.
    fn format_captures(&mut self, tokens: TokenStream) {
        for token in tokens {
            let TokenTree::Literal(literal) = token else {
                continue;
            };
            let syn::Lit::Str(text) = syn::Lit::new(literal) else {
                continue;
            };
            for name in captured_names(&text.value()) {
                self.mention(
                    &UsePath {
                        global: false,
                        segments: vec![name],
                    },
                    Certainty::Guessed,
                );
            }
        }
    }

    /// Tokens whose grammar is unknown: every path in them is a guess.
    fn loose_tokens(&mut self, tokens: TokenStream) {
        let mut open = vec![tokens];
        while let Some(tokens) = open.pop() {
            for found in loose_paths(tokens, &mut open) {
                match found {
                    Loose::Path(path) => self.mention(&path, Certainty::Guessed),
                    Loose::Method(name) => self.any_method(&name),
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walker<'_, '_> {
    fn visit_block(&mut self, block: &'ast Block) {
        self.scoped(|walker| walker.statements(&block.stmts));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            self.note_dropped(&local.pat, &init.expr);
            if let Some((_, diverge)) = &init.diverge {
                self.visit_expr(diverge);
            }
        }
        self.visit_pat(&local.pat);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.scoped(|walker| {
            walker.arguments(&item.sig.inputs);
            walker.visit_block(&item.block);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.scoped(|walker| {
            walker.arguments(&item.sig.inputs);
            walker.visit_block(&item.block);
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.scoped(|walker| {
            walker.arguments(&item.sig.inputs);
            item.default
                .iter()
                .for_each(|block| walker.visit_block(block));
        });
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.scoped(|walker| {
            closure
                .inputs
                .iter()
                .for_each(|input| walker.visit_pat(input));
            walker.visit_expr(&closure.body);
        });
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.scoped(|walker| {
            walker.visit_expr(&branch.cond);
            walker.visit_block(&branch.then_branch);
        });
        if let Some((_, otherwise)) = &branch.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, repeat: &'ast syn::ExprWhile) {
        self.scoped(|walker| {
            walker.visit_expr(&repeat.cond);
            walker.visit_block(&repeat.body);
        });
    }

    fn visit_expr_let(&mut self, binding: &'ast syn::ExprLet) {
        self.visit_expr(&binding.expr);
        self.visit_pat(&binding.pat);
    }

    fn visit_expr_for_loop(&mut self, repeat: &'ast syn::ExprForLoop) {
        self.visit_expr(&repeat.expr);
        self.scoped(|walker| {
            walker.visit_pat(&repeat.pat);
            walker.visit_block(&repeat.body);
        });
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.scoped(|walker| {
            walker.visit_pat(&arm.pat);
            if let Some((_, guard)) = &arm.guard {
                walker.visit_expr(guard);
            }
            walker.visit_expr(&arm.body);
        });
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        let binds_surely =
            pattern.by_ref.is_some() || pattern.mutability.is_some() || pattern.subpat.is_some();
        if binds_surely {
            self.bind(&pattern.ident);
        } else {
            self.pattern_name(&pattern.ident);
        }
        if let Some((_, inner)) = &pattern.subpat {
            self.visit_pat(inner);
        }
    }

    fn visit_expr_path(&mut self, expression: &'ast syn::ExprPath) {
        match &expression.qself {
            None => self.mention(&UsePath::from(&expression.path), Certainty::Certain),
            Some(qself) => self.qualified(&qself.ty, &expression.path),
        }
        visit::visit_expr_path(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let name = call.method.unraw().to_string();
        let own = self
            .self_type
            .filter(|_| is_self(&call.receiver))
            .map(|ty| self.tree.associated(ty, &name));
        match own.filter(|own| !own.is_empty()) {
            Some(own) => self.refer_all(&own, Certainty::Certain),
            None => self.any_method(&name),
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.call_macro(call);
    }

    // What types, attributes and visibilities say is no reference.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item_use(&mut self, _: &'ast syn::ItemUse) {}
}

impl Walker<'_, '_> {
    /// `<Type as Trait>::name`
    fn qualified(&mut self, ty: &syn::Type, path: &syn::Path) {
        let Some(name) = path
            .segments
            .last()
            .map(|segment| segment.ident.unraw().to_string())
        else {
            return;
        };
        let types = if is_self_type(ty) {
            self.self_type.into_iter().collect()
        } else {
            self.tree.types_of(self.module, ty)
        };
        let own: Vec<NodeId> = types
            .iter()
            .flat_map(|ty| self.tree.associated(*ty, &name))
            .collect();
        if own.is_empty() {
            self.any_method(&name);
        } else {
            self.refer_all(&own, Certainty::Certain);
        }
    }
}

fn is_self(receiver: &Expr) -> bool {
    matches!(receiver, Expr::Path(path) if path.path.is_ident("self"))
}

fn is_self_type(ty: &syn::Type) -> bool {
    matches!(ty, syn::Type::Path(path) if path.path.is_ident("Self"))
}

/// The arguments of a macro that takes expressions: `vec![a; n]`, `format!("{}", a)`, `assert!(a, "…")`.
fn arguments_of_macro(tokens: TokenStream) -> Option<Vec<Expr>> {
    let separated = |input: syn::parse::ParseStream<'_>| {
        let mut expressions = Vec::new();
        while !input.is_empty() {
            expressions.push(input.parse::<Expr>()?);
            if !input.is_empty() && input.parse::<Option<Token![;]>>()?.is_none() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(expressions)
    };
    super::nesting::check(tokens.clone()).ok()?;
    separated.parse2(tokens).ok()
}

/// The names that `{name}`, `{name:?}` and `{:width$}` in a format string capture.
fn captured_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for piece in text.replace("{{", "").split('{').skip(1) {
        let inside = piece.split('}').next().unwrap_or_default();
        let parts = inside.split([':', '.', '$', '>', '<', '^', '#', '?']);
        let is_name = |part: &&str| syn::parse_str::<syn::Ident>(part).is_ok();
        names.extend(parts.filter(is_name).map(str::to_owned));
    }
    names
}

enum Loose {
    Path(UsePath),
    Method(String),
}

/// The paths and method names in one level of tokens; deeper levels go to `open`.
fn loose_paths(tokens: TokenStream, open: &mut Vec<TokenStream>) -> Vec<Loose> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut joined = false;
    let mut after_dot = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if after_dot => {
                found.push(Loose::Method(ident.unraw().to_string()))
            }
            TokenTree::Ident(ident) => {
                if !joined {
                    finish(&mut path, &mut found);
                }
                path.push(ident.unraw().to_string());
            }
            TokenTree::Group(group) => open.push(group.stream()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        let punct = match &token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        joined = punct == ':' || (punct == '$' && joined);
        after_dot = punct == '.';
    }
    finish(&mut path, &mut found);
    found
}

fn finish(path: &mut Vec<String>, found: &mut Vec<Loose>) {
    if !path.is_empty() {
        let segments = std::mem::take(path);
        found.push(Loose::Path(UsePath {
            global: false,
            segments,
        }));
    }
}
