//! A chat with std alone: two threads for each client, one for each direction, and one that knows who is there. Channels of std are between them. The threads are goroutines, as
//! those of every program of `cargo gobuild` (`std = "threads"` in `Cargo.toml` would change that).
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/chat/Cargo.toml -- 127.0.0.1:7777
//! nc 127.0.0.1 7777
//! ```
//!
//! What one says all hear, also who says it, and all in the same order. Who does not read is sent away, and nobody waits for them. It serves until its standard input ends. Without an address
//! it lets fifty clients of its own talk.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Barrier};
use std::thread;

/// Lines that may wait for a client, beside what is in its socket's buffers.
const PATIENCE: usize = 1000;

/// What happens.
enum Event {
    Joins(u32, Client),
    Says(u32, String),
    Leaves(u32),
}

/// A client, as the others see it.
struct Client {
    lines: SyncSender<Arc<str>>,
    stream: TcpStream,
}

impl Client {
    /// Whether it still takes lines.
    fn hears(&self, line: &Arc<str>) -> bool {
        self.lines.try_send(Arc::clone(line)).is_ok()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Wakes those who read and write.
        _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Knows who is there, and passes on what they say.
fn pass_on(events: Receiver<Event>) {
    let mut clients = BTreeMap::new();
    let tell = |clients: &mut BTreeMap<u32, Client>, line: String| {
        let line = Arc::from(line);
        clients.retain(|_, client| client.hears(&line));
    };
    for event in events {
        match event {
            Event::Joins(name, client) => {
                clients.insert(name, client);
                tell(&mut clients, format!("{name} joins\n"));
            }
            Event::Says(name, line) => tell(&mut clients, format!("{name}: {line}\n")),
            Event::Leaves(name) => {
                clients.remove(&name);
                tell(&mut clients, format!("{name} leaves\n"));
            }
        }
    }
}

/// Passes what a client says to the others, until it goes away.
fn listen_to(name: u32, stream: &TcpStream, events: &Sender<Event>) -> io::Result<()> {
    for line in BufReader::new(stream).lines() {
        _ = events.send(Event::Says(name, line?));
    }
    Ok(())
}

/// Starts the threads of a client.
fn welcome(name: u32, stream: TcpStream, events: Sender<Event>) -> io::Result<()> {
    let (lines, to_tell) = mpsc::sync_channel::<Arc<str>>(PATIENCE);
    let mut to = stream.try_clone()?;
    let client = Client {
        lines,
        stream: stream.try_clone()?,
    };
    _ = events.send(Event::Joins(name, client));
    thread::spawn(move || {
        // Who is gone need not be told.
        to_tell
            .iter()
            .all(|line| to.write_all(line.as_bytes()).is_ok())
    });
    thread::spawn(move || {
        // Who breaks off leaves, too.
        _ = listen_to(name, &stream, &events);
        _ = events.send(Event::Leaves(name));
    });
    Ok(())
}

/// Welcomes whoever comes.
fn serve(listener: &TcpListener) -> io::Result<()> {
    let (events, happened) = mpsc::channel();
    thread::spawn(move || pass_on(happened));
    for name in 1.. {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            // The client went away before it was its turn.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        if let Err(error) = welcome(name, stream, events.clone()) {
            eprintln!("{peer}: {error}");
        }
    }
    Ok(())
}

/// Serves until standard input ends.
fn serve_until_eof(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    thread::spawn(move || {
        if let Err(error) = serve(&listener) {
            eprintln!("cannot serve: {error}");
            std::process::exit(1);
        }
    });
    _ = io::copy(&mut io::stdin(), &mut io::sink());
    Ok(())
}

/// Comes, waits until all are there, says ten things; what it hears of all, which is the same for everybody.
fn client(server: SocketAddr, all: &Barrier, count: usize) -> io::Result<Vec<String>> {
    let mut stream = TcpStream::connect(server)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    // The first line says that it is known now.
    _ = lines.next().transpose()?;
    all.wait();
    for n in 0..10 {
        stream.write_all(format!("number {n}\n").as_bytes())?;
    }
    let said = lines.filter(|line| line.as_ref().map_or(true, |line| line.contains(": ")));
    said.take(10 * count).collect()
}

/// A server and its clients, all in this process.
fn demonstrate() -> io::Result<()> {
    const CLIENTS: usize = 50;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || serve(&listener));
    let all = Barrier::new(CLIENTS);
    let heard = thread::scope(|s| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| s.spawn(|| client(address, &all, CLIENTS)))
            .collect();
        let heard = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"));
        heard.collect::<io::Result<Vec<_>>>()
    })?;
    let same = heard.iter().filter(|lines| **lines == heard[0]).count();
    println!("{same} clients heard the same {} lines", heard[0].len());
    Ok(())
}

fn main() -> io::Result<()> {
    match std::env::args().nth(1) {
        Some(address) => serve_until_eof(&address),
        None => demonstrate(),
    }
}
