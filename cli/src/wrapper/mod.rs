//! The wrapper: cargo calls this executable in front of rustc.
//!
//! As `build.rustc-workspace-wrapper` it adds the link arguments to programs and tests of the workspace, and to nothing else. It is `build.rustc-wrapper`, too, where
//! `cargo rustc` builds one program, of which cargo keeps no record, and where paths are trimmed: then it puts `--remap-path-prefix` in the place of a marker that holds no path, since
//! cargo hashes the flags that it knows of. When it is both, cargo names it twice, and one process does both. It calls the wrappers of the user that it
//! displaced. One that it did not displace stands before it and may have cleared the environment: then less is known of the crate, and the source tells.
//!
//! It takes the reports of the linker driver, and says errors as rustc would (`relay`).
//!
//! In a workspace that `cargo gobuild setup` has set up plain cargo calls it as well. Then it has a plan made for each program ([`MakePlan`]), and has cargo watch the
//! places that settings come from (`depinfo`).
//!
//! As `build.rustdoc` (only for tests) it adds the link arguments to doctests, which rustdoc compiles without asking any wrapper.
//!
//! What an invocation of rustc is, is read by the pure `Rustc`; [`main`] does what it needs.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_codegen::model::{PackageId, RootTarget, TargetKind};

pub mod depinfo;
mod relay;

use crate::ancestors;
use crate::config::BuildVcs;
use crate::error::Error;
use crate::exit_code;
use crate::files;
use crate::invocation::{link_flags, path_with};
use crate::linker::args::MARKER;
use crate::metadata::{Member, MemberTargetKind};
use crate::plan_file::{
    self, Handed, PLAN_VAR, PackageSource, PlanFile, PlanFileError, Recipe, TARGET_VAR, Wrappers,
};
use crate::report::Report;
use crate::trim;
use crate::vcs;

/// The variable with the rustdoc that ours stands before. Doctests, and nothing else, are then linked without a target being named.
pub const RUSTDOC_VAR: &str = "GOBUILD_RUSTDOC";

/// Why rustc was not called.
#[derive(Debug, thiserror::Error)]
pub enum WrapperError {
    /// No plan.
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    /// None can be made, for plain cargo.
    #[error(transparent)]
    Unplanned(Box<Error>),
    /// A program that does not start.
    #[error("cannot run `{program}`", program = program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// rustc's dependency information.
    #[error("cannot add the settings of cargo gobuild to {path}", path = path.display())]
    DepInfo {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl WrapperError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Plan(error) => error.help().map(str::to_owned),
            Self::Unplanned(error) => error.help(),
            Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("check RUSTC, RUSTC_WRAPPER and RUSTC_WORKSPACE_WRAPPER".into())
            }
            Self::Start { program, source } => crate::error::start_help(program, source),
            Self::DepInfo { .. } => {
                Some("check the permissions and the free space of the target directory".into())
            }
        }
    }
}

/// Makes a plan where no `cargo gobuild` has made one.
pub type MakePlan = fn() -> Result<Handed, Error>;

/// Runs `program` (rustc, or another wrapper) with `args`, changed as needed. `make_plan` is called for a program that plain cargo builds.
#[must_use]
pub fn main(program: &OsStr, args: Vec<OsString>, make_plan: MakePlan) -> u8 {
    let of_rustc = args.clone();
    report(wrap(program, args, make_plan), &of_rustc)
}

/// Runs rustdoc, which makes programs of a library's doctests; those of a proc macro are linked as cargo has them.
#[must_use]
pub fn rustdoc(args: &[OsString], make_plan: MakePlan) -> u8 {
    report(document(args, make_plan), args)
}

fn report(result: Result<u8, WrapperError>, args: &[OsString]) -> u8 {
    result.unwrap_or_else(|error| {
        relay::say(&Report::of(&error, error.help()), args);
        exit_code::FAILURE
    })
}

fn document(args: &[OsString], make_plan: MakePlan) -> Result<u8, WrapperError> {
    let rustdoc = std::env::var_os(RUSTDOC_VAR).unwrap_or_else(|| "rustdoc".into());
    let mut command = Command::new(&rustdoc);
    let of_macros = || {
        let types = Rustc::read(args).crate_types;
        types.iter().any(|one| one == "proc-macro")
    };
    if !args.iter().any(|arg| arg == "--test") || of_macros() {
        return Err(replace(command.args(without_linker(args))));
    }
    command.args(without_linker(args)).env(RUSTDOC_VAR, rustdoc);
    let plan = match PlanFile::from_env() {
        Err(PlanFileError::Missing(_)) => {
            let (plan, variables) = made(make_plan)?;
            command.envs(variables);
            plan
        }
        found => found?,
    };
    let dir = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    command.args(link_flags(&plan.recipe_for(Path::new(&dir)).marker));
    Err(replace(&mut command))
}

/// A plan, and the variables by which the driver below rustc finds it.
fn made(make_plan: MakePlan) -> Result<(PlanFile, Variables), WrapperError> {
    let Handed { plan, path, bin } =
        make_plan().map_err(|error| WrapperError::Unplanned(Box::new(error)))?;
    let mut variables = vec![(PLAN_VAR, path.into_os_string())];
    variables.extend(bin.map(|dir| ("PATH", path_with(&dir))));
    Ok((plan, variables))
}

type Variables = Vec<(&'static str, OsString)>;

fn wrap(program: &OsStr, mut args: Vec<OsString>, make_plan: MakePlan) -> Result<u8, WrapperError> {
    let (plan, variables) = match PlanFile::from_env() {
        Err(PlanFileError::Missing(_)) if !Rustc::read(&args).may_be_program() => {
            return Err(replace(Command::new(program).args(args)));
        }
        Err(PlanFileError::Missing(_)) => made(make_plan).map(|(plan, all)| (plan, Some(all)))?,
        found => (found?, None),
    };
    let trims = !plan.trim.is_empty();
    if trims {
        args = trimmed(args, &plan);
    }
    let is_both = Path::new(program).file_name() == Some(OsStr::new(crate::TOOL));
    let rustc_program = match is_both && !args.is_empty() {
        true => args.remove(0),
        false => program.to_owned(),
    };
    let Wrappers {
        rustc: of_all,
        workspace: of_members,
    } = &plan.wrappers;
    let displaced = match (is_both, trims) {
        (true, _) => vec![of_all, of_members],
        (false, true) => vec![of_all],
        (false, false) => vec![of_members],
    };
    let mut command = chain(displaced.into_iter().flatten(), rustc_program);
    let rustc = Rustc::read(&args);
    let around = Surroundings::of_process();
    // `cargo rustc` has given it our arguments.
    if rustc.is_ours && rustc.links {
        let status = relay::run(command.args(&args), &args);
        return match status {
            Ok(status) => Ok(exit_code::of_status(status)),
            Err(source) => Err(start_error(&command, source)),
        };
    }
    let Some(target) = rustc.program(&plan.members, &around) else {
        return Err(replace(command.args(args)));
    };
    let dir = plan.dir_of(&target.package);
    let recipe = plan.recipe_for(dir.unwrap_or(&around.manifest_dir));
    command
        .args(without_linker(&args))
        .args(link_flags(&recipe.marker));
    command.env(TARGET_VAR, plan_file::target_to_env(&target)?);
    command.envs(variables.unwrap_or_default());
    let status = relay::run(&mut command, &args).map_err(|source| start_error(&command, source))?;
    if status.success() {
        watch(rustc.dep_info(), &plan, &target, recipe)?;
    }
    Ok(exit_code::of_status(status))
}

/// The arguments with paths trimmed, those of the directory in which cargo builds included: generated sources are there.
fn trimmed(args: Vec<OsString>, plan: &PlanFile) -> Vec<OsString> {
    let generated = std::env::var_os("OUT_DIR").map(PathBuf::from);
    let output = generated.or_else(|| Rustc::read(&args).out_dir);
    match output {
        Some(output) => trim::remapped(args, &trim::with_output(plan.trim.clone(), &output)),
        None => trim::remapped(args, &plan.trim),
    }
}

/// `program` behind wrappers, each of which gets the next one as its first argument.
fn chain<'a>(wrappers: impl Iterator<Item = &'a PathBuf>, program: OsString) -> Command {
    let mut words = wrappers
        .map(|wrapper| wrapper.clone().into_os_string())
        .chain([program]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// Becomes the command; comes back only if that fails.
fn replace(command: &mut Command) -> WrapperError {
    let source = command.exec();
    start_error(command, source)
}

fn start_error(command: &Command, source: io::Error) -> WrapperError {
    WrapperError::Start {
        program: command.get_program().into(),
        source,
    }
}

/// Makes cargo build again when what the program was made with changes.
fn watch(
    dep_info: Option<PathBuf>,
    plan: &PlanFile,
    target: &RootTarget,
    recipe: &Recipe,
) -> Result<(), WrapperError> {
    let Some(path) = dep_info else {
        return Ok(());
    };
    let watched = std::fs::read_to_string(&path).and_then(|text| {
        let text = match plan.is_set_up {
            true => depinfo::with_sources(&text, &sources(plan, target, recipe), |name| {
                std::env::var(name).ok()
            }),
            false => depinfo::with_settings(&text, &plan.settings_hash()),
        };
        files::write_whole(&path, text.as_bytes())
    });
    watched.map_err(|source| WrapperError::DepInfo { path, source })
}

/// The files that settings come from, this tool, and what changes with the revision that the program names.
fn sources(plan: &PlanFile, target: &RootTarget, recipe: &Recipe) -> Vec<PathBuf> {
    let mut members = plan.members.iter();
    let of_package = members.find(|member| member.id == target.package);
    let mut files: Vec<PathBuf> = of_package
        .map(|member| member.manifest_path.clone())
        .into_iter()
        .collect();
    if let PackageSource::Known(packages) = &plan.packages {
        let root = &packages.workspace_root;
        files.push(root.join("Cargo.toml"));
        if target.kind.names_revision() && recipe.settings.buildvcs != BuildVcs::False {
            files.extend(vcs::watched(root));
        }
    }
    files.extend(std::env::current_exe());
    files.dedup();
    files
}

/// The arguments without `-C linker=…`: the plan holds the user's linker, and the last one on the line would win over ours.
fn without_linker(args: &[OsString]) -> Vec<OsString> {
    let mut out: Vec<OsString> = Vec::with_capacity(args.len());
    for arg in args {
        let bytes = arg.as_bytes();
        let after_codegen = out
            .last()
            .is_some_and(|last| last == "-C" || last == "--codegen");
        if after_codegen && bytes.starts_with(b"linker=") {
            out.pop();
        } else if !bytes.starts_with(b"-Clinker=") && !bytes.starts_with(b"--codegen=linker=") {
            out.push(arg.clone());
        }
    }
    out
}

/// The target that the rustc above us links: what it was called with says so when no variable does.
#[must_use]
pub fn target_of_caller(members: &[Member]) -> Option<RootTarget> {
    let (args, current_dir) = ancestors::caller()?;
    let around = Surroundings {
        manifest_dir: ancestors::var("CARGO_MANIFEST_DIR")?.into(),
        bin_name: ancestors::var("CARGO_BIN_NAME").and_then(|name| name.into_string().ok()),
        current_dir,
    };
    let rustc = Rustc {
        is_ours: false,
        ..Rustc::read(args.get(1..)?)
    };
    rustc.program(members, &around)
}

/// What cargo says about an invocation beside its arguments.
struct Surroundings {
    /// Empty when a wrapper took it away.
    manifest_dir: PathBuf,
    bin_name: Option<String>,
    current_dir: PathBuf,
}

impl Surroundings {
    fn of_process() -> Self {
        Self {
            manifest_dir: std::env::var_os("CARGO_MANIFEST_DIR")
                .map(PathBuf::from)
                .unwrap_or_default(),
            bin_name: std::env::var("CARGO_BIN_NAME").ok(),
            current_dir: std::env::current_dir().unwrap_or_default(),
        }
    }
}

/// An invocation of rustc, as far as it matters.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rustc {
    crate_name: Option<String>,
    source: Option<PathBuf>,
    edition: String,
    /// Empty for tests without a harness: rustc then makes a program.
    crate_types: Vec<String>,
    is_test: bool,
    links: bool,
    writes_dep_info: bool,
    out_dir: Option<PathBuf>,
    extra_filename: String,
    /// Is a proc macro's test, which must be linked dynamically.
    uses_compiler: bool,
    /// Has our arguments already.
    is_ours: bool,
}

impl Rustc {
    fn read(args: &[OsString]) -> Self {
        let mut this = Self {
            edition: "2015".into(),
            ..Self::default()
        };
        let mut args = args.iter().map(|arg| arg.to_string_lossy());
        while let Some(arg) = args.next() {
            let (name, glued) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => {
                    (name.to_owned(), Some(value.to_owned()))
                }
                _ => (arg.into_owned(), None),
            };
            let mut value = || {
                glued
                    .clone()
                    .or_else(|| args.next().map(|v| v.into_owned()))
                    .unwrap_or_default()
            };
            match name.as_str() {
                "--crate-name" => this.crate_name = Some(value()),
                "--crate-type" => this.crate_types.push(value()),
                "--edition" => this.edition = value(),
                "--test" => this.is_test = true,
                "--out-dir" => this.out_dir = Some(value().into()),
                "--emit" => this.read_emit(&value()),
                "--extern" => this.uses_compiler |= value() == "proc_macro",
                "-C" => this.read_codegen(&value()),
                "--cfg" | "--check-cfg" | "-L" | "-l" | "--cap-lints" | "-A" | "-W" | "-D"
                | "-F" | "--target" => drop(value()),
                path if path.ends_with(".rs") && !path.starts_with('-') => {
                    this.source = Some(path.into())
                }
                other => {
                    if let Some(codegen) = other.strip_prefix("-C") {
                        this.read_codegen(codegen);
                    }
                }
            }
        }
        this
    }

    fn read_emit(&mut self, kinds: &str) {
        self.links |= kinds.split(',').any(|kind| kind == "link");
        self.writes_dep_info |= kinds.split(',').any(|kind| kind == "dep-info");
    }

    fn read_codegen(&mut self, option: &str) {
        if let Some(value) = option.strip_prefix("extra-filename=") {
            value.clone_into(&mut self.extra_filename);
        }
        self.is_ours |= option
            .strip_prefix("link-arg=")
            .is_some_and(|arg| arg.starts_with(MARKER));
    }

    /// Whether it may link a program of a workspace, as far as the arguments say.
    fn may_be_program(&self) -> bool {
        let is_build_script = self
            .crate_name
            .as_ref()
            .is_some_and(|name| name.starts_with("build_script_"));
        let is_bin = self.crate_types.is_empty() || self.crate_types.iter().any(|one| one == "bin");
        self.links
            && !self.is_ours
            && !self.uses_compiler
            && !is_build_script
            && (self.is_test || is_bin)
    }

    /// The program that this invocation links, if it is one of ours: a binary, an example or a test, but no library, build script or
    /// proc macro.
    fn program<'m>(&self, members: &'m [Member], around: &Surroundings) -> Option<RootTarget> {
        if !self.links || self.is_ours || self.uses_compiler {
            return None;
        }
        let crate_name = self.crate_name.clone()?;
        let src_path = around.current_dir.join(self.source.as_ref()?);
        let target_of = |member: &'m Member| {
            let mut targets = member.targets.iter();
            targets.find(|target| target.src_path == src_path && target.crate_name() == crate_name)
        };
        let is_known = !around.manifest_dir.as_os_str().is_empty();
        let member = members.iter().find(|member| match is_known {
            true => member.manifest_path.parent() == Some(&around.manifest_dir),
            false => target_of(member).is_some(),
        });
        // Only `cargo install` chooses the package itself. Another package that is not known comes from a cargo that a test has called.
        if member.is_none() && !members.is_empty() {
            return None;
        }
        let target = member.and_then(target_of);
        // A build script is a `bin` as well, but neither a target of a member nor does cargo name it.
        let is_named = around.bin_name.is_some() || target.is_some();
        let is_bin = self.crate_types.is_empty() || self.crate_types.iter().any(|one| one == "bin");
        let is_program = self.is_test || (is_bin && is_named);
        if !is_program {
            return None;
        }
        Some(RootTarget {
            package: member.map_or(PackageId(String::new()), |member| member.id.clone()),
            kind: self.kind(target.map(|target| target.kind)),
            name: target
                .map(|target| target.name.clone())
                .or_else(|| around.bin_name.clone())
                .unwrap_or_else(|| crate_name.clone()),
            crate_name,
            src_path,
            edition: self.edition.clone(),
        })
    }

    fn kind(&self, target: Option<MemberTargetKind>) -> TargetKind {
        match (target, self.is_test) {
            (Some(MemberTargetKind::Example), false) => TargetKind::Example,
            (Some(MemberTargetKind::Example), true) => TargetKind::ExampleTest,
            (Some(MemberTargetKind::Bin), true) => TargetKind::BinTest,
            (Some(MemberTargetKind::Lib | MemberTargetKind::ProcMacro), _) => TargetKind::LibTest,
            (Some(MemberTargetKind::Bench), _) => TargetKind::Bench,
            (Some(MemberTargetKind::Test), _) | (None, true) => TargetKind::Test,
            (Some(MemberTargetKind::Bin) | None, false) => TargetKind::Bin,
        }
    }

    /// Where rustc writes its dependency information.
    fn dep_info(&self) -> Option<PathBuf> {
        let name = format!("{}{}.d", self.crate_name.as_ref()?, self.extra_filename);
        self.writes_dep_info
            .then_some(self.out_dir.as_ref()?.join(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::metadata::Target;

    use super::*;

    const BIN: &str = "--crate-name my_app --edition=2021 src/main.rs --error-format=json --crate-type bin --emit=dep-info,link -C \
         debuginfo=2 --cfg feature=\"x\" -C metadata=1 -C extra-filename=-77 --out-dir /w/target/debug/deps";

    fn args(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    fn member() -> Member {
        let target = |kind, name: &str, path: &str| Target {
            kind,
            name: name.into(),
            src_path: path.into(),
            edition: "2021".into(),
            required_features: Vec::new(),
            test: true,
        };
        Member {
            id: PackageId("app 1".into()),
            name: "app".into(),
            version: "1.0.0".into(),
            manifest_path: "/w/Cargo.toml".into(),
            default_run: None,
            targets: vec![
                target(MemberTargetKind::Lib, "app", "/w/src/lib.rs"),
                target(MemberTargetKind::Bin, "my-app", "/w/src/main.rs"),
                target(MemberTargetKind::Test, "it", "/w/tests/it.rs"),
            ],
            metadata: serde_json::Value::Null,
            environment: Vec::new(),
        }
    }

    fn program(text: &str, bin_name: Option<&str>) -> Option<(TargetKind, String)> {
        let around = Surroundings {
            manifest_dir: "/w".into(),
            bin_name: bin_name.map(str::to_owned),
            current_dir: "/w".into(),
        };
        Rustc::read(&args(text))
            .program(&[member()], &around)
            .map(|target| (target.kind, target.name))
    }

    #[test]
    fn programs_and_tests_are_ours() {
        for (text, bin_name, expect) in [
            (BIN, Some("my-app"), (TargetKind::Bin, "my-app")),
            (
                "--crate-name my_app src/main.rs --test --emit=link",
                Some("my-app"),
                (TargetKind::BinTest, "my-app"),
            ),
            (
                "--crate-name app src/lib.rs --test --emit=dep-info,link",
                None,
                (TargetKind::LibTest, "app"),
            ),
            (
                "--crate-name it tests/it.rs --cfg test --emit link",
                None,
                (TargetKind::Test, "it"),
            ),
            (
                "--crate-name it tests/it.rs --test --emit link",
                None,
                (TargetKind::Test, "it"),
            ),
            (
                "--crate-name rg /r/main.rs --crate-type bin --emit=link",
                Some("rg"),
                (TargetKind::Bin, "rg"),
            ),
        ] {
            assert_eq!(
                program(text, bin_name),
                Some((expect.0, expect.1.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_else_is() {
        for (text, bin_name) in [
            (
                "--crate-name app src/lib.rs --crate-type lib --emit=dep-info,metadata,link",
                None,
            ),
            (
                "--crate-name build_script_build build.rs --crate-type bin --emit=dep-info,link",
                None,
            ),
            (
                "--crate-name mac src/lib.rs --crate-type proc-macro --emit=link",
                None,
            ),
            (
                "--crate-name mac src/lib.rs --test --emit=link --extern proc_macro",
                None,
            ),
            (
                "--crate-name my_app src/main.rs --crate-type bin --emit=dep-info,metadata",
                Some("my-app"),
            ),
            (
                "- --crate-name ___ --print=file-names --crate-type bin --crate-type lib",
                None,
            ),
            ("-vV", None),
        ] {
            assert_eq!(program(text, bin_name), None, "{text}");
        }
        let already = format!("{BIN} -C link-arg={MARKER}00");
        assert_eq!(program(&already, Some("my-app")), None);
    }

    #[test]
    fn the_users_linker_is_taken_out() {
        let kept = without_linker(&args(
            "-C linker=clang -Clinker=gcc --codegen=linker=x -C lto src/main.rs -C linker-plugin-lto",
        ));
        assert_eq!(kept, args("-C lto src/main.rs -C linker-plugin-lto"));
    }

    #[test]
    fn dependency_information_is_found() {
        let path = Rustc::read(&args(BIN)).dep_info();
        assert_eq!(path, Some("/w/target/debug/deps/my_app-77.d".into()));
    }

    #[test]
    fn what_cannot_be_a_program_needs_no_plan() {
        let may_be = |text: &str| Rustc::read(&args(text)).may_be_program();
        assert!(may_be(BIN));
        assert!(may_be(
            "--crate-name app src/lib.rs --test --emit=dep-info,link"
        ));
        for text in [
            "--crate-name app src/lib.rs --crate-type lib --emit=dep-info,metadata,link",
            "--crate-name build_script_build build.rs --crate-type bin --emit=dep-info,link",
            "--crate-name app src/main.rs --crate-type bin --emit=dep-info,metadata",
            "-vV",
        ] {
            assert!(!may_be(text), "{text}");
        }
    }
}
