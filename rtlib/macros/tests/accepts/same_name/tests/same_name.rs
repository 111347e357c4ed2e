//! The test.

use ::same_name as _;

#[path = "../src/shared.rs"]
mod shared;

#[rtlib::init]
fn setup() {} //@ init same_name::setup
