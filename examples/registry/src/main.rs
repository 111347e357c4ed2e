//! Codecs from five crates, registered before `main`, used from one goroutine each.
//!
//! ```text
//! cargo gobuild run --manifest-path examples/registry/Cargo.toml
//! ```
//!
//! No line of `main` mentions `hex` or `rot13`: `use … as _` links them, and their init functions do the rest. The order is fixed: what a
//! crate depends on comes before it, and by name where there is a choice. To see it: `cargo gobuild --emit inittask`, or run the program
//! with `GODEBUG=inittrace=1`.

use hex as _;
use rot13 as _;
use shout as _;

#[rtlib::var]
static TEXT: String = {
    println!(
        "registry: variable TEXT, after {} codecs",
        codec::all().len()
    );
    std::env::args()
        .nth(1)
        .unwrap_or_else(|| "Hello, gophers".to_owned())
};

#[rtlib::init]
fn check() {
    assert!(!TEXT.is_empty(), "there is no text to encode");
    println!(
        "registry: init on goroutine {}",
        rtlib::current().expect("inits run on one").id()
    );
}

fn main() {
    println!("registry: main");
    let encoders: Vec<_> = codec::all()
        .into_iter()
        .map(|(name, encode)| (name, rtlib::spawn(move || encode(&TEXT))))
        .collect();
    for (name, goroutine) in encoders {
        println!("{name:>8}: {}", goroutine.join().expect("no codec panics"));
    }
}
