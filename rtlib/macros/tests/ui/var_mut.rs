#[rtlib::var]
static mut COUNT: u32 = 1;

fn main() {}
