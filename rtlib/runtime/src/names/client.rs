//! Asking DNS servers (Go: `net/dnsclient_unix.go`).
//!
//! A question goes to one server after the other, as often as resolv.conf says, each time from a socket of its own: the kernel chooses its port at random, and takes packets from that server only. An
//! answer that does not repeat id and question is not looked at. One that did not fit into a packet is fetched over TCP.
//!
//! Questions about one name (IPv4 and IPv6 addresses) travel together; each has its own outcome.

use core::sync::atomic::{AtomicU32, Ordering};

use super::address::Address;
use super::conf::Conf;
use super::files;
use super::hosts::Found;
use super::memory::{List, OutOfMemory};
use super::socket::{Over, Socket, SocketAddress};
use super::wire::{Answer, LARGEST_PACKET, Name, NotOurs, Query, Type, Wish, rcode};
use crate::godebug;
use crate::os::linux::nanotime;

const PORT: u16 = 53;
/// ns.
const SECOND: u64 = 1_000_000_000;

/// Why a name was not found; the worse, the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// There is no such name.
    NoName,
    /// The name is there, but nothing of this type.
    NoData,
    /// The servers do not understand the question.
    Fail,
    /// No server has answered, or they have failed or refused.
    Again,
    /// No memory.
    Memory,
}

impl From<OutOfMemory> for Failure {
    fn from(_: OutOfMemory) -> Self {
        Self::Memory
    }
}

impl Failure {
    /// Whether the server has said so, so that no other one is asked.
    fn is_final(self) -> bool {
        matches!(self, Self::NoName | Self::NoData | Self::Memory)
    }
}

/// `options rotate`: with which server the next lookup begins.
static NEXT_SERVER: AtomicU32 = AtomicU32::new(0);

/// A question, and what has become of it.
struct Ask {
    kind: Type,
    query: Query,
    /// Sent, and not answered yet.
    socket: Option<Socket>,
    outcome: Result<Found, Failure>,
}

impl Ask {
    fn new(name: &[u8], kind: Type, conf: &Conf) -> Option<Self> {
        let wish = Wish {
            kind,
            trust_ad: conf.trust_ad,
            edns0: godebug::netedns0(),
        };
        Some(Self {
            kind,
            query: Query::new(name, files::random(), wish)?,
            socket: None,
            outcome: Err(Failure::Again),
        })
    }

    fn is_settled(&self) -> bool {
        match &self.outcome {
            Ok(_) => true,
            Err(failure) => failure.is_final(),
        }
    }

    /// Sends it in a packet.
    fn send(&mut self, server: &Address, deadline: u64) {
        let sent = Socket::new(&server.ip, Over::Udp).and_then(|socket| {
            socket.connect(&SocketAddress::new(server, PORT), deadline)?;
            socket.send(self.query.bytes(), deadline)?;
            Ok(socket)
        });
        self.socket = sent.ok();
        self.outcome = Err(Failure::Again);
    }

    /// Waits for the packet that answers. True if the answer did not fit into it.
    fn receive(&mut self, deadline: u64) -> bool {
        let Some(socket) = self.socket.take() else {
            return false;
        };
        let mut packet = [0; LARGEST_PACKET];
        loop {
            let Ok(len) = socket.receive(&mut packet, deadline) else {
                return false;
            };
            match Answer::new(&packet[..len], &self.query) {
                Ok(answer) if answer.is_truncated() => return true,
                Ok(answer) => {
                    self.outcome = judge(&answer, self.kind);
                    return false;
                }
                Err(NotOurs) => {} // a forged one, perhaps: the right one may still come
            }
        }
    }

    /// Asks over TCP.
    fn over_stream(&mut self, server: &Address, deadline: u64) {
        let asked = || {
            let socket = Socket::new(&server.ip, Over::Tcp).ok()?;
            let address = SocketAddress::new(server, PORT);
            socket.connect(&address, deadline).ok()?;
            let query = self.query.bytes();
            let mut framed = [0; 2 + super::wire::LONGEST_QUERY];
            framed[..2].copy_from_slice(&(query.len() as u16).to_be_bytes());
            framed[2..2 + query.len()].copy_from_slice(query);
            socket.send(&framed[..2 + query.len()], deadline).ok()?;
            let mut len = [0; 2];
            socket.receive_all(&mut len, deadline).ok()?;
            let mut message = List::new();
            message.resize(u16::from_be_bytes(len).into()).ok()?;
            socket.receive_all(&mut message, deadline).ok()?;
            let answer = Answer::new(&message, &self.query).ok()?;
            Some(judge(&answer, self.kind))
        };
        self.outcome = asked().unwrap_or(Err(Failure::Again));
    }
}

/// What an answer says.
fn judge(answer: &Answer<'_>, kind: Type) -> Result<Found, Failure> {
    let (code, has_more) = answer.rcode();
    if code == rcode::NAME_ERROR {
        return Err(Failure::NoName);
    }
    let first = answer.answers().next();
    match code {
        rcode::SUCCESS if matches!(first, Some(Err(_))) => return Err(Failure::Again),
        // A server that knows nothing and asks nobody: another one may.
        rcode::SUCCESS if first.is_none() && answer.refers_elsewhere() && !has_more => {
            return Err(Failure::Again);
        }
        rcode::SUCCESS => {}
        rcode::SERVER_FAILURE | rcode::NOT_IMPLEMENTED | rcode::REFUSED => {
            return Err(Failure::Again);
        }
        _ => return Err(Failure::Fail),
    }
    let mut found = Found::new();
    let mut is_there = false;
    for record in answer.answers() {
        let Ok(record) = record else { break };
        if kind != Type::Ptr && record.is_alias() {
            found.add_alias(record.owner())?;
        }
        if !record.is(kind) {
            continue;
        }
        match record.address() {
            Some(Ok(ip)) => {
                if !is_there {
                    found.canonical = record.owner().unwrap_or(Name::new());
                }
                found.add(Address::new(ip))?;
            }
            Some(Err(_)) => break,
            None => {
                // The name of an address. What no host is called is left out.
                let Some(name) = record.target() else {
                    continue;
                };
                if is_there {
                    found.add_alias(Some(name))?;
                } else {
                    found.canonical = name;
                }
            }
        }
        is_there = true;
    }
    if is_there {
        Ok(found)
    } else {
        Err(Failure::NoData)
    }
}

/// Puts questions to the servers until each has its outcome, or no server is left.
fn ask(conf: &Conf, asks: &mut [Option<Ask>]) {
    let servers = conf.servers();
    let offset = match conf.rotate {
        true => NEXT_SERVER.fetch_add(1, Ordering::Relaxed) as usize,
        false => 0,
    };
    let deadline = || nanotime().saturating_add(u64::from(conf.timeout) * SECOND);
    let rounds = conf.attempts as usize * servers.len();
    for round in 0..rounds {
        let server = &servers[(offset % servers.len() + round) % servers.len()];
        if open(asks).next().is_none() {
            return;
        }
        if conf.use_tcp {
            open(asks).for_each(|ask| ask.over_stream(server, deadline()));
            continue;
        }
        let until = deadline();
        open(asks).for_each(|ask| ask.send(server, until));
        open(asks).for_each(|ask| {
            if ask.receive(until) {
                ask.over_stream(server, deadline());
            }
        });
    }
}

/// Those without an outcome.
fn open(asks: &mut [Option<Ask>]) -> impl Iterator<Item = &mut Ask> {
    asks.iter_mut().flatten().filter(|ask| !ask.is_settled())
}

/// Asks about one full name. The outcomes are in the order of the types.
fn ask_about<const N: usize>(
    conf: &Conf,
    name: &[u8],
    kinds: [Option<Type>; N],
) -> [Option<Ask>; N] {
    let mut asks = kinds.map(|kind| Ask::new(name, kind?, conf));
    if conf.single_request {
        for ask in &mut asks {
            self::ask(conf, core::slice::from_mut(ask));
        }
    } else {
        ask(conf, &mut asks);
    }
    asks
}

/// Looks up a name, with the suffixes of resolv.conf: the answers of the first full name that has any, IPv4 and IPv6 as wanted. Of several failures that of the name as it was given counts, or
/// the first one.
pub fn lookup(conf: &Conf, name: &[u8], kinds: [Option<Type>; 2]) -> Result<Found, Failure> {
    let given = super::text::without_last_dot(name);
    let mut result = None;
    conf.names_to_try(name, |full| {
        let outcome = merge(ask_about(conf, full, kinds));
        let is_last = matches!(outcome, Ok(_) | Err(Failure::Memory));
        if is_last || result.is_none() || full == given {
            result = Some(outcome);
        }
        is_last
    });
    result.unwrap_or(Err(Failure::NoName))
}

/// What is known of a name by both answers: all addresses, or the worse failure.
fn merge(asks: [Option<Ask>; 2]) -> Result<Found, Failure> {
    let mut all: Option<Found> = None;
    let mut worst = Failure::NoName;
    for ask in asks.into_iter().flatten() {
        match (ask.outcome, &mut all) {
            (Ok(found), None) => all = Some(found),
            (Ok(found), Some(all)) => {
                for address in found.addresses.iter() {
                    all.add(*address)?;
                }
            }
            (Err(failure), _) => worst = worst.max(failure),
        }
    }
    all.ok_or(worst)
}
