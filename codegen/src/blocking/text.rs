//! The answer for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Calls, Effect, Owner};

/// Longest list of functions with `syscall` instructions.
const MOST_FUNCTIONS: usize = 4;

/// A paragraph for each crate, a line for each kind of call.
#[must_use]
pub fn text(all: &BTreeMap<Owner, Calls>) -> String {
    let mut out = String::new();
    for (owner, calls) in all {
        let of_c = if owner.is_c { " (C)" } else { "" };
        _ = writeln!(out, "{}{of_c}", owner.crate_name);
        for (effect, names) in &calls.by_effect {
            let list = names.iter().map(String::as_str).collect::<Vec<_>>();
            _ = match effect {
                Effect::Parks => writeln!(out, "    parks             {}", list.join(" ")),
                Effect::KeepsThread => writeln!(out, "    keeps its thread  {}", list.join(" ")),
                Effect::Ties => writeln!(out, "    may tie           {}", list.join(" ")),
                Effect::StartsThread => {
                    let kind = if owner.is_c { "operating-system " } else { "" };
                    writeln!(out, "    starts {kind}threads")
                }
                Effect::RoundLibc => writeln!(out, "    bypasses libc     {}", some_of(&list)),
            };
        }
        if owner.crate_name == "rustix" && calls.by_effect.contains_key(&Effect::RoundLibc) {
            out.push_str("        `rustix = { version = \"1\", features = [\"use-libc\"] }` makes these calls of libc\n");
        }
    }
    out
}

fn some_of(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(MOST_FUNCTIONS)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MOST_FUNCTIONS) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
