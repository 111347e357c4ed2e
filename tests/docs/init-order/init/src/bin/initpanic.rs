//! An init function that panics.

#[rtlib::init]
fn load() {
    panic!("no configuration");
}

fn main() {}
