#[rtlib::var]
const LIMIT: u32 = 1;

#[rtlib::var]
fn limit() -> u32 {
    1
}

fn main() {}
