//! What a path leads to within a crate: imports, renames, globs, `self`, `super`, `crate` and other crates.
//!
//! Follows the names that [`super::tree`] collected. Circular imports end: a name that is being looked up is not passed on through
//! imports a second time. Imports that multiply end too, by a budget; what is found until then is the answer.

use super::load::ModuleId;
use super::tree::{Def, Target, Tree, UsePath};

/// Lookups that one path may cost. Real paths need a handful.
const BUDGET: usize = 2_000;

/// How many imports a name may be passed on through.
const MAX_DEPTH: usize = 64;

/// Everything that a path may lead to from a module, sorted.
pub(super) fn resolve(tree: &Tree<'_>, module: ModuleId, path: &UsePath) -> Vec<Target> {
    let mut query = Query {
        tree,
        budget: BUDGET,
        active: Vec::new(),
    };
    let mut found = query.path(module, path);
    found.sort();
    found.dedup();
    found
}

/// Crates and types that are in scope everywhere and hold nothing of this crate.
const STANDARD: [&str; 25] = [
    "std", "core", "alloc", "Box", "Option", "Result", "String", "Vec", "bool", "char", "f32",
    "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32", "u64", "u128",
    "usize",
];

struct Query<'t, 'a> {
    tree: &'t Tree<'a>,
    budget: usize,
    /// The names that are being looked up.
    active: Vec<(ModuleId, String)>,
}

impl Query<'_, '_> {
    fn path(&mut self, module: ModuleId, path: &UsePath) -> Vec<Target> {
        let Some((first, rest)) = path.segments.split_first() else {
            return if path.global {
                Vec::new()
            } else {
                vec![Target::Module(module)]
            };
        };
        let mut targets = match path.global {
            true if self.tree.edition_2015 => self.first_segment(0, first),
            true => vec![Target::External(first.clone(), Vec::new())],
            false => self.first_segment(module, first),
        };
        for segment in rest {
            targets = self.step(&targets, segment);
        }
        targets
    }

    fn first_segment(&mut self, module: ModuleId, name: &str) -> Vec<Target> {
        match name {
            "crate" | "$crate" => return vec![Target::Module(0)],
            "self" => return vec![Target::Module(module)],
            "super" => return vec![Target::Module(self.parent(module))],
            _ => {}
        }
        let mut found = self.lookup(module, name);
        if found.iter().any(is_certain) {
            return found;
        }
        if self.tree.edition_2015 && module != 0 {
            found.extend(self.lookup(0, name));
        }
        if self.tree.externs.contains(name) || STANDARD.contains(&name) {
            found.push(Target::External(name.to_owned(), Vec::new()));
        }
        found
    }

    fn parent(&self, module: ModuleId) -> ModuleId {
        self.tree.loaded.modules[module].parent.unwrap_or(0)
    }

    fn step(&mut self, targets: &[Target], segment: &str) -> Vec<Target> {
        let mut next = Vec::new();
        for target in targets {
            match target {
                Target::Module(id) if segment == "super" => {
                    next.push(Target::Module(self.parent(*id)))
                }
                Target::Module(_) | Target::External(..) if segment == "self" => {
                    next.push(target.clone())
                }
                Target::Module(id) => next.extend(self.lookup(*id, segment)),
                Target::Type(id) => next.push(Target::Associated(*id, segment.to_owned())),
                Target::External(name, rest) => {
                    let rest = rest.iter().cloned().chain([segment.to_owned()]).collect();
                    next.push(Target::External(name.clone(), rest));
                }
                Target::Value(_) | Target::Associated(..) => {}
            }
        }
        next
    }

    /// What a module knows under a name. Its own declarations and imports hide its globs, except names of other crates: those may
    /// be macros, which nothing declared here hides.
    fn lookup(&mut self, module: ModuleId, name: &str) -> Vec<Target> {
        let tree = self.tree;
        let names = &tree.names[module];
        let declared = names.declared.get(name).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<Target> = declared.iter().filter_map(direct).collect();
        let key = (module, name.to_owned());
        if self.budget == 0 || self.active.len() >= MAX_DEPTH || self.active.contains(&key) {
            return found;
        }
        self.budget -= 1;
        self.active.push(key);
        for def in declared {
            if let Def::Import(path) = def {
                found.extend(self.path(module, path));
            }
        }
        let hidden = !found.is_empty();
        for glob in &names.globs {
            let sources = self.path(module, glob);
            let through = self.step(&sources, name);
            found.extend(
                through
                    .into_iter()
                    .filter(|target| !hidden || !is_certain(target)),
            );
        }
        self.active.pop();
        found
    }
}

fn direct(def: &Def) -> Option<Target> {
    match def {
        Def::Module(id) => Some(Target::Module(*id)),
        Def::Value(id) => Some(Target::Value(*id)),
        Def::Type(id) => Some(Target::Type(*id)),
        Def::Extern(name) => Some(Target::External(name.clone(), Vec::new())),
        Def::Import(_) => None,
    }
}

/// A name taken through a glob of another crate may not exist there.
fn is_certain(target: &Target) -> bool {
    !matches!(target, Target::External(_, rest) if !rest.is_empty())
}
