//! Builds of a generated workspace, by `cargo gobuild` and by plain cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Turn, take_turns};
use crate::args::Effort;
use crate::error::BenchError;
use crate::measurement::{Group, Measurement, Peer, Target, Unit};
use crate::small_crates::{self, Inits};
use crate::tool::Tool;
use crate::{checkout, child};

/// Builds of each peer in a round, of those that do not take long.
const BUILDS: u32 = 3;

/// Plain cargo can compile a program that needs the runtime but not link it; with this it can, and calls the same linker.
const WITHOUT_RUNTIME: [&str; 3] = ["--", "-C", "link-arg=-Wl,--unresolved-symbols=ignore-all"];

/// From empty target directories.
pub fn full(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let row = |inits, work: &str, builds: u32| -> Result<Measurement, BenchError> {
        let builders = Builders::new(inits)?;
        let [peers] = take_turns(effort.rounds * builds, builders.full_builds())?;
        Ok(Measurement {
            group: Group::Tool,
            work: format!("full build of {} crates{work}", small_crates::CRATES),
            how: "A generated workspace of small libraries, and a program that calls all of them. The profile is `dev`, and every build has a new target directory. \
                  Without inits there are three builds in each round. With inits, every library has two init functions and a variable. The build then contains `rtlib`, \
                  its macros and their dependencies, and plain cargo is configured to ignore that the runtime's symbols are undefined.",
            unit: Unit::Time,
            peers,
            targets: vec![Target::Times(1.03, Peer::Cargo)],
        })
    };
    Ok(vec![
        row(Inits::None, "", BUILDS)?,
        row(Inits::Three, " with inits", 1)?,
    ])
}

/// On target directories that are up to date.
pub fn nothing_to_do(effort: &Effort) -> Result<Vec<Measurement>, BenchError> {
    let builders = Builders::new(Inits::Three)?;
    let [ours, direct, plain] = [new_directory()?, new_directory()?, new_directory()?];
    let commands: [(Peer, Box<dyn Fn() -> Command + '_>); 3] = [
        (Peer::Ours, Box::new(|| builders.ours(ours.path()))),
        (Peer::Direct, Box::new(|| builders.direct(direct.path()))),
        (Peer::Cargo, Box::new(|| builders.plain(plain.path()))),
    ];
    for (_, command) in &commands {
        child::output(&mut command())?;
    }
    let turns = commands
        .into_iter()
        .map(|(peer, command)| turn(peer, command));
    let [peers] = take_turns(effort.rounds * BUILDS, turns.collect())?;
    Ok(vec![Measurement {
        group: Group::Tool,
        work: format!(
            "build with nothing to do, {} crates with inits",
            small_crates::CRATES
        ),
        how: "The same workspace, built before; each peer has its own target directory. There are three builds in each round. `cargo gobuild` runs two cargos: one \
              that starts the tool, and one that the tool starts. `cargo-gobuild` is the tool when it is started by its own name, without the first cargo.",
        unit: Unit::Time,
        peers,
        targets: vec![Target::Times(1.1, Peer::Cargo)],
    }])
}

/// Who builds what.
struct Builders {
    tool: Tool,
    workspace: PathBuf,
    inits: Inits,
}

impl Builders {
    /// Writes the workspace, and has its lock file written, which is none of the builds' work.
    fn new(inits: Inits) -> Result<Self, BenchError> {
        let new = Self {
            tool: Tool::build()?,
            workspace: small_crates::write(inits)?,
            inits,
        };
        let mut lock = checkout::cargo();
        lock.args(["fetch", "--quiet"]);
        child::output(lock.current_dir(&new.workspace))?;
        Ok(new)
    }

    fn ours(&self, target: &Path) -> Command {
        let mut command = self.tool.command();
        self.complete(command.arg("build"), target);
        command
    }

    fn direct(&self, target: &Path) -> Command {
        let mut command = self.tool.direct();
        self.complete(command.arg("build"), target);
        command
    }

    fn plain(&self, target: &Path) -> Command {
        let mut command = checkout::cargo();
        match self.inits {
            Inits::None => self.complete(command.arg("build"), target),
            Inits::Three => {
                self.complete(command.arg("rustc"), target);
                command.args(WITHOUT_RUNTIME);
            }
        }
        command
    }

    fn complete(&self, command: &mut Command, target: &Path) {
        command.args(["--quiet", "--offline", "--bin", "app"]);
        command.arg("--target-dir").arg(target);
        command.current_dir(&self.workspace);
    }

    fn full_builds(&self) -> Vec<Turn<'_, 1>> {
        let build = |command: fn(&Self, &Path) -> Command| {
            move || {
                let target = new_directory()?;
                let time = child::time(&mut command(self, target.path()))?;
                Ok([time.as_nanos() as f64])
            }
        };
        vec![
            (Peer::Ours, Box::new(build(Self::ours))),
            (Peer::Cargo, Box::new(build(Self::plain))),
        ]
    }
}

fn turn<'a>(peer: Peer, command: impl Fn() -> Command + 'a) -> Turn<'a, 1> {
    let go = move || Ok([child::time(&mut command())?.as_nanos() as f64]);
    (peer, Box::new(go))
}

fn new_directory() -> Result<TempDir, BenchError> {
    let parent = checkout::scratch();
    TempDir::with_prefix_in("target-", &parent)
        .map_err(BenchError::file("create a directory in", parent))
}
