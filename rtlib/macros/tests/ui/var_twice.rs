#[rtlib::var]
#[rtlib::var]
static LIMIT: u32 = 1;

fn main() {}
