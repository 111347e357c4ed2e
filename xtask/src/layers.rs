//! The layers of the runtime, from the bottom up, and the check that each uses those below it only. Pure: [`complaints`] judges one file's text, [`documented`] the page that lists them.
//!
//! Read are paths that begin with `crate::`, in `use` or elsewhere, outside of comments. Modules of one layer may use each other as they like.

/// Where the layers are.
const ROOT: &str = "rtlib/runtime/src/";

/// The page with the table of them.
const PAGE: &str = "ARCHITECTURE.md";

/// What its table begins with.
const TABLE: &str = "| layer, from the bottom up |";

/// Each may use those before it. A layer is a folder, a file, or a module of another layer, which then is none of that layer.
const LAYERS: [&str; 40] = [
    "link",
    "duration",
    "pattern",
    "godebug",
    "random",
    "os/linux/sys",
    "arch",
    "os",
    "print",
    "fatal",
    "lockrank",
    "lock",
    "shim",
    "note",
    "persistent",
    "malloc",
    "membarrier",
    "process",
    "moduledata",
    "timer",
    "tracebuf",
    "gmp",
    "libc",
    "trace",
    "stack",
    "sched",
    "time",
    "chan",
    "sync",
    "netpoll",
    "pthread",
    "inittask",
    "traceback",
    "panic",
    "leaks",
    "signal",
    "watch",
    "hooks",
    "names",
    "boot",
];

/// Above all: the root of the crate declares the layers, and the rest of the C interface uses any.
const ABOVE: [&str; 2] = ["lib", "api"];

/// What is wrong with a file's arrows; `path` is relative to the checkout.
pub fn complaints(path: &str, text: &str) -> Vec<String> {
    let Some(module) = path
        .strip_prefix(ROOT)
        .and_then(|path| path.strip_suffix(".rs"))
    else {
        return Vec::new();
    };
    if ABOVE.contains(&module) {
        return Vec::new();
    }
    let Some(own) = floor(module) else {
        return vec![format!(
            "{path}: this layer is new: give it a place in LAYERS of xtask/src/layers.rs, above those that it uses, and a row in {PAGE}"
        )];
    };
    let mut all: Vec<String> = uses(text)
        .into_iter()
        .filter_map(|(line, used)| {
            let there = floor(&used).filter(|there| *there > own)?;
            Some(format!(
                "{path}:{line}: `{}` must not use `{}`, which is above it: move what both need below, or have the upper layer register a function (see {PAGE})",
                LAYERS[own], LAYERS[there]
            ))
        })
        .collect();
    all.dedup();
    all
}

/// Whether the page lists the layers as they are here.
pub fn documented(path: &str, text: &str) -> Vec<String> {
    if path != PAGE {
        return Vec::new();
    }
    let rows = text.lines().skip_while(|line| !line.starts_with(TABLE));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let listed: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap_or_default().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect();
    if listed == LAYERS {
        return Vec::new();
    }
    let differs = LAYERS.iter().zip(&listed).find(|(layer, row)| layer != row);
    let at = differs.map_or("its length", |(layer, _)| *layer);
    vec![format!(
        "{PAGE}: the table of layers (`{TABLE}`) is not that of xtask/src/layers.rs: see {at}"
    )]
}

/// Which layer a module belongs to, as its position in [`LAYERS`].
fn floor(module: &str) -> Option<usize> {
    let holds = |layer: &str| {
        let rest = module.strip_prefix(layer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let layers = LAYERS.iter().enumerate().filter(|(_, layer)| holds(layer));
    let (floor, _) = layers.max_by_key(|(_, layer)| layer.len())?;
    Some(floor)
}

/// The paths behind each `crate::`, with `/` between their names, and the lines where they begin.
fn uses(text: &str) -> Vec<(usize, String)> {
    const CRATE: &str = "crate::";
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let code = code.join("\n");
    let mut all = Vec::new();
    for (at, _) in code.match_indices(CRATE) {
        let is_whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_$".contains(c));
        if is_whole {
            let line = code[..at].matches('\n').count() + 1;
            let mut leaves = Vec::new();
            tree(&code[at + CRATE.len()..], "", &mut leaves);
            all.extend(leaves.into_iter().map(|leaf| (line, leaf)));
        }
    }
    all
}

/// Reads a path or a tree of them, as `use` has it, and returns what is behind it.
fn tree<'a>(text: &'a str, before: &str, leaves: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match rest.strip_prefix('}') {
                Some(behind) => return behind,
                None if rest.is_empty() => return rest,
                None => rest = tree(rest, before, leaves),
            }
        }
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path = if before.is_empty() {
        name.to_owned()
    } else {
        format!("{before}/{name}")
    };
    match rest.strip_prefix("::") {
        Some(rest) if !name.is_empty() => tree(rest, &path, leaves),
        _ => {
            leaves.push(path);
            // A new name, `*`, or whatever is none of this path.
            let skipped = rest.find([',', '}']).unwrap_or(rest.len());
            &rest[skipped..]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expect: &[&str]) {
        let found = complaints(path, text);
        assert_eq!(found.len(), expect.len(), "{found:#?}");
        for (complaint, start) in found.iter().zip(expect) {
            assert!(complaint.starts_with(start), "{complaint}");
        }
    }

    #[test]
    fn a_layer_uses_those_below_it_and_itself() {
        let text = "use crate::gmp::g::G;\nuse crate::os::linux::{mem, nanotime};\nuse crate::sched::park;\n";
        check("rtlib/runtime/src/sched/a.rs", text, &[]);
        check("rtlib/runtime/src/lib.rs", "use crate::boot;", &[]);
        check("cli/src/a.rs", "use crate::boot;", &[]);
    }

    #[test]
    fn an_arrow_upwards_is_named_with_its_line() {
        check(
            "rtlib/runtime/src/lock.rs",
            "//! A.\nuse crate::os;\nuse crate::{os::linux as x, sched::{self, park}};\n",
            &["rtlib/runtime/src/lock.rs:3: `lock` must not use `sched`, which is above it: "],
        );
        check(
            "rtlib/runtime/src/os/linux/mem.rs",
            "fn f() {\n    g(crate::lock::Lock::new(0));\n}\n",
            &["rtlib/runtime/src/os/linux/mem.rs:2: `os` must not use `lock`"],
        );
        let several = "use crate::{\n    link::Link,\n    watch::sysmon,\n};\n";
        check(
            "rtlib/runtime/src/sched/park.rs",
            several,
            &["rtlib/runtime/src/sched/park.rs:1: `sched` must not use `watch`"],
        );
    }

    #[test]
    fn macros_are_used_as_functions_are() {
        let text = "fn f() {\n    crate::print!(\"x\");\n}\n";
        check(
            "rtlib/runtime/src/os/mod.rs",
            text,
            &["rtlib/runtime/src/os/mod.rs:2: `os` must not use `print`"],
        );
        check("rtlib/runtime/src/lock.rs", text, &[]);
    }

    #[test]
    fn comments_may_speak_of_layers_above() {
        let text = "//! See [`crate::boot`].\nfn f() {} // crate::boot\n";
        check("rtlib/runtime/src/os/mod.rs", text, &[]);
    }

    #[test]
    fn a_module_may_be_a_layer_of_its_own() {
        let numbers = "use crate::os::linux::sys::{A, B};\nuse crate::os::linux::{sys};\n";
        check("rtlib/runtime/src/arch/x86_64/tls.rs", numbers, &[]);
        check(
            "rtlib/runtime/src/arch/x86_64/tls.rs",
            "use crate::os::linux::{sys, mem};",
            &["rtlib/runtime/src/arch/x86_64/tls.rs:1: `arch` must not use `os`"],
        );
    }

    #[test]
    fn a_layer_without_a_place_is_named() {
        check(
            "rtlib/runtime/src/attic/mod.rs",
            "//! A.",
            &["rtlib/runtime/src/attic/mod.rs: this layer is new"],
        );
    }

    #[test]
    fn the_page_lists_the_layers_in_their_order() {
        let rows = |layers: &[&str]| {
            let rows: String = layers.iter().map(|r| format!("| `{r}` | it |\n")).collect();
            format!("# A\n{TABLE} what |\n|---|---|\n{rows}\nText.\n")
        };
        let mut layers = LAYERS;
        assert_eq!(documented(PAGE, &rows(&layers)), [""; 0]);
        let (first, second) = (LAYERS[0], LAYERS[1]);
        let apart = format!("`{first}` | it |\n| `{second}`");
        let two_a_row = rows(&layers).replace(&apart, &format!("`{first}`, `{second}`"));
        assert_ne!(two_a_row, rows(&layers));
        assert_eq!(documented(PAGE, &two_a_row), [""; 0]);
        layers.swap(3, 4);
        let complaint = documented(PAGE, &rows(&layers)).remove(0);
        let seen = format!("see {}", LAYERS[3]);
        assert!(complaint.ends_with(&seen), "{complaint}");
        assert_eq!(documented(PAGE, &rows(&LAYERS[1..])).len(), 1);
        assert_eq!(documented("docs/a.md", ""), [""; 0]);
    }
}
