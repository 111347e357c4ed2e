#[rtlib::var]
static NAME: String = 7;

fn main() {}
