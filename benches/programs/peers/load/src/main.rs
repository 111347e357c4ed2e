//! Loads a server: `load MODE SERVER PLACE NUMBERS…`.
//!
//! Starts the program `SERVER` (see `go/echo`), lets clients work with it, kills it and prints lines of a name, a space and a number. With `apart` for
//! `PLACE` the server has the first CPU to itself and this program the last one; with `together` both have all. The modes and their numbers:
//!
//! - `ask CLIENTS IDLE MILLISECONDS`: each client asks again as soon as it is answered ([`ask`]); `http` is the same for a server of HTTP.
//! - `rate CLIENTS REQUESTS MILLISECONDS`: requests are sent by the clock, so many a second ([`rate`]).
//! - `hold CLIENTS`: each client asks once and stays ([`hold`]).
//! - `reconnect CLIENTS MILLISECONDS`, `open CLIENTS`: clients that come and go, clients that come at once ([`connects`]).
//!
//! One thread and epoll: whoever loads a server must not be what is measured.

mod ask;
mod client;
mod connects;
mod hold;
mod protocol;
mod rate;
mod server;
mod system;

use std::time::Duration;

use protocol::Protocol;
use server::Server;

/// Files of either process beside its clients' sockets.
const OTHER_FILES: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what| {
        arguments
            .next()
            .unwrap_or_else(|| panic!("load MODE SERVER PLACE NUMBERS…: no {what}"))
    };
    let (mode, program, place) = (next("mode"), next("server"), next("place"));
    let mut number = |what| next(what).parse::<usize>().expect(what);
    let clients = number("clients");
    let idle = if mode == "ask" {
        number("idle clients")
    } else {
        0
    };
    let requests = if mode == "rate" {
        number("requests")
    } else {
        0
    };
    let mut time = || Duration::from_millis(number("milliseconds") as u64);
    let apart = match place.as_str() {
        "apart" => true,
        "together" => false,
        _ => panic!("the place is `apart` or `together`"),
    };
    system::allow_files(clients + idle + OTHER_FILES);
    let server = Server::start(&program, apart);
    match mode.as_str() {
        "ask" => ask::run(&server, Protocol::Echo, clients, idle, time()),
        "http" => ask::run(&server, Protocol::Http, clients, 0, time()),
        "rate" => rate::run(&server, clients, requests, time(), apart),
        "hold" => hold::run(&server, clients),
        "reconnect" => connects::reconnect(&server, clients, time()),
        "open" => connects::open(&server, clients),
        _ => panic!("there is no mode `{mode}`"),
    }
}
