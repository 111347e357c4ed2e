//! Servers under test: children that say where they listen, serve until their standard input ends, and do not outlive their test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::process::RUN;

/// How long one may take to tell its goroutines when its test has failed.
const TELLING: Duration = Duration::from_secs(10);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    rest: Option<BufReader<ChildStdout>>,
    errors: Option<JoinHandle<String>>,
    address: String,
}

/// What `f` returns, if it does so in time.
///
/// # Panics
/// If it does not.
#[track_caller]
pub fn in_time<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    thread::spawn(move || _ = done.send(f()));
    result.recv_timeout(RUN).expect("done in time")
}

impl Server {
    /// Starts it, and waits until it says `listening on ADDRESS`.
    ///
    /// # Panics
    /// If it cannot be started or says something else.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("start the server");
        let mut stderr = child.stderr.take().expect("piped");
        let errors = thread::spawn(move || {
            let mut all = Vec::new();
            _ = stderr.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut server = Self {
            stdin: child.stdin.take(),
            child,
            rest: None,
            errors: Some(errors),
            address: String::new(),
        };
        let (first, stdout) = in_time(move || {
            let mut line = String::new();
            (stdout.read_line(&mut line).map(|_| line), stdout)
        });
        let first = first.expect("it says something");
        let address = first.trim_end().strip_prefix("listening on ");
        server.address = address.expect(&first).to_owned();
        server.rest = Some(stdout);
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection to it, which does not wait for ever.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    #[track_caller]
    pub fn connect(&self) -> TcpStream {
        connect(&self.address)
    }

    /// The process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its threads of the kernel.
    ///
    /// # Panics
    /// If it has ended.
    #[must_use]
    #[track_caller]
    pub fn threads(&self) -> usize {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.id()));
        tasks.expect("it runs").count()
    }

    /// Ends its input, and waits for it; what it said meanwhile on standard output, which must end, and on standard error.
    ///
    /// # Panics
    /// If it does not end with success, in time.
    #[must_use]
    #[track_caller]
    pub fn end(mut self) -> (String, String) {
        drop(self.stdin.take());
        self.ended()
    }

    /// The same where something else than the end of its input ends it.
    ///
    /// # Panics
    /// If it does not end with success, in time.
    #[must_use]
    #[track_caller]
    pub fn ended(mut self) -> (String, String) {
        let mut rest = self.rest.take().expect("it was started");
        let out = in_time(move || {
            let mut out = String::new();
            rest.read_to_string(&mut out).map(|_| out)
        });
        let status = self.wait();
        let err = self.errors();
        assert!(status.success(), "{status}\n{err}");
        (out.expect("text"), err)
    }

    /// Whether it has not ended.
    ///
    /// # Panics
    /// If the system does not say.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("ask for its end").is_none()
    }

    /// Waits for its end, however it comes.
    ///
    /// # Panics
    /// If the system does not say.
    #[must_use]
    pub fn status(mut self) -> ExitStatus {
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("wait")
    }

    fn errors(&mut self) -> String {
        let errors = self.errors.take();
        errors.map_or_else(String::new, |reader| reader.join().expect("reader"))
    }
}

/// A connection to this address, which does not wait for ever.
///
/// # Panics
/// If it cannot be made.
#[must_use]
#[track_caller]
pub fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connect");
    for direction in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        direction(&stream, Some(RUN)).expect("set a time limit");
    }
    stream
}

impl Drop for Server {
    /// In a test that fails it tells what its goroutines are at.
    fn drop(&mut self) {
        if thread::panicking() && self.errors.is_some() {
            let pid = self.id().to_string();
            _ = Command::new("kill").args(["-QUIT", &pid]).status();
            let errors = self.errors.take().expect("just seen");
            let (done, said) = mpsc::channel();
            thread::spawn(move || _ = done.send(errors.join()));
            if let Ok(Ok(said)) = said.recv_timeout(TELLING) {
                eprintln!("--- the server's standard error\n{said}");
            }
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
