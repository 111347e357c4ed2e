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

/// Functions that call the closure among their types: what runs that of a goroutine or of a thread.
const RUNNERS: [&str; 5] = [
    "rtlib::launch::entry::<",
    "rtlib::go::run::<",
    "rtlib::join::run::<",
    "rtlib::join::run_and_store::<",
    "std::sys::backtrace::__rust_begin_short_backtrace::<",
];

/// The program's closure that a function of ours or of std's calls which runs a goroutine or a thread, by the function's name: `app::main::{closure#0}` of
/// `rtlib::launch::entry::<rtlib::go::start_announced<app::main::{closure#0}, ()>::{closure#0}>`. Only v0 names say it.
///
/// If the closure is no frame of its own, it is inlined into that function.
#[must_use]
pub fn run_by(name: &str) -> Option<&str> {
    let types = RUNNERS.iter().find_map(|start| name.strip_prefix(start))?;
    closure_among(types)
}

/// The program's first closure among types, or in those of closures that are ours.
fn closure_among(types: &str) -> Option<&str> {
    let (mut depth, mut start) = (0_usize, 0);
    for (at, byte) in types.bytes().enumerate() {
        let ends = match byte {
            b'<' | b'(' | b'[' => {
                depth += 1;
                false
            }
            b'>' if types[..at].ends_with('-') => false,
            b'>' | b')' | b']' if depth > 0 => {
                depth -= 1;
                false
            }
            b'>' => true,
            _ => byte == b',' && depth == 0,
        };
        if !ends {
            continue;
        }
        let one = types[start..at].trim_start();
        if one.ends_with('}') && !is_plumbing(one) {
            return Some(one);
        }
        // One of ours: `before<C>::{closure#0}`.
        let inner = one.rfind("::{closure#").and_then(|end| {
            let start = opening(one[..end].strip_suffix('>')?)?;
            closure_among(&one[start + 1..end])
        });
        if inner.is_some() {
            return inner;
        }
        start = at + 1;
        if byte == b'>' {
            return None;
        }
    }
    None
}

/// Where the `<` stands to which the `>` behind this text belongs.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().rev() {
        match byte {
            b'>' if !text[..at].ends_with('-') => depth += 1,
            b'<' if depth == 0 => return Some(at),
            b'<' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{callee, run_by};

    #[test]
    fn the_closure_of_a_goroutine_is_told_from_what_runs_it() {
        for (name, expect) in [
            (
                "rtlib::join::run_and_store::<app::f::{closure#0}, (), rtlib::join::run<app::f::{closure#0}, ()>::{closure#0}>",
                Some("app::f::{closure#0}"),
            ),
            (
                "rtlib::launch::entry::<rtlib::go::start_announced<<app::S>::f::{closure#1}, rtlib::go::start<<app::S>::f::{closure#1}>::{closure#0}>::{closure#0}>",
                Some("<app::S>::f::{closure#1}"),
            ),
            (
                "rtlib::join::run::<<rtlib::spawn::Name>::before<(), app::f<fn(u8) -> u8>::{closure#2}>::{closure#0}, ()>",
                Some("app::f<fn(u8) -> u8>::{closure#2}"),
            ),
            (
                "std::sys::backtrace::__rust_begin_short_backtrace::<<app::S as app::T>::go::{closure#0}, ()>",
                Some("<app::S as app::T>::go::{closure#0}"),
            ),
            (
                "std::sys::backtrace::__rust_begin_short_backtrace::<fn(), ()>",
                None,
            ),
            ("rtlib::spawn::spawn::<app::f::{closure#0}, ()>", None),
            ("rtlib::launch::entry", None),
            ("rtlib::launch::entry::<", None),
            ("rtlib::launch::entry::<<<<>::{closure#0}>>>", None),
        ] {
            assert_eq!(run_by(name), expect, "{name}");
        }
    }

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
