//! Clients that have asked once, and stay. Prints what each of them costs the server while all are there, resident pages and page tables (`memory`), and how
//! many threads of the kernel the server has then (`threads`).

use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::protocol::Protocol;
use crate::server::Server;

/// For what a server does after its last request.
const SETTLING: Duration = Duration::from_millis(200);

/// Connects so many, after one that does not count: it is there before the server's memory is looked at.
pub fn run(server: &Server, clients: usize) {
    let connect = || Client::connect(server.port, Protocol::Echo);
    let _first = connect();
    let before = server.status().memory;
    let _all: Vec<_> = (0..clients).map(|_| connect().stream).collect();
    thread::sleep(SETTLING);
    let after = server.status();
    println!(
        "memory {:.1}",
        after.memory.saturating_sub(before) as f64 / clients as f64
    );
    println!("threads {}", after.threads);
}
