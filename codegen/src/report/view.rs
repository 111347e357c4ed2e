//! The crate graph as it is drawn: a box for each crate of the program, arrows to what it depends on.
//!
//! Arrows that follow from others (a -> c beside a -> b -> c) are left out: they say nothing about the order and make any
//! graph of more than a few crates unreadable.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{CrateId, RuntimeGraph};
use crate::model::Plan;
use crate::plan::task_name_candidates;

/// What is drawn.
pub(super) struct View {
    pub(super) boxes: Vec<Box>,
    /// From the depending box to the box depended on, by index; sorted.
    pub(super) arrows: Vec<(usize, usize)>,
}

/// One crate.
pub(super) struct Box {
    pub(super) name: String,
    pub(super) version: String,
    /// Its place in the order, from 1, and how many functions it runs.
    pub(super) task: Option<(usize, usize)>,
}

impl View {
    pub(super) fn new(graph: &RuntimeGraph, plan: &Plan) -> Self {
        let index: BTreeMap<&CrateId, usize> = graph
            .crates
            .keys()
            .enumerate()
            .map(|(i, id)| (id, i))
            .collect();
        let boxes = graph
            .crates
            .keys()
            .map(|id| one_box(graph, plan, id))
            .collect();
        let needed = |id| {
            graph.crates[id]
                .deps
                .iter()
                .map(|dep| index[&dep.id])
                .collect()
        };
        let dependencies: Vec<BTreeSet<usize>> = graph.crates.keys().map(needed).collect();
        Self {
            boxes,
            arrows: without_implied(&dependencies),
        }
    }
}

fn one_box(graph: &RuntimeGraph, plan: &Plan, id: &CrateId) -> Box {
    let krate = &graph.crates[id];
    let candidates = task_name_candidates(graph, id);
    let is_it = |package: &str, version: &str| {
        version == krate.version && candidates.iter().any(|name| name == package)
    };
    let found = plan
        .tasks
        .iter()
        .enumerate()
        .find(|(_, task)| is_it(&task.package, &task.version));
    Box {
        name: found.map_or_else(|| candidates[0].clone(), |(_, task)| task.package.clone()),
        version: krate.version.clone(),
        task: found.map(|(at, task)| (at + 1, task.fns.len())),
    }
}

/// The transitive reduction of an acyclic graph.
fn without_implied(dependencies: &[BTreeSet<usize>]) -> Vec<(usize, usize)> {
    let below = all_below(dependencies);
    let mut arrows = Vec::new();
    for (from, direct) in dependencies.iter().enumerate() {
        let implied = |to: &usize| {
            direct
                .iter()
                .any(|other| other != to && below[*other].contains(to))
        };
        arrows.extend(
            direct
                .iter()
                .filter(|to| !implied(to))
                .map(|to| (from, *to)),
        );
    }
    arrows
}

/// Everything that each node reaches, found from the nodes without dependencies upwards.
fn all_below(dependencies: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
    let keys: Vec<()> = dependencies.iter().map(|_| ()).collect();
    let mut below = vec![BTreeSet::new(); dependencies.len()];
    for step in crate::order::schedule(&keys, dependencies, |_| false) {
        let mut reached = dependencies[step.node].clone();
        for direct in &dependencies[step.node] {
            reached.extend(&below[*direct]);
        }
        below[step.node] = reached;
    }
    below
}
