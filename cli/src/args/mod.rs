//! The command line of the subcommand, as clap reads it. Only syntax is checked here; nothing is opened or started.
//!
//! [`cargo`] holds cargo's own options and hands them on, [`emit`] the `--emit` requests; `order` lets options stand before the subcommand; [`through`] reads
//! the commands of cargo that are run as they are, `others` says what to do about those that are not here; `completions` makes scripts for shells.

pub mod cargo;
mod completions;
pub mod emit;
mod order;
mod others;
pub mod through;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gobuild_codegen::buildinfo::{Malloc, Std};

use crate::config::{BuildVcs, Layer, LinkerChoice, parse_malloc, parse_stamp, parse_std};
use cargo::{
    BuildOnlyArgs, CargoArgs, CheckOnlyArgs, DisplayArgs, InstallCargoArgs, MoreArgs, PackageArgs,
    RunTargetArgs, TargetArgs,
};
use emit::EmitRequest;

pub use completions::completions;

const EXAMPLES: &str = "\
Examples:
  cargo gobuild --release                  build the binaries of this package
  cargo gobuild run -- --port 80           build and run
  cargo gobuild --emit inittask            print what runs before main, and why in that order
  cargo gobuild -n                         print the steps and the link line, do nothing
  cargo gobuild --linker mold test         link the tests with mold and run them
  cargo gobuild install ripgrep --root .   install a crate from the registry
  cargo gobuild inspect target/debug/app   show what is in a binary
  cargo gobuild -- nextest run             run any cargo command, with programs and tests linked by this tool

Settings of a project are in [package.metadata.gobuild] or [workspace.metadata.gobuild]:
  linker = \"mold\"     stack-size = \"256K\"     goamd64 = \"v3\"     mode = \"hosted\"
The environment overrides them: CARGO_GOBUILD_LINKER, CARGO_GOBUILD_STACK_SIZE, GOAMD64, CARGO_GOBUILD_MODE,
CARGO_GOBUILD_STD, CARGO_GOBUILD_MALLOC, CARGO_GOBUILD_BUILDVCS, CARGO_GOBUILD_STAMP.";

/// Build Rust programs whose threads are goroutines, as one static executable
///
/// The program starts as a Go program does: it boots a goroutine scheduler, runs the init functions of all crates in dependency
/// order, and then main. Any ordinary bin crate builds unchanged.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-gobuild",
    bin_name = "cargo gobuild",
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do; `build` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The options of `build`, for when no subcommand is given.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Any cargo command; this tool links its programs and tests
    #[arg(last = true, value_name = "CARGO COMMAND", help_heading = "Arguments")]
    pub through: Vec<OsString>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build the selected targets (the default)
    #[command(
        visible_alias = "b",
        after_help = "All options of `cargo build` work as they do there."
    )]
    Build(Box<BuildArgs>),
    /// Check without compiling to code: what rustc finds, and what is wrong with inits
    #[command(
        visible_alias = "c",
        after_help = "All options of `cargo check` work as they do there."
    )]
    Check(Box<CheckArgs>),
    /// Build a binary or example and run it
    #[command(visible_alias = "r")]
    Run(Box<RunArgs>),
    /// Build the tests and run them; each test program boots as the real program does
    #[command(visible_alias = "t")]
    Test(Box<TestArgs>),
    /// Build the benchmarks and run them; each program boots as the real one does
    Bench(Box<TestArgs>),
    /// Build and install a crate, as `cargo install` does
    #[command(disable_version_flag = true)]
    Install(Box<InstallArgs>),
    /// Show what a built binary holds: entry point, inits in order, build info, packages
    Inspect(InspectArgs),
    /// Make plain cargo link the programs of this workspace as this tool does
    ///
    /// Writes `build.rustc-workspace-wrapper` and `build.rustdoc` into the workspace's .cargo/config.toml. From then on `cargo build`, `run`, `test`, `bench`, `nextest`
    /// and the buttons of an editor link programs as `cargo gobuild` does, and nothing is compiled twice. If Cargo.toml sets `goamd64`, the compiler's flag for it is written, too: run setup
    /// again when the level changes.
    Setup(SetupArgs),
    /// Print variables that mean the same as `setup`, for a shell or an editor
    ///
    /// For a shell: eval "$(cargo gobuild env)"
    Env(EnvArgs),
    /// Print a completion script for a shell
    #[command(after_help = completions::INSTALL)]
    Completions(CompletionsArgs),
    /// Write manual pages, one for each subcommand
    Man(ManArgs),
}

/// `cargo gobuild build`
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Which packages.
    #[command(flatten)]
    pub packages: PackageArgs,
    /// Which targets.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Options that cargo gets.
    #[command(flatten)]
    pub cargo: CargoArgs,
    /// Options of this tool.
    #[command(flatten)]
    pub go: GoArgs,
    /// Write or print what the build knows: KIND or KIND=PATH, several with commas (`=-` is standard output)
    ///
    /// Kinds: inittask (what runs before main, in order, and why), inittask-json, graph (DOT, or SVG for a PATH that ends in
    /// .svg), rt0 (the assembly from the entry point on), mainpc (the object with runtime.mainPC), obj (all generated objects;
    /// PATH is a directory), link-args, blocking (which calls park goroutines and which keep their thread, crate by crate), stamps (the strings that are set). Without PATH,
    /// text goes to standard output; objects stay where they are, and their paths are printed. Only obj, link-args, blocking and stamps need a build: for the other kinds the source is enough, and nothing is built.
    #[arg(long, value_name = "KIND[=PATH]", value_parser = emit::parse, value_delimiter = ',', help_heading = "Gobuild Options")]
    pub emit: Vec<EmitRequest>,
    /// What only `cargo build` takes.
    #[command(flatten)]
    pub only: BuildOnlyArgs,
}

/// `cargo gobuild check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Which packages.
    #[command(flatten)]
    pub packages: PackageArgs,
    /// Which targets.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Options that cargo gets.
    #[command(flatten)]
    pub cargo: CargoArgs,
    /// Options of this tool.
    #[command(flatten)]
    pub go: GoArgs,
    /// What only some commands take.
    #[command(flatten)]
    pub only: CheckOnlyArgs,
}

/// `cargo gobuild run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Package with the target to run
    #[arg(short, long, value_name = "SPEC", help_heading = "Package Selection")]
    pub package: Option<String>,
    /// Which target.
    #[command(flatten)]
    pub target: RunTargetArgs,
    /// Options that cargo gets.
    #[command(flatten)]
    pub cargo: CargoArgs,
    /// Options of this tool.
    #[command(flatten)]
    pub go: GoArgs,
    /// Arguments for the program
    #[arg(trailing_var_arg = true, value_name = "ARGS")]
    pub args: Vec<OsString>,
}

/// `cargo gobuild test` and `cargo gobuild bench`
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// Only run tests whose names contain this
    #[arg(value_name = "TESTNAME")]
    pub filter: Option<OsString>,
    /// Arguments for the test binaries
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<OsString>,
    /// Which packages.
    #[command(flatten)]
    pub packages: PackageArgs,
    /// Which targets.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Test only the examples in this library's documentation
    #[arg(long, help_heading = "Target Selection")]
    pub doc: bool,
    /// Build, but do not run
    #[arg(long)]
    pub no_run: bool,
    /// Run all tests, even if one fails
    #[arg(long)]
    pub no_fail_fast: bool,
    /// Options that cargo gets.
    #[command(flatten)]
    pub cargo: CargoArgs,
    /// Options of this tool.
    #[command(flatten)]
    pub go: GoArgs,
}

/// `cargo gobuild install`
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// Options of this tool.
    #[command(flatten)]
    pub go: GoArgs,
    /// Options that cargo gets.
    #[command(flatten)]
    pub cargo: InstallCargoArgs,
}

/// `cargo gobuild inspect`
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Binaries, or directories in which all binaries of this tool are shown
    #[arg(value_name = "PATH", required = true, value_hint = clap::ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = InspectFormat::Text, value_name = "FORMAT")]
    pub format: InspectFormat,
}

/// How `inspect` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InspectFormat {
    /// For people.
    Text,
    /// For programs: one JSON object for each binary.
    Json,
}

/// `cargo gobuild setup`
#[derive(Debug, Args)]
pub struct SetupArgs {
    /// Take back what `setup` has written
    #[arg(long)]
    pub remove: bool,
    /// Path of Cargo.toml
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    pub manifest_path: Option<PathBuf>,
}

/// `cargo gobuild env`
#[derive(Debug, Args)]
pub struct EnvArgs {
    /// Print one JSON object, as editors have it in their settings
    #[arg(long)]
    pub json: bool,
}

/// `cargo gobuild completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `cargo gobuild man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where to write them: `man` finds those in the directories man1 of $MANPATH and in ~/.local/share/man/man1
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

/// The options that are not cargo's.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Gobuild Options")]
pub struct GoArgs {
    /// The linker: auto, cc, lld, mold, wild, or the PATH of a linker or C compiler
    ///
    /// auto uses the linker that rustc and your configuration choose; cc uses the default linker of the C compiler. A PATH is taken for a C compiler,
    /// unless its name is that of a linker (ld, ld.*, *lld, mold, wild).
    #[arg(long, value_name = "NAME|PATH")]
    pub linker: Option<LinkerChoice>,
    /// What the threads of std::thread are: goroutines (the default), or threads (of the operating system)
    ///
    /// With goroutines, a program that starts a thread for each connection or task needs only a few threads of the operating system. Threads that C code starts are threads of the operating system in any case.
    #[arg(long, value_name = "goroutines|threads", value_parser = parse_std)]
    pub std: Option<Std>,
    /// Whose malloc the program has: that of libc (the default), or the runtime, whose memory belongs to processors and not to threads
    ///
    /// With runtime, 100,000 goroutines that have allocated keep no memory for later each. Programs with a `#[global_allocator]` of their own keep that.
    #[arg(long, value_name = "libc|runtime", value_parser = parse_malloc)]
    pub malloc: Option<Malloc>,
    /// Whether the binary names the revision of its source: auto (the default), true, or false
    ///
    /// auto names it if git knows it, and if --trimpath is not given; true makes it an error if git does not. `inspect` shows it.
    #[arg(long, value_name = "auto|true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub buildvcs: Option<BuildVcs>,
    /// Set the value of a static with `#[rtlib::stamp]`, as in main::VERSION=1.2.3; may be given several times
    ///
    /// The name has the crate and its modules before it; `main` is the crate of the binary. Where two versions of a crate are linked: crate@1.0.0::NAME. A change links again, and compiles no library.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_stamp)]
    pub stamp: Vec<(String, String)>,
    /// Leave the paths of this machine out of the binary
    #[arg(long)]
    pub trimpath: bool,
    /// Print the steps and the link line, but do nothing
    #[arg(short = 'n', conflicts_with = "print_commands")]
    pub dry_run: bool,
    /// Print the steps and the link line while doing them
    #[arg(short = 'x')]
    pub print_commands: bool,
}

impl GoArgs {
    /// The settings among them.
    #[must_use]
    pub fn layer(&self) -> Layer {
        Layer {
            linker: self.linker.clone(),
            std: self.std,
            malloc: self.malloc,
            buildvcs: self.buildvcs,
            stamps: self.stamp.iter().cloned().collect(),
            ..Layer::default()
        }
    }
}

impl Cli {
    /// How cargo talks, and its options that hold for the whole command; none of a command that calls no cargo for the user.
    #[must_use]
    pub fn of_cargo(&self) -> Option<(&DisplayArgs, &MoreArgs)> {
        let cargo = match &self.command {
            None => &self.build.cargo,
            Some(Command::Build(args)) => &args.cargo,
            Some(Command::Check(args)) => &args.cargo,
            Some(Command::Run(args)) => &args.cargo,
            Some(Command::Test(args) | Command::Bench(args)) => &args.cargo,
            Some(Command::Install(args)) => return Some((&args.cargo.display, &args.cargo.more)),
            Some(
                Command::Inspect(_)
                | Command::Setup(_)
                | Command::Env(_)
                | Command::Completions(_)
                | Command::Man(_),
            ) => return None,
        };
        Some((&cargo.display, &cargo.more))
    }
}

/// The command line. Options that cargo's command has not are hidden, and cargo refuses them: it says what to use in their place.
#[must_use]
pub fn definition() -> clap::Command {
    let hide = |names: &'static [&'static str]| {
        move |mut command: clap::Command| {
            for name in names {
                command = command.mut_arg(name, |arg| arg.hide(true));
            }
            command
        }
    };
    let of_benches = |arg: clap::Arg| {
        arg.value_name("BENCHNAME")
            .help("Only run benchmarks whose names contain this")
    };
    Cli::command()
        .mut_subcommand("run", hide(&["future_incompat_report"]))
        .mut_subcommand("test", hide(&["keep_going"]))
        .mut_subcommand("bench", |command| {
            let hidden = &["keep_going", "release", "doc", "future_incompat_report"];
            hide(hidden)(command)
                .mut_arg("filter", of_benches)
                .mut_arg("args", |arg| arg.help("Arguments for the benchmarks"))
        })
}

/// Reads the arguments after the program's name.
///
/// # Errors
/// clap's error, which also stands for `--help` and `--version`.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut definition = definition();
    definition.build();
    let args: Vec<_> = args.into_iter().collect();
    if let Some(message) = others::refused(&definition, &args) {
        return Err(definition.error(clap::error::ErrorKind::InvalidSubcommand, message));
    }
    let args = order::subcommand_first(&definition, args);
    let args = std::iter::once(OsString::from("cargo gobuild")).chain(args);
    let cli = Cli::from_arg_matches(&self::definition().try_get_matches_from(args)?)?;
    match cli.through.is_empty() || !cli.build.has_options_of_cargo() {
        true => Ok(cli),
        false => Err(definition.error(
            clap::error::ErrorKind::ArgumentConflict,
            "cargo's options belong to the command: they stand behind it, as in `cargo gobuild -- test --release`",
        )),
    }
}

impl BuildArgs {
    /// Whether there is an option that cargo would get, or that only `build` has. How this tool talks, and where, is its own affair.
    fn has_options_of_cargo(&self) -> bool {
        let mut cargo = self.cargo.clone();
        cargo.display = Default::default();
        cargo.more.directory = None;
        cargo.more.unstable.clear();
        cargo != CargoArgs::default()
            || self.packages != PackageArgs::default()
            || !self.targets.is_default()
            || self.only != BuildOnlyArgs::default()
            || !self.emit.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Cli {
        parse(args.iter().map(OsString::from)).unwrap_or_else(|e| panic!("{args:?}: {e}"))
    }

    #[test]
    fn the_definition_is_consistent() {
        definition().debug_assert();
    }

    #[test]
    fn build_is_the_default() {
        let cli = parsed(&[
            "--release",
            "--bin",
            "app",
            "--emit",
            "inittask,graph=g.svg",
        ]);
        assert!(cli.command.is_none());
        assert!(cli.build.cargo.release);
        assert_eq!(cli.build.targets.bin, ["app"]);
        assert_eq!(cli.build.emit.len(), 2);
    }

    #[test]
    fn program_arguments_follow_the_dashes() {
        let Some(Command::Run(run)) = parsed(&["run", "-q", "--", "-x", "--release"]).command
        else {
            panic!("not run");
        };
        assert_eq!(run.args, ["-x", "--release"]);
        assert!(!run.cargo.release);
    }

    #[test]
    fn test_takes_a_filter_and_arguments() {
        let Some(Command::Test(test)) =
            parsed(&["test", "--lib", "name", "--", "--nocapture"]).command
        else {
            panic!("not test");
        };
        assert_eq!(test.filter.as_deref(), Some("name".as_ref()));
        assert_eq!(test.args, ["--nocapture"]);
    }

    #[test]
    fn install_takes_options_in_any_order() {
        let Some(Command::Install(install)) = parsed(&[
            "install",
            "--root",
            "/x",
            "ripgrep",
            "--version",
            "15",
            "--linker",
            "cc",
        ])
        .command
        else {
            panic!("not install");
        };
        assert_eq!(install.cargo.crates, ["ripgrep"]);
        assert_eq!(install.cargo.version.as_deref(), Some("15"));
        assert_eq!(install.go.linker, Some(LinkerChoice::Cc));
    }

    #[test]
    fn options_may_stand_before_the_subcommand() {
        let cli = parsed(&[
            "-qp",
            "app",
            "--linker",
            "cc",
            "--target-dir=t",
            "run",
            "--",
            "test",
        ]);
        let Some(Command::Run(run)) = cli.command else {
            panic!("not run");
        };
        assert_eq!(run.package.as_deref(), Some("app"));
        assert_eq!(run.go.linker, Some(LinkerChoice::Cc));
        assert_eq!(run.args, ["test"]);
        assert!(matches!(
            parsed(&["-n", "t"]).command,
            Some(Command::Test(_))
        ));
    }

    #[test]
    fn a_value_that_is_named_like_a_subcommand_is_a_value() {
        let cli = parsed(&["--bin", "test", "--example=run", "-p", "install"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.build.targets.bin, ["test"]);
    }

    #[test]
    fn options_that_the_subcommand_has_not_are_refused() {
        assert!(parse(["--emit", "inittask", "run"].map(OsString::from)).is_err());
    }

    #[test]
    fn any_command_stands_behind_the_dashes_with_its_options() {
        let cli = parsed(&["--linker", "cc", "-q", "--", "nextest", "run", "--release"]);
        assert_eq!(cli.through, ["nextest", "run", "--release"]);
        assert_eq!(cli.build.go.linker, Some(LinkerChoice::Cc));
        for option in [
            "--release",
            "-papp",
            "--all-targets",
            "--emit=graph",
            "--locked",
        ] {
            let args = [option, "--", "nextest", "run"].map(OsString::from);
            let error = parse(args).expect_err(option).to_string();
            assert!(error.contains("stand behind it"), "{error}");
        }
    }
}
