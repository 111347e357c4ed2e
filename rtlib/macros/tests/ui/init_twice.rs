#[rtlib::init]
#[rtlib::init]
fn once_is_enough() {}

fn main() {}
