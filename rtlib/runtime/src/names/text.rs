//! Reading the text files of /etc: lines, fields, numbers. Whatever they hold, nothing here panics.

use super::memory::List;

/// Longer lines are taken for none. A group with ten thousand members is shorter.
const LONGEST_LINE: usize = 1 << 20;
/// So much is read at once.
const CHUNK: usize = 4096;

/// The lines of a file, one after the other, without their ends.
pub struct Lines<R> {
    /// Reads the next bytes into a buffer and says how many; 0 at the end, and when they cannot be read.
    read: R,
    buffer: List<u8>,
    /// Where the next line begins in the buffer.
    start: usize,
    /// Where in the file the buffer begins.
    base: u64,
    at_end: bool,
}

impl<R: FnMut(&mut [u8]) -> usize> Lines<R> {
    /// The lines of what `read` gives, which stands at this position of its file.
    pub fn new(read: R, base: u64) -> Self {
        Self {
            read,
            buffer: List::new(),
            start: 0,
            base,
            at_end: false,
        }
    }

    /// Where in the file the next line begins.
    pub fn position(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The next line; none behind the last one. One that is too long is left out.
    pub fn next_line(&mut self) -> Option<&[u8]> {
        let mut skipping = false;
        let mut searched = self.start;
        loop {
            let end = self.buffer[searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            let (line, next) = match end {
                Some(end) => (self.start..searched + end, searched + end + 1),
                None if self.at_end => (self.start..self.buffer.len(), self.buffer.len()),
                None => {
                    if self.buffer.len() - self.start > LONGEST_LINE {
                        skipping = true;
                        self.base += self.buffer.len() as u64;
                        self.start = 0;
                        self.buffer.truncate(0);
                    }
                    searched = self.fill();
                    continue;
                }
            };
            let is_over = end.is_none() && (skipping || line.is_empty());
            self.start = next;
            if is_over {
                return None;
            }
            if skipping {
                skipping = false;
                searched = next;
                continue;
            }
            return Some(&self.buffer[line]);
        }
    }

    /// Reads more, and drops what was used. Where in the buffer the new bytes begin.
    fn fill(&mut self) -> usize {
        let used = self.start;
        let left = self.buffer.len() - used;
        self.buffer.copy_within(used.., 0);
        self.base += used as u64;
        self.start = 0;
        if self.buffer.resize(left + CHUNK).is_err() {
            self.buffer.truncate(left);
            self.at_end = true;
            return left;
        }
        let read = (self.read)(&mut self.buffer[left..]).min(CHUNK);
        self.buffer.truncate(left + read);
        self.at_end = read == 0;
        left
    }
}

/// What the files take for white space.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

/// The fields between white space.
pub fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    text.split(|byte| is_space(*byte))
        .filter(|field| !field.is_empty())
}

/// Without white space before it.
pub fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    text
}

/// Without white space around it.
pub fn trim(text: &[u8]) -> &[u8] {
    let mut text = trim_start(text);
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// Without the comment that `#` begins.
pub fn without_comment(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b'#').next().unwrap_or_default()
}

/// A decimal number of digits and nothing else. None if it is none, or too large.
pub fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u32, |sum, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

/// The number that a text begins with, as large as it may be; 0 without digits.
pub fn leading_number(text: &[u8]) -> u32 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_u32, |sum, byte| {
        sum.saturating_mul(10).saturating_add((byte - b'0').into())
    })
}

/// Without the dot at the end of a full name.
pub fn without_last_dot(name: &[u8]) -> &[u8] {
    match name {
        [rest @ .., b'.'] => rest,
        _ => name,
    }
}

/// Whether it ends with this, in whatever case.
pub fn ends_with_ignoring_case(text: &[u8], end: &[u8]) -> bool {
    let at = text.len().wrapping_sub(end.len());
    text.get(at..)
        .is_some_and(|text| text.eq_ignore_ascii_case(end))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Reads from memory, in pieces.
    pub fn from_memory(text: &[u8], piece: usize) -> impl FnMut(&mut [u8]) -> usize + '_ {
        let mut rest = text;
        move |buffer| {
            let len = rest.len().min(piece).min(buffer.len());
            buffer[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            len
        }
    }

    fn lines(text: &[u8], piece: usize) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Lines::new(from_memory(text, piece), 100);
        let mut all = Vec::new();
        loop {
            let at = lines.position();
            match lines.next_line() {
                Some(line) => all.push((at, line.to_vec())),
                None => return all,
            }
        }
    }

    #[test]
    fn lines_come_whole_whatever_the_pieces() {
        for piece in [1, 2, 3, 7, 5000] {
            assert_eq!(
                lines(b"one\n\nthree\nlast", piece),
                [
                    (100, b"one".to_vec()),
                    (104, b"".to_vec()),
                    (105, b"three".to_vec()),
                    (111, b"last".to_vec()),
                ],
                "{piece}"
            );
        }
        assert_eq!(lines(b"", 10), []);
        assert_eq!(lines(b"\n", 10), [(100, b"".to_vec())]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "megabytes")]
    fn a_line_without_end_is_left_out_and_takes_no_more_memory() {
        let long = vec![b'x'; 3 * LONGEST_LINE];
        let text = [b"a\n", &long[..], b"\nb\n", &long[..]].concat();
        let found = lines(&text, 100_000);
        assert_eq!(found.len(), 2);
        assert_eq!((&found[0].1[..], &found[1].1[..]), (&b"a"[..], &b"b"[..]));
    }

    #[test]
    fn numbers_are_whole() {
        assert_eq!(number(b"1000"), Some(1000));
        assert_eq!(number(b"4294967295"), Some(u32::MAX));
        for text in [&b""[..], b"-1", b"+1", b" 1", b"1 ", b"4294967296", b"0x1"] {
            assert_eq!(number(text), None, "{text:?}");
        }
        assert_eq!(leading_number(b"15x"), 15);
        assert_eq!(leading_number(b"99999999999"), u32::MAX);
        assert_eq!(leading_number(b"-3"), 0);
    }

    #[test]
    fn ends_are_compared_without_case() {
        assert!(ends_with_ignoring_case(b"a.ONION", b".onion"));
        assert!(!ends_with_ignoring_case(b"onion", b".onion"));
        assert_eq!(trim(b" \ta b\n"), b"a b");
        assert_eq!(without_last_dot(b"a."), b"a");
    }
}
