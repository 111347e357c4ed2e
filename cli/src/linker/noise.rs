//! What linkers say of every static program that asks for names, which is no news: "Using 'getaddrinfo' in statically linked applications requires at runtime the shared libraries from the glibc version used for linking".
//!
//! GNU's ld and gold say it for each such function and each place, lld never. New compilers show what a linker says when it succeeds, old ones do not.

/// Takes these lines out of what comes in pieces. What is left comes line by line.
#[derive(Default)]
pub struct Filter {
    /// The beginning of a line.
    line: Vec<u8>,
    /// A line that says in which function all that follows is; known only by what follows whether anybody wants it.
    head: Option<Vec<u8>>,
}

impl Filter {
    /// The next piece; `out` gets whole lines.
    pub fn push(&mut self, piece: &[u8], mut out: impl FnMut(&[u8])) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.whole(line, &mut out);
            }
        }
    }

    /// There are no more pieces.
    pub fn end(mut self, mut out: impl FnMut(&[u8])) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.whole(line, &mut out);
        }
    }

    fn whole(&mut self, line: Vec<u8>, out: &mut impl FnMut(&[u8])) {
        let text = String::from_utf8_lossy(&line);
        if is_known(&text) {
            return;
        }
        if text.contains(": in function `") && text.trim_end().ends_with("':") {
            self.head = Some(line);
            return;
        }
        if let Some(head) = self.head.take() {
            out(&head);
        }
        out(&line);
    }
}

/// `dlopen` is another matter: the tool itself says nothing of it.
fn is_known(line: &str) -> bool {
    const REQUIRES: &str = "' in statically linked applications requires at runtime the shared libraries from the glibc version used for linking";
    line.trim_end().ends_with(REQUIRES) && !line.contains("Using 'dlopen'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(text: &str, size: usize) -> String {
        let mut filter = Filter::default();
        let mut left = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            filter.push(piece, |line| left.extend_from_slice(line));
        }
        filter.end(|line| left.extend_from_slice(line));
        String::from_utf8(left).expect("text")
    }

    const KNOWN: &str = "in statically linked applications requires at runtime the shared libraries from the glibc version used for linking";

    #[test]
    fn known_lines_go_with_the_line_that_says_where() {
        let text = format!(
            "/usr/bin/ld: a.o: in function `f':\na.c:(.text+0x57): warning: Using 'getaddrinfo' {KNOWN}\n\
             /usr/bin/ld: a.c:(.text+0x43): warning: Using 'getpwnam' {KNOWN}\n\
             b.o:b.c:function main: warning: Using 'getpwnam' {KNOWN}"
        );
        for size in [1, 7, 4096] {
            assert_eq!(filtered(&text, size), "");
        }
    }

    #[test]
    fn everything_else_stays() {
        let text = format!(
            "/usr/bin/ld: a.o: in function `f':\na.c:(.text+0x57): warning: Using 'dlopen' {KNOWN}\n\
             /usr/bin/ld: b.o: in function `g':\nb.c:(.text+0x1): undefined reference to `h'\ncollect2: error: ld returned 1 exit status"
        );
        for size in [1, 7, 4096] {
            assert_eq!(filtered(&text, size), text);
        }
    }

    #[test]
    fn what_follows_a_known_line_keeps_the_line_that_says_where() {
        let text = format!(
            "x: in function `f':\ny: warning: Using 'getpwnam' {KNOWN}\nz: undefined reference to `h'\n"
        );
        let left = "x: in function `f':\nz: undefined reference to `h'\n";
        assert_eq!(filtered(&text, 4096), left);
    }
}
