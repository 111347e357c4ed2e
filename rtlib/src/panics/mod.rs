//! What a panic's payload says, and that `main` hears of panics. `names`: std's message with the goroutine's name.

pub(crate) mod names;

use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};
use std::boxed::Box;
use std::string::String;
use std::{panic, thread};

static ANNOUNCED: AtomicBool = AtomicBool::new(false);

/// Before a goroutine is started whose panics end the program: tells the runtime of panics as soon as they are told of, which may take long, so that `main` does not exit under that.
#[inline(always)]
pub(crate) fn announce() {
    if !ANNOUNCED.load(Ordering::Relaxed) {
        wrap_hook();
    }
}

/// Who replaces the hook afterwards loses this, and nothing else. Waits while a hook runs: not where that may wait for the caller.
#[cold]
fn wrap_hook() {
    // Nobody may change the hook then. The next one does.
    if thread::panicking() || ANNOUNCED.swap(true, Ordering::Relaxed) {
        return;
    }
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _telling = Telling::new();
        hook(info);
    }));
}

/// A hook runs. It may end by unwinding.
struct Telling;

impl Telling {
    fn new() -> Self {
        crate::sys::panic_hook(true);
        Self
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        crate::sys::panic_hook(false);
    }
}

/// What std says of a payload that is no text.
const ANY: &str = "Box<dyn Any>";

/// The message of `panic!`; for a payload of any other type, the words that std uses.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        ANY
    }
}

/// The same from inside a panic hook.
pub(crate) fn message_of<'a>(info: &'a std::panic::PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or(ANY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::ToOwned;
    use std::boxed::Box;

    #[test]
    fn messages_of_panic_are_found_whether_formatted_or_not() {
        let payloads: [(Box<dyn Any + Send>, &str); 3] = [
            (Box::new("plain"), "plain"),
            (Box::new("formatted".to_owned()), "formatted"),
            (Box::new(7), "Box<dyn Any>"),
        ];
        for (payload, expect) in payloads {
            assert_eq!(message(&*payload), expect);
        }
    }
}
