//! Sockets of the resolver: they wait until a moment and no longer. A goroutine is parked, every other caller waits in poll(2).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::Address;
use super::files::Open;
use crate::godebug::Family;
use crate::hooks::io::{Fd, keep_thread};
use crate::hooks::may_park;
use crate::netpoll::{self, Dir};
use crate::os::linux::sys::{
    __NR_connect, __NR_getsockname, __NR_getsockopt, __NR_poll, __NR_recvfrom, __NR_sendto,
    __NR_socket, AF_INET, AF_INET6, EAGAIN, EBADF, EINPROGRESS, EINTR, ETIMEDOUT, MSG_DONTWAIT,
    MSG_NOSIGNAL, O_CLOEXEC, O_NONBLOCK, POLLIN, POLLOUT, SO_ERROR, SOCK_DGRAM, SOCK_STREAM,
    SOL_SOCKET, pollfd,
};
use crate::os::linux::{Errno, call, nanotime};

/// A `struct sockaddr_in` or `sockaddr_in6`.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct SocketAddress {
    bytes: [u8; 28],
    len: u32,
}

impl SocketAddress {
    /// The address with a port.
    pub fn new(address: &Address, port: u16) -> Self {
        let mut bytes = [0; 28];
        let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
        put(2, &port.to_be_bytes());
        let len = match address.ip {
            IpAddr::V4(ip) => {
                put(0, &(AF_INET as u16).to_ne_bytes());
                put(4, &ip.octets());
                16
            }
            IpAddr::V6(ip) => {
                put(0, &(AF_INET6 as u16).to_ne_bytes());
                put(8, &ip.octets());
                put(24, &address.scope.to_ne_bytes());
                28
            }
        };
        Self { bytes, len }
    }

    /// As C has it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    /// The address and the port, if it is one of these families and whole.
    pub fn read(bytes: &[u8]) -> Option<(Address, u16)> {
        let part = |at: usize, len: usize| bytes.get(at..at + len);
        let family = u16::from_ne_bytes(part(0, 2)?.try_into().ok()?);
        let port = u16::from_be_bytes(part(2, 2)?.try_into().ok()?);
        let address = match u32::from(family) {
            AF_INET => {
                part(0, 16)?;
                let octets: [u8; 4] = part(4, 4)?.try_into().ok()?;
                Address::new(IpAddr::V4(Ipv4Addr::from(octets)))
            }
            AF_INET6 => {
                let octets: [u8; 16] = part(8, 16)?.try_into().ok()?;
                Address {
                    ip: IpAddr::V6(Ipv6Addr::from(octets)),
                    scope: u32::from_ne_bytes(part(24, 4)?.try_into().ok()?),
                }
            }
            _ => return None,
        };
        Some((address, port))
    }
}

/// How it speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// A socket that does not block, closed with it.
pub struct Socket {
    file: Open,
    /// For goroutines, which the poller wakes.
    parks: Option<Fd>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.parks.is_some() {
            netpoll::close(self.number());
        }
    }
}

impl Socket {
    /// A socket for the family of this address.
    pub fn new(ip: &IpAddr, over: Over) -> Result<Self, Errno> {
        let family = if ip.is_ipv4() { AF_INET } else { AF_INET6 };
        let kind = match over {
            Over::Udp => SOCK_DGRAM,
            Over::Tcp => SOCK_STREAM,
        };
        // SOCK_CLOEXEC and SOCK_NONBLOCK are these flags.
        let kind = (kind | O_CLOEXEC | O_NONBLOCK) as usize;
        // SAFETY: no memory is involved.
        let file = Open(unsafe { call(__NR_socket, [family as usize, kind, 0, 0, 0, 0]) }?);
        let number = file.0 as i32;
        let parks = may_park(Family::Net)
            .then(|| {
                netpoll::made_socket(number, false);
                Fd::new(number)
            })
            .flatten();
        Ok(Self { file, parks })
    }

    fn number(&self) -> i32 {
        self.file.0 as i32
    }

    /// Connects; TCP waits for the other side until `deadline` (ns).
    pub fn connect(&self, to: &SocketAddress, deadline: u64) -> Result<(), Errno> {
        let seen = self.seen(Dir::Write);
        let args = [
            self.file.0,
            to.bytes.as_ptr() as usize,
            to.len as usize,
            0,
            0,
            0,
        ];
        // SAFETY: the address lives over the call.
        match unsafe { call(__NR_connect, args) } {
            Err(Errno(EINPROGRESS)) => {}
            done => return done.map(drop),
        }
        let mut seen = seen;
        while !self.is_ready(Dir::Write)? {
            self.wait(Dir::Write, seen, deadline)?;
            seen = self.seen(Dir::Write);
        }
        let mut error = 0_u32;
        let mut len = size_of::<u32>() as u32;
        let (error_at, len_at) = (&raw mut error as usize, &raw mut len as usize);
        let args = [
            self.file.0,
            SOL_SOCKET as usize,
            SO_ERROR as usize,
            error_at,
            len_at,
            0,
        ];
        // SAFETY: the kernel writes a number and its length.
        unsafe { call(__NR_getsockopt, args) }?;
        if error == 0 {
            Ok(())
        } else {
            Err(Errno(error))
        }
    }

    /// Sends what there is room for.
    fn send_some(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let flags = (MSG_DONTWAIT | MSG_NOSIGNAL) as usize;
        let args = [
            self.file.0,
            bytes.as_ptr() as usize,
            bytes.len(),
            flags,
            0,
            0,
        ];
        // SAFETY: the bytes live over the call.
        unsafe { call(__NR_sendto, args) }
    }

    /// Sends all of it.
    pub fn send(&self, mut bytes: &[u8], deadline: u64) -> Result<(), Errno> {
        while !bytes.is_empty() {
            let sent = self.until(Dir::Write, deadline, || self.send_some(bytes))?;
            bytes = &bytes[sent.min(bytes.len())..];
        }
        Ok(())
    }

    /// Receives a packet, or some of a stream's bytes; 0 at a stream's end.
    pub fn receive(&self, buffer: &mut [u8], deadline: u64) -> Result<usize, Errno> {
        let (at, len) = (buffer.as_mut_ptr() as usize, buffer.len());
        let args = [self.file.0, at, len, MSG_DONTWAIT as usize, 0, 0];
        self.until(Dir::Read, deadline, || {
            // SAFETY: the buffer lives over the call.
            unsafe { call(__NR_recvfrom, args) }
        })
    }

    /// Fills the buffer from a stream.
    pub fn receive_all(&self, mut buffer: &mut [u8], deadline: u64) -> Result<(), Errno> {
        while !buffer.is_empty() {
            match self.receive(buffer, deadline)? {
                0 => return Err(Errno(EBADF)),
                got => buffer = &mut buffer[got..],
            }
        }
        Ok(())
    }

    /// The address that it has on this side.
    pub fn local(&self) -> Option<Address> {
        let mut bytes = [0_u8; 28];
        let mut len = bytes.len() as u32;
        let (at, len_at) = (bytes.as_mut_ptr() as usize, &raw mut len as usize);
        // SAFETY: the kernel writes so many bytes at most, and how many.
        unsafe { call(__NR_getsockname, [self.file.0, at, len_at, 0, 0, 0]) }.ok()?;
        SocketAddress::read(bytes.get(..len as usize)?).map(|(address, _)| address)
    }

    fn until(
        &self,
        dir: Dir,
        deadline: u64,
        mut attempt: impl FnMut() -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        loop {
            let seen = self.seen(dir);
            match attempt() {
                Err(Errno(EAGAIN)) => self.wait(dir, seen, deadline)?,
                Err(Errno(EINTR)) => {}
                done => return done,
            }
        }
    }

    fn seen(&self, dir: Dir) -> u32 {
        self.parks.map_or(0, |of| of.seen(dir))
    }

    /// Whether poll(2) tells of something now.
    fn is_ready(&self, dir: Dir) -> Result<bool, Errno> {
        let mut asked = self.asked(dir);
        // SAFETY: the kernel writes to our variable.
        unsafe { call(__NR_poll, [&raw mut asked as usize, 1, 0, 0, 0, 0]) }.map(|found| found != 0)
    }

    fn asked(&self, dir: Dir) -> pollfd {
        let events = match dir {
            Dir::Read => POLLIN,
            Dir::Write => POLLOUT,
            Dir::Any => POLLIN | POLLOUT,
        };
        pollfd {
            fd: self.number(),
            events: events as i16,
            revents: 0,
        }
    }

    /// Waits for an event that came after `seen` was read. May return early.
    fn wait(&self, dir: Dir, seen: u32, deadline: u64) -> Result<(), Errno> {
        let now = nanotime();
        if now >= deadline {
            return Err(Errno(ETIMEDOUT));
        }
        if let Some(of) = self.parks {
            match of.until_event(dir, seen, deadline) {
                Ok(true) => return Ok(()),
                Ok(false) => {} // the poller does not work here
                Err(Errno(EAGAIN)) => return Err(Errno(ETIMEDOUT)),
                Err(error) => return Err(error),
            }
        }
        let ms = (deadline - now).div_ceil(1_000_000).min(i32::MAX as u64) as usize;
        let mut asked = self.asked(dir);
        // SAFETY: the kernel writes to our variable.
        match unsafe { keep_thread(__NR_poll, [&raw mut asked as usize, 1, ms, 0, 0, 0]) } {
            Ok(_) | Err(Errno(EINTR)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
