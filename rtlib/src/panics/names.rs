//! std's message of a panic, with the goroutine's name in place of `<unnamed>`: that of [`Builder::name`](crate::Builder::name), and `init of PACKAGE` for whatever runs before `main`.
//!
//! std takes the name from the thread's handle, which it makes in `std::thread` alone, and nothing public gives a running thread another one. So the message is written here, as std writes
//! it, from a hook that is installed in place of std's own; a hook of the program's stays. Where std knows the name (threads of std, `main`), std's hook is called.

use core::cell::Cell;
use core::fmt::Write as _;
use core::mem::ManuallyDrop;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};
use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::boxed::Box;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::FromRawFd;
use std::panic::{self, PanicHookInfo};
use std::string::{String, ToString};
use std::sync::OnceLock;
use std::{env, format, thread};

use rtlib_abi::api::NAME_LEN;

use super::message_of;
use crate::{goroutine, sys};

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

const MAIN_GOROUTINE: u64 = 1;

static INSTALLED: AtomicBool = AtomicBool::new(false);
/// std's own hook.
static OF_STD: OnceLock<Hook> = OnceLock::new();
/// std says once how to get a backtrace.
static HINTED: AtomicBool = AtomicBool::new(false);

std::thread_local! {
    /// The name that the goroutine was started with. Bytes before the first zero.
    static NAME: Cell<[u8; NAME_LEN]> = const { Cell::new([0; NAME_LEN]) };
}

/// The calling goroutine is called so.
pub(crate) fn set(name: [u8; NAME_LEN]) {
    NAME.set(name);
}

/// Before something is started that has a name which std does not know. Waits while a hook runs.
pub(crate) fn tell() {
    if !INSTALLED.load(Ordering::Relaxed) {
        install();
    }
}

#[cold]
fn install() {
    // Nobody may change the hook then. The next one does.
    if thread::panicking() || INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    let hook = panic::take_hook();
    // What there is when the program's hook has been taken.
    let of_std = panic::take_hook();
    if is_same(&hook, &of_std) {
        _ = OF_STD.set(hook);
        // Without data, so that nothing is allocated for it: `GODEBUG=inittrace=1` would count that for the first init.
        panic::set_hook(Box::new(|info| match (name(), OF_STD.get()) {
            (None, Some(of_std)) => of_std(info),
            (name, _) => write(&message(info, &name.unwrap_or("<unnamed>".into()))),
        }));
    } else {
        panic::set_hook(hook);
    }
}

/// Whether both are std's own: functions without data, and one and the same. Two functions are taken for one only where the compiler has made them one.
fn is_same(a: &Hook, b: &Hook) -> bool {
    let is_function = size_of_val(&**a) == 0 && size_of_val(&**b) == 0;
    let (a, b): (*const _, *const _) = (&raw const **a, &raw const **b);
    is_function && ptr::eq(a, b)
}

/// The name, where std does not know it.
fn name() -> Option<Cow<'static, str>> {
    let name = NAME.get();
    let len = name.iter().position(|byte| *byte == 0).unwrap_or(NAME_LEN);
    if len > 0 {
        return Some(String::from_utf8_lossy(&name[..len]).into_owned().into());
    }
    let init = sys::current_init()?;
    let is_main = goroutine::current().is_some_and(|one| one.id() == MAIN_GOROUTINE);
    is_main.then(|| format!("init of {}", init.package).into())
}

/// What std's hook writes.
fn message(info: &PanicHookInfo<'_>, name: &str) -> String {
    let thread = sys::thread_id();
    let message = message_of(info);
    let mut text = String::new();
    // A string takes all that is written.
    _ = write!(text, "\nthread '{name}' ({thread}) panicked at ");
    if let Some(location) = info.location() {
        _ = write!(text, "{location}");
    }
    _ = writeln!(text, ":\n{message}");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        _ = writeln!(text, "stack backtrace:\n{}", shown(&backtrace).trim_end());
    } else if !HINTED.swap(true, Ordering::Relaxed) {
        text += "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
    }
    text
}

/// A backtrace from where the panic began, unless all of it is asked for.
fn shown(backtrace: &Backtrace) -> String {
    if env::var_os("RUST_BACKTRACE").is_some_and(|how| how == "full") {
        return format!("{backtrace:#}");
    }
    let text = backtrace.to_string();
    let began = text.find("rust_begin_unwind").unwrap_or(0);
    let line = text[..began].rfind('\n').map_or(0, |end| end + 1);
    text[line..].into()
}

/// Writes to standard error without its lock, which may be held meanwhile. Nobody hears of an error.
fn write(text: &str) {
    // SAFETY: never closed here; whatever the program has there now is written to, as std's hook does.
    let mut stderr = ManuallyDrop::new(unsafe { File::from_raw_fd(2) });
    _ = stderr.write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(info: &PanicHookInfo<'_>) {
        std::println!("{info}");
    }

    fn second(info: &PanicHookInfo<'_>) {
        std::eprintln!("{info}");
    }

    #[test]
    fn a_hook_is_told_from_any_other() {
        let boxed = || -> Hook { Box::new(first) };
        let data = 7;
        let with_data = || -> Hook { Box::new(move |_| std::println!("{data}")) };
        assert!(is_same(&boxed(), &boxed()));
        assert!(!is_same(&boxed(), &(Box::new(second) as Hook)));
        assert!(!is_same(&with_data(), &with_data()));
    }
}
