//! A crate with every lint turned on.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, unused, unused_qualifications, unnameable_types, missing_debug_implementations)]
#![deny(rust_2018_idioms, let_underscore, single_use_lifetimes, unused_crate_dependencies, clippy::all, clippy::pedantic)]

use std::sync::Mutex;

#[rtlib::init]
fn in_a_strict_crate() {} //@ init strict::in_a_strict_crate

/// A variable.
#[rtlib::var]
pub static LIST: Mutex<Vec<String>> = Mutex::new(vec![String::new()]); //@ var strict::LIST

#[rtlib::var]
static PRIVATE: Option<&'static str> = option_env!("HOME").or(None); //@ var strict::PRIVATE

/// Uses both.
#[must_use]
pub fn used() -> bool {
    PRIVATE.is_some() && LIST.lock().is_ok()
}
