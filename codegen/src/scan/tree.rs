//! The names of one crate: which module declares what, and what a path leads to.
//!
//! Rust's own resolution is approximated from the generous side: visibility is ignored, items under an undecided `cfg` count, and
//! a path may lead to several things. Names that only macro expansion makes are not there.
//!
//! Built once per crate by [`Tree::build`]; [`super::resolve`] follows paths through it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{
    Expr, ImplItem, Item, ItemImpl, ItemTrait, ItemUse, Signature, TraitItem, Type, UseTree,
};

use super::load::{Loaded, LoadedItem, ModuleId};
use super::resolve::resolve;
use crate::diagnostic::Label;
use crate::graph::RuntimeCrate;

/// How many type aliases are seen through.
const MAX_ALIASES: usize = 16;

/// Index of a [`Node`].
pub(super) type NodeId = usize;

/// Index of a type or trait.
pub(super) type TypeId = usize;

/// Something whose mention may lead to a package variable.
pub(super) struct Node<'a> {
    /// Full Rust path.
    pub(super) name: String,
    pub(super) module: ModuleId,
    /// The type whose `Self` it sees.
    pub(super) self_type: Option<TypeId>,
    pub(super) ident: &'a Ident,
    pub(super) body: Body<'a>,
    pub(super) is_static: bool,
}

/// What a node's mention leads on to.
pub(super) enum Body<'a> {
    /// A function: its signature, and the position of its body.
    Function(&'a Signature, Option<usize>),
    /// A constant's, static's or variable's initialiser.
    Expression(&'a Expr),
    /// The rules of a `macro_rules!`.
    Macro(&'a TokenStream),
}

/// A declaration in a module.
#[derive(Clone)]
pub(super) enum Def {
    Module(ModuleId),
    Value(NodeId),
    Type(TypeId),
    Extern(String),
    Import(UsePath),
}

/// A path as a `use` or an expression has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsePath {
    /// Whether it begins with `::`.
    pub(super) global: bool,
    pub(super) segments: Vec<String>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(ModuleId),
    Value(NodeId),
    Type(TypeId),
    /// An associated item of a type.
    Associated(TypeId, String),
    /// A path in another crate: its name here, and the rest.
    External(String, Vec<String>),
}

/// The names of one module.
#[derive(Default)]
pub(super) struct Names {
    pub(super) declared: HashMap<String, Vec<Def>>,
    pub(super) globs: Vec<UsePath>,
}

/// All names of a crate.
pub(super) struct Tree<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) nodes: Vec<Node<'a>>,
    /// By module.
    pub(super) names: Vec<Names>,
    types: Vec<TypeDef<'a>>,
    associated: HashMap<(TypeId, String), Vec<NodeId>>,
    /// Methods of all types and traits by name, for calls whose receiver is unknown.
    pub(super) methods: BTreeMap<String, Vec<NodeId>>,
    /// Default methods of traits by name.
    pub(super) trait_methods: BTreeMap<String, Vec<NodeId>>,
    /// `macro_rules!` by name; their scope is textual, so any of the crate may be meant.
    pub(super) macros: BTreeMap<String, Vec<NodeId>>,
    /// What the crate calls its dependencies.
    pub(super) externs: BTreeSet<String>,
    pub(super) edition_2015: bool,
    /// Crates imported with `#[macro_use] extern crate`.
    pub(super) macro_prelude: Vec<String>,
}

struct TypeDef<'a> {
    module: ModuleId,
    kind: TypeKind<'a>,
}

enum TypeKind<'a> {
    /// A struct, enum or union.
    Own,
    Trait,
    Alias(&'a Type),
}

impl<'a> Tree<'a> {
    /// Collects the names of a loaded crate.
    pub(super) fn build(krate: &RuntimeCrate, loaded: &'a Loaded) -> Self {
        let mut tree = Self {
            loaded,
            nodes: Vec::new(),
            names: loaded.modules.iter().map(|_| Names::default()).collect(),
            types: Vec::new(),
            associated: HashMap::new(),
            methods: BTreeMap::new(),
            trait_methods: BTreeMap::new(),
            macros: BTreeMap::new(),
            externs: krate
                .deps
                .iter()
                .map(|dep| dep.extern_name.clone())
                .collect(),
            edition_2015: krate.edition == "2015",
            macro_prelude: Vec::new(),
        };
        for (module, items) in loaded.modules.iter().enumerate() {
            for item in &items.items {
                tree.declare(module, item);
            }
        }
        for (module, items) in loaded.modules.iter().enumerate() {
            for item in &items.items {
                match &item.item {
                    Item::Impl(item) => tree.declare_impl(module, item),
                    Item::Trait(item) => tree.declare_trait(module, item),
                    _ => {}
                }
            }
        }
        tree
    }

    /// Where a node's name stands.
    pub(super) fn label(&self, node: NodeId) -> Label {
        let node = &self.nodes[node];
        let file = &self.loaded.files[self.loaded.modules[node.module].file];
        file.label(node.ident.span())
    }

    /// The value nodes that a module declares under a name.
    pub(super) fn declared_value(
        &self,
        module: ModuleId,
        name: &str,
    ) -> impl Iterator<Item = NodeId> {
        let defs = self.names[module].declared.get(name).into_iter().flatten();
        defs.filter_map(|def| match def {
            Def::Value(node) => Some(*node),
            _ => None,
        })
    }

    fn declare(&mut self, module: ModuleId, loaded: &'a LoadedItem) {
        match &loaded.item {
            Item::Mod(item) => {
                if let Some(id) = loaded.module {
                    self.define(module, &item.ident, Def::Module(id));
                }
            }
            Item::Fn(item) => {
                let body = Body::Function(&item.sig, Some(body_position(&item.block)));
                self.value(module, &item.sig.ident, body, false);
            }
            Item::Static(item) => {
                self.value(module, &item.ident, Body::Expression(&item.expr), true)
            }
            Item::Const(item) => {
                self.value(module, &item.ident, Body::Expression(&item.expr), true)
            }
            Item::Struct(item) => self.new_type(module, &item.ident, TypeKind::Own),
            Item::Enum(item) => self.new_type(module, &item.ident, TypeKind::Own),
            Item::Union(item) => self.new_type(module, &item.ident, TypeKind::Own),
            Item::Trait(item) => self.new_type(module, &item.ident, TypeKind::Trait),
            Item::Type(item) => self.new_type(module, &item.ident, TypeKind::Alias(&item.ty)),
            Item::ExternCrate(item) => self.extern_crate(module, item),
            Item::Use(item) => self.import(module, item),
            Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
                if let Some(name) = &item.ident {
                    let node = self.node(module, name, Body::Macro(&item.mac.tokens), None, None);
                    self.macros.entry(name.to_string()).or_default().push(node);
                }
            }
            _ => {}
        }
    }

    fn define(&mut self, module: ModuleId, name: &Ident, def: Def) {
        self.names[module]
            .declared
            .entry(name.unraw().to_string())
            .or_default()
            .push(def);
    }

    fn value(&mut self, module: ModuleId, name: &'a Ident, body: Body<'a>, is_static: bool) {
        let node = self.node(module, name, body, None, None);
        self.nodes[node].is_static = is_static;
        self.define(module, name, Def::Value(node));
    }

    fn node(
        &mut self,
        module: ModuleId,
        ident: &'a Ident,
        body: Body<'a>,
        owner: Option<&str>,
        self_type: Option<TypeId>,
    ) -> NodeId {
        let path = &self.loaded.modules[module].path;
        let name = match owner {
            Some(owner) => format!("{path}::{owner}::{}", ident.unraw()),
            None => format!("{path}::{}", ident.unraw()),
        };
        self.nodes.push(Node {
            name,
            module,
            self_type,
            ident,
            body,
            is_static: false,
        });
        self.nodes.len() - 1
    }

    fn new_type(&mut self, module: ModuleId, name: &Ident, kind: TypeKind<'a>) {
        self.types.push(TypeDef { module, kind });
        self.define(module, name, Def::Type(self.types.len() - 1));
    }

    fn extern_crate(&mut self, module: ModuleId, item: &syn::ItemExternCrate) {
        let name = item.ident.unraw().to_string();
        if item
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("macro_use"))
        {
            self.macro_prelude.push(name.clone());
        }
        let def = if name == "self" {
            Def::Module(0)
        } else {
            Def::Extern(name)
        };
        match &item.rename {
            Some((_, rename)) => self.define(module, rename, def),
            None => self.define(module, &item.ident, def),
        }
    }

    fn import(&mut self, module: ModuleId, item: &ItemUse) {
        let mut imports = Vec::new();
        let prefix = UsePath {
            global: item.leading_colon.is_some(),
            segments: Vec::new(),
        };
        flatten(&item.tree, prefix, &mut imports);
        for (name, path) in imports {
            match name {
                Some(name) => self.names[module]
                    .declared
                    .entry(name)
                    .or_default()
                    .push(Def::Import(path)),
                None => self.names[module].globs.push(path),
            }
        }
    }

    fn declare_impl(&mut self, module: ModuleId, item: &'a ItemImpl) {
        let types = self.types_of(module, &item.self_ty);
        let owner = type_name(&item.self_ty);
        for inner in &item.items {
            let (name, body) = match inner {
                ImplItem::Fn(inner) => (
                    &inner.sig.ident,
                    Body::Function(&inner.sig, Some(body_position(&inner.block))),
                ),
                ImplItem::Const(inner) => (&inner.ident, Body::Expression(&inner.expr)),
                _ => continue,
            };
            let is_method = matches!(inner, ImplItem::Fn(_));
            let node = self.node(module, name, body, Some(&owner), types.first().copied());
            let name = name.unraw().to_string();
            for one in &types {
                self.associated
                    .entry((*one, name.clone()))
                    .or_default()
                    .push(node);
            }
            if is_method {
                self.methods.entry(name).or_default().push(node);
            }
        }
    }

    fn declare_trait(&mut self, module: ModuleId, item: &'a ItemTrait) {
        for inner in &item.items {
            let (name, body) = match inner {
                TraitItem::Fn(inner) => match &inner.default {
                    Some(block) => (
                        &inner.sig.ident,
                        Body::Function(&inner.sig, Some(body_position(block))),
                    ),
                    None => continue,
                },
                TraitItem::Const(inner) => match &inner.default {
                    Some((_, value)) => (&inner.ident, Body::Expression(value)),
                    None => continue,
                },
                _ => continue,
            };
            let owner = item.ident.to_string();
            let node = self.node(module, name, body, Some(&owner), None);
            let name = name.unraw().to_string();
            self.methods.entry(name.clone()).or_default().push(node);
            self.trait_methods.entry(name).or_default().push(node);
        }
    }

    /// The crate's types that a type expression names.
    pub(super) fn types_of(&self, module: ModuleId, ty: &Type) -> Vec<TypeId> {
        self.types_within(module, ty, 0)
    }

    fn types_within(&self, module: ModuleId, ty: &Type, depth: usize) -> Vec<TypeId> {
        let path = match ty {
            Type::Path(path) if path.qself.is_none() => UsePath::from(&path.path),
            Type::Reference(inner) => return self.types_within(module, &inner.elem, depth),
            Type::Paren(inner) => return self.types_within(module, &inner.elem, depth),
            Type::Group(inner) => return self.types_within(module, &inner.elem, depth),
            _ => return Vec::new(),
        };
        let targets = resolve(self, module, &path);
        let named = targets.into_iter().filter_map(|target| match target {
            Target::Type(id) => Some(id),
            _ => None,
        });
        named.flat_map(|id| self.behind_alias(id, depth)).collect()
    }

    fn behind_alias(&self, id: TypeId, depth: usize) -> Vec<TypeId> {
        match self.types[id].kind {
            TypeKind::Alias(ty) if depth < MAX_ALIASES => {
                self.types_within(self.types[id].module, ty, depth + 1)
            }
            TypeKind::Alias(_) => Vec::new(),
            TypeKind::Own | TypeKind::Trait => vec![id],
        }
    }

    /// Whether a name is a trait's.
    pub(super) fn is_trait(&self, id: TypeId) -> bool {
        matches!(self.types[id].kind, TypeKind::Trait)
    }

    /// The associated items of a type with a name, its aliases seen through.
    pub(super) fn associated(&self, id: TypeId, name: &str) -> Vec<NodeId> {
        let of = |id| {
            self.associated
                .get(&(id, name.to_owned()))
                .into_iter()
                .flatten()
                .copied()
        };
        self.behind_alias(id, 0).into_iter().flat_map(of).collect()
    }
}

fn body_position(block: &syn::Block) -> usize {
    block.brace_token.span.open().byte_range().start
}

/// The last name of a type, for messages.
fn type_name(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map_or_else(String::new, |segment| segment.ident.to_string()),
        Type::Reference(inner) => type_name(&inner.elem),
        _ => "_".to_owned(),
    }
}

/// The imports of a `use`: name here (`None` for a glob) and path.
pub(super) fn flatten(
    tree: &UseTree,
    mut prefix: UsePath,
    out: &mut Vec<(Option<String>, UsePath)>,
) {
    match tree {
        UseTree::Path(path) => {
            prefix.segments.push(path.ident.unraw().to_string());
            flatten(&path.tree, prefix, out);
        }
        UseTree::Name(name) => {
            let own = name.ident.unraw().to_string();
            if own != "self" {
                prefix.segments.push(own);
            }
            out.push((prefix.segments.last().cloned(), prefix));
        }
        UseTree::Rename(rename) => {
            let own = rename.ident.unraw().to_string();
            if own != "self" {
                prefix.segments.push(own);
            }
            out.push((Some(rename.rename.unraw().to_string()), prefix));
        }
        UseTree::Glob(_) => out.push((None, prefix)),
        UseTree::Group(group) => {
            for inner in &group.items {
                flatten(inner, prefix.clone(), out);
            }
        }
    }
}

impl From<&syn::Path> for UsePath {
    fn from(path: &syn::Path) -> Self {
        Self {
            global: path.leading_colon.is_some(),
            segments: path
                .segments
                .iter()
                .map(|segment| segment.ident.unraw().to_string())
                .collect(),
        }
    }
}
