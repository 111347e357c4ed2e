//! Children with a time limit: in a process group of their own, which is killed when the time is over. SIGQUIT comes first, so that programs of ours tell what their goroutines are at.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a child may take that only runs.
pub const RUN: Duration = Duration::from_secs(180);
/// How long a child may take that compiles.
pub const BUILD: Duration = Duration::from_secs(600);
/// How long a child may take to begin when its executable is busy, and to end after SIGQUIT.
const QUIT: Duration = Duration::from_secs(10);

/// What a child did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Outcome {
    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The exit code; 128 + the signal when a signal ended it, as shells have it.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or(0))
    }

    /// Itself, if it ended with success.
    ///
    /// # Panics
    /// If not, with everything it printed.
    #[must_use]
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status.success(), "{}", self.report());
        self
    }

    /// Itself, if it ended with this code.
    ///
    /// # Panics
    /// If not, with everything it printed.
    #[must_use]
    #[track_caller]
    pub fn fails_with(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{}", self.report());
        self
    }

    /// The lines that say why a program of ours, or Go's, was ended.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let is_reason =
            |line: &&str| line.starts_with("panic: ") || line.starts_with("fatal error: ");
        let err = self.err();
        err.lines().filter(is_reason).map(str::to_owned).collect()
    }

    /// What a program does to the outside: its output, its exit code, and why it was ended.
    #[must_use]
    pub fn essence(&self) -> (String, i32, Vec<String>) {
        (self.out(), self.code(), self.reasons())
    }

    /// Everything, for messages.
    #[must_use]
    pub fn report(&self) -> String {
        format!(
            "{}\n{}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.status,
            self.out(),
            self.err()
        )
    }
}

/// Runs a child without input.
///
/// # Panics
/// If it cannot be started or takes longer than `limit`.
#[track_caller]
pub fn run(command: &mut Command, limit: Duration) -> Outcome {
    run_with_input(command, b"", limit)
}

/// Runs a child with this standard input.
///
/// # Panics
/// If it cannot be started or takes longer than `limit`.
#[track_caller]
pub fn run_with_input(command: &mut Command, input: &[u8], limit: Duration) -> Outcome {
    let shown = format!("{command:?}");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = spawn(command).unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
    let group = child.id();
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let feeder = thread::spawn(move || _ = stdin.write_all(&input));
    let stdout = collect(child.stdout.take().expect("piped"));
    let stderr = collect(child.stderr.take().expect("piped"));
    let (done, finished) = mpsc::channel();
    let waiter = thread::spawn(move || _ = done.send(child.wait()));
    let Ok(status) = finished.recv_timeout(limit) else {
        signal(group, "-QUIT");
        _ = finished.recv_timeout(QUIT);
        signal(group, "-KILL");
        let (out, err) = (
            stdout.join().expect("reader"),
            stderr.join().expect("reader"),
        );
        panic!(
            "{shown} took longer than {limit:?}\n--- stdout\n{}\n--- stderr\n{}",
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&err)
        );
    };
    waiter.join().expect("waiter");
    feeder.join().expect("feeder");
    Outcome {
        command: shown,
        status: status.expect("wait"),
        stdout: stdout.join().expect("reader"),
        stderr: stderr.join().expect("reader"),
    }
}

/// Starts it, again for a while when its executable is busy: we have just written it, and a child of another thread, which has not come to its own program yet, has our
/// descriptor still.
fn spawn(command: &mut Command) -> io::Result<Child> {
    let began = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && began.elapsed() < QUIT =>
            {
                thread::sleep(Duration::from_millis(1));
            }
            spawned => return spawned,
        }
    }
}

/// Sends a signal, an option of kill(1), to all of a process group.
fn signal(group: u32, signal: &str) {
    _ = Command::new("kill")
        .args([signal, "--", &format!("-{group}")])
        .status();
}

fn collect(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        _ = from.read_to_end(&mut all);
        all
    })
}

/// Standard error must contain each of these.
///
/// # Panics
/// If it does not, with all that was said.
#[track_caller]
pub fn says(outcome: &Outcome, parts: &[&str]) {
    for part in parts {
        assert!(
            outcome.err().contains(part),
            "no {part:?}: {}",
            outcome.report()
        );
    }
}
