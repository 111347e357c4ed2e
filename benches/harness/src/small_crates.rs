//! A workspace of small crates, written for the build rows: each depends on earlier ones, one program on all of them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::checkout;
use crate::error::BenchError;

/// How many libraries there are.
pub const CRATES: usize = 30;

/// Whether the crates have init functions and package variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inits {
    /// Ordinary crates.
    None,
    /// Two init functions and a variable in every library.
    Three,
}

/// Writes the workspace, anew, and returns its directory.
///
/// # Errors
/// When it cannot be written.
pub fn write(inits: Inits) -> Result<PathBuf, BenchError> {
    let root = checkout::scratch().join(match inits {
        Inits::None => "small-crates",
        Inits::Three => "small-crates-with-inits",
    });
    if root.exists() {
        fs::remove_dir_all(&root).map_err(BenchError::file("remove", &root))?;
    }
    write_file(&root.join("Cargo.toml"), &root_manifest(inits))?;
    write_file(&root.join("src/main.rs"), &main_source())?;
    for n in 0..CRATES {
        let dir = root.join(name(n));
        write_file(&dir.join("Cargo.toml"), &manifest(n, inits))?;
        write_file(&dir.join("src/lib.rs"), &source(n, inits))?;
    }
    Ok(root)
}

fn write_file(path: &Path, text: &str) -> Result<(), BenchError> {
    let dir = path.parent().unwrap_or(path);
    fs::create_dir_all(dir).map_err(BenchError::file("create", dir))?;
    fs::write(path, text).map_err(BenchError::file("write", path))
}

fn name(n: usize) -> String {
    format!("small{n:02}")
}

/// The crates that crate `n` depends on: those at half and at a third of its number, so that some can be compiled side by side.
fn dependencies(n: usize) -> Vec<usize> {
    let mut found = vec![n / 2, n / 3];
    found.dedup();
    found.retain(|other| *other != n);
    found
}

fn rtlib(inits: Inits) -> String {
    match inits {
        Inits::None => String::new(),
        Inits::Three => format!(
            "gobuild-rtlib = {{ path = {:?} }}\n",
            checkout::root().join("rtlib")
        ),
    }
}

fn root_manifest(inits: Inits) -> String {
    let mut text = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\"small*\"]\n\n{}",
        package("app")
    );
    text += &rtlib(inits);
    (0..CRATES).for_each(|n| {
        _ = writeln!(text, "{0} = {{ path = \"{0}\" }}", name(n));
    });
    text
}

fn manifest(n: usize, inits: Inits) -> String {
    let mut text = package(&name(n)) + &rtlib(inits);
    for other in dependencies(n) {
        _ = writeln!(text, "{0} = {{ path = \"../{0}\" }}", name(other));
    }
    text
}

fn package(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n"
    )
}

fn main_source() -> String {
    let calls = (0..CRATES).map(|n| format!("    sum += {}::work(sum);\n", name(n)));
    format!(
        "//! Calls every crate.\n\nfn main() {{\n    let mut sum = 1;\n{}    println!(\"{{sum}}\");\n}}\n",
        calls.collect::<String>()
    )
}

fn source(n: usize, inits: Inits) -> String {
    let calls = dependencies(n).into_iter().map(name);
    let calls: String = calls
        .map(|other| format!(" ^ {other}::work(seed / 2)"))
        .collect();
    let inits = match inits {
        Inits::None => "",
        Inits::Three => INITS,
    };
    format!(
        "{COMMON}{inits}\n/// What others call.\npub fn work(seed: u64) -> u64 {{\n    words(seed){calls}\n}}\n"
    )
}

/// What a small crate has: a type, a trait, collections, formatting, errors.
const COMMON: &str = r#"//! A small crate.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// A word and how often it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count {
    word: String,
    seen: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8} {}", self.seen, self.word)
    }
}

/// Why a line is no count.
#[derive(Debug)]
pub enum CountError {
    Missing,
    Number(std::num::ParseIntError),
}

impl std::str::FromStr for Count {
    type Err = CountError;

    fn from_str(line: &str) -> Result<Self, CountError> {
        let (seen, word) = line.trim().split_once(' ').ok_or(CountError::Missing)?;
        let seen = seen.parse().map_err(CountError::Number)?;
        Ok(Self { word: word.to_owned(), seen })
    }
}

fn words(seed: u64) -> u64 {
    let text: String = (0..seed % 100).map(|n| format!("w{} ", n % 7)).collect();
    let mut seen: HashMap<&str, u64> = HashMap::new();
    for word in text.split_whitespace() {
        *seen.entry(word).or_default() += 1;
    }
    let sorted: BTreeMap<_, _> = seen.into_iter().collect();
    let counts = sorted.into_iter().map(|(word, seen)| Count { word: word.to_owned(), seen });
    let read = counts.filter_map(|count| count.to_string().parse::<Count>().ok());
    let mut read: Vec<Count> = read.collect();
    read.sort_by(|a, b| b.cmp(a));
    read.iter().map(|count| count.seen).sum()
}
"#;

/// What makes it a crate with inits.
const INITS: &str = r#"
static LOG: std::sync::Mutex<Vec<u64>> = std::sync::Mutex::new(Vec::new());

#[rtlib::var]
static TABLE: HashMap<u64, u64> = (0..16).map(|n| (n, words(n))).collect();

#[rtlib::init]
fn fill() {
    LOG.lock().unwrap().extend(TABLE.values());
}

#[rtlib::init]
fn sort() {
    LOG.lock().unwrap().sort_unstable();
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_depend_on_earlier_ones_and_on_each_only_once() {
        for n in 0..CRATES {
            let found = dependencies(n);
            assert!(found.iter().all(|other| *other < n), "{n}: {found:?}");
            assert!(found.is_sorted_by(|a, b| a > b), "{n}: {found:?}");
        }
        assert_eq!(dependencies(12), [6, 4]);
    }
}
