//! cargo gobuild.
fn main() {}
