//! Child processes, and what happens to them when this process is told to end.
//!
//! SIGINT, SIGTERM and SIGHUP do not end this process: they are remembered and handed to the child that runs. The caller then sees
//! [`Ended::Interrupted`], cleans up by leaving its scopes, and exits with the code of the signal.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The signals that end a build.
const SIGNALS: [(i32, Signal); 3] = [
    (SIGINT, Signal::INT),
    (SIGTERM, Signal::TERM),
    (SIGHUP, Signal::HUP),
];

/// How a child ended.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    /// By itself.
    Exited(ExitStatus),
    /// This process was told to end, by this signal.
    Interrupted(i32),
}

/// Whether a child shares the terminal's signals with this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// It does, as cargo must.
    Shared,
    /// It has a process group of its own, so that all of its own children can be ended with it.
    Own,
}

#[derive(Debug, Default)]
struct State {
    child: Option<(Pid, Group)>,
    received: Option<i32>,
}

/// Catches the signals for as long as the process lives.
#[derive(Clone, Debug)]
pub struct Interrupts(Arc<Mutex<State>>);

impl Interrupts {
    /// Starts to catch.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn catch() -> io::Result<Self> {
        let mut signals = Signals::new(SIGNALS.map(|(number, _)| number))?;
        let this = Self(Arc::default());
        let state = this.clone();
        std::thread::spawn(move || {
            for number in signals.forever() {
                state.hand_on(number);
            }
        });
        Ok(this)
    }

    /// Takes the end of `stream` for a SIGTERM: whoever holds its far end is gone, or waits for this process to clean up and end.
    pub fn end_with(&self, mut stream: UnixStream) {
        let state = self.clone();
        std::thread::spawn(move || {
            while let Ok(1..) = stream.read(&mut [0]) {}
            state.hand_on(SIGTERM);
            // Open until the process ends: its closing says that everything is cleaned up.
            std::mem::forget(stream);
        });
    }

    /// The signal that told this process to end, if one did.
    #[must_use]
    pub fn received(&self) -> Option<i32> {
        self.lock().received
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, command: &mut Command, group: Group) -> io::Result<Ended> {
        if group == Group::Own {
            command.process_group(0);
        }
        let child = {
            let mut state = self.lock();
            if let Some(number) = state.received {
                return Ok(Ended::Interrupted(number));
            }
            let child = command.spawn()?;
            state.child = pid_of(&child).map(|pid| (pid, group));
            child
        };
        self.wait(child)
    }

    /// The process id is forgotten before it is freed, so no signal hits a stranger.
    fn wait(&self, mut child: Child) -> io::Result<Ended> {
        if let Some(pid) = pid_of(&child) {
            while let Err(rustix::io::Errno::INTR) = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            ) {}
        }
        let received = {
            let mut state = self.lock();
            state.child = None;
            state.received
        };
        let status = child.wait()?;
        Ok(received.map_or(Ended::Exited(status), Ended::Interrupted))
    }

    fn hand_on(&self, number: i32) {
        let mut state = self.lock();
        state.received = Some(number);
        let signal = SIGNALS
            .iter()
            .find(|(known, _)| *known == number)
            .map(|(_, signal)| *signal);
        // A child that is gone already needs no signal.
        let _ = match (state.child, signal) {
            (Some((pid, Group::Shared)), Some(signal)) => kill_process(pid, signal),
            (Some((pid, Group::Own)), Some(_)) => kill_process_group(pid, Signal::TERM),
            _ => Ok(()),
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets this process and its children wait for their children, even if the parent ignores SIGCHLD: who inherits that is not told how a
/// child ended. A signal that is caught here has its default action in what is started from here.
///
/// # Errors
/// When the handler cannot be installed.
pub fn expect_children() -> io::Result<()> {
    signal_hook::flag::register(SIGCHLD, Arc::default()).map(|_| ())
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_that_ends_by_itself_gives_its_status() {
        let interrupts = Interrupts(Arc::default());
        let ended = interrupts
            .run(&mut shell("exit 7"), Group::Own)
            .expect("runs");
        assert!(matches!(ended, Ended::Exited(status) if status.code() == Some(7)));
    }

    #[test]
    fn a_signal_ends_the_child_and_its_children() {
        let interrupts = Interrupts(Arc::default());
        let handle = interrupts.clone();
        let running =
            std::thread::spawn(move || handle.run(&mut shell("sleep 600 & wait"), Group::Own));
        while interrupts.lock().child.is_none() && !running.is_finished() {
            std::thread::yield_now();
        }
        interrupts.hand_on(SIGTERM);
        let ended = running.join().expect("no panic").expect("runs");
        assert!(matches!(ended, Ended::Interrupted(SIGTERM)));
        assert!(interrupts.lock().child.is_none());
    }

    #[test]
    fn the_end_of_a_stream_counts_as_a_signal() {
        let interrupts = Interrupts(Arc::default());
        let (here, there) = UnixStream::pair().expect("a pair");
        interrupts.end_with(here);
        let handle = interrupts.clone();
        let running =
            std::thread::spawn(move || handle.run(&mut shell("sleep 600 & wait"), Group::Own));
        drop(there);
        let ended = running.join().expect("no panic").expect("runs");
        assert!(matches!(ended, Ended::Interrupted(SIGTERM)));
    }

    #[test]
    fn nothing_is_started_after_a_signal() {
        let interrupts = Interrupts(Arc::default());
        interrupts.hand_on(SIGINT);
        let ended = interrupts
            .run(&mut Command::new("/no/such/program"), Group::Shared)
            .expect("not started");
        assert!(matches!(ended, Ended::Interrupted(SIGINT)));
    }
}
