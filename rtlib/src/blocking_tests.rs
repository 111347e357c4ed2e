//! `blocking` gives the P back whatever happens inside, once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::blocking;
use crate::fake_runtime::in_syscall;

#[test]
fn the_result_is_returned_and_the_p_is_back() {
    let text = std::string::String::from("inside");
    assert_eq!(blocking(|| (text, in_syscall())), ("inside".into(), true));
    assert!(!in_syscall());
}

#[test]
fn a_panic_goes_on_and_the_p_is_back() {
    let result = catch_unwind(AssertUnwindSafe(|| blocking(|| panic!("inside"))));
    assert!(result.is_err());
    assert!(!in_syscall());
}

#[test]
fn the_inner_of_two_calls_does_not_take_the_p_back() {
    let still_in = blocking(|| {
        blocking(|| ());
        in_syscall()
    });
    assert!(still_in);
    assert!(!in_syscall());
}
