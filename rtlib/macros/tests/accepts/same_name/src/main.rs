//! The bin.

use ::same_name as _;

mod shared;

#[rtlib::init]
fn setup() {} //@ init same_name::setup

fn main() {}
