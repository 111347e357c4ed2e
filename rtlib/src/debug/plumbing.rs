//! Which functions tracebacks show only when the runtime's are asked for: ours, and what std does around a panic and around the start of a program or a goroutine.
//!
//! They are known by their names and, because inlined functions in `line-tables-only` debug information have names without paths, by their source files.

use rtlib_abi::plumbing;

/// Sources in `library` of the Rust repository.
const FILES_OF_STD: [&str; 7] = [
    "std/src/panicking.rs",
    "std/src/panic.rs",
    "std/src/rt.rs",
    "std/src/sys/backtrace.rs",
    "core/src/panicking.rs",
    "core/src/panic/unwind_safe.rs",
    "core/src/ops/function.rs",
];

/// In the same place: functions that are there for `Box<dyn FnOnce()>` and its like, and only call what is in the box.
const BOXED: &str = "alloc/src/boxed.rs";
const CALLS: [&str; 3] = ["call_once", "call_mut", "call"];

/// Sources of the runtime object, which are in the tool's directory whatever is in front, and how the folder begins that a registry's copy of them is in.
const RUNTIME: &str = "/gobuild/rtlib/runtime/src/";
const RUNTIME_OF_REGISTRY: &str = "gobuild-rtlib-runtime-";

/// This crate's folder in a registry, without the version; and that of another crate there, whose library has the same name.
const OF_REGISTRY: &str = "gobuild-rtlib-";
const NAMESAKE: &str = "rtlib-";

/// Whether a function is plumbing. `name` is demangled, without hash.
pub(super) fn is_plumbing(name: &str, file: &str) -> bool {
    let path = name.trim_start_matches(['<', '&']);
    if path.starts_with("rtlib::") && is_versioned(file, NAMESAKE) {
        return false;
    }
    plumbing::is_plumbing(name)
        || file.contains(RUNTIME)
        || is_versioned(file, RUNTIME_OF_REGISTRY)
        || is_of_std(name, file)
        || is_ours(file)
}

/// Wherever the sources of the toolchain are.
fn is_of_std(name: &str, file: &str) -> bool {
    let Some((_, file)) = file.rsplit_once("/library/") else {
        return false;
    };
    let function = name.split('<').next().unwrap_or(name);
    FILES_OF_STD.contains(&file) || (file == BOXED && CALLS.contains(&function))
}

/// Whether the file is in a folder with this name and a version behind it.
fn is_versioned(file: &str, name: &str) -> bool {
    file.split('/').any(|folder| {
        let version = folder.strip_prefix(name);
        version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// A path that the compiler was given: absolute, except in a workspace that has this crate as a member. Where this crate is the workspace, and so anything may lie in `src`, names have to do.
fn is_ours(file: &str) -> bool {
    let Some(sources) = file!().strip_suffix("debug/plumbing.rs") else {
        return false;
    };
    // In a registry's folder whatever is in front: debug information may be without it where `file!()` has it.
    let is_of_registry = is_versioned(sources, OF_REGISTRY) && is_versioned(file, OF_REGISTRY);
    is_of_registry
        || sources != "src/"
            && file
                .find(sources)
                .is_some_and(|at| at == 0 || file[..at].ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_plumbing;

    #[test]
    fn plumbing_is_told_from_a_programs_functions() {
        for hidden in [
            "rtlib::go::run",
            "<rtlib::chan::Receiver<T>>::recv",
            "runtime.gostart",
            "__rust_try",
            "rust_panic",
            "__rustc::rust_begin_unwind",
            "core::panicking::panic_fmt",
            "std::rt::lang_start::{{closure}}",
            "<core::panic::unwind_safe::AssertUnwindSafe<F> as core::ops::function::FnOnce<()>>::call_once",
            "<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once",
            "<alloc::boxed::Box<dyn core::ops::function::FnMut<(), Output = ()> + core::marker::Send> as core::ops::function::FnMut<()>>::call_mut",
            "<rtlib::go::start<app::main::{closure#0}>::{closure#0} as core::ops::function::FnOnce<()>>::call_once::{shim:vtable#0}",
            "<rtlib::sync::raw_mutex::RawMutex>::acquire_slow",
            "sync.runtime_Semacquire",
            "main",
        ] {
            assert!(is_plumbing(hidden, ""), "{hidden}");
        }
        for shown in [
            "main::worker",
            "app::main",
            "mainframe::run",
            "my_rtlib::f",
            "std::thread::sleep",
            "core::slice::sort",
            "<app::T as core::ops::function::FnOnce<()>>::call_once",
            "<alloc::boxed::Box<u8> as app::Trait>::f",
            "<alloc::boxed::Box<app::T>>::new",
        ] {
            assert!(!is_plumbing(shown, "/home/me/src/main.rs"), "{shown}");
        }
    }

    #[test]
    fn inlined_functions_are_known_by_their_files() {
        for hidden in [
            "/home/me/app/target/debug/gobuild/rtlib/runtime/src/sched/park.rs",
            "/gobuild/rtlib/runtime/src/sched/park.rs",
            "/rustc/abc/library/std/src/panicking.rs",
            "/usr/src/rustc-1.96.0/library/core/src/ops/function.rs",
            "/opt/library/rust/lib/rustlib/src/rust/library/std/src/rt.rs",
            file!(),
        ] {
            assert!(is_plumbing("f", hidden), "{hidden}");
        }
        let boxed = "/rustc/abc/library/alloc/src/boxed.rs";
        assert!(is_plumbing(
            "call_once<(), (dyn core::ops::function::FnOnce<(), Output=()>)>",
            boxed
        ));
        assert!(!is_plumbing("new<app::T>", boxed));
        let of_runtime = "/home/me/.cargo/registry/src/index.crates.io-0123456789abcdef/gobuild-rtlib-runtime-0.1.0/src/sched/park.rs";
        assert!(is_plumbing("gopark", of_runtime));
    }

    /// A ray tracer, at the time of writing.
    #[test]
    fn another_library_with_the_same_name_is_not_ours() {
        let other =
            "/home/me/.cargo/registry/src/index.crates.io-0123456789abcdef/rtlib-0.2.0/src/lib.rs";
        for name in ["rtlib::trace", "<rtlib::Ray>::at", "trace<f64>"] {
            assert!(!is_plumbing(name, other), "{name}");
        }
        for shown in [
            "/home/me/std/src/panicking.rs",
            "/rustc/abc/library/core/src/slice/sort.rs",
            "src/main.rs",
        ] {
            assert!(!is_plumbing("f", shown), "{shown}");
        }
    }
}
