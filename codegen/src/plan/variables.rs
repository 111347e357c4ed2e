//! The order within a package: variables first, each after those it refers to, then init functions; both by file path (byte by
//! byte) and position.
//!
//! A circle of certain references is an error that prints the chain. A circle that needs a guess to close loses its guesses, with
//! a warning: a wrong guess must not stop a build, and a right one is caught at run time, where reading a variable too early panics.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, EntryReference};
use crate::diagnostic::{Code, Diagnostic, Label};
use crate::model::{FnReason, InitKind, Reference, TaskFn};
use crate::order;

/// After this many circles of one package, more would not help the reader.
const MAX_CIRCLES: usize = 10;

/// Orders the functions of one package.
pub(super) fn order(mut entries: Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) -> Vec<TaskFn> {
    let place = |entry: &Entry| {
        (
            entry.location.clone(),
            entry.name.clone(),
            entry.symbol.clone(),
        )
    };
    entries.sort_by_cached_key(place);
    let (vars, inits): (Vec<Entry>, Vec<Entry>) = entries
        .into_iter()
        .partition(|entry| entry.kind == InitKind::Var);
    let mut fns = order_variables(vars, diagnostics);
    fns.extend(inits.into_iter().map(|entry| {
        let reason = if entry.scanned.is_some() {
            FnReason::Init
        } else {
            FnReason::InitBehindMacro
        };
        entry.into_fn(reason)
    }));
    fns
}

fn order_variables(vars: Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) -> Vec<TaskFn> {
    let by_item: BTreeMap<usize, usize> = vars
        .iter()
        .enumerate()
        .filter_map(|(i, var)| Some((var.scanned?, i)))
        .collect();
    let mut graph = VarGraph::new(&vars, &by_item);
    graph.break_circles(diagnostics);
    let keys: Vec<usize> = (0..vars.len()).collect();
    let steps = order::schedule(&keys, &graph.dependencies(), |_| false);
    let reasons: Vec<FnReason> = keys.iter().map(|var| graph.reason(*var)).collect();
    let mut vars: Vec<_> = vars.into_iter().zip(reasons).map(Some).collect();
    steps
        .into_iter()
        .filter_map(|step| vars[step.node].take())
        .map(|(entry, reason)| entry.into_fn(reason))
        .collect()
}

/// Who refers to whom among the variables, by index.
struct VarGraph<'a> {
    vars: &'a [Entry],
    references: Vec<BTreeMap<usize, &'a EntryReference>>,
}

impl<'a> VarGraph<'a> {
    fn new(vars: &'a [Entry], by_item: &BTreeMap<usize, usize>) -> Self {
        let known =
            |reference: &'a EntryReference| Some((*by_item.get(&reference.target)?, reference));
        let references = vars
            .iter()
            .map(|var| var.references.iter().filter_map(known).collect());
        Self {
            vars,
            references: references.collect(),
        }
    }

    fn dependencies(&self) -> Vec<BTreeSet<usize>> {
        self.references
            .iter()
            .map(|references| references.keys().copied().collect())
            .collect()
    }

    fn reason(&self, var: usize) -> FnReason {
        let named = |(target, reference): (&usize, &&EntryReference)| Reference {
            name: self.vars[*target].name.clone(),
            via: reference
                .via
                .iter()
                .map(|mention| mention.name.clone())
                .collect(),
        };
        FnReason::Var {
            refers_to: self.references[var].iter().map(named).collect(),
        }
    }

    /// Every round takes at least one reference out, so this ends.
    fn break_circles(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        let mut circles = 0;
        while let Some(cycle) = order::first_cycle(&self.dependencies()) {
            let edges = || {
                cycle
                    .iter()
                    .copied()
                    .zip(cycle.iter().copied().cycle().skip(1))
            };
            let guesses: Vec<_> = edges()
                .filter(|(from, to)| self.references[*from][to].guessed)
                .collect();
            let (report, taken_out) = match guesses.as_slice() {
                [] => (self.circle_error(&cycle), edges().take(1).collect()),
                [first, ..] => (self.dropped_guess(&cycle, *first), guesses),
            };
            circles += 1;
            if circles <= MAX_CIRCLES {
                diagnostics.push(report);
            }
            for (from, to) in taken_out {
                self.references[from].remove(&to);
            }
        }
    }

    fn circle_error(&self, cycle: &[usize]) -> Diagnostic {
        let first = &self.vars[cycle[0]];
        let chain = self.chain(cycle);
        let message = match chain.as_slice() {
            [] => format!("initialization cycle: {} refers to itself", first.name),
            _ => format!("initialization cycle for {}", first.name),
        };
        let mut error =
            Diagnostic::error(Code::InitialisationCycle, message).label(first.label.clone());
        error.notes = chain;
        error.help("read one of the variables later, in an init function or on first use, or pass the value as an argument")
    }

    fn dropped_guess(&self, cycle: &[usize], guess: (usize, usize)) -> Diagnostic {
        let reference = self.references[guess.0][&guess.1];
        let through = reference.via.first().map_or_else(String::new, |mention| {
            format!(" through `{}`", mention.name)
        });
        let (from, to) = (&self.vars[guess.0], &self.vars[guess.1]);
        let message = format!(
            "`{}` may refer to `{}`{through}, which would be a cycle; this reference is ignored",
            from.name, to.name
        );
        let mut warning =
            Diagnostic::warning(Code::GuessDropped, message).label(from.label.clone());
        warning.notes = self.chain(cycle);
        warning.help("name the type in the call (`Type::method(value)` instead of `value.method()`), so that it is known which method is meant")
    }

    /// `a refers to f`, `f refers to b`, … with the place of each; empty if a variable mentions itself directly.
    fn chain(&self, cycle: &[usize]) -> Vec<String> {
        let mut stations: Vec<(String, String)> = Vec::new();
        for (i, var) in cycle.iter().enumerate() {
            let entry = &self.vars[*var];
            let next = cycle[(i + 1) % cycle.len()];
            stations.push((entry.name.clone(), entry.location.to_string()));
            let via = &self.references[*var][&next].via;
            stations.extend(
                via.iter()
                    .map(|mention| (mention.name.clone(), mention.location.to_string())),
            );
        }
        if stations.len() == 1 {
            return Vec::new();
        }
        let next = stations.iter().cycle().skip(1);
        stations
            .iter()
            .zip(next)
            .map(|((name, place), (next, _))| format!("{place}: {name} refers to {next}"))
            .collect()
    }
}

/// The place of an entry that only an object shows.
pub(super) fn label_of_record(location: &crate::model::Location) -> Label {
    Label::without_source(location.clone(), "")
}
