//! Which program links: what the user asked for, made into a C compiler to call and a linker for it to call.
//!
//! Decided by the subcommand, which can look around; the driver only follows. rustc speaks to us in the style of a C compiler, so
//! a bare linker (`ld`, `mold`, …) is never called directly: the C compiler calls it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::LinkerChoice;

/// The C compiler when nothing else is said.
const CC: &str = "cc";

/// Which program links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSetup {
    /// The C compiler: it assembles the templates and is called to link.
    pub compiler: PathBuf,
    /// The linker that it shall call.
    pub ld: Ld,
    /// What build information calls the linker.
    pub name: String,
}

/// The linker that the C compiler shall call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ld {
    /// Whichever rustc's line says.
    AsGiven,
    /// The compiler's own.
    Default,
    /// LLVM's; the directory, if any, holds rustup's.
    Lld(Option<PathBuf>),
    /// This executable.
    At(PathBuf),
}

/// A linker that is not there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no linker `{name}`")]
pub struct NoLinker {
    /// What was looked for.
    pub name: String,
}

impl NoLinker {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self.name.as_str() {
            "mold" => "install mold (Debian, Ubuntu and Fedora: the package `mold`), or use `--linker auto`".into(),
            "wild" => "install wild (`cargo install wild-linker`), or use `--linker auto`".into(),
            "lld" => "install lld (Debian, Ubuntu and Fedora: the package `lld`), or a toolchain of rustup, which brings it".into(),
            _ => "give `--linker` the path of an executable, or use `--linker auto`".into(),
        }
    }
}

impl LinkSetup {
    /// Decides. `of_user` is the linker in the user's cargo configuration or flags, `find` looks an executable up.
    ///
    /// # Errors
    /// When the linker that was asked for is not there.
    pub fn decide(
        choice: &LinkerChoice,
        of_user: Option<&Path>,
        sysroot: &Path,
        find: impl Fn(&Path) -> Option<PathBuf>,
    ) -> Result<Self, NoLinker> {
        let user_compiler = of_user.filter(|path| !is_bare_linker(path));
        let compiler = user_compiler.unwrap_or(Path::new(CC)).to_path_buf();
        let found = |name: &Path| {
            find(name).ok_or_else(|| NoLinker {
                name: name.display().to_string(),
            })
        };
        let with = |ld: Ld, name: &str| Self {
            compiler: compiler.clone(),
            ld,
            name: name.into(),
        };
        Ok(match choice {
            LinkerChoice::Auto => match of_user {
                Some(path) if is_bare_linker(path) => with(Ld::At(found(path)?), &name_of(path)),
                Some(path) => with(Ld::AsGiven, &name_of(path)),
                None => with(Ld::AsGiven, "auto"),
            },
            LinkerChoice::Cc => with(Ld::Default, "cc"),
            LinkerChoice::Lld => {
                let gcc_ld = sysroot
                    .join("lib/rustlib")
                    .join(crate::TARGET)
                    .join("bin/gcc-ld");
                if gcc_ld.join("ld.lld").exists() {
                    with(Ld::Lld(Some(gcc_ld)), "lld")
                } else {
                    find(Path::new("ld.lld")).ok_or_else(|| NoLinker { name: "lld".into() })?;
                    with(Ld::Lld(None), "lld")
                }
            }
            LinkerChoice::Mold => with(Ld::At(found(Path::new("mold"))?), "mold"),
            LinkerChoice::Wild => with(Ld::At(found(Path::new("wild"))?), "wild"),
            LinkerChoice::Path(path) if is_bare_linker(path) => {
                with(Ld::At(found(path)?), &name_of(path))
            }
            LinkerChoice::Path(path) => Self {
                compiler: found(path)?,
                ld: Ld::AsGiven,
                name: name_of(path),
            },
        })
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Whether a name is that of a linker and not of a C compiler: `ld`, `ld.gold`, `ld.lld-19`, `x86_64-linux-gnu-ld`, `rust-lld`,
/// `mold`, `wild`.
fn is_bare_linker(path: &Path) -> bool {
    let name = name_of(path);
    let unversioned = name
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
        .trim_end_matches('-');
    let last = unversioned.rsplit('-').next().unwrap_or(unversioned);
    let last = last.split('.').next().unwrap_or(last);
    matches!(last, "ld" | "lld" | "mold" | "wild")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(choice: &str, of_user: Option<&str>) -> Result<(PathBuf, Ld), NoLinker> {
        let find =
            |path: &Path| (path != Path::new("wild")).then(|| Path::new("/found").join(path));
        let choice = choice.parse().expect("a choice");
        LinkSetup::decide(
            &choice,
            of_user.map(Path::new),
            Path::new("/no/sysroot"),
            find,
        )
        .map(|s| (s.compiler, s.ld))
    }

    #[test]
    fn every_choice_with_and_without_a_linker_of_the_user() {
        for (choice, of_user, compiler, ld) in [
            ("auto", None, "cc", Ld::AsGiven),
            ("auto", Some("clang"), "clang", Ld::AsGiven),
            (
                "auto",
                Some("ld.gold"),
                "cc",
                Ld::At("/found/ld.gold".into()),
            ),
            ("cc", None, "cc", Ld::Default),
            ("cc", Some("clang"), "clang", Ld::Default),
            ("lld", None, "cc", Ld::Lld(None)),
            (
                "mold",
                Some("/usr/bin/gcc-13"),
                "/usr/bin/gcc-13",
                Ld::At("/found/mold".into()),
            ),
            ("/opt/bin/mold", None, "cc", Ld::At("/opt/bin/mold".into())),
            ("/opt/bin/clang", Some("gcc"), "/opt/bin/clang", Ld::AsGiven),
        ] {
            assert_eq!(
                decided(choice, of_user),
                Ok((compiler.into(), ld)),
                "{choice} {of_user:?}"
            );
        }
    }

    #[test]
    fn a_linker_that_is_not_there_is_named_with_a_way_out() {
        let error = decided("wild", None).expect_err("no wild");
        assert_eq!(error.to_string(), "there is no linker `wild`");
        assert!(error.help().contains("cargo install wild-linker"));
    }

    #[test]
    fn linkers_are_told_from_compilers_by_name() {
        for linker in [
            "ld",
            "/usr/bin/ld.bfd",
            "x86_64-linux-gnu-ld",
            "rust-lld",
            "ld.lld",
            "mold",
            "wild",
            "ld.lld-19",
        ] {
            assert!(is_bare_linker(Path::new(linker)), "{linker}");
        }
        for compiler in [
            "cc",
            "gcc-13",
            "clang",
            "x86_64-linux-gnu-gcc",
            "/opt/musl-gcc",
            "build-ldflags-cc",
        ] {
            assert!(!is_bare_linker(Path::new(compiler)), "{compiler}");
        }
    }
}
