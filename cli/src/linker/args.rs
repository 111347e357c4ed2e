//! rustc's link line: read here, and rewritten into ours. Pure: no file is opened but by the caller.
//!
//! The line is in the style of a C compiler driver (`cc … -o OUT`), which is what rustc speaks to a linker whose name it does not know.
//! What is not understood is handed on untouched. Two things are not: `-Bdynamic`, in which rustc leaves the line for the user's arguments (a static program
//! has no use for it, and `-lm` would bring the shared library), and all `-lc` but the last. The crate `libc` brings one of its own, which may stand before an allocator
//! that takes malloc's place: then our objects would get libc's.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rtlib_abi::symbol::ENTRY;

/// The argument that makes this executable a linker; a hash of what the output depends on follows.
pub const MARKER: &str = "--gobuild-link=";

/// Options whose value is the next argument.
const WITH_VALUE: [&str; 9] = ["-o", "-L", "-l", "-T", "-u", "-z", "-e", "-Xlinker", "-B"];

/// libc, as rustc names it.
const LIBC: &str = "-lc";

/// What libc needs and what needs libc, in the place of the last [`LIBC`] where an earlier one was left out: GNU ld looks at each library once.
const LIBC_ALONE: [&str; 5] = [
    "-Wl,--start-group",
    "-lgcc_eh",
    "-lgcc",
    LIBC,
    "-Wl,--end-group",
];

/// What C libraries that are linked late may need.
const C_LIBRARIES: [&str; 6] = [
    "-Wl,--start-group",
    "-lm",
    "-lgcc_eh",
    "-lgcc",
    LIBC,
    "-Wl,--end-group",
];

/// The spellings of the linker's option that makes `-l` find shared libraries.
const DYNAMIC: [&[u8]; 4] = [b"-Bdynamic", b"--Bdynamic", b"-dy", b"-call_shared"];

/// A link line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkLine {
    args: Vec<OsString>,
    output: usize,
}

/// Why a link line cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No `-o`.
    #[error("the link line has no `-o OUTPUT`")]
    NoOutput,
    /// Quotes or a backslash without end in a response file.
    #[error("the response file ends inside a quotation")]
    Unterminated,
}

/// Which linker the C compiler shall call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LdChoice {
    /// Whichever the line says.
    AsGiven,
    /// The compiler's own.
    Default,
    /// LLVM's; the directory, if any, holds rustup's.
    Lld(Option<PathBuf>),
    /// The one called `ld` in this directory.
    In(PathBuf),
}

/// What is put into the line.
#[derive(Clone, Debug)]
pub struct Additions<'a> {
    /// Objects that come before all of the user's.
    pub objects: &'a [PathBuf],
    /// Symbols for `--wrap`.
    pub wrap: &'a [&'a str],
    /// Where to link to, instead of the line's output.
    pub output: &'a Path,
    /// The linker.
    pub ld: &'a LdChoice,
}

impl LinkLine {
    /// Reads a line, response files already expanded.
    ///
    /// # Errors
    /// When there is no output.
    pub fn parse(args: Vec<OsString>) -> Result<Self, LineError> {
        let output = (1..args.len()).rev().find(|&i| args[i - 1] == "-o");
        Ok(Self {
            output: output.ok_or(LineError::NoOutput)?,
            args,
        })
    }

    /// The file to make.
    #[must_use]
    pub fn output(&self) -> &Path {
        Path::new(&self.args[self.output])
    }

    /// Whether a program is linked, and not a library. Options that spoil a program are found when it is checked.
    #[must_use]
    pub fn makes_program(&self) -> bool {
        !self.args.iter().any(|arg| arg == "-shared")
    }

    /// The objects and archives, in order.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        let value_of_option =
            |i: usize| i > 0 && WITH_VALUE.iter().any(|option| self.args[i - 1] == *option);
        self.args
            .iter()
            .enumerate()
            .filter(move |(i, arg)| !arg.as_bytes().starts_with(b"-") && !value_of_option(*i))
            .map(|(_, arg)| Path::new(arg))
    }

    /// The functions that the line asks the linker to wrap.
    pub fn wraps(&self) -> impl Iterator<Item = &str> {
        let words = self.args.iter().filter_map(|arg| arg.to_str());
        let words = words.filter(|word| *word != "-Xlinker");
        let words = words.flat_map(|word| word.strip_prefix("-Wl,").unwrap_or(word).split(','));
        let mut after_wrap = false;
        words.filter_map(move |word| {
            let option = word
                .strip_prefix('-')
                .map(|option| option.strip_prefix('-').unwrap_or(option));
            let named = option.and_then(|option| option.strip_prefix("wrap="));
            let function = if after_wrap { Some(word) } else { named };
            after_wrap = option == Some("wrap");
            function
        })
    }

    /// Whether libraries are named behind the output: the user's. All that they need must stand behind them for linkers that read archives once.
    fn has_late_libraries(&self) -> bool {
        let late = &self.args[self.output..];
        late.iter().any(|arg| arg.as_bytes().starts_with(b"-l"))
    }

    /// The line without the marker: what rustc would have had linked.
    pub fn untouched(&self) -> impl Iterator<Item = &OsString> {
        self.args.iter().filter(|arg| !is_marker(arg))
    }

    /// Our line.
    #[must_use]
    pub fn with(&self, add: &Additions<'_>) -> Vec<OsString> {
        let first_input = self.inputs().next().map(|path| path.as_os_str().to_owned());
        let mut line = Vec::with_capacity(self.args.len() + add.objects.len() + add.wrap.len() + 4);
        let mut objects = Some(add.objects);
        let first_libc = self.args.iter().position(|arg| arg == LIBC);
        let last_libc = self.args.iter().rposition(|arg| arg == LIBC);
        for (i, arg) in self.args.iter().enumerate() {
            if Some(arg) == first_input.as_ref() {
                line.extend(objects.take().into_iter().flatten().map(OsString::from));
            }
            if i == self.output {
                line.push(add.output.into());
                continue;
            }
            let replaced = add.ld.replaces_given() && selects_ld(arg);
            if arg == LIBC && first_libc != last_libc {
                if Some(i) == last_libc {
                    line.extend(LIBC_ALONE.map(OsString::from));
                }
            } else if !replaced && !is_marker(arg) {
                line.extend(without_dynamic(arg));
            }
        }
        line.extend(objects.into_iter().flatten().map(OsString::from));
        if self.has_late_libraries() {
            line.extend(C_LIBRARIES.map(OsString::from));
        }
        line.extend(add.ld.arguments());
        line.push(format!("-Wl,-e,{ENTRY}").into());
        line.extend(
            add.wrap
                .iter()
                .map(|symbol| format!("-Wl,--wrap={symbol}").into()),
        );
        line
    }
}

impl LdChoice {
    fn replaces_given(&self) -> bool {
        *self != Self::AsGiven
    }

    fn arguments(&self) -> Vec<OsString> {
        let dir = |dir: &Path| {
            let mut arg = OsString::from("-B");
            arg.push(dir);
            arg
        };
        match self {
            Self::AsGiven | Self::Default => Vec::new(),
            Self::Lld(at) => at
                .iter()
                .map(|path| dir(path))
                .chain(["-fuse-ld=lld".into()])
                .collect(),
            Self::In(at) => vec![dir(at)],
        }
    }
}

/// Whether an argument picks the linker: `-fuse-ld=…`, `--ld-path=…`, or the directory with rustup's lld.
fn selects_ld(arg: &OsStr) -> bool {
    let bytes = arg.as_bytes();
    bytes.starts_with(b"-fuse-ld=")
        || bytes.starts_with(b"--ld-path=")
        || (bytes.starts_with(b"-B") && bytes.ends_with(b"/gcc-ld"))
}

/// An argument without `-Bdynamic` for the linker; none when nothing else was in it.
fn without_dynamic(arg: &OsStr) -> Option<OsString> {
    let Some(options) = arg.as_bytes().strip_prefix(b"-Wl,") else {
        return Some(arg.to_owned());
    };
    let options = options.split(|&byte| byte == b',');
    let kept: Vec<&[u8]> = options
        .filter(|option| !DYNAMIC.iter().any(|other| option == other))
        .collect();
    let none_left = kept.is_empty();
    (!none_left).then(|| OsString::from_vec([&b"-Wl,"[..], &kept.join(&b","[..])].concat()))
}

/// Whether an argument is the marker.
#[must_use]
pub fn is_marker(arg: &OsStr) -> bool {
    arg.as_bytes().starts_with(MARKER.as_bytes())
}

/// Splits a response file as GNU tools do: at white space; quotes group; a backslash takes the next byte as it is.
///
/// # Errors
/// When the text ends inside a quotation.
pub fn split_response(text: &[u8]) -> Result<Vec<OsString>, LineError> {
    let mut args = Vec::new();
    let mut current: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', _) => {
                let next = bytes.next().ok_or(LineError::Unterminated)?;
                current.get_or_insert_default().push(next);
            }
            (_, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => current.get_or_insert_default().push(byte),
            (b'"' | b'\'', None) => {
                quote = Some(byte);
                current.get_or_insert_default();
            }
            (byte, None) if byte.is_ascii_whitespace() => args.extend(current.take()),
            (byte, None) => current.get_or_insert_default().push(byte),
        }
    }
    if quote.is_some() {
        return Err(LineError::Unterminated);
    }
    args.extend(current);
    Ok(args.into_iter().map(OsString::from_vec).collect())
}

/// Writes arguments as a response file.
#[must_use]
pub fn join_response(args: &[OsString]) -> Vec<u8> {
    let mut text = Vec::new();
    for arg in args {
        text.push(b'"');
        for &byte in arg.as_bytes() {
            if matches!(byte, b'"' | b'\\') {
                text.push(b'\\');
            }
            text.push(byte);
        }
        text.extend(b"\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSTC: &str = "-m64 /t/rustcX/symbols.o /t/app.0.o -Wl,--as-needed -Wl,-Bstatic /t/libdep-1.rlib -lc -L /t/raw -B/s/bin/gcc-ld \
         -fuse-ld=lld -Wl,--gc-sections -o /t/app-1 -static -no-pie --gobuild-link=0123";

    fn line(text: &str) -> LinkLine {
        LinkLine::parse(text.split_whitespace().map(OsString::from).collect()).expect("a link line")
    }

    fn rewritten(text: &str, ld: &LdChoice) -> String {
        let objects = ["/g/rt0.o".into(), "/g/inittask.o".into()];
        let add = Additions {
            objects: &objects,
            wrap: &["sigaction"],
            output: Path::new("/t/tmp/app"),
            ld,
        };
        let args = line(text).with(&add);
        args.iter()
            .map(|arg| arg.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn inputs_are_what_is_no_option_and_no_value() {
        let line = line(RUSTC);
        let inputs: Vec<_> = line.inputs().collect();
        assert_eq!(
            inputs,
            ["/t/rustcX/symbols.o", "/t/app.0.o", "/t/libdep-1.rlib"].map(Path::new)
        );
        assert_eq!(line.output(), Path::new("/t/app-1"));
    }

    #[test]
    fn libraries_are_not_ours() {
        assert!(line(RUSTC).makes_program());
        assert!(!line("-shared a.o -o liba.so").makes_program());
    }

    #[test]
    fn our_objects_come_first_and_the_entry_last() {
        assert_eq!(
            rewritten(
                "-m64 a.o b.rlib -o /t/app -static --gobuild-link=01",
                &LdChoice::AsGiven
            ),
            "-m64 /g/rt0.o /g/inittask.o a.o b.rlib -o /t/tmp/app -static -Wl,-e,_rt0_amd64_linux -Wl,--wrap=sigaction"
        );
    }

    #[test]
    fn libraries_of_the_user_are_static_and_all_that_they_need_is_behind_them() {
        assert_eq!(
            rewritten(
                "a.o -Wl,-Bdynamic -o x -Wl,-Bdynamic,-lz -lm --gobuild-link=01",
                &LdChoice::AsGiven
            ),
            "/g/rt0.o /g/inittask.o a.o -o /t/tmp/app -Wl,-lz -lm -Wl,--start-group -lm -lgcc_eh -lgcc -lc -Wl,--end-group \
             -Wl,-e,_rt0_amd64_linux -Wl,--wrap=sigaction"
        );
    }

    #[test]
    fn libc_comes_last() {
        let line = rewritten(
            "a.o liblibc.rlib -lc -lm liballocator.rlib -lc -o x",
            &LdChoice::AsGiven,
        );
        assert!(
            line.contains("a.o liblibc.rlib -lm liballocator.rlib -Wl,--start-group -lgcc_eh -lgcc -lc -Wl,--end-group -o"),
            "{line}"
        );
    }

    #[test]
    fn wraps_of_the_user_are_seen_in_every_spelling() {
        let line = line(
            "a.o -Wl,--wrap=a,-wrap=b -Wl,--wrap,c -Xlinker --wrap -Xlinker d -Xlinker --wrap=e -o wrap",
        );
        assert_eq!(line.wraps().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn the_linker_is_kept_dropped_or_replaced() {
        let lld = "-B/s/bin/gcc-ld -fuse-ld=lld";
        for (ld, has, has_not) in [
            (LdChoice::AsGiven, lld, "-B/l"),
            (LdChoice::Default, "-no-pie", "fuse-ld"),
            (LdChoice::Default, "-no-pie", "gcc-ld"),
            (LdChoice::Lld(Some("/s/bin/gcc-ld".into())), lld, "-B/l"),
            (LdChoice::Lld(None), "-fuse-ld=lld", "gcc-ld"),
            (LdChoice::In("/l".into()), "-B/l", "fuse-ld"),
        ] {
            let line = rewritten(RUSTC, &ld);
            assert!(
                line.contains(has) && !line.contains(has_not),
                "{ld:?}: {line}"
            );
        }
    }

    #[test]
    fn a_line_without_output_is_refused() {
        assert_eq!(
            LinkLine::parse(vec!["a.o".into()]),
            Err(LineError::NoOutput)
        );
        assert_eq!(LinkLine::parse(vec!["-o".into()]), Err(LineError::NoOutput));
        assert_eq!(LinkLine::parse(Vec::new()), Err(LineError::NoOutput));
    }

    #[test]
    fn untouched_loses_only_the_marker() {
        let line = line("a.o -o b -fuse-ld=lld --gobuild-link=00");
        let args: Vec<_> = line.untouched().collect();
        assert_eq!(args, ["a.o", "-o", "b", "-fuse-ld=lld"]);
    }

    #[test]
    fn response_files() {
        for (text, args) in [
            ("a b\nc", &["a", "b", "c"][..]),
            ("a\\ b \\\\", &["a b", "\\"]),
            ("\"a b\" 'c \"d'", &["a b", "c \"d"]),
            ("\"\" x", &["", "x"]),
            ("", &[]),
        ] {
            let split = split_response(text.as_bytes()).expect("well formed");
            assert_eq!(split, args, "{text}");
        }
        for text in ["\"a", "'", "a\\"] {
            assert_eq!(
                split_response(text.as_bytes()),
                Err(LineError::Unterminated),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_joined_splits_again() {
        let args: Vec<OsString> = ["a b", "", "\"\\'", "new\nline"].map(OsString::from).into();
        assert_eq!(split_response(&join_response(&args)), Ok(args));
    }
}
