//! Real servers and their clients as plain programs of std whose threads are goroutines: an HTTP server on tiny_http, a chat, and, with the crates of the fixture `crates`, clients of Redis, writers of SQLite, tokio and
//! mio. With one P and with two; on threads of the kernel as well, where that tells something. What they answer is checked, and how many threads the kernel sees.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use gobuild_tests::process::{RUN, run};
use gobuild_tests::server::Server;
use gobuild_tests::{crates, examples, tool};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than a server needs on goroutines, however many connections it has: Ps, sysmon, those that wait for the poller or for what keeps a thread for a moment. On a machine with too much work there are more Ps for a
/// while, for goroutines that have lost their processor.
const HANDFUL: usize = 40;

/// An example that serves, with this environment.
fn serve(example: &str, env: (&str, &str)) -> Server {
    Server::start(
        examples::program(example)
            .arg("127.0.0.1:0")
            .env(env.0, env.1),
    )
}

/// As many connections of two descriptors as this machine lets a process have, and no more than so many. It raises the limit of this process, which its children inherit.
fn connections(most: usize) -> usize {
    const OTHERS: usize = 500;
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, all).expect("raise the soft limit");
    let files = limit.maximum.map_or(usize::MAX, |limit| limit as usize);
    let possible = files.saturating_sub(OTHERS) / 2;
    if possible < most {
        println!(
            "{possible} connections instead of {most}: a process may have {files} files (ulimit -Hn)"
        );
    }
    most.min(possible)
}

/// A request without a body.
fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

/// Reads one answer of HTTP, and no byte more; its body.
#[track_caller]
fn body(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 1 << 16];
    loop {
        let end = all.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&all[..end]).into_owned();
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            let length: usize = length.expect(&head).parse().expect("a number");
            let mut body = all.split_off(end + 4);
            let came = body.len();
            assert!(came <= length, "more than was asked for");
            body.resize(length, 0);
            stream.read_exact(&mut body[came..]).expect("read a body");
            return body;
        }
        let got = stream.read(&mut buffer).expect("read a head");
        assert!(
            got > 0,
            "the server hung up: {}",
            String::from_utf8_lossy(&all)
        );
        all.extend(&buffer[..got]);
    }
}

/// What a connection asks for.
#[derive(Clone, Copy)]
enum Asks {
    /// It has an answer at once.
    Simply,
    /// It sends one half of its request after the others have their answers.
    InTwoHalves,
    /// It has its answer when some time has passed.
    ForSomethingSlow,
    /// Its answer is more than fits into the buffers of a socket, and is not read before the others have theirs.
    ForMuch,
}

impl Asks {
    const MUCH: usize = 8 << 20;

    fn of(n: usize) -> Self {
        match n % 1000 {
            0 => Self::ForMuch,
            1..10 => Self::ForSomethingSlow,
            10..20 => Self::InTwoHalves,
            _ => Self::Simply,
        }
    }

    /// A request, and the body of its answer.
    fn what(self, name: &str) -> (String, Vec<u8>) {
        match self {
            Self::Simply | Self::InTwoHalves => (
                get(&format!("/hello/{name}")),
                format!("hello, {name}").into(),
            ),
            Self::ForSomethingSlow => (get("/slow/300"), "at last".into()),
            Self::ForMuch => (get(&format!("/big/{}", Self::MUCH)), vec![b'x'; Self::MUCH]),
        }
    }

    fn waits_for_the_others(self) -> bool {
        !matches!(self, Self::Simply)
    }
}

/// A connection that has had an answer. tiny_http 0.12 counts a thread as idle until it runs, and has connections that come in a burst wait for one that is not: also on plain threads.
fn greet(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(get("/hello/you").as_bytes()).expect("ask");
    assert_eq!(body(&mut stream), b"hello, you");
    stream
}

/// So many connections, all kept open, ask several times and are all answered; how many threads of the kernel the server had at most.
fn ask_all(server: &Server, count: usize) -> usize {
    let mut streams: Vec<TcpStream> = (0..count).map(|_| greet(server)).collect();
    let mut threads = 0;
    for round in 0..4 {
        let ask = |n: usize| (Asks::of(n), Asks::of(n).what(&format!("{n}-{round}")));
        for (n, stream) in streams.iter_mut().enumerate() {
            let (asks, (request, _)) = ask(n);
            let now = match asks {
                Asks::InTwoHalves => &request[..request.len() / 2],
                _ => &request[..],
            };
            stream.write_all(now.as_bytes()).expect("ask");
        }
        threads = threads.max(server.threads());
        for late in [false, true] {
            for (n, stream) in streams.iter_mut().enumerate() {
                let (asks, (request, expect)) = ask(n);
                if asks.waits_for_the_others() != late {
                    continue;
                }
                if matches!(asks, Asks::InTwoHalves) {
                    let rest = &request[request.len() / 2..];
                    stream.write_all(rest.as_bytes()).expect("ask on");
                }
                assert!(body(stream) == expect, "connection {n}, round {round}");
            }
            threads = threads.max(server.threads());
        }
    }
    threads
}

#[test]
fn http_answers_nine_thousand_connections_with_a_handful_of_threads() {
    let count = connections(9000);
    for procs in ["1", "2"] {
        let server = serve("http", ("GOMAXPROCS", procs));
        let began = Instant::now();
        let threads = ask_all(&server, count);
        println!(
            "{procs} Ps: 4 times {count} answers in {:.1?}, {threads} threads",
            began.elapsed()
        );
        assert!(threads <= HANDFUL, "{threads} threads");
        assert_eq!(server.end(), (String::new(), String::new()));
    }
}

/// The same binary, and the proof that threads are counted.
#[test]
fn http_answers_on_threads_of_the_kernel_too() {
    const COUNT: usize = 200;
    let server = serve("http", ("GODEBUG", "stdthreads=os"));
    let threads = ask_all(&server, COUNT);
    assert!(threads > COUNT, "{threads} threads");
    assert_eq!(server.end(), (String::new(), String::new()));
}

/// Somebody who has joined the chat.
struct Talker {
    name: u32,
    lines: BufReader<TcpStream>,
}

impl Talker {
    fn join(server: &Server) -> Self {
        let mut talker = Self {
            name: 0,
            lines: BufReader::new(server.connect()),
        };
        let line = talker.hear();
        let name = line
            .strip_suffix(" joins")
            .and_then(|name| name.parse().ok());
        talker.name = name.unwrap_or_else(|| panic!("no name: {line}"));
        talker
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("hear");
        assert!(line.ends_with('\n'), "sent away after {line:?}");
        line.trim_end().to_owned()
    }

    /// The next line that is not about who comes and goes.
    fn hear_talk(&mut self) -> String {
        loop {
            let line = self.hear();
            if line.contains(": ") {
                return line;
            }
        }
    }

    fn say(&self, text: &str) {
        let text = format!("{text}\n");
        self.lines
            .get_ref()
            .write_all(text.as_bytes())
            .expect("say");
    }
}

/// Everybody says something; all hear all of it, each speaker's words once, and all in one order.
fn talk(talkers: &mut [Talker], text: &str) {
    for talker in &*talkers {
        talker.say(text);
    }
    let mut expect: Vec<_> = talkers
        .iter()
        .map(|talker| format!("{}: {text}", talker.name))
        .collect();
    expect.sort();
    let count = talkers.len();
    let heard = talkers
        .iter_mut()
        .map(|talker| -> Vec<_> { (0..count).map(|_| talker.hear_talk()).collect() });
    let mut first: Option<Vec<String>> = None;
    for heard in heard {
        let same = first.get_or_insert_with(|| heard.clone());
        assert!(*same == heard, "{same:?}\n{heard:?}");
    }
    let mut first = first.unwrap_or_default();
    first.sort();
    assert!(first == expect, "{first:?}");
}

fn chat(env: (&str, &str)) -> usize {
    const TALKERS: usize = 100;
    let server = serve("chat", env);
    let mut talkers: Vec<_> = (0..TALKERS).map(|_| Talker::join(&server)).collect();
    talk(&mut talkers, "one");
    let threads = server.threads();
    // One goes away in the midst of a line, and with lines unread, so that the server's next word is answered by a reset.
    let gone = talkers.swap_remove(TALKERS / 2);
    talkers[0].say("unread");
    for talker in &mut talkers {
        assert!(talker.hear_talk().ends_with(": unread"));
    }
    gone.lines.get_ref().write_all(b"half a li").expect("say");
    let name = gone.name;
    drop(gone);
    while talkers[0].hear() != format!("{name} leaves") {}
    talk(&mut talkers, "two");
    // One never reads. The others hear each other all the time, until it has been sent away and beyond.
    let silent = Talker::join(&server);
    let mut few = talkers.split_off(TALKERS - 9);
    drop(talkers);
    let leaves = format!("{} leaves", silent.name);
    let long = "x".repeat(1 << 14);
    let mut gone = false;
    for _ in 0..1000 {
        for talker in &few {
            talker.say(&long);
        }
        let count = few.len();
        for talker in &mut few {
            let mut heard = 0;
            while heard < count {
                let line = talker.hear();
                gone |= line == leaves;
                heard += usize::from(line.ends_with(&long));
            }
        }
        if gone {
            break;
        }
    }
    assert!(gone, "who never reads is never sent away");
    talk(&mut few, "three");
    drop(few);
    assert_eq!(server.end(), (String::new(), String::new()));
    threads
}

#[test]
fn a_chat_reaches_everybody_whoever_leaves_or_does_not_listen() {
    for procs in ["1", "2"] {
        let threads = chat(("GOMAXPROCS", procs));
        assert!(threads <= HANDFUL, "{threads} threads");
    }
    let threads = chat(("GODEBUG", "stdthreads=os"));
    assert!(threads > 200, "{threads} threads");
}

/// A program of the fixture `crates` by plain cargo, and on goroutines and threads; it must always say this.
#[track_caller]
fn says(name: &str, argument: impl Fn(usize) -> String, expect: &str) {
    const ENV: [(&str, &str); 3] = [
        ("GOMAXPROCS", "1"),
        ("GOMAXPROCS", "2"),
        ("GODEBUG", "stdthreads=os"),
    ];
    let twins = crates::program(name);
    let start = |exe: &Path, n: usize| {
        let mut command = Command::new(exe);
        tool::clean(&mut command);
        command.arg(argument(n));
        command
    };
    let mut commands = vec![start(&twins.plain, 0)];
    for (n, (name, value)) in ENV.iter().enumerate() {
        let mut command = start(&twins.gobuild, n + 1);
        command.env(name, value);
        commands.push(command);
    }
    for mut command in commands {
        let outcome = run(&mut command, RUN).ok();
        assert_eq!(
            (outcome.out().as_str(), outcome.err().as_str()),
            (expect, ""),
            "{}",
            outcome.report()
        );
    }
}

/// Debian's redis-server, for a test.
struct Redis {
    child: Child,
    address: String,
    _dir: tempfile::TempDir,
}

impl Redis {
    fn start() -> Self {
        let server =
            which::which("redis-server").expect("redis-server is needed: install redis-server");
        let dir = tempfile::tempdir().expect("temporary directory");
        // It takes no port of the system's choice. Should somebody else get this one meanwhile, it ends and says why.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port");
        let mut child = Command::new(server)
            .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start redis-server");
        let stdout = child.stdout.take().expect("piped");
        let server = Self {
            child,
            address: address.to_string(),
            _dir: dir,
        };
        let mut said = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("text");
            said += &line;
            if line.contains("eady to accept connections") {
                return server;
            }
        }
        panic!("redis-server does not start: {said}");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn redis_serves_a_pool_of_connections_queues_and_subscribers() {
    let redis = Redis::start();
    says(
        "store",
        |_| redis.address.clone(),
        "2000 numbers up to Some(2000)\n500500 of work done\n3 heard all of 500\nlate: true, taken: true, free: true\n800 done\n",
    );
}

#[test]
fn sqlite_has_many_writers_that_wait_for_each_other() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let work = "480 transfers, [873, 876, 1027, 1028, 1036, 1037, 1031, 1032, 1033, 1027]\nbusy, then 5 changes\n";
    let place = |n: usize| {
        let place = dir.path().join(n.to_string());
        std::fs::create_dir(&place).expect("create directory");
        place.to_str().expect("text").to_owned()
    };
    says("accounts", place, &work.repeat(2));
}

#[test]
fn tokio_and_mio_work_with_threads_beside_them() {
    let expect = "3000 right answers\n200 turns\n(200000, 1000) bytes and wake-ups\n";
    says("beside", |_| String::new(), expect);
}
