//! How the linker driver and the wrapper talk to the subcommand while cargo and rustc stand between them.
//!
//! rustc keeps what its linker prints and shows it only when the link fails, wrapped into its own message. So the wrapper around rustc
//! listens on a Unix socket, which is named after its process; drivers look for one in the processes above them. (A name in the environment would be another one
//! in each build, which compilation caches take for another input.) The wrapper says errors in the place of rustc's message, and hands everything else on to the
//! subcommand, which listens in the same way and prints it by the one [`crate::shell`]. A driver below no wrapper (doctests) tells the subcommand itself.
//! Without anybody (sockets gone, rustc called by hand) errors go to standard error, and so to rustc.
//!
//! The sockets are abstract: they are no files, so they need no temporary directory, and nothing is left of them when the subcommand is
//! killed. Such a name is open to every user, so both ends look whether the other one belongs to the same user.
//!
//! A second socket beside it carries nothing: a driver's connection to it ends when the subcommand ends it or is gone, which tells the
//! driver to give up although cargo and rustc, which do not hand signals on, still wait for it; and the subcommand sees by its end of
//! the connection when the driver has cleaned up.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use gobuild_codegen::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ancestors::{self, Process};
use crate::rustc_json;
use crate::shell;

/// The socket for messages.
const REPORT: &str = "-report";
/// The socket that tells whether the subcommand is there.
const ALIVE: &str = "-alive";
/// A message is a few kilobytes; more than this is none of ours.
const MAX_MESSAGE: u64 = 16 << 20;
/// The sender writes at once or is gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// What is being done.
    Status {
        /// A verb.
        word: String,
        /// To what.
        text: String,
    },
    /// A command that is run.
    Command(String),
    /// What the user should know.
    Warning(Report),
    /// Why the work failed.
    Error(Report),
    /// Why the linker failed, whose own words are in rustc's message.
    Failed(Report),
}

impl Message {
    /// Whether it says why the work failed.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_) | Self::Failed(_))
    }
}

/// An error as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// A diagnostic with its source lines.
    Rendered {
        /// Its first line.
        headline: String,
        /// All of it, in colours.
        text: String,
        /// The same as rustc's JSON; none if it is no diagnostic of the user's code.
        diagnostics: Vec<Value>,
    },
    /// An error of the tool.
    Plain {
        /// What.
        headline: String,
        /// Why.
        causes: Vec<String>,
        /// What to do.
        help: Option<String>,
    },
}

impl Report {
    /// The text of an error with its causes.
    #[must_use]
    pub fn of(error: &dyn Error, help: Option<String>) -> Self {
        Self::Plain {
            headline: error.to_string(),
            causes: shell::causes(error),
            help,
        }
    }

    /// Diagnostics of the user's code. `headline` is a line for all of them.
    #[must_use]
    pub fn of_diagnostics(headline: String, all: &[Diagnostic]) -> Self {
        let texts: Vec<String> = all.iter().map(|one| one.render(true)).collect();
        Self::Rendered {
            headline,
            text: texts.join("\n\n"),
            diagnostics: all.iter().map(rustc_json::of_diagnostic).collect(),
        }
    }

    /// What to do about an error of the tool.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Plain { help, .. } => help.as_deref(),
            Self::Rendered { .. } => None,
        }
    }

    /// The line that stands for the whole, for rustc, when the whole has been told elsewhere.
    #[must_use]
    pub fn short(&self) -> Self {
        match self {
            Self::Rendered { headline, .. } => Self::Rendered {
                headline: headline.clone(),
                text: headline.clone(),
                diagnostics: Vec::new(),
            },
            Self::Plain { headline, .. } => Self::Plain {
                headline: headline.clone(),
                causes: Vec::new(),
                help: None,
            },
        }
    }
}

/// Where the subcommand listens, and the wrapper for the driver below it.
pub struct Inbox {
    name: String,
    printing: JoinHandle<()>,
    drivers: Option<(Drivers, JoinHandle<()>)>,
}

impl Inbox {
    /// Listens, and calls `tell` with what arrives.
    ///
    /// # Errors
    /// When the system has no Unix sockets for us, or no /proc.
    pub fn open(tell: impl Fn(Message) + Send + 'static) -> io::Result<Self> {
        Self::open_as(name_of_this()?, true, tell)
    }

    /// The same below a subcommand, on whose end the drivers wait.
    ///
    /// # Errors
    /// As [`Inbox::open`].
    pub fn open_below(tell: impl Fn(Message) + Send + 'static) -> io::Result<Self> {
        Self::open_as(name_of_this()?, false, tell)
    }

    fn open_as(
        name: String,
        is_top: bool,
        tell: impl Fn(Message) + Send + 'static,
    ) -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&address(&name, REPORT)?)?;
        let drivers = match is_top {
            true => {
                let drivers = Drivers::new();
                let welcoming = drivers.welcome(UnixListener::bind_addr(&address(&name, ALIVE)?)?);
                Some((drivers, welcoming))
            }
            false => None,
        };
        let printing = std::thread::spawn(move || {
            for stream in listener.incoming().filter(of_same_user) {
                match stream.and_then(receive) {
                    Ok(Some(message)) => tell(message),
                    Ok(None) => break,
                    Err(_) => {}
                }
            }
        });
        Ok(Self {
            name,
            printing,
            drivers,
        })
    }

    /// Makes drivers that still run give up, and waits until they have cleaned up; prints what has arrived; stops.
    pub fn close(self) {
        if let Some((drivers, _)) = &self.drivers {
            drivers.end();
        }
        let told = connect(&self.name, REPORT).and_then(|mut stream| stream.write_all(b"null"));
        if told.is_ok() {
            let _ = self.printing.join();
        }
        if let Some((_, welcoming)) = self.drivers
            && connect(&self.name, ALIVE).is_ok()
        {
            let _ = welcoming.join();
        }
    }
}

fn name_of_this() -> io::Result<String> {
    let this = Process::this().ok_or(io::ErrorKind::NotFound)?;
    Ok(name_of(this))
}

/// What the names of a process's sockets begin with.
fn name_of(process: Process) -> String {
    format!("cargo-gobuild-{:x}-{:x}", process.pid, process.started)
}

fn address(name: &str, which: &str) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("{name}{which}"))
}

/// A connection to a socket of the same user's.
fn connect(name: &str, which: &str) -> io::Result<UnixStream> {
    let stream = UnixStream::connect_addr(&address(name, which)?);
    match of_same_user(&stream) {
        true => stream,
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

/// Whether the other end belongs to the same user; true for what is no connection.
fn of_same_user(stream: &io::Result<UnixStream>) -> bool {
    let Ok(stream) = stream else { return true };
    rustix::net::sockopt::socket_peercred(stream)
        .is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

/// The drivers that run: one open connection each. None are welcome once they have been told to end.
#[derive(Clone)]
struct Drivers(Arc<Mutex<Option<Vec<UnixStream>>>>);

impl Drivers {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    /// Takes connections; the first one after the end stops it.
    fn welcome(&self, listener: UnixListener) -> JoinHandle<()> {
        let drivers = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().filter(of_same_user).flatten() {
                let mut open = drivers.lock();
                let Some(open) = open.as_mut() else { break };
                open.retain(is_open);
                open.push(stream);
            }
        })
    }

    /// Ends the connections, and waits for their far ends. After an ordinary build there are only ends to be found.
    fn end(&self) {
        let open = self.lock().take().unwrap_or_default();
        for driver in &open {
            // Whoever is gone already needs no telling.
            let _ = driver.shutdown(Shutdown::Write);
        }
        for mut driver in open {
            let _ = driver
                .set_nonblocking(false)
                .and_then(|()| driver.set_read_timeout(Some(PATIENCE)))
                .and_then(|()| driver.read(&mut [0]));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<UnixStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the far end is there; it never writes.
fn is_open(driver: &UnixStream) -> bool {
    let mut driver = driver;
    let read = driver
        .set_nonblocking(true)
        .and_then(|()| driver.read(&mut [0]));
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

fn receive(stream: UnixStream) -> io::Result<Option<Message>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = Vec::new();
    stream.take(MAX_MESSAGE).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// The far end: how the driver reaches the wrapper and the subcommand, and the wrapper the subcommand.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// Who takes reports: the nearest one.
    listener: Option<String>,
    /// On whose end the build ends.
    top: Option<String>,
}

impl Outbox {
    /// Finds them among the processes above.
    #[must_use]
    pub fn find() -> Self {
        let names: Vec<String> = ancestors::above().map(name_of).collect();
        let nearest = |which| {
            let mut names = names.iter();
            names.find(|name| connect(name, which).is_ok()).cloned()
        };
        Self {
            listener: nearest(REPORT),
            top: nearest(ALIVE),
        }
    }

    /// Whether somebody takes reports.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.listener.is_some()
    }

    /// A connection that breaks when the build ends.
    #[must_use]
    pub fn alive(&self) -> Option<UnixStream> {
        connect(self.top.as_ref()?, ALIVE).ok()
    }

    /// Tells whoever takes reports; false when nobody does.
    #[must_use]
    pub fn send(&self, message: &Message) -> bool {
        self.listener
            .as_ref()
            .is_some_and(|name| send(name, message).is_ok())
    }

    /// Tells what is being done.
    pub fn status(&self, word: &str, text: &str) {
        let _ = self.send(&Message::Status {
            word: word.into(),
            text: text.into(),
        });
    }

    /// Tells a command that is run.
    pub fn command(&self, line: String) {
        let _ = self.send(&Message::Command(line));
    }
}

fn send(name: &str, message: &Message) -> io::Result<()> {
    let mut stream = connect(name, REPORT)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&serde_json::to_vec(message)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(name: &str) -> Inbox {
        let name = format!("cargo-gobuild-{name}-{:x}", std::process::id());
        Inbox::open_as(name, true, drop).expect("opens")
    }

    fn under(inbox: &Inbox) -> Outbox {
        Outbox {
            listener: Some(inbox.name.clone()),
            top: Some(inbox.name.clone()),
        }
    }

    #[test]
    fn messages_survive_the_socket() {
        let name = format!("cargo-gobuild-test-{:x}", std::process::id());
        let listener =
            UnixListener::bind_addr(&address(&name, REPORT).expect("a name")).expect("binds");
        let report = Report::Plain {
            headline: "a".into(),
            causes: vec!["b".into()],
            help: Some("x".repeat(300_000)),
        };
        let message = Message::Error(report);
        let sent = message.clone();
        let outbox = Outbox {
            listener: Some(name),
            top: None,
        };
        let sender = std::thread::spawn(move || outbox.send(&sent));
        let received = listener
            .accept()
            .and_then(|(stream, _)| receive(stream))
            .expect("receives");
        assert_eq!(received, Some(message));
        assert!(sender.join().expect("no panic"));
    }

    #[test]
    fn the_subcommand_ends_drivers_and_waits_for_them() {
        let inbox = opened("ends");
        let outbox = under(&inbox);
        let mut alive = outbox.alive().expect("the subcommand is there");
        let (drivers, _) = inbox.drivers.as_ref().expect("it is the top");
        while drivers.lock().as_ref().is_some_and(Vec::is_empty) {
            std::thread::yield_now();
        }
        let (cleaned_up, is_clean) = std::sync::mpsc::channel();
        let driver = std::thread::spawn(move || {
            let end = alive.read(&mut [0]);
            cleaned_up.send(()).expect("somebody listens");
            end.unwrap_or(0)
        });
        inbox.close();
        assert_eq!(is_clean.try_recv(), Ok(()), "the subcommand did not wait");
        assert_eq!(driver.join().expect("no panic"), 0);
        assert!(outbox.alive().is_none());
    }

    #[test]
    fn any_number_of_drivers_may_come_and_go() {
        let inbox = opened("many");
        let outbox = under(&inbox);
        for _ in 0..10_000 {
            drop(outbox.alive().expect("the subcommand is there"));
        }
        inbox.close();
    }

    #[test]
    fn without_a_subcommand_nothing_is_sent() {
        assert!(!Outbox::default().send(&Message::Command("x".into())));
        let gone = Outbox {
            listener: Some("no such socket".into()),
            top: None,
        };
        assert!(!gone.send(&Message::Command("x".into())));
    }
}
