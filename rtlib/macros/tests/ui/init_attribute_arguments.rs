#[rtlib::init(priority = 1)]
fn first() {}

#[rtlib::init(crate = "rtlib")]
fn second() {}

#[rtlib::init(crate = rtlib, crate = rtlib)]
fn third() {}

fn main() {}
