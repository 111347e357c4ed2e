//! What a newcomer tries first works as it is written: the examples print what stands beside them, and the README's servers and command do
//! what it says. Its sessions are run by `docs.rs`.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::thread;

use gobuild_tests::documents;
use gobuild_tests::examples::{example, gobuild, program};
use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::server::Server;
use gobuild_tests::tool;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use snapbox::{Data, assert_data_eq};

/// Compares an output with what stands beside the example.
#[track_caller]
fn check(name: &str, found: &str) {
    let expected = Data::read_from(&example(name).join("expected.txt"), None);
    assert_data_eq!(found, expected.raw());
}

#[test]
fn every_example_prints_what_it_is_said_to() {
    let mut examples: Vec<String> = fs::read_dir(tool::root().join("examples"))
        .expect("list the examples")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("a plain name"))
        .collect();
    examples.sort();
    assert!(examples.contains(&"registry".to_owned()), "{examples:?}");
    for name in &examples {
        let outcome = run(&mut gobuild(name, &["run", "-q"]), BUILD).ok();
        check(name, &outcome.out());
    }
}

/// Every step is reached, and in Go's order. `runtime.doInit` runs twice: for the runtime's own tasks and for the program's.
#[test]
fn the_walk_through_the_boot_names_every_step() {
    let boot = program("boot");
    let gdb = which::which("gdb").expect("gdb is needed: install gdb");
    let mut command = Command::new(gdb);
    tool::clean(&mut command);
    command
        .args(["-nx", "-q", "-batch", "-x"])
        .arg(example("boot").join("walk.gdb"))
        .arg(boot.get_program());
    let text = run(&mut command, RUN).ok().out();
    let steps = text
        .lines()
        .filter_map(|line| line.split_once(" in section "));
    let steps: Vec<&str> = steps
        .map(|(symbol, _)| symbol.split(" + ").next().unwrap_or(symbol))
        .collect();
    let expect = "_rt0_amd64_linux _rt0_amd64 runtime.rt0_go runtime.check runtime.args runtime.osinit runtime.schedinit runtime.newproc \
                  runtime.mstart runtime.main runtime.doInit runtime.doInit main.main";
    let expect: Vec<&str> = expect.split_whitespace().collect();
    assert_eq!(steps, expect, "{text}");
}

/// Talks to an echo server line by line.
fn talk(stream: TcpStream, name: usize) {
    let mut to = stream.try_clone().expect("a second handle");
    let mut from = BufReader::new(stream);
    for n in 0..20 {
        let line = format!("client {name} says {n}\n");
        to.write_all(line.as_bytes()).expect("write");
        let mut answer = String::new();
        from.read_line(&mut answer).expect("read");
        assert_eq!(answer, line);
    }
}

#[test]
fn the_echo_server_serves_many_at_once_until_its_input_ends() {
    let server = Server::start(program("echo").arg("127.0.0.1:0"));
    // Connected for the whole time, and silent: nobody waits for it.
    let silent = server.connect();
    thread::scope(|s| {
        for name in 0..50 {
            let stream = server.connect();
            s.spawn(move || talk(stream, name));
        }
    });
    drop(silent);
    assert_eq!(server.end(), (String::new(), String::new()));
}

/// Whoever is connected finishes. A second signal does not wait for that.
#[test]
fn the_echo_server_stops_in_order_when_it_is_told_to() {
    let mut server = Server::start(program("echo").arg("127.0.0.1:0"));
    let (client, last) = (server.connect(), server.connect());
    // Both have been let in.
    for (name, stream) in [&client, &last].into_iter().enumerate() {
        talk(stream.try_clone().expect("a second handle"), name);
    }
    signal(&server, Signal::TERM);
    talk(client, 2);
    assert!(server.is_running());
    drop(last);
    assert_eq!(server.ended(), (String::new(), String::new()));

    let mut server = Server::start(program("echo").arg("127.0.0.1:0"));
    let client = server.connect();
    talk(client.try_clone().expect("a second handle"), 3); // it has been let in
    while server.is_running() {
        signal(&server, Signal::INT);
        thread::yield_now();
    }
    assert_eq!(server.status().signal(), Some(Signal::INT.as_raw()));
}

/// The connection with which it wakes itself needs a descriptor.
#[test]
fn the_echo_server_stops_also_when_its_clients_have_all_descriptors() {
    let server = Server::start(program("echo").arg("127.0.0.1:0"));
    let client = server.connect();
    talk(client.try_clone().expect("a second handle"), 0);
    let open = format!("/proc/{}/fd", server.id());
    let free = (0..).find(|number| !Path::new(&open).join(number.to_string()).exists());
    let limit = Rlimit {
        current: free,
        maximum: free,
    };
    prlimit(Some(process(&server)), Resource::Nofile, limit).expect("a lower limit");
    signal(&server, Signal::TERM);
    talk(client, 1); // meanwhile the server wakes itself, or fails to
    assert_eq!(server.ended(), (String::new(), String::new()));
}

fn process(server: &Server) -> Pid {
    let id = i32::try_from(server.id()).expect("a process id");
    Pid::from_raw(id).expect("a process id")
}

fn signal(server: &Server, signal: Signal) {
    kill_process(process(server), signal).expect("it is there");
}

/// Files and directories below, by hand.
fn count(dir: &Path) -> (u32, u32) {
    let mut counts = (0, 1);
    for entry in fs::read_dir(dir).expect("read directory") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("its type").is_dir() {
            let below = count(&entry.path());
            counts = (counts.0 + below.0, counts.1 + below.1);
        } else {
            counts.0 += 1;
        }
    }
    counts
}

#[test]
fn the_walker_finds_what_is_there() {
    let root = tool::root().join("rtlib");
    let out = run(program("walk").arg(&root), RUN).ok().out();
    let mut files = 0;
    let mut directories = 0;
    for line in out.lines() {
        let numbers = line.rsplit(": ").next().unwrap_or(line);
        let number = numbers
            .split(' ')
            .next()
            .and_then(|n| n.parse::<u32>().ok());
        let number = number.unwrap_or_else(|| panic!("no number: {line}"));
        if line.ends_with("directories") {
            directories += number;
        } else {
            files += number;
        }
    }
    assert_eq!((files, directories), count(&root), "{out}");
}

#[test]
fn the_sieve_finds_as_many_primes_as_wanted() {
    let out = run(program("sieve").arg("100"), RUN).ok().out();
    assert_eq!(
        (out.lines().count(), out.lines().last()),
        (100, Some("541"))
    );
}

/// It is plain std, and a connection costs no thread of the kernel.
#[test]
fn the_readmes_server_serves_many_with_few_threads() {
    let server = documents::nth("README.md", "rust", 1);
    let project = Project::bin("readme", "serves", "", &server);
    _ = project.build(&["-q"]).ok();
    let server = Server::start(&mut project.program("debug", "serves"));
    let clients: Vec<TcpStream> = (0..200)
        .map(|_| TcpStream::connect(server.address()).expect("connect"))
        .collect();
    for mut client in &clients {
        let mut answer = [0; 5];
        client.write_all(b"hello").expect("send");
        client.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"hello");
    }
    let threads = server.threads();
    assert!(threads < 30, "{threads} threads");
}

#[test]
fn the_readmes_goroutines_add_up() {
    let project = Project::bin(
        "readme",
        "adds",
        "gobuild-rtlib = { path = \"{rtlib}\" }",
        &documents::nth("README.md", "rust", 3),
    );
    _ = project.build(&["-q"]).ok();
    let out = run(&mut project.program("debug", "adds"), RUN).ok().out();
    assert_eq!(out, "5050\n");
}

#[test]
fn the_readmes_command_builds_the_tool_and_runs_the_registry() {
    let readme = fs::read_to_string(tool::root().join("README.md")).expect("read README.md");
    let command = readme
        .lines()
        .find(|line| line.starts_with("cargo run -p cargo-gobuild -- run "))
        .expect("the README has the command");
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(tool::root());
    tool::clean(&mut shell);
    if let Some(target) = env::var_os("CARGO_TARGET_DIR") {
        shell.env("CARGO_TARGET_DIR", target);
    }
    check("registry", &run(&mut shell, BUILD).ok().out());
}
