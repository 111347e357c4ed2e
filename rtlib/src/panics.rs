//! What a panic's payload says.

use core::any::Any;
use std::string::String;

/// The message of `panic!`; for a payload of any other type, the words that std uses.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        message
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message
    } else {
        "Box<dyn Any>"
    }
}

/// The same from inside a panic hook.
#[cfg(panic = "abort")]
pub(crate) fn message_of<'a>(info: &'a std::panic::PanicHookInfo<'_>) -> &'a str {
    info.payload_as_str().unwrap_or("Box<dyn Any>")
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
