//! What clients say, and what they must be answered.

use std::io::Read as _;
use std::net::TcpStream;

/// A language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The same bytes come back.
    Echo,
    /// A request of HTTP, answered with [`BODY`].
    Http,
}

/// Longest answer.
pub const LONGEST: usize = 1024;

const ECHO: &[u8; 64] = b"Whoever asks wants to be served, be it for the hundredth time. \n";
const HTTP: &[u8] = b"GET /greeting HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
/// What servers of HTTP answer.
const BODY: &[u8] = b"Hello, world!";

impl Protocol {
    /// What a client sends.
    pub fn request(self) -> &'static [u8] {
        match self {
            Self::Echo => ECHO,
            Self::Http => HTTP,
        }
    }

    /// Whether an answer is a right one.
    pub fn is_right(self, answer: &[u8]) -> bool {
        match self {
            Self::Echo => answer == ECHO,
            Self::Http => answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(BODY),
        }
    }

    /// Reads the first answer on a connection and returns its length, which all that follow have as well.
    pub fn first_answer(self, mut stream: &TcpStream) -> usize {
        let mut answer = [0; LONGEST];
        let mut length = 0;
        while !self.is_whole(&answer[..length]) {
            let more = stream.read(&mut answer[length..]).expect("an answer");
            assert!(
                more > 0,
                "no right answer: {:?}",
                answer[..length].escape_ascii().to_string()
            );
            length += more;
        }
        assert!(
            self.is_right(&answer[..length]),
            "a wrong answer: {}",
            answer[..length].escape_ascii()
        );
        length
    }

    fn is_whole(self, answer: &[u8]) -> bool {
        match self {
            Self::Echo => answer.len() >= ECHO.len(),
            Self::Http => answer.ends_with(BODY),
        }
    }
}
