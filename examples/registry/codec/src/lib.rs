//! The registry: codecs put themselves in before `main`, from their own crates, and the program finds them by name.
//!
//! Every crate that registers depends on this one, so `CODECS` is there before the first of them runs.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Turns one text into another.
pub type Encode = fn(&str) -> String;

#[rtlib::var]
static CODECS: Mutex<BTreeMap<&'static str, Encode>> = {
    println!("codec:    variable CODECS");
    Mutex::new(BTreeMap::new())
};

#[rtlib::init]
fn announce() {
    println!("codec:    open for registration, {} so far", all().len());
}

/// Adds a codec under a name.
///
/// # Panics
/// When the name is taken.
pub fn register(name: &'static str, encode: Encode) {
    let replaced = CODECS.lock().unwrap().insert(name, encode);
    assert!(replaced.is_none(), "codec `{name}` is registered twice");
}

/// The codec of this name.
#[must_use]
pub fn find(name: &str) -> Option<Encode> {
    CODECS.lock().unwrap().get(name).copied()
}

/// All codecs, by name.
#[must_use]
pub fn all() -> Vec<(&'static str, Encode)> {
    CODECS
        .lock()
        .unwrap()
        .iter()
        .map(|(name, encode)| (*name, *encode))
        .collect()
}
