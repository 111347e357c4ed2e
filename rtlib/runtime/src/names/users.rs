//! Lines of /etc/passwd and /etc/group, as libc's `files` reads them.
//!
//! A line that cannot be read is left out, and so are the `+` and `-` lines of NIS.

use super::text::number;

/// A user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User<'a> {
    /// Login name.
    pub name: &'a [u8],
    /// `x`, most of the time.
    pub password: &'a [u8],
    /// Number.
    pub uid: u32,
    /// Number of the first group.
    pub gid: u32,
    /// Full name and so on.
    pub gecos: &'a [u8],
    /// Home directory.
    pub dir: &'a [u8],
    /// Shell.
    pub shell: &'a [u8],
}

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group<'a> {
    /// Name.
    pub name: &'a [u8],
    /// `x`, most of the time.
    pub password: &'a [u8],
    /// Number.
    pub gid: u32,
    /// Who is in it, between commas.
    members: &'a [u8],
}

impl<'a> User<'a> {
    /// Reads a line.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let mut fields = fields(line)?;
        let mut next = || fields.next();
        Some(Self {
            name: next()?,
            password: next()?,
            uid: number(next()?)?,
            gid: number(next()?)?,
            gecos: next().unwrap_or_default(),
            dir: next().unwrap_or_default(),
            shell: next().unwrap_or_default(),
        })
    }
}

impl<'a> Group<'a> {
    /// Reads a line.
    pub fn read(line: &'a [u8]) -> Option<Self> {
        let mut fields = fields(line)?;
        let mut next = || fields.next();
        Some(Self {
            name: next()?,
            password: next()?,
            gid: number(next()?)?,
            members: next().unwrap_or_default(),
        })
    }

    /// Who is in it.
    pub fn members(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let members = self.members.split(|byte| *byte == b',');
        members
            .map(super::text::trim_start)
            .filter(|member| !member.is_empty())
    }
}

/// What is between the colons. None if the line has no entry, or a NUL, which would end the text of what is before it.
fn fields(line: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let first = line.iter().position(|byte| !super::text::is_space(*byte))?;
    let line = &line[first..];
    if matches!(line[0], b'#' | b'+' | b'-' | b':') || line.contains(&0) {
        return None;
    }
    Some(line.split(|byte| *byte == b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users() {
        let user = User::read(b"me:x:1000:100:Me,,,:/home/me:/bin/sh").expect("a user");
        assert_eq!((user.name, user.uid, user.gid), (&b"me"[..], 1000, 100));
        assert_eq!((user.dir, user.shell), (&b"/home/me"[..], &b"/bin/sh"[..]));
        assert_eq!((user.password, user.gecos), (&b"x"[..], &b"Me,,,"[..]));
        let short = User::read(b"a::0:0").expect("a user");
        assert_eq!(
            (short.dir, short.shell, short.gecos),
            (&b""[..], &b""[..], &b""[..])
        );
    }

    #[test]
    fn what_is_no_user() {
        for line in [
            "",
            " ",
            "# root:x:0:0::/:",
            "+",
            "+::::::",
            "-me:x:1:1::/:",
            "me",
            "me:x",
            "me:x:1",
            "me:x:a:1::/:",
            "me:x:1:-1::/:",
            "me:x:99999999999:1::/:",
            ":x:0:0::/:",
            "m\0e:x:0:0::/:",
        ] {
            assert_eq!(User::read(line.as_bytes()), None, "{line:?}");
        }
    }

    #[test]
    fn groups() {
        let members = |line: &'static [u8]| -> Vec<_> {
            Group::read(line).expect("a group").members().collect()
        };
        assert_eq!(members(b"g:x:5:a,b,, c"), [b"a", b"b", b"c"]);
        assert_eq!(members(b"g:x:5:"), Vec::<&[u8]>::new());
        assert_eq!(members(b"g:x:5"), Vec::<&[u8]>::new());
        let group = Group::read(b"g:!:5:a").expect("a group");
        assert_eq!(
            (group.name, group.password, group.gid),
            (&b"g"[..], &b"!"[..], 5)
        );
        assert_eq!(Group::read(b"g:x:"), None);
        assert_eq!(Group::read(b"+:x:1:"), None);
    }
}
