//! In which order things run: Go's algorithm, for packages and for variables.
//!
//! One algorithm does both. Of everything that is ready (its dependencies ran), the first by key runs next. For packages the key
//! is the name of the inittask's symbol, as in Go's linker since 1.21 (`cmd/link`, inittask.go): a heap, not a sorted walk, so
//! `a -> z` beside an independent `b` gives b, z, a. For variables the key is the place of the declaration, which is what the Go
//! specification says under "Package initialization" and what Go's type checker does (`types2`, initorder.go).
//!
//! Only [`crate::plan`] calls this. Nothing recurses: graphs may be as deep as they like.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

/// A dependency graph over nodes `0..`; a node's list holds what must run before it.
pub(crate) type Dependencies = [BTreeSet<usize>];

/// One step of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What runs.
    pub(crate) node: usize,
    /// What was ready as well and comes later by key. Filled only for nodes that `explain` admits, with nodes it admits.
    pub(crate) rivals: Vec<usize>,
}

/// Orders the nodes. What a cycle keeps from running is not in the result.
pub(crate) fn schedule<K: Ord>(
    keys: &[K],
    dependencies: &Dependencies,
    explain: impl Fn(usize) -> bool,
) -> Vec<Step> {
    let mut waiting: Vec<usize> = dependencies.iter().map(BTreeSet::len).collect();
    let users = reversed(dependencies);
    let entry = |node: usize| Reverse((&keys[node], node));
    let mut ready: BinaryHeap<_> = (0..keys.len())
        .filter(|node| waiting[*node] == 0)
        .map(entry)
        .collect();
    let mut steps = Vec::with_capacity(keys.len());
    while let Some(Reverse((_, node))) = ready.pop() {
        let rivals = if explain(node) {
            let mut rivals: Vec<_> = ready
                .iter()
                .filter(|Reverse((_, rival))| explain(*rival))
                .map(|rival| rival.0)
                .collect();
            rivals.sort();
            rivals.into_iter().map(|(_, rival)| rival).collect()
        } else {
            Vec::new()
        };
        steps.push(Step { node, rivals });
        for user in &users[node] {
            waiting[*user] -= 1;
            if waiting[*user] == 0 {
                ready.push(entry(*user));
            }
        }
    }
    steps
}

fn reversed(dependencies: &Dependencies) -> Vec<Vec<usize>> {
    let mut users = vec![Vec::new(); dependencies.len()];
    for (user, needed) in dependencies.iter().enumerate() {
        for node in needed {
            users[*node].push(user);
        }
    }
    users
}

/// A shortest cycle through the first node that lies on one: `a, b, c` means that a depends on b, b on c, and c on a.
pub(crate) fn first_cycle(dependencies: &Dependencies) -> Option<Vec<usize>> {
    let stuck = on_or_behind_cycles(dependencies);
    stuck
        .iter()
        .find_map(|start| cycle_through(*start, dependencies, &stuck))
}

/// The nodes that neither a schedule reaches nor a schedule of the reversed graph.
fn on_or_behind_cycles(dependencies: &Dependencies) -> BTreeSet<usize> {
    let users: Vec<BTreeSet<usize>> = reversed(dependencies)
        .into_iter()
        .map(BTreeSet::from_iter)
        .collect();
    let no_keys = vec![(); dependencies.len()];
    let mut stuck: BTreeSet<usize> = (0..dependencies.len()).collect();
    for graph in [dependencies, &users] {
        for step in schedule(&no_keys, graph, |_| false) {
            stuck.remove(&step.node);
        }
    }
    stuck
}

fn cycle_through(
    start: usize,
    dependencies: &Dependencies,
    within: &BTreeSet<usize>,
) -> Option<Vec<usize>> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in dependencies[node].intersection(within) {
            if *next == start {
                return Some(way_back(&came_from, start, node));
            }
            came_from.entry(*next).or_insert_with(|| {
                queue.push_back(*next);
                node
            });
        }
    }
    None
}

fn way_back(came_from: &BTreeMap<usize, usize>, start: usize, mut node: usize) -> Vec<usize> {
    let mut way = vec![node];
    while node != start {
        node = came_from[&node];
        way.push(node);
    }
    way.reverse();
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(edges: &[(usize, usize)], nodes: usize) -> Vec<BTreeSet<usize>> {
        let mut dependencies = vec![BTreeSet::new(); nodes];
        for (user, needed) in edges {
            dependencies[*user].insert(*needed);
        }
        dependencies
    }

    fn order<K: Ord>(keys: &[K], dependencies: &Dependencies) -> Vec<usize> {
        schedule(keys, dependencies, |_| false)
            .into_iter()
            .map(|step| step.node)
            .collect()
    }

    #[test]
    fn a_heap_of_ready_packages_not_a_sorted_walk() {
        let names = ["a..inittask", "b..inittask", "z..inittask"];
        assert_eq!(order(&names, &graph(&[(0, 2)], 3)), [1, 2, 0]);
    }

    #[test]
    fn a_finished_package_may_let_an_earlier_name_overtake() {
        let names = ["a", "b", "c", "m"];
        assert_eq!(order(&names, &graph(&[(0, 1), (3, 0)], 4)), [1, 0, 2, 3]);
    }

    #[test]
    fn rivals_are_those_that_were_ready_too() {
        let steps = schedule(&["a", "b", "c", "d"], &graph(&[(3, 0)], 4), |node| {
            node != 1
        });
        assert_eq!(
            steps[0],
            Step {
                node: 0,
                rivals: vec![2]
            }
        );
        assert_eq!(
            steps[1],
            Step {
                node: 1,
                rivals: vec![]
            }
        );
        assert_eq!(
            steps[2],
            Step {
                node: 2,
                rivals: vec![3]
            }
        );
    }

    #[test]
    fn cycles_are_found_where_they_are() {
        assert_eq!(first_cycle(&graph(&[(0, 1), (1, 2)], 3)), None);
        assert_eq!(first_cycle(&graph(&[(1, 1)], 2)), Some(vec![1]));
        assert_eq!(
            first_cycle(&graph(&[(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)], 5)),
            Some(vec![1, 2, 3])
        );
        assert_eq!(
            first_cycle(&graph(&[(0, 1), (1, 2), (2, 0), (0, 2)], 3)),
            Some(vec![0, 2])
        );
    }

    #[test]
    fn long_chains_cost_no_stack() {
        let edges: Vec<_> = (1..100_000).map(|i| (i, i - 1)).collect();
        let mut dependencies = graph(&edges, 100_000);
        assert_eq!(order(&[(); 100_000], &dependencies).len(), 100_000);
        dependencies[0].insert(99_999);
        assert_eq!(
            first_cycle(&dependencies).map(|cycle| cycle.len()),
            Some(100_000)
        );
    }

    /// The specification, word by word: repeatedly the earliest that is not done and whose dependencies are.
    fn by_the_book<K: Ord>(keys: &[K], dependencies: &Dependencies) -> Vec<usize> {
        let mut done = Vec::new();
        loop {
            let ready = |node: &usize| {
                !done.contains(node)
                    && dependencies[*node]
                        .iter()
                        .all(|needed| done.contains(needed))
            };
            match (0..keys.len())
                .filter(ready)
                .min_by_key(|node| (&keys[*node], *node))
            {
                Some(node) => done.push(node),
                None => return done,
            }
        }
    }

    fn has_cycle_through(node: usize, dependencies: &Dependencies) -> bool {
        let mut reached = BTreeSet::new();
        let mut open: Vec<usize> = dependencies[node].iter().copied().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(&dependencies[next]);
            }
        }
        reached.contains(&node)
    }

    proptest! {
        #[test]
        fn agrees_with_the_specification(keys in prop::collection::vec(0..20u8, 0..16), edges in prop::collection::vec((0..16usize, 0..16usize), 0..40)) {
            let nodes = keys.len();
            let edges: Vec<_> = edges.into_iter().filter(|(a, b)| *a < nodes && *b < nodes).collect();
            let dependencies = graph(&edges, nodes);
            prop_assert_eq!(order(&keys, &dependencies), by_the_book(&keys, &dependencies));
        }

        #[test]
        fn a_cycle_is_reported_exactly_when_there_is_one(nodes in 1..12usize, edges in prop::collection::vec((0..12usize, 0..12usize), 0..30)) {
            let edges: Vec<_> = edges.into_iter().filter(|(a, b)| *a < nodes && *b < nodes).collect();
            let dependencies = graph(&edges, nodes);
            let first = (0..nodes).find(|node| has_cycle_through(*node, &dependencies));
            let cycle = first_cycle(&dependencies);
            prop_assert_eq!(cycle.as_ref().map(|cycle| cycle[0]), first);
            if let Some(cycle) = cycle {
                for (i, node) in cycle.iter().enumerate() {
                    prop_assert!(dependencies[*node].contains(&cycle[(i + 1) % cycle.len()]));
                }
            }
        }
    }
}
