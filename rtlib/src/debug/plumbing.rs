//! Which functions tracebacks show only when the runtime's are asked for: ours, and what std does around a panic and around the start of a program or a goroutine.
//!
//! They are known by their names and, because inlined functions in `line-tables-only` debug information have names without paths, by their source files.

/// Beginnings of functions' names. `<` and `&` in front of a path are not looked at.
const NAMES: [&str; 22] = [
    "rtlib::",
    "rtlib_runtime::",
    "runtime.",
    "_rt0_",
    "main.main",
    "std::rt::lang_start",
    "std::panicking::",
    "std::panic::catch_unwind",
    "std::panic::resume_unwind",
    "std::panic::panic_any",
    "std::sys::backtrace::__rust_",
    "core::panicking::",
    "core::panic::unwind_safe::AssertUnwindSafe",
    "core::ops::function::FnOnce::call_once",
    "dyn core::ops::function::Fn<(), Output = i32>",
    "alloc::boxed::Box<F,A> as core::ops::function::FnOnce",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::result::unwrap_failed",
    "__rust",
    "rust_",
    "__wrap__Unwind_",
];

/// Whole names: C's `main` that rustc makes, and the unwinder.
const WHOLE_NAMES: [&str; 3] = ["main", "_Unwind_Backtrace", "_Unwind_RaiseException"];

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

/// Sources of the runtime object, as its line tables have them.
const RUNTIME: &str = "./rtlib/runtime/src/";

/// Whether a function is plumbing. `name` is demangled, without hash.
pub(super) fn is_plumbing(name: &str, file: &str) -> bool {
    let path = name.trim_start_matches(['<', '&']);
    NAMES.iter().any(|start| path.starts_with(start))
        || WHOLE_NAMES.contains(&name)
        || file.starts_with(RUNTIME)
        || is_of_std(file)
        || is_ours(file)
}

fn is_of_std(file: &str) -> bool {
    file.split_once("/library/")
        .is_some_and(|(_, file)| FILES_OF_STD.contains(&file))
}

/// A path that the compiler was given: absolute, except in a workspace that has this crate as a member.
fn is_ours(file: &str) -> bool {
    let Some(sources) = file!().strip_suffix("debug/plumbing.rs") else {
        return false;
    };
    file.find(sources)
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
        ] {
            assert!(!is_plumbing(shown, "/home/me/src/main.rs"), "{shown}");
        }
    }

    #[test]
    fn inlined_functions_are_known_by_their_files() {
        for hidden in [
            "./rtlib/runtime/src/sched/park.rs",
            "/rustc/abc/library/std/src/panicking.rs",
            file!(),
        ] {
            assert!(is_plumbing("f", hidden), "{hidden}");
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
