//! The runtime, compiled ahead by `build.rs` and embedded, with its sources. The linker driver writes both out: the object, to put it first on the link line, and the sources, so that gdb
//! shows them.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/runtime.rs"));

/// The object file. It does not say where its sources are.
#[must_use]
pub fn bytes() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/runtime.o"))
}

/// The object file, whose debug information says that [`SOURCES`] are below this directory.
#[must_use]
pub fn with_sources_in(dir: &Path) -> Vec<u8> {
    let mut object = bytes().to_vec();
    let dir = dir.as_os_str().as_bytes();
    if let Some(place) = object.get_mut(COMPILE_DIR) {
        place.fill(0);
        // One that is longer than a path may be is left out.
        if let Some(place) = place.get_mut(..dir.len()) {
            place.copy_from_slice(dir);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_says_where_the_sources_are_and_nothing_else_changes() {
        let object = with_sources_in(Path::new("/somewhere"));
        assert_eq!(&object[COMPILE_DIR][..11], b"/somewhere\0");
        assert_eq!(object[..COMPILE_DIR.start], bytes()[..COMPILE_DIR.start]);
        assert_eq!(object[COMPILE_DIR.end..], bytes()[COMPILE_DIR.end..]);
        assert_eq!(object[COMPILE_DIR.end], 0);
        let names: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
        assert!(
            names.contains(&"rtlib/runtime/src/boot/main.rs"),
            "{names:?}"
        );
        assert!(names.contains(&"rtlib/abi/src/lib.rs"), "{names:?}");
    }
}
