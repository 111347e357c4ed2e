//! The driver, from rustc's link line to a checked program: one call a stage, in the order of `ARCHITECTURE.md`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gobuild_codegen::buildinfo::Malloc;
use gobuild_codegen::emit::{self, EmittedObjects};
use gobuild_codegen::model::RootTarget;
use rtlib_abi::calls;
use rtlib_abi::symbol::{WRAPPED, WRAPPED_FOR_INITTRACE, WRAPPED_FOR_MALLOC};

use super::args::{self, Additions, LdChoice, LinkLine};
use super::call::call;
use super::doctest;
use super::error::LinkError;
use super::foreign;
use super::layout::Layout;
use super::lookups;
use super::output::Output;
use super::program::Program;
use super::records;
use super::revision;
use super::setup::{Ld, LinkSetup};
use super::stamps;
use super::watched;
use crate::ancestors;
use crate::exit_code;
use crate::files;
use crate::interrupt::Interrupts;
use crate::plan_file::{self, PlanFile, PlanFileError, Recipe, STAMPS_VAR};
use crate::project::STATE_DIR;
use crate::report::{Message, Outbox, Report};
use crate::runtime_object;
use crate::shell::{self, Shell};
use crate::trim;
use crate::vcs::VCS_VAR;
use crate::wrapper::{self, RUSTDOC_VAR};

/// Longer lines travel in a response file; the kernel takes about 2 MiB.
const LONG_LINE: usize = 512 << 10;

/// Whether these arguments are a link line for us; a response file is looked into.
#[must_use]
pub fn is_link_line(args: &[OsString]) -> bool {
    let file = |arg: &OsString| arg.as_bytes().starts_with(b"@");
    match args {
        [only] if file(only) => {
            expanded(args.to_vec()).is_ok_and(|args| args.iter().any(|arg| args::is_marker(arg)))
        }
        _ => args.iter().any(|arg| args::is_marker(arg)),
    }
}

/// Links, and gives the exit code for rustc.
#[must_use]
pub fn main(args: Vec<OsString>) -> u8 {
    let outbox = Outbox::find();
    let Err(error) = link(args, &outbox) else {
        return exit_code::SUCCESS;
    };
    let report = error.report();
    let shell = Shell::plain();
    let message = match error {
        LinkError::Failed { .. } | LinkError::Crashed { .. } => Message::Failed(report.clone()),
        _ => Message::Error(report.clone()),
    };
    if outbox.send(&message) {
        shell.report(&report.short());
    } else {
        shell.report(&report);
    }
    match error {
        LinkError::Interrupted(signal) => exit_code::of_signal(signal),
        _ => exit_code::LINK_FAILURE,
    }
}

fn link(args: Vec<OsString>, outbox: &Outbox) -> Result<(), LinkError> {
    let interrupts = Interrupts::catch().map_err(LinkError::Signals)?;
    if let Some(alive) = outbox.alive() {
        interrupts.end_with(alive);
    }
    let line = LinkLine::parse(expanded(args)?)?;
    let mut plan = PlanFile::from_env()?;
    plan.trim = trim::with_output(plan.trim, line.output());
    let target = target(&plan);
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let dir_of_member = || plan.dir_of(&target.as_ref().ok()?.package);
    let manifest_dir = manifest_dir
        .or_else(|| Some(dir_of_member()?.to_path_buf()))
        .or_else(|| Some(ancestors::var("CARGO_MANIFEST_DIR")?.into()))
        .unwrap_or_default();
    let recipe = plan.recipe_for(&manifest_dir).clone();
    if !line.makes_program() {
        return call(
            &recipe.link.compiler,
            line.untouched().cloned().collect(),
            line.output(),
            &interrupts,
        );
    }
    let ours = always_wrapped();
    if let Some(function) = line.wraps().find(|name| ours.contains(name)) {
        return Err(LinkError::Wrapped {
            function: function.to_owned(),
        });
    }
    let dir = emit_dir(&plan, &line)?;
    plan.profile = plan.profile.or_else(|| profile_of(&dir));
    let (program, own) = load(&plan, target, &line, &manifest_dir, &dir)?;
    let mut layout = program.layout(&dir, &recipe, !plan.trim.is_empty());
    layout.own = own.unwrap_or(layout.own);
    let stage = Stage {
        line: &line,
        plan: &plan,
        recipe: &recipe,
        program: &program,
        layout: &layout,
        outbox,
        interrupts: &interrupts,
    };
    let objects = stage.objects(&manifest_dir)?;
    stage.link(&objects)
}

/// The target that is linked, if it is one of a manifest.
fn target(plan: &PlanFile) -> Result<RootTarget, PlanFileError> {
    match plan_file::target_from_env() {
        Err(PlanFileError::Missing(variable)) => {
            wrapper::target_of_caller(&plan.members).ok_or(PlanFileError::Missing(variable))
        }
        found => found,
    }
}

/// The program that is linked, and where its own generated files go if that is an unusual place: doctests are linked side by
/// side under one name, each in a directory of rustdoc's.
fn load(
    plan: &PlanFile,
    target: Result<RootTarget, PlanFileError>,
    line: &LinkLine,
    manifest_dir: &Path,
    emit_dir: &Path,
) -> Result<(Program, Option<PathBuf>), LinkError> {
    match target {
        Err(PlanFileError::Missing(_)) if std::env::var_os(RUSTDOC_VAR).is_some() => {
            let target = doctest::target(&plan.members, manifest_dir, emit_dir)?;
            let program = Program::load(plan, target, (manifest_dir, emit_dir), |graph| {
                doctest::prune(graph, line);
            })?;
            Ok((program, line.output().parent().map(Path::to_path_buf)))
        }
        target => Ok((
            Program::load(plan, target?, (manifest_dir, emit_dir), |_| ())?,
            None,
        )),
    }
}

fn expanded(args: Vec<OsString>) -> Result<Vec<OsString>, LinkError> {
    let mut all = Vec::with_capacity(args.len());
    for arg in args {
        match arg.as_bytes().strip_prefix(b"@") {
            Some(name) => {
                let path = PathBuf::from(std::ffi::OsStr::from_bytes(name));
                match std::fs::read(&path) {
                    Ok(text) => all.extend(args::split_response(&text)?),
                    Err(source) => return Err(LinkError::Read { path, source }),
                }
            }
            None => all.push(arg),
        }
    }
    Ok(all)
}

/// What every stage looks at.
struct Stage<'a> {
    line: &'a LinkLine,
    plan: &'a PlanFile,
    recipe: &'a Recipe,
    program: &'a Program,
    layout: &'a Layout,
    outbox: &'a Outbox,
    interrupts: &'a Interrupts,
}

impl Stage<'_> {
    /// Everything that comes before the user's objects, in order.
    fn objects(&self, manifest_dir: &Path) -> Result<Vec<PathBuf>, LinkError> {
        let layout = self.layout;
        for job in &layout.jobs {
            job.run(&layout.dir, |line| self.outbox.command(shell::quoted(line)))?;
        }
        let plan = self.program.plan(self.line, self.plan, self.outbox)?;
        let revision = revision::of(self.program, self.plan, self.recipe, manifest_dir)?;
        if let Some(value) = &revision.watched {
            watched::add(self.line.output(), VCS_VAR, value)?;
        }
        let stamps = self.program.stamps(self.line, self.recipe)?;
        if !self.plan.is_set_up {
            watched::add(self.line.output(), STAMPS_VAR, &self.plan.stamps_hash())?;
        }
        write(&layout.stamps(), stamps::text(&stamps).as_bytes())?;
        let config = self
            .program
            .emit_config(self.plan, self.recipe, revision.state, &stamps)?;
        let emitted = emit::objects(&plan, &config)?;
        for (name, content) in emitted.files() {
            write(&layout.own(name), content)?;
        }
        for (name, text) in runtime_object::SOURCES {
            write(&layout.dir.join(name), text.as_bytes())?;
        }
        let runtime = runtime_object::with_sources_in(&layout.sources);
        write(&layout.runtime, &runtime)?;
        Ok(layout
            .objects(&EmittedObjects::NAMES)
            .into_iter()
            .map(|(_, path)| path)
            .collect())
    }

    fn link(&self, objects: &[PathBuf]) -> Result<(), LinkError> {
        self.outbox.status("Linking", &self.program.described());
        let compiler = &self.recipe.link.compiler;
        let output = Output::beside(self.line.output())?;
        let ld = ld_choice(&self.recipe.link, output.scratch())?;
        let add = Additions {
            objects,
            wrap: &self.wrapped(),
            output: output.path(),
            ld: &ld,
        };
        let args = self.line.with(&add);
        let shown = shell::quoted(
            std::iter::once(compiler.as_os_str()).chain(args.iter().map(AsRef::as_ref)),
        );
        write(&self.layout.link_args(), format!("{shown}\n").as_bytes())?;
        write(&self.layout.linked(), &self.linked())?;
        self.outbox.command(shown);
        call(
            compiler,
            shortened(args, output.scratch())?,
            self.line.output(),
            self.interrupts,
        )?;
        output.finish()?;
        if let Some(function) = output.foreign_wrap(&always_wrapped())? {
            return Err(LinkError::ForeignWrap {
                function,
                from: foreign::definers(self.line, function),
            });
        }
        self.tell_lookups(&output);
        match self.interrupts.received() {
            Some(signal) => Err(LinkError::Interrupted(signal)),
            None => output.persist(),
        }
    }

    /// The content of [`Layout::linked`].
    fn linked(&self) -> Vec<u8> {
        let libraries = self
            .line
            .inputs()
            .filter(|path| records::crate_name(path).is_some());
        let paths = std::iter::once(self.line.output()).chain(libraries);
        let lines = paths.map(|path| path.as_os_str().as_encoded_bytes());
        lines
            .flat_map(|line| [line, b"\n"])
            .flatten()
            .copied()
            .collect()
    }

    /// Warns of lookups that depend on the machine where the program will run. Not in tests, which run here.
    fn tell_lookups(&self, output: &Output) {
        let Some(name) = self.program.installed_name() else {
            return;
        };
        let told = self.layout.own("lookups");
        if let Some(warning) = lookups::warning(name, &output.lookups(), &told) {
            let report = Report::Rendered {
                headline: warning.lines().next().unwrap_or_default().to_owned(),
                text: warning,
                diagnostics: Vec::new(),
            };
            let _ = self.outbox.send(&Message::Warning(report));
        }
    }

    /// The libc functions that the runtime stands before. Where malloc is libc's, allocations are counted only in programs that may have inits.
    fn wrapped(&self) -> Vec<&'static str> {
        let mut wrapped = always_wrapped();
        match self.recipe.settings.malloc {
            Malloc::Runtime => wrapped.extend(WRAPPED_FOR_MALLOC),
            Malloc::Libc if self.program.may_have_inits() => {
                wrapped.extend(WRAPPED_FOR_INITTRACE);
            }
            Malloc::Libc => {}
        }
        wrapped
    }
}

/// Those of which the wrap must be the runtime's, whether they are used or not.
fn always_wrapped() -> Vec<&'static str> {
    WRAPPED.iter().copied().chain(calls::wrapped()).collect()
}

/// Where generated files go.
fn emit_dir(plan: &PlanFile, line: &LinkLine) -> Result<PathBuf, LinkError> {
    let dir = plan.emit_dir.clone().unwrap_or_else(|| {
        let beside = || line.output().parent().and_then(Path::parent);
        let profile_dir = trim::profile_dir(line.output()).or_else(beside);
        profile_dir.unwrap_or(Path::new(".")).join(STATE_DIR)
    });
    match std::fs::create_dir_all(&dir) {
        Ok(()) => Ok(dir),
        Err(source) => Err(LinkError::Write { path: dir, source }),
    }
}

/// The profile that is built into the directory with these generated files.
fn profile_of(emit_dir: &Path) -> Option<String> {
    let name = emit_dir.parent()?.file_name()?.to_string_lossy();
    Some(if name == "debug" {
        "dev".to_owned()
    } else {
        name.into_owned()
    })
}

fn write(path: &Path, content: &[u8]) -> Result<(), LinkError> {
    files::write_if_changed(path, content).map_err(|source| LinkError::Write {
        path: path.into(),
        source,
    })
}

/// The linker as an argument. A linker of one's own is found by the compiler as `ld` in a directory.
fn ld_choice(setup: &LinkSetup, scratch: &Path) -> Result<LdChoice, LinkError> {
    Ok(match &setup.ld {
        Ld::AsGiven => LdChoice::AsGiven,
        Ld::Default => LdChoice::Default,
        Ld::Lld(dir) => LdChoice::Lld(dir.clone()),
        Ld::At(linker) => {
            let link = scratch.join("ld");
            std::os::unix::fs::symlink(linker, &link)
                .map_err(|source| LinkError::Write { path: link, source })?;
            LdChoice::In(scratch.to_path_buf())
        }
    })
}

fn shortened(args: Vec<OsString>, scratch: &Path) -> Result<Vec<OsString>, LinkError> {
    let length: usize = args.iter().map(|arg| arg.len() + 1).sum();
    if length < LONG_LINE {
        return Ok(args);
    }
    let path = scratch.join("args");
    write(&path, &args::join_response(&args))?;
    let mut arg = OsString::from("@");
    arg.push(path);
    Ok(vec![arg])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_lines_are_known_by_their_marker() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("args");
        std::fs::write(&file, "\"-m64\"\n\"--gobuild-link=00\"\n").expect("writes");
        let at = format!("@{}", file.display());
        for (args, expect) in [
            (&["-m64", "a.o", "--gobuild-link=0123"][..], true),
            (&[at.as_str()], true),
            (&["@/no/such/file"], false),
            (&["gobuild", "--release"], false),
            (&[], false),
        ] {
            let args: Vec<_> = args.iter().map(OsString::from).collect();
            assert_eq!(is_link_line(&args), expect, "{args:?}");
        }
    }

    #[test]
    fn long_lines_travel_in_a_response_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let short = vec![OsString::from("a.o")];
        assert_eq!(shortened(short.clone(), dir.path()).expect("short"), short);
        let long = vec![OsString::from("x".repeat(1000)); 1000];
        let args = shortened(long.clone(), dir.path()).expect("writes");
        assert_eq!(args.len(), 1);
        assert_eq!(expanded(args).expect("reads"), long);
    }

    #[test]
    fn a_linker_of_ones_own_is_called_ld() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let setup = LinkSetup {
            compiler: "cc".into(),
            ld: Ld::At("/opt/mold".into()),
            name: "mold".into(),
        };
        assert_eq!(
            ld_choice(&setup, dir.path()).expect("links"),
            LdChoice::In(dir.path().into())
        );
        assert_eq!(
            std::fs::read_link(dir.path().join("ld")).expect("a link"),
            Path::new("/opt/mold")
        );
    }
}
