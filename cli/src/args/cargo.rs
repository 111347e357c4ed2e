//! Cargo's own options: read with cargo's names and meaning, and handed on to it unchanged.
//!
//! Each group knows how to write itself back as arguments (`forward`); groups are those of cargo's own help. Which command
//! takes which group is decided by the callers in `ops` and `invocation`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueHint};

/// Collects arguments for a cargo command.
#[derive(Debug, Default)]
pub struct Forward(Vec<OsString>);

impl Forward {
    fn flag(&mut self, name: &str, on: bool) {
        if on {
            self.0.push(name.into());
        }
    }

    fn value(&mut self, name: &str, value: Option<impl Into<OsString>>) {
        if let Some(value) = value {
            self.0.push(name.into());
            self.0.push(value.into());
        }
    }

    fn values(&mut self, name: &str, values: &[String]) {
        values
            .iter()
            .for_each(|value| self.value(name, Some(value)));
    }

    /// The arguments collected so far.
    #[must_use]
    pub fn into_args(self) -> Vec<OsString> {
        self.0
    }
}

/// Package selection of `build` and `test`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Package Selection")]
pub struct PackageArgs {
    /// Package to build; may be given several times
    #[arg(short, long, value_name = "SPEC")]
    pub package: Vec<String>,
    /// Build all packages of the workspace
    #[arg(long, visible_alias = "all")]
    pub workspace: bool,
    /// Leave a package out, with --workspace
    #[arg(long, value_name = "SPEC", requires = "workspace")]
    pub exclude: Vec<String>,
}

impl PackageArgs {
    /// Writes the selection as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.values("--package", &self.package);
        to.flag("--workspace", self.workspace);
        to.values("--exclude", &self.exclude);
    }
}

/// Target selection of `build` and `test`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Target Selection")]
pub struct TargetArgs {
    /// The package's library
    #[arg(long)]
    pub lib: bool,
    /// All binaries
    #[arg(long)]
    pub bins: bool,
    /// The named binary; may be given several times
    #[arg(long, value_name = "NAME")]
    pub bin: Vec<String>,
    /// All examples
    #[arg(long)]
    pub examples: bool,
    /// The named example; may be given several times
    #[arg(long, value_name = "NAME")]
    pub example: Vec<String>,
    /// All targets that have `test = true`
    #[arg(long)]
    pub tests: bool,
    /// The named test; may be given several times
    #[arg(long, value_name = "NAME")]
    pub test: Vec<String>,
    /// All targets that have `bench = true`
    #[arg(long)]
    pub benches: bool,
    /// The named benchmark; may be given several times
    #[arg(long, value_name = "NAME")]
    pub bench: Vec<String>,
    /// All targets
    #[arg(long)]
    pub all_targets: bool,
}

impl TargetArgs {
    /// Whether nothing is selected, so that cargo's default holds.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether targets are selected that are compiled with rustc's test harness.
    #[must_use]
    pub fn wants_tests(&self) -> bool {
        self.tests
            || self.benches
            || self.all_targets
            || !self.test.is_empty()
            || !self.bench.is_empty()
    }

    /// Writes the selection as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.flag("--lib", self.lib);
        to.flag("--bins", self.bins);
        to.values("--bin", &self.bin);
        to.flag("--examples", self.examples);
        to.values("--example", &self.example);
        to.flag("--tests", self.tests);
        to.values("--test", &self.test);
        to.flag("--benches", self.benches);
        to.values("--bench", &self.bench);
        to.flag("--all-targets", self.all_targets);
    }
}

/// Target selection of `run`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Target Selection")]
pub struct RunTargetArgs {
    /// The binary to run
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    pub bin: Option<String>,
    /// The example to run
    #[arg(long, value_name = "NAME")]
    pub example: Option<String>,
}

/// Feature selection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Feature Selection")]
pub struct FeatureArgs {
    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES")]
    pub features: Vec<String>,
    /// Activate all features
    #[arg(long)]
    pub all_features: bool,
    /// Do not activate the `default` feature
    #[arg(long)]
    pub no_default_features: bool,
}

impl FeatureArgs {
    /// Writes the selection as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.values("--features", &self.features);
        to.flag("--all-features", self.all_features);
        to.flag("--no-default-features", self.no_default_features);
    }
}

/// How to compile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Compilation Options")]
pub struct CompileArgs {
    /// Number of parallel jobs
    #[arg(short, long, value_name = "N", allow_hyphen_values = true)]
    pub jobs: Option<String>,
    /// Build as much as possible after an error
    #[arg(long)]
    pub keep_going: bool,
    /// Build with the named profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Build for this triple; only x86_64-unknown-linux-gnu can be built
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Directory for everything that is generated
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub target_dir: Option<PathBuf>,
}

impl CompileArgs {
    /// Writes the options as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.value("--jobs", self.jobs.as_ref());
        to.flag("--keep-going", self.keep_going);
        to.value("--profile", self.profile.as_ref());
        to.value("--target", self.target.as_ref());
        to.value("--target-dir", self.target_dir.as_ref());
    }
}

/// What cargo tells and checks, and its unstable options, which cargo judges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct MoreArgs {
    /// Report how long each crate took, as HTML
    #[arg(long, value_name = "FMTS", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Compilation Options")]
    pub timings: Option<String>,
    /// Ignore `rust-version` of packages
    #[arg(long, help_heading = "Manifest Options")]
    pub ignore_rust_version: bool,
    /// Path of Cargo.lock (unstable)
    #[arg(long, value_name = "PATH", hide = true)]
    pub lockfile_path: Option<PathBuf>,
    /// Unstable options of a nightly cargo; `-Z help` lists them
    #[arg(short = 'Z', value_name = "FLAG", help_heading = "Manifest Options")]
    pub unstable: Vec<String>,
    /// Change to this directory first (unstable)
    #[arg(short = 'C', value_name = "DIRECTORY", value_hint = ValueHint::DirPath, help_heading = "Manifest Options")]
    pub directory: Option<PathBuf>,
}

impl MoreArgs {
    /// Writes the options as arguments, but for the directory, in which cargo is started.
    pub fn forward(&self, to: &mut Forward) {
        match self.timings.as_deref() {
            Some("") => to.flag("--timings", true),
            Some(formats) => to.0.push(format!("--timings={formats}").into()),
            None => {}
        }
        to.flag("--ignore-rust-version", self.ignore_rust_version);
        to.value("--lockfile-path", self.lockfile_path.as_ref());
        self.forward_unstable(to);
    }

    /// Writes `-Z` as arguments.
    pub fn forward_unstable(&self, to: &mut Forward) {
        to.values("-Z", &self.unstable);
    }
}

/// What only `cargo build` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Compilation Options")]
pub struct BuildOnlyArgs {
    /// Copy final artifacts to this directory (unstable)
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    pub artifact_dir: Option<PathBuf>,
    /// Build only what is needed to compile (unstable)
    #[arg(long, hide = true)]
    pub compile_time_deps: bool,
    /// Print the build plan (unstable)
    #[arg(long, hide = true)]
    pub build_plan: bool,
}

impl BuildOnlyArgs {
    /// Writes the options as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.value("--artifact-dir", self.artifact_dir.as_ref());
        to.flag("--compile-time-deps", self.compile_time_deps);
        to.flag("--build-plan", self.build_plan);
    }
}

/// What only `cargo check` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct CheckOnlyArgs {
    /// Check only what is needed to compile (unstable)
    #[arg(long, hide = true)]
    pub compile_time_deps: bool,
}

impl CheckOnlyArgs {
    /// Writes the options as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.flag("--compile-time-deps", self.compile_time_deps);
    }
}

/// How cargo may use the network and the lock file, and its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Manifest Options")]
pub struct ResolveArgs {
    /// Fail if Cargo.lock would change
    #[arg(long)]
    pub locked: bool,
    /// Do not use the network
    #[arg(long)]
    pub offline: bool,
    /// The same as --locked and --offline
    #[arg(long)]
    pub frozen: bool,
    /// Override a configuration value of cargo
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    pub config: Vec<String>,
}

impl ResolveArgs {
    /// Writes the options as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.flag("--locked", self.locked);
        to.flag("--offline", self.offline);
        to.flag("--frozen", self.frozen);
        to.values("--config", &self.config);
    }
}

/// How cargo talks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Display Options")]
pub struct DisplayArgs {
    /// Print only errors
    #[arg(short, long)]
    pub quiet: bool,
    /// Print more; twice: print everything
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Colours: auto, always, never
    #[arg(long, value_name = "WHEN")]
    pub color: Option<clap::ColorChoice>,
    /// Format of compiler messages: human, short, json, …
    #[arg(long, value_name = "FMT")]
    pub message_format: Vec<String>,
}

impl DisplayArgs {
    /// Writes the options as arguments.
    pub fn forward(&self, to: &mut Forward) {
        to.flag("--quiet", self.quiet);
        (0..self.verbose).for_each(|_| to.flag("-v", true));
        to.value("--color", self.color.map(|choice| choice.to_string()));
        to.values("--message-format", &self.message_format);
    }
}

/// The options that `build`, `run` and `test` share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct CargoArgs {
    /// Build with optimisations: the profile `release`
    #[arg(
        short,
        long,
        conflicts_with = "profile",
        help_heading = "Compilation Options"
    )]
    pub release: bool,
    /// How to compile.
    #[command(flatten)]
    pub compile: CompileArgs,
    /// Print the graph of what would be compiled, as JSON (unstable)
    #[arg(long, help_heading = "Compilation Options")]
    pub unit_graph: bool,
    /// Report what future versions of Rust will refuse
    #[arg(long, help_heading = "Compilation Options")]
    pub future_incompat_report: bool,
    /// Features.
    #[command(flatten)]
    pub features: FeatureArgs,
    /// Path of Cargo.toml
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = "Manifest Options")]
    pub manifest_path: Option<PathBuf>,
    /// Lock file, network, configuration.
    #[command(flatten)]
    pub resolve: ResolveArgs,
    /// Output.
    #[command(flatten)]
    pub display: DisplayArgs,
    /// Reports, checks, unstable options.
    #[command(flatten)]
    pub more: MoreArgs,
}

impl CargoArgs {
    /// Writes the options as arguments of a cargo command that builds.
    pub fn forward(&self, to: &mut Forward) {
        to.flag("--release", self.release);
        self.compile.forward(to);
        to.flag("--unit-graph", self.unit_graph);
        to.flag("--future-incompat-report", self.future_incompat_report);
        self.features.forward(to);
        to.value("--manifest-path", self.manifest_path.as_ref());
        self.resolve.forward(to);
        self.display.forward(to);
        self.more.forward(to);
    }

    /// The profile that is built; `test` and `bench` targets have their own, which inherit from it.
    #[must_use]
    pub fn profile(&self) -> &str {
        match (&self.compile.profile, self.release) {
            (Some(name), _) => name,
            (None, true) => "release",
            (None, false) => "dev",
        }
    }
}

/// What `cargo install` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct InstallCargoArgs {
    /// Crates to install: NAME or NAME@VERSION
    #[arg(value_name = "CRATE")]
    pub crates: Vec<String>,
    /// Version to install
    #[arg(long, value_name = "VERSION", alias = "vers")]
    pub version: Option<String>,
    /// Git repository to install from
    #[arg(long, value_name = "URL", help_heading = "Source")]
    pub git: Option<String>,
    /// Branch of the repository
    #[arg(long, value_name = "BRANCH", help_heading = "Source")]
    pub branch: Option<String>,
    /// Tag of the repository
    #[arg(long, value_name = "TAG", help_heading = "Source")]
    pub tag: Option<String>,
    /// Commit of the repository
    #[arg(long, value_name = "SHA", help_heading = "Source")]
    pub rev: Option<String>,
    /// Local directory to install from
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath, help_heading = "Source")]
    pub path: Option<PathBuf>,
    /// Registry to use
    #[arg(long, value_name = "REGISTRY", help_heading = "Source")]
    pub registry: Option<String>,
    /// Registry index to use
    #[arg(long, value_name = "INDEX", help_heading = "Source")]
    pub index: Option<String>,
    /// Directory to install into
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: Option<PathBuf>,
    /// Overwrite what is installed
    #[arg(short, long)]
    pub force: bool,
    /// Print what would be installed, but install nothing (unstable)
    #[arg(long = "dry-run", id = "cargo_dry_run")]
    pub dry_run: bool,
    /// List what is installed
    #[arg(long)]
    pub list: bool,
    /// Keep no record of what is installed
    #[arg(long)]
    pub no_track: bool,
    /// Build with the profile `dev`
    #[arg(long, conflicts_with = "profile", help_heading = "Compilation Options")]
    pub debug: bool,
    /// All binaries
    #[arg(long, help_heading = "Target Selection")]
    pub bins: bool,
    /// The named binary; may be given several times
    #[arg(long, value_name = "NAME", help_heading = "Target Selection")]
    pub bin: Vec<String>,
    /// All examples
    #[arg(long, help_heading = "Target Selection")]
    pub examples: bool,
    /// The named example; may be given several times
    #[arg(long, value_name = "NAME", help_heading = "Target Selection")]
    pub example: Vec<String>,
    /// How to compile.
    #[command(flatten)]
    pub compile: CompileArgs,
    /// Features.
    #[command(flatten)]
    pub features: FeatureArgs,
    /// Lock file, network, configuration.
    #[command(flatten)]
    pub resolve: ResolveArgs,
    /// Output.
    #[command(flatten)]
    pub display: DisplayArgs,
    /// Reports, checks, unstable options.
    #[command(flatten)]
    pub more: MoreArgs,
}

impl InstallCargoArgs {
    /// Writes the options as arguments of `cargo install`.
    pub fn forward(&self, to: &mut Forward) {
        to.0.extend(self.crates.iter().map(OsString::from));
        to.value("--version", self.version.as_ref());
        to.value("--git", self.git.as_ref());
        to.value("--branch", self.branch.as_ref());
        to.value("--tag", self.tag.as_ref());
        to.value("--rev", self.rev.as_ref());
        to.value("--path", self.path.as_ref());
        to.value("--registry", self.registry.as_ref());
        to.value("--index", self.index.as_ref());
        to.value("--root", self.root.as_ref());
        to.flag("--force", self.force);
        to.flag("--dry-run", self.dry_run);
        to.flag("--list", self.list);
        to.flag("--no-track", self.no_track);
        to.flag("--debug", self.debug);
        to.flag("--bins", self.bins);
        to.values("--bin", &self.bin);
        to.flag("--examples", self.examples);
        to.values("--example", &self.example);
        self.compile.forward(to);
        self.features.forward(to);
        self.resolve.forward(to);
        self.display.forward(to);
        self.more.forward(to);
    }

    /// The profile that is built.
    #[must_use]
    pub fn profile(&self) -> &str {
        match (&self.compile.profile, self.debug) {
            (Some(name), _) => name,
            (None, true) => "dev",
            (None, false) => "release",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Build {
        #[command(flatten)]
        packages: PackageArgs,
        #[command(flatten)]
        targets: TargetArgs,
        #[command(flatten)]
        cargo: CargoArgs,
    }

    #[derive(Parser)]
    #[command(disable_version_flag = true)]
    struct Install {
        #[command(flatten)]
        cargo: InstallCargoArgs,
    }

    #[test]
    fn what_is_read_is_handed_on() {
        let given = "--package a --workspace --exclude b --lib --bins --bin c --examples --example d --tests --test e --benches \
             --bench f --all-targets --release --jobs 2 --keep-going --target t --target-dir /t --unit-graph --future-incompat-report --features x,y --features z \
             --all-features --no-default-features --manifest-path m/Cargo.toml --locked --offline --frozen --config k=1 --quiet \
             -v -v --color never --message-format json --timings --ignore-rust-version --lockfile-path l -Z a -Z b";
        let args: Vec<_> = given.split_whitespace().collect();
        let build = Build::try_parse_from(std::iter::once("x").chain(args.clone()))
            .unwrap_or_else(|e| panic!("{e}"));
        let mut forward = Forward::default();
        build.packages.forward(&mut forward);
        build.targets.forward(&mut forward);
        build.cargo.forward(&mut forward);
        assert_eq!(forward.into_args(), args);
    }

    #[test]
    fn what_install_reads_is_handed_on() {
        let given = "ripgrep fd-find --version 1 --git u --branch b --tag t --rev r --path p --registry g --index i --root R --force \
             --dry-run --list --no-track --debug --bins --bin c --examples --example d --jobs -1 --features x --locked --quiet";
        let args: Vec<_> = given.split_whitespace().collect();
        let install = Install::try_parse_from(std::iter::once("x").chain(args.clone()))
            .unwrap_or_else(|e| panic!("{e}"));
        let mut forward = Forward::default();
        install.cargo.forward(&mut forward);
        assert_eq!(forward.into_args(), args);
    }

    #[test]
    fn the_profile_has_cargos_defaults() {
        let profile = |args: &[&str]| {
            let build = Build::try_parse_from(std::iter::once(&"x").chain(args))
                .unwrap_or_else(|e| panic!("{e}"));
            build.cargo.profile().to_owned()
        };
        assert_eq!(profile(&[]), "dev");
        assert_eq!(profile(&["-r"]), "release");
        assert_eq!(profile(&["--profile", "lto"]), "lto");
    }
}
