#[rtlib::var]
static LIMIT: u32 = 1;

fn main() {
    *LIMIT = 2;
}
