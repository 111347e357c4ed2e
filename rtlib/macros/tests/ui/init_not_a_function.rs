#[rtlib::init]
/// Documented, too.
pub struct Settings;

#[rtlib::init]
static COUNT: u32 = 1;

#[rtlib::init]
mod settings {}

fn main() {}
