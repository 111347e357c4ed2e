//! `--emit KIND[=PATH]`: the syntax of a request. What the kinds mean is done in `ops::emit`.

use std::fmt;
use std::path::PathBuf;

/// What can be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EmitKind {
    /// The ordered table of what runs before `main`, for people.
    Inittask,
    /// The same as JSON.
    InittaskJson,
    /// The package graph.
    Graph,
    /// The rendered assembly.
    Rt0,
    /// The object with `runtime.mainPC`.
    MainPc,
    /// The generated objects.
    Obj,
    /// The link line.
    LinkArgs,
    /// Which calls wait, crate by crate.
    Blocking,
    /// The stamps that are set.
    Stamps,
}

impl EmitKind {
    const ALL: [(Self, &str); 9] = [
        (Self::Inittask, "inittask"),
        (Self::InittaskJson, "inittask-json"),
        (Self::Graph, "graph"),
        (Self::Rt0, "rt0"),
        (Self::MainPc, "mainpc"),
        (Self::Obj, "obj"),
        (Self::LinkArgs, "link-args"),
        (Self::Blocking, "blocking"),
        (Self::Stamps, "stamps"),
    ];

    /// Whether the build must have run before this can be answered.
    #[must_use]
    pub fn needs_link(self) -> bool {
        matches!(
            self,
            Self::Obj | Self::LinkArgs | Self::Blocking | Self::Stamps
        )
    }
}

impl fmt::Display for EmitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::ALL
            .iter()
            .find(|(kind, _)| kind == self)
            .expect("every kind is in ALL");
        f.write_str(name)
    }
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmitTo {
    /// Nowhere in particular: text goes to standard output, objects stay where they are and their paths are printed.
    Default,
    /// `-`: standard output.
    Stdout,
    /// A file, or for `obj` a directory.
    Path(PathBuf),
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitRequest {
    /// What.
    pub kind: EmitKind,
    /// Where to.
    pub to: EmitTo,
}

/// Reads one `KIND[=PATH]`.
///
/// # Errors
/// When the kind is unknown or the path empty.
pub fn parse(text: &str) -> Result<EmitRequest, String> {
    let (kind, to) = match text.split_once('=') {
        None => (text, EmitTo::Default),
        Some((kind, "-")) => (kind, EmitTo::Stdout),
        Some((kind, "")) => return Err(format!("`{kind}=` needs a PATH after the `=`")),
        Some((kind, path)) => (kind, EmitTo::Path(PathBuf::from(path))),
    };
    let known = EmitKind::ALL.iter().find(|(_, name)| *name == kind);
    let (kind, _) = known.ok_or_else(|| {
        let names: Vec<_> = EmitKind::ALL.iter().map(|(_, name)| *name).collect();
        format!(
            "there is no kind `{kind}`; the kinds are {}",
            names.join(", ")
        )
    })?;
    Ok(EmitRequest { kind: *kind, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_with_and_without_a_path() {
        for (text, kind, to) in [
            ("inittask", EmitKind::Inittask, EmitTo::Default),
            ("inittask-json=-", EmitKind::InittaskJson, EmitTo::Stdout),
            (
                "graph=a=b.svg",
                EmitKind::Graph,
                EmitTo::Path("a=b.svg".into()),
            ),
            ("obj=dir", EmitKind::Obj, EmitTo::Path("dir".into())),
        ] {
            assert_eq!(parse(text), Ok(EmitRequest { kind, to }), "{text}");
        }
    }

    #[test]
    fn wrong_requests_say_what_is_right() {
        assert!(parse("asm").is_err_and(|e| e.contains("`asm`") && e.contains("link-args")));
        assert!(parse("graph=").is_err_and(|e| e.contains("PATH")));
    }

    #[test]
    fn every_kind_prints_as_it_is_written() {
        for (kind, name) in EmitKind::ALL {
            assert_eq!(kind.to_string(), name);
            assert_eq!(parse(name).map(|r| r.kind), Ok(kind));
        }
    }
}
