//! The test.

#[path = "../src/shared.rs"]
mod shared;

#[rtlib::init]
fn setup() {} //@ init same_name::setup
