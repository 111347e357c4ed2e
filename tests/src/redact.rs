//! What differs from run to run, taken out of what programs print, for [`snapbox`] to compare the rest.

use regex::Regex;
use snapbox::Redactions;

/// What cargo says about its own progress, which depends on what is compiled already.
const PROGRESS: [&str; 8] = [
    "Compiling",
    "Checking",
    "Finished",
    "Locking",
    "Updating",
    "Blocking",
    "Adding",
    "Running",
];

/// Numbers that the documents show as examples: a placeholder, and a pattern whose group `redacted`, or all of it, is replaced.
const NUMBERS: [(&str, &str); 23] = [
    ("[ADDRESS]", r"0x[0-9a-fA-F]+"),
    ("[COUNT]", r"(?m)^\d{4,}$"),
    ("[COUNT]", r"\b(?<redacted>\d+) mappings"),
    (
        "[COUNT]",
        r"(procs|threads|spinning|queue)=(?<redacted>\d+)",
    ),
    ("[COUNT]", r"\[(?<redacted>( \d+)+) \]"),
    ("[INDEX]", r"(?m)^ +(?<redacted>\d+): "),
    ("[PROCESS]", r"==(?<redacted>\d+)=="),
    ("[HASH]", r"\b[0-9a-f]{40}\b"),
    ("[HASH]", r"\b[0-9a-f]{16}\b"),
    (
        "[SIZES]",
        r"(?<redacted>[0-9a-f]{6} [0-9a-f]{6}) [0-9a-f]{2} ",
    ),
    ("[SIZE]", r"(?<redacted>[ \t]*\d+) kB"),
    ("[SIZE]", r"exceeds (?<redacted>\d+)-byte"),
    ("[OFFSET]", r"(?<redacted> \+ \d+) in section"),
    ("[TIME]", r"\b\d+(\.\d+)? ?(ns|us|µs|ms|s)\b"),
    ("[THREAD]", r"'(?<redacted> \(\d+\)) panicked"),
    ("[THREAD]", r"ThreadId\((?<redacted>\d+)\)"),
    ("[COUNT]", r"kernel threads: (?<redacted>\d+)"),
    ("[SEED]", r"(?m)^seed (?<redacted>\d+)"),
    ("[THREAD]", r"(process|Thread|LWP) (?<redacted>\d+)"),
    (
        "[LINE]",
        r"rtlib/runtime/src/[a-z0-9_/]+\.rs:(?<redacted>\d+)",
    ),
    (
        "[LINE]",
        r"rtlib/runtime/src/[a-z0-9_/]+\.rs, line (?<redacted>\d+)",
    ),
    ("[LINE]", r"/library/[a-z0-9_/]+\.rs:(?<redacted>\d+)"),
    (
        "[COMPILER]",
        r"rustc (?<redacted>\d+\.\d+\.\d+[^ ]* \([^)]*\))",
    ),
];

/// `text` without lines about cargo's progress.
#[must_use]
pub fn without_progress(text: &str) -> String {
    let is_progress = |line: &&str| {
        let word = line.split_whitespace().next().unwrap_or_default();
        line.starts_with(' ') && PROGRESS.contains(&word)
    };
    let mut out = String::new();
    for line in text.split_inclusive('\n').filter(|line| !is_progress(line)) {
        out.push_str(line);
    }
    out
}

/// The redactions for numbers that the documents show as examples.
///
/// # Panics
/// Never: the patterns are constants.
#[must_use]
pub fn numbers() -> Redactions {
    let mut redactions = Redactions::new();
    for (placeholder, pattern) in NUMBERS {
        let pattern = Regex::new(pattern).expect("a pattern");
        redactions
            .insert(placeholder, pattern)
            .expect("a placeholder");
    }
    redactions
}
