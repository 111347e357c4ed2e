//! One connection.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use crate::protocol::{LONGEST, Protocol};

/// A client that is connected and has been answered once.
pub struct Client {
    pub stream: TcpStream,
    protocol: Protocol,
    /// How long each answer is.
    length: usize,
    /// How much of the next one is here.
    received: usize,
    answer: [u8; LONGEST],
}

impl Client {
    /// Connects, asks, and waits for the answer. Who comes after finds a server that has accepted everyone before, so that no queue runs over.
    pub fn connect(port: u16, protocol: Protocol) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connect");
        stream.set_nodelay(true).expect("no delay");
        (&stream).write_all(protocol.request()).expect("ask");
        let length = protocol.first_answer(&stream);
        stream.set_nonblocking(true).expect("nonblocking");
        Self {
            stream,
            protocol,
            length,
            received: 0,
            answer: [0; LONGEST],
        }
    }

    /// Sends a request.
    pub fn ask(&mut self) {
        let request = self.protocol.request();
        let sent = self.stream.write(request).expect("there is room");
        assert_eq!(sent, request.len());
    }

    /// Reads what is there of one answer; whether that is now whole.
    pub fn hear(&mut self) -> bool {
        let room = &mut self.answer[self.received..self.length];
        match self.stream.read(room) {
            Ok(0) => panic!("the server has closed a connection"),
            Ok(more) => self.received += more,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) => panic!("the server is gone: {error}"),
        }
        if self.received < self.length {
            return false;
        }
        self.received = 0;
        let answer = &self.answer[..self.length];
        assert!(
            self.protocol.is_right(answer),
            "a wrong answer: {}",
            answer.escape_ascii()
        );
        true
    }
}
