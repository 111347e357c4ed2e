//! The codec `hex`.

use std::fmt::Write;

#[rtlib::init]
fn register() {
    println!("hex:      registers `hex`");
    codec::register("hex", encode);
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}
