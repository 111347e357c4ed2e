//! The bin.

mod shared;

#[rtlib::init]
fn setup() {} //@ init same_name::setup

fn main() {}
