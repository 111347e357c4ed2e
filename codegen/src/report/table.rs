//! `--emit inittask`: the plan as a table, one row for each function under a row for its package.

use std::fmt::Write;

use rtlib_abi::symbol::INITTASK_SUFFIX;

use crate::model::{Plan, Task, TaskFn};

/// The columns before the last one, which is as wide as it likes.
const TITLES: [&str; 4] = ["POS", "NAME", "SYMBOL", "PLACE"];

/// The plan as aligned text. A symbol that only a build knows is shown as `-`.
#[must_use]
pub fn table(plan: &Plan) -> String {
    if plan.tasks.is_empty() {
        return "no init functions and no package variables: `main` runs at once\n".to_owned();
    }
    let mut rows = Vec::new();
    for (at, task) in plan.tasks.iter().enumerate() {
        rows.push(task_row(at + 1, task));
        rows.extend(
            task.fns
                .iter()
                .enumerate()
                .map(|(i, one)| function_row(at + 1, i + 1, one)),
        );
    }
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row.cells[column].chars().count());
        cells.max().unwrap_or(0).max(TITLES[column].len())
    };
    let widths: Vec<usize> = (0..TITLES.len()).map(width).collect();
    let titles = Row {
        cells: TITLES.map(str::to_owned),
        why: "WHY THERE".to_owned(),
    };
    let mut out = String::new();
    for row in std::iter::once(&titles).chain(&rows) {
        for (cell, width) in row.cells.iter().zip(&widths) {
            let _ = write!(out, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", row.why);
    }
    out
}

struct Row {
    cells: [String; 4],
    why: String,
}

fn task_row(position: usize, task: &Task) -> Row {
    Row {
        cells: [
            position.to_string(),
            format!("{} {}", task.package, task.version),
            format!("{}{INITTASK_SUFFIX}", task.package),
            String::new(),
        ],
        why: task.reason.to_string(),
    }
}

fn function_row(task: usize, position: usize, one: &TaskFn) -> Row {
    let symbol = if one.symbol.is_empty() {
        "-"
    } else {
        &one.symbol
    };
    Row {
        cells: [
            format!("{task}.{position}"),
            format!("  {} {}", one.kind, one.name),
            symbol.to_owned(),
            one.location.to_string(),
        ],
        why: one.reason.to_string(),
    }
}
