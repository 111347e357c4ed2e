//! An echo server with std::net: a goroutine for each connection, written as if there were no others. What waits for a socket parks its goroutine.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/echo/Cargo.toml -- 127.0.0.1:7777
//! ```
//!
//! It serves until its standard input ends, or Ctrl-C or SIGTERM asks it to stop, and then lets those who are connected finish; a second Ctrl-C ends it at once. Without an address it
//! serves a hundred clients of its own.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use rtlib::context::{self, Context};
use rtlib::signal::{SIGINT, SIGTERM};

/// Sends back what comes, until the other side has sent everything.
fn echo(stream: TcpStream) -> io::Result<u64> {
    io::copy(&mut &stream, &mut &stream)
}

/// Serves until `ctx` is done; returns when all connections have ended.
fn serve(ctx: &Context, listener: &TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    // A blocked `accept` cannot be taken back; a last connection wakes it. The spare descriptor is for that one, in case clients have all others (`ulimit -n`).
    let spare = listener.try_clone()?;
    let wake = ctx.after_func(move || {
        drop(spare);
        drop(TcpStream::connect(address));
    });
    let outcome = rtlib::scope(|s| {
        loop {
            let accepted = listener.accept();
            if ctx.err().is_some() {
                return Ok(());
            }
            let (stream, peer) = match accepted {
                Ok(connection) => connection,
                // The client went away before it was its turn.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            s.spawn(move || {
                if let Err(error) = echo(stream) {
                    eprintln!("{peer}: {error}");
                }
            });
        }
    });
    drop(wake);
    outcome
}

/// Serves until standard input ends, or a signal comes.
fn serve_until_told(address: &str) -> io::Result<()> {
    let (ctx, cancel) = context::with_signals(&context::background(), [SIGINT, SIGTERM])?;
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    rtlib::go(move || {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        cancel.cancel();
    });
    serve(&ctx, &listener)
}

/// Sends some lines one by one; counts those that come back as they were.
fn client(address: SocketAddr, name: usize) -> io::Result<usize> {
    let stream = TcpStream::connect(address)?;
    let mut to = &stream;
    let mut from = BufReader::new(&stream);
    let mut same = 0;
    for n in 0..10 {
        let line = format!("line {n} of client {name}\n");
        to.write_all(line.as_bytes())?;
        let mut answer = String::new();
        from.read_line(&mut answer)?;
        same += usize::from(answer == line);
    }
    Ok(same)
}

/// A server and its clients, all in this process.
fn demonstrate() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (ctx, cancel) = context::with_cancel(&context::background());
    rtlib::scope(|s| {
        let cancel = cancel; // so that the server stops when a client fails, too
        let server = s.spawn(|| serve(&ctx, &listener));
        let clients: Vec<_> = (0..100)
            .map(|name| s.spawn(move || client(address, name)))
            .collect();
        let mut same = 0;
        for client in clients {
            same += client.join().expect("no client panics")?;
        }
        println!("{same} lines came back");
        cancel.cancel();
        server.join().expect("the server does not panic")
    })?;
    println!("server stopped");
    Ok(())
}

fn main() -> io::Result<()> {
    match std::env::args().nth(1) {
        Some(address) => serve_until_told(&address),
        None => demonstrate(),
    }
}
