//! The codec `reverse`.

#[rtlib::init]
fn register() {
    println!("reverse:  registers `reverse`");
    codec::register("reverse", encode);
}

/// The text from its last character to its first.
#[must_use]
pub fn encode(text: &str) -> String {
    text.chars().rev().collect()
}
