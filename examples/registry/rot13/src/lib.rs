//! The codec `rot13`, with two package variables. The first needs the second, so the second is initialised first.

#[rtlib::var]
static TABLE: [u8; 256] = {
    println!("rot13:    variable TABLE");
    std::array::from_fn(|byte| rotate(byte as u8))
};

#[rtlib::var]
static SHIFT: u8 = {
    println!("rot13:    variable SHIFT");
    (b'a'..=b'z').len() as u8 / 2
};

fn rotate(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + *SHIFT) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + *SHIFT) % 26 + b'A',
        other => other,
    }
}

#[rtlib::init]
fn register() {
    println!("rot13:    registers `rot13`");
    codec::register("rot13", encode);
}

fn encode(text: &str) -> String {
    let bytes = text.bytes().map(|byte| TABLE[usize::from(byte)]).collect();
    String::from_utf8(bytes).expect("letters become letters, the rest stays")
}
