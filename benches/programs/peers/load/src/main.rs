//! Loads a server: `load SERVER CLIENTS MILLISECONDS PLACE`.
//!
//! Starts the program `SERVER` (see `go/server`), connects so many clients to it, and has each of them send a request as soon as the one before it is
//! answered. With `apart` for `PLACE` the server has the first CPU to itself and this program the last one; with `together` both have all. Prints the time for each request (`ns`), how long 99
//! of 100 of them took at most (`p99`), and how many the client with the fewest had answered less than the median one (`behind`), in hundredths of that.
//!
//! One thread and epoll: whoever loads a server must not be what is measured.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const REQUEST: [u8; 32] = *b"Whoever asks wants to be served!";
/// Clients that are told of at once.
const EVENTS: usize = 256;

fn main() {
    let [server, clients, milliseconds, place] = arguments();
    let clients = clients.parse().expect("how many clients");
    let milliseconds = milliseconds.parse().expect("for how many milliseconds");
    let cpus = match place.as_str() {
        "apart" => Some(first_and_last_cpu()),
        "together" => None,
        _ => panic!("the place is `apart` or `together`"),
    };
    allow_files(clients as u64 + 64);
    let server = Server::start(&server, cpus.map(|(first, _)| first));
    if let Some((_, last)) = cpus {
        run_on(last).expect("this CPU was among ours");
    }
    let mut load = Load::connect(server.port, clients);
    // The first requests find a server that still starts its threads.
    load.run(Duration::from_millis(milliseconds / 4));
    load.forget();
    let start = Instant::now();
    load.run(Duration::from_millis(milliseconds));
    let elapsed = start.elapsed();
    drop(server);
    load.report(elapsed);
}

fn arguments() -> [String; 4] {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments
        .try_into()
        .expect("load SERVER CLIENTS MILLISECONDS PLACE")
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(program: &str, cpu: Option<usize>) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(cpu) = cpu {
            // SAFETY: between fork and exec the closure makes one system call.
            unsafe { command.pre_exec(move || run_on(cpu)) };
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
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("the server is still there");
        self.child.wait().expect("it ends");
    }
}

struct Client {
    stream: TcpStream,
    asked: Instant,
    answered: u64,
}

struct Load {
    epoll: OwnedFd,
    clients: Vec<Client>,
    /// How long each request took, ns.
    waits: Vec<u32>,
}

impl Load {
    fn connect(port: u16, clients: usize) -> Self {
        // SAFETY: a new descriptor, whose only owner is what is made of it.
        let epoll =
            unsafe { OwnedFd::from_raw_fd(checked(libc::epoll_create1(0)).expect("epoll")) };
        let connect = |number| {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connect");
            stream.set_nodelay(true).expect("no delay");
            stream.set_nonblocking(true).expect("nonblocking");
            let mut event = libc::epoll_event {
                events: (libc::EPOLLIN | libc::EPOLLET) as u32,
                u64: number as u64,
            };
            // SAFETY: both descriptors are open, and the event is ours.
            checked(unsafe {
                let (epoll, stream) = (epoll.as_raw_fd(), stream.as_raw_fd());
                libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, stream, &raw mut event)
            })
            .expect("watch a client");
            Client {
                stream,
                asked: Instant::now(),
                answered: 0,
            }
        };
        let mut clients: Vec<Client> = (0..clients).map(connect).collect();
        for client in &mut clients {
            client.ask(Instant::now());
        }
        Self {
            epoll,
            clients,
            waits: Vec::with_capacity(1 << 22),
        }
    }

    fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        let mut now = Instant::now();
        while now < end {
            let left = (end - now).as_millis() as i32 + 1;
            // SAFETY: there is room for so many events.
            let ready = checked(unsafe {
                let epoll = self.epoll.as_raw_fd();
                libc::epoll_wait(epoll, events.as_mut_ptr(), EVENTS as i32, left)
            });
            now = Instant::now();
            for event in &events[..ready.expect("events") as usize] {
                let client = &mut self.clients[event.u64 as usize];
                if client.hear() {
                    now = Instant::now();
                    let wait = (now - client.asked).as_nanos();
                    self.waits.push(u32::try_from(wait).unwrap_or(u32::MAX));
                    client.ask(now);
                }
            }
        }
    }

    /// What was counted so far does not count.
    fn forget(&mut self) {
        self.waits.clear();
        self.clients
            .iter_mut()
            .for_each(|client| client.answered = 0);
    }

    fn report(mut self, elapsed: Duration) {
        let requests = self.waits.len();
        assert!(requests > 0, "no request was answered");
        self.waits.sort_unstable();
        let mut answered: Vec<u64> = self.clients.iter().map(|client| client.answered).collect();
        answered.sort_unstable();
        let median = answered[answered.len() / 2].max(1);
        println!("ns {:.1}", elapsed.as_nanos() as f64 / requests as f64);
        println!("p99 {}", self.waits[requests * 99 / 100]);
        println!(
            "behind {:.1}",
            100.0 - 100.0 * answered[0] as f64 / median as f64
        );
        eprintln!(
            "{:.0} requests/s, p99 {:.1} ms, a client: least {}, median {median}, most {}",
            requests as f64 / elapsed.as_secs_f64(),
            f64::from(self.waits[requests * 99 / 100]) / 1e6,
            answered[0],
            answered[answered.len() - 1],
        );
    }
}

impl Client {
    fn ask(&mut self, now: Instant) {
        self.asked = now;
        let sent = self.stream.write(&REQUEST).expect("there is room");
        assert_eq!(sent, REQUEST.len());
    }

    /// Whether the answer is there: a short one comes as a whole.
    fn hear(&mut self) -> bool {
        let mut answer = [0; REQUEST.len() + 1];
        match self.stream.read(&mut answer) {
            Ok(length) => {
                assert_eq!(answer[..length], REQUEST, "a wrong answer");
                self.answered += 1;
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => panic!("the server is gone: {error}"),
        }
    }
}

fn checked(result: i32) -> io::Result<i32> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Of those that this process may run on.
fn first_and_last_cpu() -> (usize, usize) {
    // SAFETY: zero bytes are an empty set; the system fills it.
    let ours = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        checked(libc::sched_getaffinity(0, size_of_val(&set), &raw mut set)).expect("our CPUs");
        set
    };
    // SAFETY: looks at bits of the set.
    let is_ours = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &ours) };
    let mut cpus = (0..libc::CPU_SETSIZE as usize).filter(is_ours);
    let first = cpus.next().expect("a CPU");
    (first, cpus.next_back().unwrap_or(first))
}

/// The calling thread, and what it starts, runs on this CPU only.
fn run_on(cpu: usize) -> io::Result<()> {
    // SAFETY: zero bytes are an empty set; the number is below the set's size.
    checked(unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set)
    })
    .map(drop)
}

/// So many open files, for this process and the server.
fn allow_files(count: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the structure is ours.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }).expect("a limit");
    limit.rlim_cur = limit.rlim_max.min(count.max(limit.rlim_cur));
    // SAFETY: as above.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).expect("files");
}
