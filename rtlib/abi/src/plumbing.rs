//! Which functions tracebacks show only when the runtime's are asked for, by their names: ours, and what std does around a panic and around the start of a program, a thread or a goroutine.

/// Beginnings of functions' names. `<` and `&` in front of a path are not looked at.
const NAMES: [&str; 26] = [
    "rtlib::",
    "rtlib_runtime::",
    "runtime.",
    "sync.runtime_",
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
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::result::unwrap_failed",
    "__rust",
    "rust_",
    "__wrap_",
    "std::thread::lifecycle::spawn_unchecked",
    "std::thread::Builder::spawn_unchecked",
    "std::sys::thread::unix::Thread>::new::thread_start",
    "std::sys::pal::unix::thread::Thread>::new::thread_start",
];

/// Whole names: C's `main` that rustc makes, and the unwinder.
const WHOLE_NAMES: [&str; 3] = ["main", "_Unwind_Backtrace", "_Unwind_RaiseException"];

/// Whether a function with this name, demangled and without hash, is plumbing.
#[must_use]
pub fn is_plumbing(name: &str) -> bool {
    let path = name.trim_start_matches(['<', '&']);
    NAMES.iter().any(|start| path.starts_with(start))
        || WHOLE_NAMES.contains(&name)
        || callee(name).is_some_and(|callee| callee.starts_with("alloc::boxed::Box<"))
}

/// The function, or the type of function, that is called by what the compiler or std make for its sake: `app::main::{closure#0}` of `<app::main::{closure#0} as core::ops::function::FnOnce<()>>::call_once`.
///
/// Such a function stands for what it calls where that is inlined into it.
#[must_use]
pub fn callee(name: &str) -> Option<&str> {
    let name = name.strip_prefix('<')?;
    let mut depth = 0_usize;
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if !name[..at].ends_with('-') => depth = depth.checked_sub(1)?,
            b' ' if depth == 0 && name[at..].starts_with(" as core::ops::function::Fn") => {
                return Some(&name[..at]);
            }
            _ => {}
        }
    }
    None
}

/// The name under which a function is shown of which no more is known than its name: that of a closure which is inlined into what calls it.
#[must_use]
pub fn shown(name: &str) -> &str {
    callee(name)
        .filter(|callee| callee.ends_with('}'))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::callee;

    #[test]
    fn a_function_that_only_calls_another_is_told_from_others() {
        for (name, expect) in [
            (
                "<app::f::{closure#2} as core::ops::function::FnOnce<()>>::call_once::{shim:vtable#0}",
                Some("app::f::{closure#2}"),
            ),
            (
                "<app::f::<fn() -> u32, <u8 as app::T>::X> as core::ops::function::Fn<()>>::call",
                Some("app::f::<fn() -> u32, <u8 as app::T>::X>"),
            ),
            ("<app::T as core::fmt::Display>::fmt", None),
            (
                "<app::T>::f::<<u8 as core::ops::function::Fn<()>>::X>",
                None,
            ),
            ("app::main", None),
            ("<", None),
        ] {
            assert_eq!(callee(name), expect, "{name}");
        }
    }
}
