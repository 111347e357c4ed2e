#[rtlib::init]
fn with_arguments(count: u32, name: &str) {
    let _ = (count, name);
}

fn main() {}
