//! The build information of the program that runs, as `cargo gobuild inspect` shows that of any.

use core::fmt;

use rtlib_abi::layout::{BuildPackage, ModInfo, Slice, Str};

/// How this program was built: what Go's `debug.ReadBuildInfo` tells.
///
/// ```no_run,standalone_crate
/// let revision = rtlib::debug::build_info()
///     .and_then(|info| info.setting("vcs.revision"))
///     .unwrap_or("unknown");
/// println!("built from {revision}");
/// ```
///
/// `None` in a process without the runtime: a build script or a procedural macro.
#[must_use]
pub fn build_info() -> Option<BuildInfo> {
    let info = mod_info();
    (info.settings.len > 0).then_some(BuildInfo { info })
}

/// How a program was built: see [`build_info`].
#[derive(Clone, Copy)]
pub struct BuildInfo {
    info: &'static ModInfo,
}

/// A package that is linked into the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Where cargo got it from (`registry+https://…`, `git+…`); `None` for one in a local directory.
    pub source: Option<&'static str>,
}

impl BuildInfo {
    /// Names and values: `tool`, the version of cargo-gobuild; `rustc`, what `rustc --version` says; `target`; `profile`; `std`; `goamd64`; `stack-size`; `linker`; `flags`. If the revision
    /// of the source is known, also `vcs`, `vcs.revision`, `vcs.time` and `vcs.modified`, as in Go.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let settings = all(&self.info.settings).iter();
        settings.map(|setting| (text(setting.key), text(setting.value)))
    }

    /// The value of one setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&'static str> {
        let found = self.settings().find(|(key, _)| *key == name);
        found.map(|(_, value)| value)
    }

    /// The packages that are linked in: first the one that the program belongs to, then the others by name.
    pub fn packages(&self) -> impl Iterator<Item = Package> + use<> {
        all(&self.info.packages).iter().map(package)
    }
}

impl fmt::Debug for BuildInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.settings()).finish()
    }
}

fn package(package: &BuildPackage) -> Package {
    let source = text(package.source);
    Package {
        name: text(package.name),
        version: text(package.version),
        source: (!source.is_empty()).then_some(source),
    }
}

#[cfg(not(any(test, loom, miri)))]
fn mod_info() -> &'static ModInfo {
    unsafe extern "C" {
        #[link_name = "runtime.modinfo"]
        static MOD_INFO: ModInfo;
    }
    // SAFETY: the tool's, or the empty one of `absent`; nobody writes to either.
    unsafe { &MOD_INFO }
}

/// Unit tests bring a runtime of their own, and no tool has linked them.
#[cfg(any(test, loom, miri))]
fn mod_info() -> &'static ModInfo {
    const fn none<T>() -> Slice<T> {
        Slice {
            ptr: core::ptr::null(),
            len: 0,
            cap: 0,
        }
    }
    static NONE: ModInfo = ModInfo {
        settings: none(),
        packages: none(),
    };
    &NONE
}

fn all<T>(table: &'static Slice<T>) -> &'static [T] {
    if table.len == 0 {
        return &[];
    }
    // SAFETY: a table of the tool's: as many constant elements as it says.
    unsafe { core::slice::from_raw_parts(table.ptr, table.len as usize) }
}

fn text(text: Str) -> &'static str {
    if text.len == 0 {
        return "";
    }
    // SAFETY: the tool writes UTF-8 that is never freed, and its length.
    unsafe {
        let bytes = core::slice::from_raw_parts(text.ptr, text.len as usize);
        core::str::from_utf8_unchecked(bytes)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    #[test]
    fn a_process_that_the_tool_has_not_linked_has_none() {
        assert!(super::build_info().is_none());
    }
}
