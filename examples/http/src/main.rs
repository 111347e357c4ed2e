//! An HTTP server on tiny_http, which has a thread of std's for each connection. Here these are goroutines, so that thousands of connections that are kept open need a handful of threads of the kernel.
//! The program knows nothing of that: `cargo gobuild` links it so.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/http/Cargo.toml -- 127.0.0.1:8080
//! curl http://127.0.0.1:8080/hello/gopher
//! ```
//!
//! It serves until its standard input ends. Without an address it serves a hundred clients of its own.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tiny_http::{Request, Response, Server};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `/hello/NAME`, `/slow/MILLISECONDS`, `/big/BYTES`, and `/echo`, which sends back what was posted.
fn answer(mut request: Request) -> io::Result<()> {
    let url = request.url().to_owned();
    let (path, rest) = url.rsplit_once('/').unwrap_or_default();
    let number = rest.parse::<u64>();
    match (path, number) {
        ("/hello", _) => request.respond(Response::from_string(format!("hello, {rest}"))),
        ("/slow", Ok(milliseconds)) => {
            thread::sleep(Duration::from_millis(milliseconds));
            request.respond(Response::from_string("at last"))
        }
        ("/big", Ok(bytes)) => {
            let body = io::repeat(b'x').take(bytes);
            let length = usize::try_from(bytes).ok();
            let response = Response::new(200.into(), Vec::new(), body, length, None);
            // With its length, so that the client below can read it.
            request.respond(response.with_chunked_threshold(usize::MAX))
        }
        ("", _) if rest == "echo" => {
            let mut body = Vec::new();
            request.as_reader().read_to_end(&mut body)?;
            request.respond(Response::from_data(body))
        }
        _ => request.respond(Response::empty(404)),
    }
}

/// A thread for each request, until somebody [unblocks](Server::unblock) the server.
fn serve(server: &Server) {
    for request in server.incoming_requests() {
        thread::spawn(move || {
            let peer = request.remote_addr().copied();
            if let Err(error) = answer(request) {
                eprintln!("{peer:?}: {error}");
            }
        });
    }
}

fn address(server: &Server) -> SocketAddr {
    let address = server.server_addr().to_ip();
    address.expect("it listens on an address of IP")
}

/// Serves until standard input ends.
fn serve_until_eof(to: &str) -> Outcome<()> {
    let server = Arc::new(Server::http(to)?);
    println!("listening on {}", address(&server));
    let stop = Arc::clone(&server);
    thread::spawn(move || {
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        stop.unblock();
    });
    serve(&server);
    Ok(())
}

/// Reads an answer; its body.
fn read_answer(from: &mut impl BufRead) -> Outcome<String> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse()?;
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(String::from_utf8(body)?)
}

/// Asks ten times over one connection; counts right answers.
fn client(server: SocketAddr, name: usize) -> Outcome<usize> {
    let mut stream = TcpStream::connect(server)?;
    let mut from = BufReader::new(stream.try_clone()?);
    let mut right = 0;
    for n in 0..10 {
        let request = format!("GET /hello/{name}-{n} HTTP/1.1\r\nHost: me\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        right += usize::from(read_answer(&mut from)? == format!("hello, {name}-{n}"));
    }
    Ok(right)
}

/// A server and its clients, all in this process.
fn demonstrate() -> Outcome<()> {
    let server = Server::http("127.0.0.1:0")?;
    let address = address(&server);
    thread::scope(|s| {
        s.spawn(|| serve(&server));
        let clients: Vec<_> = (0..100)
            .map(|name| s.spawn(move || client(address, name)))
            .collect();
        let right = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"));
        let right = right.sum::<Outcome<usize>>();
        server.unblock();
        println!("{} right answers", right?);
        Ok(())
    })
}

fn main() -> Outcome<()> {
    match std::env::args().nth(1) {
        Some(address) => serve_until_eof(&address),
        None => demonstrate(),
    }
}
