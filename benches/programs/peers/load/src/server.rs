//! The server: a child that says its port, and ends with its owner.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::system;

/// A server that runs.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub port: u16,
}

/// What the kernel tells about it.
pub struct Status {
    /// Resident pages and page tables, bytes.
    pub memory: u64,
    /// Threads of the kernel.
    pub threads: u64,
}

impl Server {
    /// Starts the program. When they are to be apart, it has the first CPU and the caller the last one.
    pub fn start(program: &str, apart: bool) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if apart {
            let (first, last) = system::first_and_last_cpu();
            // SAFETY: between fork and exec the closure makes one system call.
            unsafe { command.pre_exec(move || system::run_on(first)) };
            system::run_on(last).expect("this CPU was among ours");
        }
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("a pipe");
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the server says its port");
        let port = line.trim().strip_prefix("port ").expect("port");
        let port = port.parse().expect("a port is a number");
        Self { child, port }
    }

    /// How long its threads have run.
    pub fn cpu_time(&self) -> Duration {
        system::cpu_time(self.child.id())
    }

    /// As it is now.
    pub fn status(&self) -> Status {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("/proc tells of the server");
        let number = |name: &str| -> u64 {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let value = value.expect(name).trim().trim_end_matches(" kB");
            value.parse().expect("a number")
        };
        Status {
            memory: (number("VmRSS:") + number("VmPTE:")) * 1024,
            threads: number("Threads:"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("the server is still there");
        self.child.wait().expect("it ends");
    }
}
