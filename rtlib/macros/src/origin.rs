//! Where an item comes from: the compilation unit, and what makes its symbol unlike any other's.
//!
//! Only what is the same in every checkout goes in: names, versions and paths relative to the package. One package may come from two
//! sources at one version (a path and git, two revisions), and nothing in the environment but paths tells those apart. `-C metadata` does: Cargo makes it
//! from the package's identity, for rustc's own symbols. A procedural macro runs inside rustc, so the arguments are the process's.

use std::env;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use proc_macro2::Span;
use rtlib_abi::code;

use crate::mistake::mistake_at;

/// The package and target that are being compiled, as Cargo tells them in the environment.
#[derive(Hash)]
pub(crate) struct Unit {
    /// `CARGO_PKG_NAME`.
    pub(crate) package: String,
    /// `CARGO_PKG_VERSION`.
    pub(crate) version: String,
    /// `CARGO_CRATE_NAME`.
    pub(crate) krate: String,
    target: Target,
    /// rustc's `-C metadata`; none where the macro runs in another process than rustc's.
    metadata: Vec<String>,
}

/// What tells a package's lib from a bin or an integration test of the same name that is linked with it.
#[derive(Hash)]
enum Target {
    BinOrExample(String),
    TestOrBench,
    Other,
}

impl Unit {
    /// Reads the environment that Cargo gives to rustc.
    pub(crate) fn from_env() -> syn::Result<Self> {
        Ok(Self {
            package: cargo_variable("CARGO_PKG_NAME")?,
            version: cargo_variable("CARGO_PKG_VERSION")?,
            krate: cargo_variable("CARGO_CRATE_NAME")?,
            target: match env::var("CARGO_BIN_NAME") {
                Ok(name) => Target::BinOrExample(name),
                Err(_) if env::var_os("CARGO_TARGET_TMPDIR").is_some() => Target::TestOrBench,
                Err(_) => Target::Other,
            },
            metadata: metadata(env::args_os().flat_map(expanded)),
        })
    }

    /// The hash that ends the symbol of an item whose name stands at `name`.
    pub(crate) fn symbol_hash(&self, name: Span) -> String {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        relative_file(name).hash(&mut hasher);
        let start = name.start();
        (start.line, start.column).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

/// A response file in the place of an argument: rustc takes one argument a line from it. Cargo writes one when the line is too long.
fn expanded(arg: OsString) -> Vec<OsString> {
    let file = arg.to_str().and_then(|arg| arg.strip_prefix('@'));
    match file.and_then(|file| std::fs::read_to_string(file).ok()) {
        Some(text) => text.lines().map(OsString::from).collect(),
        None => vec![arg],
    }
}

/// The values of `-C metadata` among rustc's arguments.
fn metadata(args: impl IntoIterator<Item = OsString>) -> Vec<String> {
    let mut values = Vec::new();
    let mut after_codegen = false;
    for arg in args {
        let arg = arg.to_string_lossy();
        let option = if after_codegen {
            Some(&*arg)
        } else {
            arg.strip_prefix("-C")
                .or_else(|| arg.strip_prefix("--codegen="))
        };
        values.extend(option.and_then(|option| Some(option.strip_prefix("metadata=")?.to_owned())));
        after_codegen = !after_codegen && (arg == "-C" || arg == "--codegen");
    }
    values
}

fn cargo_variable(name: &str) -> syn::Result<String> {
    env::var(name).map_err(|_| {
        let message = format!("the environment variable `{name}` is not set: `rtlib`'s attributes need a build by Cargo, which sets it");
        mistake_at(Span::call_site(), code::NO_CARGO, &message)
    })
}

fn relative_file(span: Span) -> Option<String> {
    let file = span.local_file()?;
    let package = env::var_os("CARGO_MANIFEST_DIR")?;
    Some(relative_to_package(
        &file,
        Path::new(&package),
        env::current_dir().ok().as_deref(),
    ))
}

/// `file` as seen from `package`; its bare name when it lies elsewhere (generated code in a target directory).
fn relative_to_package(file: &Path, package: &Path, current: Option<&Path>) -> String {
    let absolute = current.map_or_else(|| file.to_owned(), |current| current.join(file));
    let relative = absolute
        .strip_prefix(package)
        .ok()
        .or_else(|| file.file_name().map(Path::new));
    relative.unwrap_or(file).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        Unit {
            package: "demo".into(),
            version: "1.0.0".into(),
            krate: "demo".into(),
            target: Target::Other,
            metadata: vec!["0123".into()],
        }
    }

    #[test]
    fn the_hash_is_the_same_every_time() {
        assert_eq!(
            unit().symbol_hash(Span::call_site()),
            unit().symbol_hash(Span::call_site())
        );
    }

    #[test]
    fn a_lib_a_bin_and_a_test_of_one_name_differ() {
        let hash = |target| Unit { target, ..unit() }.symbol_hash(Span::call_site());
        let hashes = [
            hash(Target::Other),
            hash(Target::BinOrExample("demo".into())),
            hash(Target::TestOrBench),
        ];
        assert_ne!(hashes[0], hashes[1]);
        assert_ne!(hashes[0], hashes[2]);
        assert_ne!(hashes[1], hashes[2]);
    }

    #[test]
    fn two_versions_of_a_package_differ() {
        let other = Unit {
            version: "2.0.0".into(),
            ..unit()
        };
        assert_ne!(
            unit().symbol_hash(Span::call_site()),
            other.symbol_hash(Span::call_site())
        );
    }

    #[test]
    fn one_version_from_two_sources_differs() {
        let other = Unit {
            metadata: vec!["4567".into()],
            ..unit()
        };
        assert_ne!(
            unit().symbol_hash(Span::call_site()),
            other.symbol_hash(Span::call_site())
        );
    }

    #[test]
    fn metadata_is_found_in_every_spelling() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("args");
        std::fs::write(&file, "--crate-name\na\n-C\nmetadata=5\n").expect("writes");
        let line = "rustc -C metadata=1 -C opt-level=3 -Cmetadata=2 --codegen metadata=3 --codegen=metadata=4 --cfg metadata=no -C -C";
        let args = line.split(' ').map(OsString::from);
        let args = args.chain([
            format!("@{}", file.display()).into(),
            "@/no/such/file".into(),
        ]);
        assert_eq!(metadata(args.flat_map(expanded)), ["1", "2", "3", "4", "5"]);
    }

    #[test]
    fn paths_are_relative_to_the_package_wherever_it_lies() {
        let check = |file, package, current: Option<&str>, expect| {
            assert_eq!(
                relative_to_package(Path::new(file), Path::new(package), current.map(Path::new)),
                expect
            );
        };
        check("a/src/lib.rs", "/one/a", Some("/one"), "src/lib.rs");
        check("a/src/lib.rs", "/two/a", Some("/two"), "src/lib.rs");
        check(
            "/registry/a-1.0.0/src/x.rs",
            "/registry/a-1.0.0",
            Some("/one"),
            "src/x.rs",
        );
        check(
            "/one/target/debug/build/a-0123/out/gen.rs",
            "/one/a",
            Some("/one"),
            "gen.rs",
        );
        check("src/lib.rs", "/one/a", None, "lib.rs");
    }
}
