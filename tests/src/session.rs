//! The sessions that a document shows, run as a reader would run them: commands of a shell behind `$ `, commands of gdb behind `(gdb) `, each followed by what it prints.
//!
//! A session runs in a directory below the reader's home directory, which is called `/home/me` in the documents. Its programs come from the examples (`gobuild/examples/…`), from
//! `tests/docs/DOCUMENT/…`, and from earlier blocks of the document.
//!
//! `…` in an output stands for anything: as a line of its own for any lines, in a line for any characters. Numbers that change are not compared ([`redact`]).

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

use regex::{Captures, Regex};
use snapbox::report::Palette;
use snapbox::{Assert, IntoData};

use crate::documents::{Block, Mark};
use crate::process::{BUILD, RUN, run};
use crate::{redact, rtlib, tool, toolchain};

/// The reader's home directory, as the documents have it.
const HOME: &str = "/home/me";
/// How the checkout is called in it.
const CHECKOUT: &str = "gobuild";
/// What the shell prints behind the output of a command.
const END: &str = "--- the command has ended";
const PROMPT: &str = "(gdb) ";
const TAB: &str = "        ";

/// A command and what it prints.
struct Step<'a> {
    command: &'a str,
    output: String,
}

/// Documents take turns: they share a target directory, and some have programs of the same name.
static TURN: Mutex<()> = Mutex::new(());

/// A home directory for one document.
pub struct Home {
    _turn: MutexGuard<'static, ()>,
    /// The document's name, without `.md`.
    document: String,
    dir: PathBuf,
    target: PathBuf,
    gdb: Option<Gdb>,
    /// Addresses in the document's session with gdb, with those that stand in their places here.
    addresses: BTreeMap<String, String>,
}

impl Home {
    /// An empty one. The target directory is kept from run to run.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(document: &str) -> Self {
        let path = Path::new(document);
        let name = path.file_stem().expect("a name").to_string_lossy();
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let target = rtlib::target("docs");
        let dir = tool::scratch().join("homes").join(&*name);
        if dir.exists() {
            fs::remove_dir_all(&dir).expect("remove the last run's");
        }
        fs::create_dir_all(&dir).expect("create directory");
        Self {
            _turn: turn,
            document: name.into_owned(),
            dir,
            target,
            gdb: None,
            addresses: BTreeMap::new(),
        }
    }

    /// Does what the block's mark says, and tells what is not as the document says.
    ///
    /// # Errors
    /// With the difference.
    ///
    /// # Panics
    /// If a program does not build, or takes too long.
    pub fn take(&mut self, block: &Block) -> Result<(), String> {
        match &block.mark {
            Some(Mark::File(path)) => write(&self.dir.join(path), &block.text),
            Some(Mark::Written(path)) => {
                let written = fs::read_to_string(self.dir.join(path));
                return compare(&block.place(), &block.text, &written.unwrap_or_default());
            }
            Some(Mark::RunIn(dir)) => return self.session(block, dir),
            _ => {}
        }
        Ok(())
    }

    fn session(&mut self, block: &Block, dir: &str) -> Result<(), String> {
        let steps = steps(&block.text);
        let dir = self.package(dir);
        let builds = block.text.contains("cargo gobuild");
        if block.text.contains("target/") && !builds {
            let mut build = self.shell(&dir);
            let release = block.text.contains("target/release");
            let options = if release {
                "--release --bins"
            } else {
                "--bins"
            };
            _ = run(build.arg(format!("cargo gobuild -q {options}")), BUILD).ok();
        }
        let of_gdb = |step: &Step| step.command.starts_with(PROMPT);
        let first = steps.iter().position(of_gdb).unwrap_or(steps.len());
        let (mut commands, questions) = steps.split_at(first);
        let mut starts = None;
        if let Some((last, before)) = commands.split_last()
            && last.command.starts_with("$ gdb ")
            && !questions.is_empty()
        {
            (starts, commands) = (Some(last.command), before);
        }
        let mut found = self.run(&dir, commands);
        if let Some(line) = starts {
            self.gdb = Some(Gdb::start(self.shell(&dir), &line[2..]));
            found += &with_end(line);
        }
        for step in questions {
            found += &self.ask(&dir, step);
        }
        compare(&block.place(), &block.text, &found)
    }

    /// Runs commands of a shell, one after the other in the same shell, and shows them as the document does.
    fn run(&self, dir: &Path, steps: &[Step]) -> String {
        let mut script = "exec 2>&1\n".to_owned();
        for step in steps {
            let command = step.command[2..].replace(HOME, &self.dir.display().to_string());
            script += &format!("{command}\nstatus=$?; echo; echo '{END}'; (exit $status)\n");
        }
        let out = run(self.shell(dir).arg(script), BUILD).out();
        let mut shown = String::new();
        for (step, output) in steps.iter().zip(out.split(&format!("\n{END}\n"))) {
            let output = redact::without_progress(&self.as_documented(dir, output));
            shown += &with_end(step.command);
            shown += &with_end(output.trim_end_matches('\n'));
        }
        shown
    }

    /// Asks gdb one thing, with the addresses that are right here.
    fn ask(&mut self, dir: &Path, step: &Step) -> String {
        let hex = Regex::new("0x[0-9a-f]+").expect("a pattern");
        let here = |found: &Captures| {
            let known = self.addresses.get(&found[0]);
            known.cloned().unwrap_or_else(|| found[0].to_owned())
        };
        let command = hex.replace_all(&step.command[PROMPT.len()..], here);
        let gdb = self.gdb.as_mut().expect("`$ gdb …` stands before it");
        let output = gdb.ask(&command);
        let output = self.as_documented(dir, &output);
        self.learn(&step.output, &output);
        with_end(step.command) + &with_end(output.trim_end_matches('\n'))
    }

    /// Notes the addresses of lines that are the same but for their numbers.
    fn learn(&mut self, documented: &str, found: &str) {
        let numbers = redact::numbers();
        let hex = Regex::new("0x0*([0-9a-f]+)").expect("a pattern");
        let all = |line| {
            hex.captures_iter(line)
                .map(|number| format!("0x{}", &number[1]))
        };
        for line in documented.lines() {
            let same = |other: &&str| numbers.redact(other) == numbers.redact(line);
            if let Some(other) = found.lines().find(same) {
                self.addresses.extend(all(line).zip(all(other)));
            }
        }
    }

    /// A shell in a directory, with the tool on PATH; what it is to do is its last argument.
    fn shell(&self, dir: &Path) -> Command {
        let bin = tool::cargo_gobuild().parent().expect("a directory");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [bin.to_path_buf()]
            .into_iter()
            .chain(env::split_paths(&path));
        let mut shell = Command::new("sh");
        tool::clean(&mut shell);
        toolchain::choose(&mut shell);
        shell
            .arg("-c")
            .current_dir(dir)
            .env("PATH", env::join_paths(path).expect("directories"))
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
            .env("LC_ALL", "C");
        shell
    }

    /// The package in a directory of the home directory, made at the first call.
    fn package(&self, name: &str) -> PathBuf {
        let dir = self.dir.join(name);
        if dir.join("target").exists() {
            return dir;
        }
        let source = match name.strip_prefix(&format!("{CHECKOUT}/")) {
            Some(path) => tool::root().join(path),
            None => tool::root()
                .join("tests/docs")
                .join(&self.document)
                .join(name),
        };
        if source.is_dir() {
            copy(&source, &dir);
        }
        let manifest = dir.join("Cargo.toml");
        if !manifest.exists() {
            let name = dir.file_name().expect("a name").to_string_lossy();
            let rtlib = tool::root().join("rtlib");
            let text = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\ngobuild-rtlib = {{ path = {rtlib:?} }}\n\n[workspace]\n"
            );
            write(&manifest, &text);
        }
        if !dir.join("Cargo.lock").exists() {
            let lock = tool::root().join("Cargo.lock");
            fs::copy(lock, dir.join("Cargo.lock")).expect("copy Cargo.lock");
        }
        symlink(&self.target, dir.join("target")).expect("link to the target directory");
        dir
    }

    /// An output with the paths that the documents have.
    fn as_documented(&self, dir: &Path, output: &str) -> String {
        let name = dir.file_name().expect("a name").to_string_lossy();
        let above = dir.parent().expect("a directory");
        let mut output = output.to_owned();
        for (path, shown) in [
            (self.target.as_path(), format!("{HOME}/{name}/target")),
            (above, HOME.to_owned()),
            (&self.dir, HOME.to_owned()),
            (tool::root(), format!("{HOME}/{CHECKOUT}")),
        ] {
            output = output.replace(&path.display().to_string(), &shown);
        }
        output
    }
}

/// The commands of a session.
fn steps(text: &str) -> Vec<Step<'_>> {
    let mut all: Vec<Step> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("$ ") || line.starts_with(PROMPT) {
            let output = String::new();
            all.push(Step {
                command: line.trim_end_matches('\n'),
                output,
            });
        } else if let Some(step) = all.last_mut() {
            step.output += line;
        }
    }
    all
}

fn with_end(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{text}\n")
    }
}

/// What differs, if anything does that [`redact::numbers`] leaves.
fn compare(place: &str, expected: &str, found: &str) -> Result<(), String> {
    let numbers = redact::numbers();
    let wildcards = |line: &str| match line.trim() {
        "…" => "...\n".to_owned(),
        _ => line.replace('…', "[..]"),
    };
    // Documents have the same look with any width of a tab.
    let found = found.replace('\t', TAB);
    let expected = expected.replace('\t', TAB);
    let expected: String = expected.split_inclusive('\n').map(wildcards).collect();
    let expected = numbers.redact(&expected).into_data();
    let found = numbers.redact(&found).into_data();
    let assert = Assert::new()
        .normalize_paths(false)
        .palette(Palette::plain());
    assert
        .try_eq(Some(&"what is printed"), found, expected)
        .map_err(|error| format!("{place}: the document does not show what is printed\n{error}"))
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("create directory");
    fs::write(path, text).expect("write file");
}

/// Copies sources, without what builds have left there. Manifests name the checkout's `rtlib`, wherever the copy is.
fn copy(from: &Path, to: &Path) {
    let above = Regex::new(r#""(\.\./)+rtlib""#).expect("a pattern");
    let rtlib = format!("{:?}", tool::root().join("rtlib"));
    fs::create_dir_all(to).expect("create directory");
    for entry in fs::read_dir(from).expect("list directory") {
        let entry = entry.expect("an entry");
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "target" {
            continue;
        } else if source.is_dir() {
            copy(&source, &copied);
        } else if entry.file_name() == "Cargo.toml" {
            let text = fs::read_to_string(source).expect("read a manifest");
            write(&copied, &above.replace_all(&text, rtlib.as_str()));
        } else {
            fs::copy(source, copied).expect("copy a file");
        }
    }
}

/// gdb, at its prompt.
struct Gdb {
    child: Child,
    stdin: ChildStdin,
    output: Receiver<Vec<u8>>,
}

impl Gdb {
    /// Starts it, and sets what makes its answers the same on every terminal.
    fn start(mut shell: Command, line: &str) -> Self {
        let fixed = "-nx -iex 'set pagination off' -iex 'set confirm off' -iex 'set debuginfod enabled off' -iex 'set width 0' -iex 'set style enabled off'";
        let line = line.replacen("gdb", &format!("gdb {fixed}"), 1);
        shell
            .arg(format!("exec {line} 2>&1"))
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = shell.spawn().expect("start a shell");
        let mut stdout = child.stdout.take().expect("piped");
        let (send, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = stdout.read(&mut buffer) {
                _ = send.send(buffer[..len].to_vec());
            }
        });
        let stdin = child.stdin.take().expect("piped");
        let mut gdb = Self {
            child,
            stdin,
            output,
        };
        _ = gdb.answer();
        gdb
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.stdin, "{command}").expect("gdb listens");
        self.answer()
    }

    /// What it prints until it asks again.
    fn answer(&mut self) -> String {
        let end = Instant::now() + RUN;
        let mut all = Vec::new();
        while !all.ends_with(PROMPT.as_bytes()) {
            let rest = end.saturating_duration_since(Instant::now());
            let Ok(part) = self.output.recv_timeout(rest.max(Duration::from_millis(1))) else {
                panic!(
                    "gdb has ended, or takes too long: {}",
                    String::from_utf8_lossy(&all)
                );
            };
            all.extend(part);
        }
        all.truncate(all.len() - PROMPT.len());
        String::from_utf8_lossy(&all).into_owned()
    }
}

impl Drop for Gdb {
    fn drop(&mut self) {
        // Its program with it.
        let group = format!("-{}", self.child.id());
        _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        _ = self.child.wait();
    }
}
