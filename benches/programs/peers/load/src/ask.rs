//! Clients that ask again as soon as they are answered. Prints the time for each request (`ns`), the server's processor time for it (`cpu`), how long 99 of
//! 100 of them took at most (`p99`), and how many the client with the fewest had answered less than the median one (`behind`), in hundredths of that.

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::protocol::Protocol;
use crate::server::Server;
use crate::system::{PATIENCE, Poller, SHORTLY};

/// Has `clients` ask for so long, after a quarter of it that does not count. As many as `idle` have asked once before, and are connected meanwhile.
pub fn run(server: &Server, protocol: Protocol, clients: usize, idle: usize, time: Duration) {
    let connect = || Client::connect(server.port, protocol);
    let _idle: Vec<Client> = (0..idle).map(|_| connect()).collect();
    let mut load = Load::new((0..clients).map(|_| connect()).collect());
    // The first requests find a server that still starts its threads.
    load.run(time / 4);
    load.forget();
    let (start, cpu) = (Instant::now(), server.cpu_time());
    load.run(time);
    load.report(start.elapsed(), server.cpu_time() - cpu);
}

struct Asking {
    client: Client,
    asked: Instant,
    answered: u64,
}

struct Load {
    poller: Poller,
    clients: Vec<Asking>,
    /// How long each request took, ns.
    waits: Vec<u32>,
}

impl Load {
    fn new(clients: Vec<Client>) -> Self {
        let poller = Poller::new();
        let ask = |(number, mut client): (usize, Client)| {
            poller.watch(&client.stream, number);
            client.ask();
            Asking {
                client,
                asked: Instant::now(),
                answered: 0,
            }
        };
        let clients = clients.into_iter().enumerate().map(ask).collect();
        Self {
            poller,
            clients,
            waits: Vec::with_capacity(1 << 22),
        }
    }

    /// For so long, and until somebody is answered.
    fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut now = Instant::now();
        while now < end || self.waits.is_empty() {
            let longest = end.saturating_duration_since(now);
            assert!(now < end + PATIENCE, "no request was answered");
            for number in self.poller.wait(longest.max(SHORTLY)) {
                let asking = &mut self.clients[number];
                if asking.client.hear() {
                    now = Instant::now();
                    let wait = (now - asking.asked).as_nanos();
                    self.waits.push(u32::try_from(wait).unwrap_or(u32::MAX));
                    asking.answered += 1;
                    asking.asked = now;
                    asking.client.ask();
                }
            }
            now = Instant::now();
        }
    }

    /// What was counted so far does not count.
    fn forget(&mut self) {
        self.waits.clear();
        self.clients
            .iter_mut()
            .for_each(|asking| asking.answered = 0);
    }

    fn report(mut self, elapsed: Duration, cpu: Duration) {
        let requests = self.waits.len();
        self.waits.sort_unstable();
        let mut answered: Vec<u64> = self.clients.iter().map(|asking| asking.answered).collect();
        answered.sort_unstable();
        let median = answered[answered.len() / 2].max(1);
        let each = |time: Duration| time.as_nanos() as f64 / requests as f64;
        println!("ns {:.1}", each(elapsed));
        println!("cpu {:.1}", each(cpu));
        println!("p99 {}", self.waits[requests * 99 / 100]);
        println!(
            "behind {:.1}",
            100.0 - 100.0 * answered[0] as f64 / median as f64
        );
        eprintln!(
            "{:.0} requests/s, {:.2} µs of the server, p99 {:.1} ms, a client: least {}, median {median}, most {}",
            requests as f64 / elapsed.as_secs_f64(),
            each(cpu) / 1e3,
            f64::from(self.waits[requests * 99 / 100]) / 1e6,
            answered[0],
            answered[answered.len() - 1],
        );
    }
}
