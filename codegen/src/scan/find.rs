//! Finds what is marked with `#[rtlib::init]` and `#[rtlib::var]`, and refuses what cannot be one.
//!
//! An attribute is recognised by what its path leads to, however `rtlib` or the macro was renamed on the way. Attributes that only
//! appear in the tokens of a macro are not declarations: an init there is noted, because the objects will tell; a variable there is
//! an error, because nobody can tell what it refers to.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, ForeignItem, ImplItem, Item, ReturnType, Signature, TraitItem, Type};

use super::attributes::{Macros, for_each_attribute};
use super::cfg::{Cfg, Effective, Truth, join_conditions};
use super::load::{self, LoadedItem, ModuleId, SourceFile};
use super::resolve::resolve;
use super::tree::{Body, NodeId, Target, Tree, UsePath};
use crate::diagnostic::{Code, Diagnostic, Label};
use crate::graph::RTLIB_CRATE;
use crate::model::InitKind;

/// A declaration that passed all checks.
pub(super) struct Found {
    pub(super) kind: InitKind,
    pub(super) module: ModuleId,
    pub(super) name: String,
    pub(super) condition: Option<String>,
    pub(super) node: NodeId,
    pub(super) label: Label,
}

/// What was found in a crate.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) found: Vec<Found>,
    /// Where `init` attributes stand inside macros.
    pub(super) behind_macros: Vec<Label>,
    pub(super) errors: Vec<Diagnostic>,
}

/// The dependencies of a crate that lead to the macros, as the crate calls them.
#[derive(Default)]
pub(super) struct Names {
    /// `rtlib` itself.
    pub(super) rtlib: BTreeSet<String>,
    /// Crates that can see `rtlib` and may pass it on.
    pub(super) reaching: BTreeSet<String>,
}

/// Searches a crate.
pub(super) fn find(tree: &Tree<'_>, cfg: &Cfg, names: &Names) -> Findings {
    let mut finder = Finder {
        tree,
        cfg,
        names,
        findings: Findings::default(),
    };
    for (id, module) in tree.loaded.modules.iter().enumerate() {
        for item in &module.items {
            finder.item(id, item);
        }
    }
    for node in 0..tree.nodes.len() {
        finder.body(node);
    }
    let mut findings = finder.findings;
    let by_place = |a: &Found, b: &Found| a.label.location.cmp(&b.label.location);
    findings.found.sort_by(by_place);
    reject_duplicates(tree, &mut findings);
    reject_files_included_twice(tree, &mut findings);
    findings
}

struct Finder<'t, 'a> {
    tree: &'t Tree<'a>,
    cfg: &'t Cfg,
    names: &'t Names,
    findings: Findings,
}

/// A marker attribute on an item.
struct Marker {
    kind: InitKind,
    span: Span,
    condition: Option<String>,
}

impl Finder<'_, '_> {
    fn file(&self, module: ModuleId) -> &SourceFile {
        &self.tree.loaded.files[self.tree.loaded.modules[module].file]
    }

    fn item(&mut self, module: ModuleId, loaded: &LoadedItem) {
        match &loaded.item {
            Item::Impl(item) => {
                let inner = item.items.iter().map(impl_item_attributes);
                self.associated(module, inner.collect(), "an `impl` block");
            }
            Item::Trait(item) => {
                let inner = item.items.iter().map(trait_item_attributes);
                self.associated(module, inner.collect(), "a trait");
            }
            Item::ForeignMod(item) => {
                let inner = item.items.iter().map(foreign_item_attributes);
                self.associated(module, inner.collect(), "an `extern` block");
            }
            Item::Macro(item) => return self.macro_tokens(module, item.mac.tokens.clone()),
            Item::Verbatim(tokens) => return self.verbatim(module, tokens),
            _ => {}
        }
        let Some(marker) = self.marker(module, &loaded.effective) else {
            return;
        };
        match (&loaded.item, marker.kind) {
            (Item::Fn(item), InitKind::Init) => self.init(module, loaded, &item.sig, marker),
            (Item::Static(item), InitKind::Var) => self.var(module, loaded, item, marker),
            (_, kind) => self.wrong_item(module, kind, marker.span),
        }
    }

    fn marker(&self, module: ModuleId, effective: &Effective) -> Option<Marker> {
        effective.attributes.iter().find_map(|attribute| {
            let path = attribute.meta.path();
            if path.get_ident().is_some_and(is_built_in) {
                return None;
            }
            let kind = self.marked(module, &UsePath::from(path))?;
            Some(Marker {
                kind,
                span: path.span(),
                condition: attribute.condition.clone(),
            })
        })
    }

    /// Which of the two macros an attribute's path leads to, if any.
    fn marked(&self, module: ModuleId, path: &UsePath) -> Option<InitKind> {
        let targets = resolve(self.tree, module, path);
        let found = targets.iter().find_map(|target| match target {
            Target::External(name, rest) => self.macro_of(name, rest),
            _ => None,
        });
        let prelude = self
            .tree
            .macro_prelude
            .iter()
            .any(|name| self.names.rtlib.contains(name));
        match path.segments.as_slice() {
            [name] if targets.is_empty() && prelude => marker_name(name),
            _ => found,
        }
    }

    /// `rtlib::init`, or `other::rtlib::init` where another crate passes rtlib on.
    fn macro_of(&self, krate: &str, rest: &[String]) -> Option<InitKind> {
        match rest {
            [name] if self.names.rtlib.contains(krate) => marker_name(name),
            [.., passed_on, name]
                if passed_on == RTLIB_CRATE && self.names.reaching.contains(krate) =>
            {
                marker_name(name)
            }
            _ => None,
        }
    }

    fn init(
        &mut self,
        module: ModuleId,
        loaded: &LoadedItem,
        signature: &Signature,
        marker: Marker,
    ) {
        let errors = signature_errors(self.file(module), signature);
        if errors.is_empty() {
            self.found(module, loaded, &signature.ident, marker);
        }
        self.findings.errors.extend(errors);
    }

    fn var(
        &mut self,
        module: ModuleId,
        loaded: &LoadedItem,
        item: &syn::ItemStatic,
        marker: Marker,
    ) {
        if let syn::StaticMutability::Mut(token) = &item.mutability {
            let message = format!("package variable `{}` is `static mut`", item.ident);
            let error = Diagnostic::error(Code::VarMutable, message)
                .label(
                    self.file(module)
                        .label(token.span())
                        .with_message("mutable"),
                )
                .help("remove `mut`; put what changes behind a `Mutex` or an atomic");
            self.findings.errors.push(error);
            return;
        }
        self.found(module, loaded, &item.ident, marker);
    }

    fn found(&mut self, module: ModuleId, loaded: &LoadedItem, ident: &Ident, marker: Marker) {
        let name = syn::ext::IdentExt::unraw(ident).to_string();
        let own = join_conditions(
            loaded.effective.condition.as_deref(),
            marker.condition.as_deref(),
        );
        let above = self.tree.loaded.modules[module].condition.as_deref();
        let same = |node: &NodeId| {
            self.tree.nodes[*node].ident.span().byte_range() == ident.span().byte_range()
        };
        let node = self.tree.declared_value(module, &name).find(same);
        let label = self.file(module).label(ident.span());
        if let Some(node) = node {
            self.findings.found.push(Found {
                kind: marker.kind,
                module,
                name,
                condition: join_conditions(above, own.as_deref()),
                node,
                label,
            });
        }
    }

    fn wrong_item(&mut self, module: ModuleId, kind: InitKind, span: Span) {
        let wanted = match kind {
            InitKind::Init => "a function: `#[rtlib::init] fn name() { … }`",
            InitKind::Var => "a static: `#[rtlib::var] static NAME: Type = expression;`",
        };
        let error = Diagnostic::error(Code::WrongItem, format!("`{kind}` belongs on {wanted}"))
            .label(
                self.file(module)
                    .label(span)
                    .with_message("not on this item"),
            );
        self.findings.errors.push(error);
    }

    fn associated(&mut self, module: ModuleId, inner: Vec<&[Attribute]>, place: &str) {
        for attributes in inner {
            let effective = self.cfg.effective(attributes);
            let Some(marker) = self
                .marker(module, &effective)
                .filter(|_| effective.truth != Truth::False)
            else {
                continue;
            };
            let error = Diagnostic::error(
                Code::AssociatedItem,
                format!("`{}` is inside {place}", marker.kind),
            )
            .label(
                self.file(module)
                    .label(marker.span)
                    .with_message("must be in a module"),
            )
            .help("move the item out, into the module");
            self.findings.errors.push(error);
        }
    }

    /// Items that syn knows but does not model: `static X: T;` and `fn f();` among them.
    fn verbatim(&mut self, module: ModuleId, tokens: &TokenStream) {
        let split = |input: syn::parse::ParseStream<'_>| {
            Ok((
                input.call(Attribute::parse_outer)?,
                input.parse::<TokenStream>()?,
            ))
        };
        let Ok((attributes, rest)) = split.parse2(tokens.clone()) else {
            return;
        };
        let effective = self.cfg.effective(&attributes);
        let Some(marker) = self
            .marker(module, &effective)
            .filter(|_| effective.truth != Truth::False)
        else {
            return;
        };
        let is_static = rest
            .into_iter()
            .any(|token| matches!(token, TokenTree::Ident(ident) if ident == "static"));
        if marker.kind == InitKind::Var && is_static {
            let error = Diagnostic::error(
                Code::VarUninitialised,
                "a package variable has no initialiser",
            )
            .label(
                self.file(module)
                    .label(marker.span)
                    .with_message("on a static without a value"),
            )
            .help("give it one: `#[rtlib::var] static NAME: Type = expression;`");
            self.findings.errors.push(error);
        } else {
            self.wrong_item(module, marker.kind, marker.span);
        }
    }

    /// Attributes in the body of a function or the block of an initialiser.
    fn body(&mut self, node: NodeId) {
        let node = &self.tree.nodes[node];
        let tokens = match &node.body {
            Body::Function(_, Some(position)) => {
                self.file(node.module).bodies.get(position).cloned()
            }
            Body::Expression(syn::Expr::Block(block)) => Some(block.to_token_stream()),
            Body::Expression(_) | Body::Macro(_) | Body::Function(_, None) => None,
        };
        for (kind, span) in self.markers_in(node.module, tokens.unwrap_or_default(), Macros::Skip) {
            let error = Diagnostic::error(Code::InsideBody, format!("`{kind}` is inside a block of code"))
                .label(self.file(node.module).label(span).with_message("must be in a module"))
                .help("move the item out of the block: what runs before `main` is part of the module, not of a function");
            self.findings.errors.push(error);
        }
    }

    fn macro_tokens(&mut self, module: ModuleId, tokens: TokenStream) {
        for (kind, span) in self.markers_in(module, tokens, Macros::Enter) {
            let label = self.file(module).label(span);
            match kind {
                InitKind::Init => self.findings.behind_macros.push(label),
                InitKind::Var => self.findings.errors.push(var_behind_macro(label)),
            }
        }
    }

    fn markers_in(
        &self,
        module: ModuleId,
        tokens: TokenStream,
        macros: Macros,
    ) -> Vec<(InitKind, Span)> {
        let mut markers = Vec::new();
        for_each_attribute(tokens, macros, &mut |path, span| {
            if let Some(kind) = self.marked(module, path) {
                markers.push((kind, span));
            }
        });
        markers
    }
}

/// The error for a package variable that only a macro's tokens show.
pub(crate) fn var_behind_macro(label: Label) -> Diagnostic {
    Diagnostic::error(Code::VarBehindMacro, "a package variable is made by a macro")
        .label(label.with_message("its dependencies cannot be known"))
        .note("variables are initialised after those that their initialisers refer to, which is read from the source")
        .help("write the static outside of the macro; let the macro make an expression instead")
}

/// The built-in attributes that most items bear: no import may hide them, so they need not be looked up.
fn is_built_in(name: &Ident) -> bool {
    [
        "doc",
        "inline",
        "derive",
        "must_use",
        "allow",
        "expect",
        "deprecated",
        "repr",
        "non_exhaustive",
        "test",
    ]
    .iter()
    .any(|it| name == it)
}

fn marker_name(name: &str) -> Option<InitKind> {
    match name {
        "init" => Some(InitKind::Init),
        "var" => Some(InitKind::Var),
        _ => None,
    }
}

fn signature_errors(file: &SourceFile, signature: &Signature) -> Vec<Diagnostic> {
    let name = &signature.ident;
    let error = |code, what: String, span: Span, says: &str, help: &str| {
        Diagnostic::error(code, format!("init function `{name}` {what}"))
            .label(file.label(span).with_message(says))
            .help(help)
    };
    let mut errors = Vec::new();
    if !signature.inputs.is_empty() || signature.variadic.is_some() {
        let span = signature.paren_token.span.join();
        errors.push(error(
            Code::InitArguments,
            "takes arguments".into(),
            span,
            "nobody passes them",
            "remove the arguments",
        ));
    }
    if let ReturnType::Type(_, ty) = &signature.output
        && !matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty())
    {
        let help = "handle the value inside; an init that cannot go on may panic";
        errors.push(error(
            Code::InitReturn,
            "returns a value".into(),
            ty.span(),
            "nobody receives it",
            help,
        ));
    }
    let generics = &signature.generics;
    if !generics.params.is_empty() || generics.where_clause.is_some() {
        let span = if generics.params.is_empty() {
            generics.where_clause.span()
        } else {
            generics.span()
        };
        errors.push(error(
            Code::InitGenerics,
            "is generic".into(),
            span,
            "nobody chooses them",
            "remove the generics",
        ));
    }
    for (word, span, help) in qualifiers(signature) {
        errors.push(error(
            Code::InitQualifier,
            format!("is `{word}`"),
            span,
            "not allowed here",
            help,
        ));
    }
    errors
}

fn qualifiers(signature: &Signature) -> Vec<(&'static str, Span, &'static str)> {
    let asynchronous = signature.asyncness.map(|it| {
        (
            "async",
            it.span(),
            "remove `async`: it runs on the main goroutine and may block",
        )
    });
    let unsafety = signature.unsafety.map(|it| {
        (
            "unsafe",
            it.span(),
            "remove `unsafe`; write the unsafe block inside, with its reason",
        )
    });
    let constness = signature.constness.map(|it| {
        (
            "const",
            it.span(),
            "remove `const`: it runs when the program starts",
        )
    });
    let abi = signature
        .abi
        .as_ref()
        .map(|it| ("extern", it.span(), "remove the ABI: only Rust calls it"));
    [asynchronous, unsafety, constness, abi]
        .into_iter()
        .flatten()
        .collect()
}

fn impl_item_attributes(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Fn(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

fn trait_item_attributes(item: &TraitItem) -> &[Attribute] {
    match item {
        TraitItem::Const(item) => &item.attrs,
        TraitItem::Fn(item) => &item.attrs,
        TraitItem::Type(item) => &item.attrs,
        _ => &[],
    }
}

fn foreign_item_attributes(item: &ForeignItem) -> &[Attribute] {
    match item {
        ForeignItem::Fn(item) => &item.attrs,
        ForeignItem::Static(item) => &item.attrs,
        _ => &[],
    }
}

fn reject_duplicates(tree: &Tree<'_>, findings: &mut Findings) {
    let mut seen: BTreeMap<(ModuleId, &str), &Found> = BTreeMap::new();
    for found in findings
        .found
        .iter()
        .filter(|found| found.condition.is_none())
    {
        let Some(first) = seen.insert((found.module, &found.name), found) else {
            continue;
        };
        let message = format!(
            "`{}` is declared twice in module `{}`",
            found.name, tree.loaded.modules[found.module].path
        );
        let error = Diagnostic::error(Code::Duplicate, message)
            .label(found.label.clone().with_message("declared again here"))
            .label(first.label.clone().with_message("first declared here"))
            .help("rename one of them; init functions may have any name");
        findings.errors.push(error);
    }
}

/// A file that is the source of two modules would run its inits twice.
fn reject_files_included_twice(tree: &Tree<'_>, findings: &mut Findings) {
    let mut includers: BTreeMap<std::path::PathBuf, BTreeSet<ModuleId>> = BTreeMap::new();
    for found in findings
        .found
        .iter()
        .filter(|found| found.condition.is_none())
    {
        let module = file_module(tree, found.module);
        let file = &tree.loaded.files[tree.loaded.modules[module].file];
        includers
            .entry(load::identity(file))
            .or_default()
            .insert(module);
    }
    for modules in includers.values().filter(|modules| modules.len() > 1) {
        let modules = || modules.iter().map(|id| &tree.loaded.modules[*id]);
        let names: Vec<String> = modules()
            .map(|module| format!("`{}`", module.path))
            .collect();
        let message = format!(
            "a file with inits is included as several modules: {}",
            names.join(", ")
        );
        let labels = modules().filter_map(|module| module.declared.clone());
        let mut error = Diagnostic::error(Code::FileIncludedTwice, message);
        error
            .labels
            .extend(labels.map(|label| label.with_message("included here")));
        findings.errors.push(error.help(
            "include it once, and `use` the module elsewhere: its inits would run once for each",
        ));
    }
}

/// The module that a module's file is the source of.
fn file_module(tree: &Tree<'_>, mut module: ModuleId) -> ModuleId {
    while let (None, Some(parent)) = (
        &tree.loaded.modules[module].declared,
        tree.loaded.modules[module].parent,
    ) {
        module = parent;
    }
    module
}
