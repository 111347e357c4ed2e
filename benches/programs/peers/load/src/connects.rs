//! Clients that come and go, and clients that come all at once.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::protocol::Protocol;
use crate::server::Server;
use crate::system::{self, PATIENCE, Poller, SHORTLY};

/// Addresses that clients have in turn: a closed connection keeps its port for a minute, and each address has ports of its own.
const ADDRESSES: usize = 200;

/// For so long, after a quarter of it that does not count, as many as `clients` connect, ask, hear the answer, close, and begin anew. Prints the time for
/// each connection (`ns`) and the server's processor time for it (`cpu`).
pub fn reconnect(server: &Server, clients: usize, time: Duration) {
    let mut turnover = Turnover {
        poller: Poller::new(),
        port: server.port,
        streams: Vec::new(),
        answered: 0,
        connected: 0,
    };
    for number in 0..clients {
        let stream = turnover.connect(number);
        turnover.streams.push(stream);
    }
    turnover.run(time / 4);
    turnover.answered = 0;
    let (start, cpu) = (Instant::now(), server.cpu_time());
    turnover.run(time);
    let (elapsed, cpu) = (start.elapsed(), server.cpu_time() - cpu);
    let each = |time: Duration| time.as_nanos() as f64 / turnover.answered as f64;
    println!("ns {:.1}\ncpu {:.1}", each(elapsed), each(cpu));
}

struct Turnover {
    poller: Poller,
    port: u16,
    streams: Vec<TcpStream>,
    answered: u64,
    connected: usize,
}

impl Turnover {
    fn connect(&mut self, number: usize) -> TcpStream {
        let last = (self.connected % ADDRESSES) as u8 + 2;
        self.connected += 1;
        let source = Ipv4Addr::new(127, 0, 0, last);
        let mut stream = system::connect_from(source, self.port).expect("connect");
        self.poller.watch(&stream, number);
        stream.write_all(Protocol::Echo.request()).expect("ask");
        stream
    }

    /// For so long, and until somebody is answered.
    fn run(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut now = Instant::now();
        while now < end || self.answered == 0 {
            let longest = end.saturating_duration_since(now);
            assert!(now < end + PATIENCE, "no request was answered");
            let ready: Vec<usize> = self.poller.wait(longest.max(SHORTLY)).collect();
            for number in ready {
                Protocol::Echo.first_answer(&self.streams[number]);
                self.answered += 1;
                self.streams[number] = self.connect(number);
            }
            now = Instant::now();
        }
    }
}

/// Opens so many connections one after the other and then asks on the last one. Prints the time from the first one to that answer (`ns`), after which all of
/// them must be answered.
pub fn open(server: &Server, clients: usize) {
    // The server has accepted somebody before.
    drop(Client::connect(server.port, Protocol::Echo));
    let start = Instant::now();
    let connect = |_| TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).expect("connect");
    let all: Vec<TcpStream> = (0..clients).map(connect).collect();
    let ask = |mut stream: &TcpStream| {
        stream.write_all(Protocol::Echo.request()).expect("ask");
        Protocol::Echo.first_answer(stream);
    };
    all.last().into_iter().for_each(ask);
    println!("ns {}", start.elapsed().as_nanos());
    all.iter().for_each(ask);
}
