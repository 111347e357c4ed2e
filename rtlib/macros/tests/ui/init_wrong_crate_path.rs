#[rtlib::init(crate = ::no_such_crate)]
fn lost() {}

fn main() {}
