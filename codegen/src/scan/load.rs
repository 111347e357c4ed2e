//! Reads the files of one crate and lays its modules out, as rustc would find them.
//!
//! From the crate root it follows `mod name;`, `#[path]` and inline modules, drops what `cfg` rules out and carries on what it
//! cannot decide as conditional. Nothing is resolved here: that is [`super::tree`].
//!
//! Invariants: parents come before their children in [`Loaded::modules`]; paths are joined and never normalised, because that is
//! how rustc prints them. Hostile input: chains of files cost no stack, circles and explosions of modules are errors.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{Item, ItemMod};

use super::cfg::{Cfg, Effective, Truth, join_conditions};
use super::nesting;
use super::outline::{self, Bodies};
use crate::diagnostic::{Code, Diagnostic, Label};
use crate::graph::RuntimeCrate;
use crate::model::Location;
use crate::source::{SourceError, SourceProvider};

/// More modules than any crate has: beyond, files include each other exponentially.
const MAX_MODULES: usize = 20_000;

/// Deeper than any crate nests its modules: beyond, a symbolic link makes an endless path.
const MAX_MODULE_DEPTH: usize = 200;

/// Index of a module in [`Loaded::modules`].
pub(super) type ModuleId = usize;

/// A crate's files and modules.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) files: Vec<SourceFile>,
    pub(super) modules: Vec<Module>,
    pub(super) errors: Vec<Diagnostic>,
    /// The names of dependencies that stand anywhere in the files.
    pub(super) mentions: BTreeSet<String>,
}

/// One source file.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    /// The path as rustc prints it.
    pub(super) printed: String,
    pub(super) text: String,
    pub(super) bodies: Bodies,
}

impl SourceFile {
    /// The place of a span in this file.
    pub(super) fn label(&self, span: Span) -> Label {
        let (start, end) = (span.start(), span.end());
        let line_text = self
            .text
            .lines()
            .nth(start.line.saturating_sub(1))
            .unwrap_or_default();
        let to_line_end = line_text.chars().count().saturating_sub(start.column);
        let width = if end.line == start.line {
            end.column.saturating_sub(start.column)
        } else {
            to_line_end
        };
        Label {
            location: Location {
                file: self.printed.clone(),
                line: u32::try_from(start.line).unwrap_or(u32::MAX),
                column: u32::try_from(start.column + 1).unwrap_or(u32::MAX),
            },
            width,
            line_text: Some(line_text.to_owned()),
            message: String::new(),
        }
    }
}

/// One module.
pub(super) struct Module {
    pub(super) parent: Option<ModuleId>,
    /// Own name; the crate's name for the root.
    pub(super) name: String,
    /// As `module_path!()` has it.
    pub(super) path: String,
    /// Index of the file its items are in.
    pub(super) file: usize,
    /// Where `mod name;` stands, for a module with a file of its own.
    pub(super) declared: Option<Label>,
    /// The undecided `cfg`s on it and its parents.
    pub(super) condition: Option<String>,
    /// What it holds, other modules included (with their content taken out).
    pub(super) items: Vec<LoadedItem>,
}

/// An item that is there, for all that is known.
pub(super) struct LoadedItem {
    pub(super) item: Item,
    pub(super) effective: Effective,
    /// For a module: where it is. `None` if its file could not be read.
    pub(super) module: Option<ModuleId>,
}

/// Where the files of a module's children are looked for.
#[derive(Clone)]
struct Directory {
    path: PathBuf,
    /// The name of the file's module, when the file is not a `mod.rs`.
    relative: Option<String>,
}

/// Loads a crate. Errors are in the result, so that one bad file does not hide another.
pub(super) fn load(krate: &RuntimeCrate, cfg: &Cfg, sources: &dyn SourceProvider) -> Loaded {
    let mut loader = Loader {
        krate,
        cfg,
        sources,
        loaded: Loaded::default(),
        pending: Vec::new(),
    };
    loader.root();
    while let Some(pending) = loader.pending.pop() {
        loader.items(pending);
    }
    loader.loaded
}

struct Loader<'a> {
    krate: &'a RuntimeCrate,
    cfg: &'a Cfg,
    sources: &'a dyn SourceProvider,
    loaded: Loaded,
    pending: Vec<Pending>,
}

/// A module whose items are still to be looked at.
struct Pending {
    module: ModuleId,
    items: Vec<Item>,
    directory: Directory,
}

/// Why a file gives no items.
enum Fault {
    Source(SourceError),
    Bad(Box<Diagnostic>),
}

impl Loader<'_> {
    fn root(&mut self) {
        let path = self.krate.root_file.clone();
        let file = match self.file(&path) {
            Ok(file) => file,
            Err(fault) => return self.root_error(&path, fault),
        };
        let root = Module {
            parent: None,
            name: self.krate.crate_name.clone(),
            path: self.krate.crate_name.clone(),
            file: self.loaded.files.len() - 1,
            declared: None,
            condition: None,
            items: Vec::new(),
        };
        let directory = Directory {
            path: path.parent().unwrap_or(Path::new("")).to_owned(),
            relative: None,
        };
        self.add(root, file.attrs, file.items, directory);
    }

    fn root_error(&mut self, path: &Path, fault: Fault) {
        let error = match fault {
            Fault::Bad(error) => *error,
            Fault::Source(reason) => Diagnostic::error(
                file_code(&reason),
                format!(
                    "cannot read `{}`, the root of crate `{}`: {reason}",
                    self.krate.printed(path),
                    self.krate.crate_name
                ),
            )
            .help("check the target's `path` in Cargo.toml"),
        };
        self.loaded.errors.push(error);
    }

    /// Reads and parses a file, and registers it.
    fn file(&mut self, path: &Path) -> Result<syn::File, Fault> {
        let text = self.sources.read(path).map_err(Fault::Source)?;
        let mut file = SourceFile {
            path: path.to_owned(),
            printed: self.krate.printed(path),
            text,
            bodies: Bodies::new(),
        };
        let tokens = lexed(&file).map_err(|error| Fault::Bad(Box::new(error)))?;
        self.mention(tokens.clone());
        let parsed = parse(&mut file, tokens).map_err(|error| Fault::Bad(Box::new(error)))?;
        self.loaded.files.push(file);
        Ok(parsed)
    }

    /// Notes the dependencies that are named: at the root of a path (`name::`), in a `use` or after `extern crate`. A function or a variable of that name is another thing.
    fn mention(&mut self, tokens: TokenStream) {
        // Each group with whether it belongs to a `use`.
        let mut open = vec![(tokens, false)];
        while let Some((tokens, mut in_use)) = open.pop() {
            let mut tokens = tokens.into_iter().peekable();
            let mut after_extern = false;
            while let Some(token) = tokens.next() {
                match token {
                    TokenTree::Ident(ident) => {
                        if in_use || tokens.peek().is_some_and(is_first_colon) {
                            let name = ident.unraw();
                            let dep = self.krate.deps.iter().find(|dep| name == dep.extern_name);
                            let name = dep.map(|dep| dep.extern_name.clone());
                            self.loaded.mentions.extend(name);
                        }
                        in_use |= ident == "use" || (after_extern && ident == "crate");
                        after_extern = ident == "extern";
                    }
                    TokenTree::Group(group) => open.push((group.stream(), in_use)),
                    TokenTree::Punct(punct) => in_use &= punct.as_char() != ';',
                    TokenTree::Literal(_) => {}
                }
            }
        }
    }

    /// Registers a module unless its inner attributes rule it out.
    fn add(
        &mut self,
        mut module: Module,
        inner: Vec<syn::Attribute>,
        items: Vec<Item>,
        directory: Directory,
    ) -> Option<ModuleId> {
        let effective = self.cfg.effective(&inner);
        if effective.truth == Truth::False {
            return None;
        }
        module.condition =
            join_conditions(module.condition.as_deref(), effective.condition.as_deref());
        let id = self.loaded.modules.len();
        self.loaded.modules.push(module);
        self.pending.push(Pending {
            module: id,
            items,
            directory,
        });
        Some(id)
    }

    fn items(&mut self, pending: Pending) {
        let mut kept = Vec::new();
        for item in pending.items {
            let effective = self.cfg.effective(attributes(&item));
            if effective.truth == Truth::False {
                continue;
            }
            let (item, module) = match item {
                Item::Mod(mut item) => {
                    let module =
                        self.submodule(&mut item, &effective, pending.module, &pending.directory);
                    (Item::Mod(item), module)
                }
                item => (item, None),
            };
            kept.push(LoadedItem {
                item,
                effective,
                module,
            });
        }
        self.loaded.modules[pending.module].items = kept;
    }

    fn submodule(
        &mut self,
        item: &mut ItemMod,
        effective: &Effective,
        parent: ModuleId,
        directory: &Directory,
    ) -> Option<ModuleId> {
        let above = &self.loaded.modules[parent];
        let name = item.ident.unraw().to_string();
        let module = Module {
            parent: Some(parent),
            path: format!("{}::{name}", above.path),
            name,
            file: above.file,
            declared: None,
            condition: join_conditions(above.condition.as_deref(), effective.condition.as_deref()),
            items: Vec::new(),
        };
        if let Err(error) = self.check_extent(&module, &item.ident) {
            self.loaded.errors.push(error);
            return None;
        }
        match item.content.take() {
            Some((_, items)) => {
                let directory = inline_directory(directory, &module.name, effective);
                self.add(module, Vec::new(), items, directory)
            }
            None => self.file_module(module, &item.ident, effective, directory),
        }
    }

    fn file_module(
        &mut self,
        mut module: Module,
        ident: &Ident,
        effective: &Effective,
        directory: &Directory,
    ) -> Option<ModuleId> {
        let places = file_places(directory, &module.name, effective);
        module.declared = Some(self.loaded.files[module.file].label(ident.span()));
        for (path, directory) in &places {
            if let Err(error) = self.reject_circle(path, &module) {
                self.loaded.errors.push(error);
                return None;
            }
            match self.file(path) {
                Ok(file) => {
                    module.file = self.loaded.files.len() - 1;
                    return self.add(module, file.attrs, file.items, directory.clone());
                }
                Err(Fault::Source(SourceError::NotFound)) => {}
                // A conditional module that is compiled out need not parse.
                Err(_) if module.condition.is_some() => return None,
                Err(Fault::Bad(error)) => {
                    self.loaded.errors.push(*error);
                    return None;
                }
                Err(Fault::Source(reason)) => {
                    self.loaded
                        .errors
                        .push(self.unreadable(&module, path, &reason));
                    return None;
                }
            }
        }
        if module.condition.is_none() {
            self.loaded.errors.push(self.missing(&module, &places));
        }
        None
    }

    fn check_extent(&self, module: &Module, ident: &Ident) -> Result<(), Diagnostic> {
        let depth = module.path.matches("::").count();
        let what = if depth > MAX_MODULE_DEPTH {
            format!("modules nest more than {MAX_MODULE_DEPTH} deep")
        } else if self.loaded.modules.len() >= MAX_MODULES {
            format!(
                "crate `{}` has more than {MAX_MODULES} modules",
                self.krate.crate_name
            )
        } else {
            return Ok(());
        };
        Err(Diagnostic::error(Code::TooDeep, what)
            .label(self.loaded.files[module.file].label(ident.span()))
            .help("look for `#[path]` attributes or symbolic links that lead back to files above"))
    }

    fn reject_circle(&self, path: &Path, module: &Module) -> Result<(), Diagnostic> {
        let path = normalised(path);
        let mut above = module.parent;
        while let Some(id) = above {
            let ancestor = &self.loaded.modules[id];
            if normalised(&self.loaded.files[ancestor.file].path) == path {
                let message = format!(
                    "module `{}` leads back to `{}`, which it is part of",
                    module.path,
                    self.krate.printed(&path)
                );
                return Err(Diagnostic::error(Code::CircularModules, message)
                    .label_of(module)
                    .help("correct the `#[path]` attribute"));
            }
            above = ancestor.parent;
        }
        Ok(())
    }

    fn unreadable(&self, module: &Module, path: &Path, reason: &SourceError) -> Diagnostic {
        let message = format!(
            "cannot read `{}`, the file of module `{}`: {reason}",
            self.krate.printed(path),
            module.path
        );
        Diagnostic::error(file_code(reason), message).label_of(module)
    }

    fn missing(&self, module: &Module, places: &[(PathBuf, Directory)]) -> Diagnostic {
        let places: Vec<String> = places
            .iter()
            .map(|(path, _)| format!("`{}`", self.krate.printed(path)))
            .collect();
        Diagnostic::error(
            Code::MissingFile,
            format!("the file of module `{}` is missing", module.path),
        )
        .label_of(module)
        .help(format!(
            "create {}, or remove the declaration",
            places.join(" or ")
        ))
    }
}

impl Diagnostic {
    fn label_of(self, module: &Module) -> Self {
        match &module.declared {
            Some(label) => self.label(label.clone()),
            None => self,
        }
    }
}

fn file_code(reason: &SourceError) -> Code {
    match reason {
        SourceError::NotFound => Code::MissingFile,
        SourceError::NotUtf8 | SourceError::Io(_) => Code::UnreadableFile,
    }
}

/// The places where a module's file may be, in the order in which they are tried.
fn file_places(
    directory: &Directory,
    name: &str,
    effective: &Effective,
) -> Vec<(PathBuf, Directory)> {
    let mut places = Vec::new();
    let attribute = effective.path_attribute();
    if let Some((given, _)) = &attribute {
        let path = directory.path.join(given);
        let parent = path.parent().unwrap_or(Path::new("")).to_owned();
        places.push((
            path,
            Directory {
                path: parent,
                relative: None,
            },
        ));
    }
    if attribute.is_none_or(|(_, condition)| condition.is_some()) {
        let base = match &directory.relative {
            Some(relative) => directory.path.join(relative),
            None => directory.path.clone(),
        };
        let (flat, nested) = (base.join(format!("{name}.rs")), base.join(name));
        places.push((
            flat,
            Directory {
                path: base,
                relative: Some(name.to_owned()),
            },
        ));
        places.push((
            nested.join("mod.rs"),
            Directory {
                path: nested,
                relative: None,
            },
        ));
    }
    places
}

/// Where the children of an inline module have their files.
fn inline_directory(directory: &Directory, name: &str, effective: &Effective) -> Directory {
    let path = match effective.path_attribute() {
        Some((given, None)) => directory.path.join(given),
        _ => directory
            .path
            .join(directory.relative.as_deref().unwrap_or_default())
            .join(name),
    };
    Directory {
        path,
        relative: None,
    }
}

/// Without `.` and `..`, as far as that is possible without looking at the disk.
fn normalised(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// The same file under every spelling, for comparison.
pub(super) fn identity(file: &SourceFile) -> PathBuf {
    normalised(&file.path)
}

/// Of a `::`.
fn is_first_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint)
}

fn lexed(file: &SourceFile) -> Result<TokenStream, Diagnostic> {
    let tokens = without_shebang(&file.text).parse();
    tokens.map_err(|error: proc_macro2::LexError| {
        syntax_error(file, error.span(), "these are not Rust tokens")
    })
}

/// Parses a file without its function bodies, which go into `file.bodies`.
fn parse(file: &mut SourceFile, tokens: TokenStream) -> Result<syn::File, Diagnostic> {
    let mut bodies = Bodies::new();
    let outline = outline::split(tokens, &mut bodies);
    let parsed = parse_checked(file, outline)?;
    file.bodies = bodies;
    Ok(parsed)
}

/// Parses tokens of a file, unless they nest too deeply.
pub(super) fn parse_checked<T: syn::parse::Parse>(
    file: &SourceFile,
    tokens: TokenStream,
) -> Result<T, Diagnostic> {
    nesting::check(tokens.clone()).map_err(|too_deep| {
        Diagnostic::error(Code::TooDeep, "the source nests too deeply to be scanned")
            .label(file.label(too_deep.0))
            .help("break the expression or type up into several")
    })?;
    syn::parse2(tokens).map_err(|error| syntax_error(file, error.span(), &error.to_string()))
}

fn syntax_error(file: &SourceFile, span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(
        Code::Syntax,
        format!("cannot parse `{}`: {message}", file.printed),
    )
    .label(file.label(span))
    .help("correct the syntax; `cargo check` may say more")
}

/// Line numbers stay: only the text of a `#!` line goes.
fn without_shebang(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => {
            rest.find('\n').map_or("", |at| &rest[at..])
        }
        _ => text,
    }
}

/// The outer attributes of an item.
pub(super) fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
