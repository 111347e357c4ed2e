//! A lib whose bin has its name, its module and its positions.

mod shared;

#[rtlib::init]
fn setup() {} //@ init same_name::setup
