//! From single references to dependencies between package variables: which others an initialiser leads to, and through what.
//!
//! Only bodies that a variable leads to are looked at. References go through functions, constants, statics and methods but end at
//! variables, as in Go's specification ("Package initialization").

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::cfg::Cfg;
use super::find::Found;
use super::refs::{self, Certainty, References};
use super::tree::{NodeId, Tree};
use super::{Mention, VarReference};
use crate::diagnostic::Diagnostic;
use crate::model::InitKind;

/// The references of each of `found`; empty for init functions.
pub(super) fn between(
    tree: &Tree<'_>,
    cfg: &Cfg,
    found: &[Found],
    errors: &mut Vec<Diagnostic>,
) -> Vec<Vec<VarReference>> {
    let is_var = |(_, one): &(usize, &Found)| one.kind == InitKind::Var;
    let vars: HashMap<NodeId, usize> = found
        .iter()
        .enumerate()
        .filter(is_var)
        .map(|(i, one)| (one.node, i))
        .collect();
    let mut search = Search {
        tree,
        cfg,
        vars,
        known: BTreeMap::new(),
        errors,
    };
    found
        .iter()
        .map(|one| match one.kind {
            InitKind::Init => Vec::new(),
            InitKind::Var => search.from(one.node),
        })
        .collect()
}

struct Search<'s, 't> {
    tree: &'s Tree<'t>,
    cfg: &'s Cfg,
    /// The package variables among the nodes.
    vars: HashMap<NodeId, usize>,
    known: BTreeMap<NodeId, References>,
    errors: &'s mut Vec<Diagnostic>,
}

impl Search<'_, '_> {
    fn from(&mut self, var: NodeId) -> Vec<VarReference> {
        let certain = self.reached(var, Certainty::Certain);
        let mut all = self.reached(var, Certainty::Guessed);
        for (target, reference) in &mut all {
            match certain.get(target) {
                Some(sure) => reference.via.clone_from(&sure.via),
                None => reference.guessed = true,
            }
        }
        all.into_values().collect()
    }

    /// The variables that are reached over references of at least this certainty, each by a shortest way.
    fn reached(&mut self, var: NodeId, at_least: Certainty) -> BTreeMap<usize, VarReference> {
        let mut reached = BTreeMap::new();
        let mut came_from: HashMap<NodeId, NodeId> = HashMap::new();
        let mut queue = VecDeque::from([var]);
        while let Some(node) = queue.pop_front() {
            for next in self.references(node, at_least) {
                if let Some(target) = self.vars.get(&next) {
                    let via = self.way(&came_from, node, var);
                    reached.entry(*target).or_insert(VarReference {
                        target: *target,
                        via,
                        guessed: false,
                    });
                } else if let Entry::Vacant(unseen) = came_from.entry(next) {
                    unseen.insert(node);
                    queue.push_back(next);
                }
            }
        }
        reached
    }

    fn references(&mut self, node: NodeId, at_least: Certainty) -> Vec<NodeId> {
        if !self.known.contains_key(&node) {
            let references = refs::references(self.tree, self.cfg, node).unwrap_or_else(|error| {
                self.errors.push(error);
                References::new()
            });
            self.known.insert(node, references);
        }
        self.known[&node]
            .iter()
            .filter(|(_, certainty)| **certainty >= at_least)
            .map(|(node, _)| *node)
            .collect()
    }

    fn way(
        &self,
        came_from: &HashMap<NodeId, NodeId>,
        mut last: NodeId,
        var: NodeId,
    ) -> Vec<Mention> {
        let mut way = Vec::new();
        while last != var {
            let name = self.tree.nodes[last].name.clone();
            way.push(Mention {
                name,
                location: self.tree.label(last).location,
            });
            let Some(before) = came_from.get(&last) else {
                break;
            };
            last = *before;
        }
        way.reverse();
        way
    }
}
