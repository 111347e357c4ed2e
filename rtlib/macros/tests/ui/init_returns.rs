#[rtlib::init]
fn fallible() -> Result<(), String> {
    Ok(())
}

#[rtlib::init]
fn unit_is_nothing() -> () {}

fn main() {}
