//! Requests by the clock: whether or not earlier ones are answered, the next one is sent when its time has come, by one client after the other. A request's
//! time begins when it should have been sent, so that whoever keeps others waiting pays for all of them. Prints the time below which half of the
//! requests stayed (`p50`), 99 of 100 (`p99`) and 999 of 1000 (`p999`).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::protocol::Protocol;
use crate::server::Server;
use crate::system::{self, PATIENCE, Poller};

/// Sends `rate` requests a second for so long, after a quarter of it that does not count. Whoever has a CPU to itself looks at the clock all the time.
pub fn run(server: &Server, clients: usize, rate: usize, time: Duration, alone: bool) {
    system::wake_in_time();
    let poller = Poller::new();
    let connect = |number| {
        let client = Client::connect(server.port, Protocol::Echo);
        poller.watch(&client.stream, number);
        Due {
            client,
            due: VecDeque::new(),
        }
    };
    let clients = (0..clients).map(connect).collect();
    let between = Duration::from_secs(1).div_f64(rate as f64);
    let counted = (time.as_secs_f64() * rate as f64) as usize;
    let mut clocked = Clocked {
        poller,
        clients,
        between,
        alone,
        waits: Vec::with_capacity(counted * 5 / 4),
    };
    clocked.run(counted / 4 + counted);
    // In the order of the answers: the first quarter finds a server that still starts its threads.
    let waits = &mut clocked.waits[counted / 4..];
    waits.sort_unstable();
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
        println!("{name} {}", waits[(waits.len() as f64 * share) as usize]);
    }
}

struct Due {
    client: Client,
    /// When the requests should have been sent that are not answered.
    due: VecDeque<Instant>,
}

struct Clocked {
    poller: Poller,
    clients: Vec<Due>,
    between: Duration,
    alone: bool,
    /// How long each request took, ns.
    waits: Vec<u64>,
}

impl Clocked {
    fn run(&mut self, requests: usize) {
        let start = Instant::now();
        let end = start + self.between * requests as u32 + PATIENCE;
        let mut sent = 0;
        while self.waits.len() < requests {
            let mut now = Instant::now();
            assert!(
                now < end,
                "{} of {requests} requests were answered: the server cannot keep up",
                self.waits.len()
            );
            let mut due = start + self.between * sent as u32;
            while sent < requests && due <= now {
                self.send(sent, due);
                sent += 1;
                due = start + self.between * sent as u32;
                now = Instant::now();
            }
            let next = if sent < requests { due } else { end };
            let idle = if self.alone {
                Duration::ZERO
            } else {
                next.saturating_duration_since(now)
            };
            self.hear(idle);
        }
    }

    fn send(&mut self, number: usize, due: Instant) {
        let next = number % self.clients.len();
        self.clients[next].due.push_back(due);
        self.clients[next].client.ask();
    }

    fn hear(&mut self, longest: Duration) {
        for number in self.poller.wait(longest) {
            let Due { client, due } = &mut self.clients[number];
            // Several answers may be there, and nothing tells of the second one again.
            while !due.is_empty() && client.hear() {
                let asked = due.pop_front().expect("not empty");
                self.waits.push(asked.elapsed().as_nanos() as u64);
            }
        }
    }
}
