//! The fixture workspace `crates`: programs around well-known crates, built by plain cargo and by the tool.

use std::sync::OnceLock;

use crate::twins::Twins;
use crate::{readelf, tool};

const PROGRAMS: [&str; 7] = [
    "accounts", "beside", "database", "derives", "network", "parallel", "store",
];

/// A program of it. All are built at the first call.
///
/// # Panics
/// If they do not build.
#[must_use]
pub fn program(name: &str) -> &'static Twins {
    static BUILT: OnceLock<Vec<Twins>> = OnceLock::new();
    let all = BUILT.get_or_init(|| {
        let source = tool::root().join("tests/fixtures/crates");
        let target = tool::scratch().join("crates");
        Twins::build(
            &source,
            &target,
            "dev",
            &PROGRAMS,
            &["--workspace", "--locked"],
        )
    });
    let position = PROGRAMS.iter().position(|known| *known == name);
    let twins = &all[position.expect("a program of the fixture")];
    assert!(readelf::symbol(&twins.gobuild, "runtime.rt0_go").is_some());
    twins
}
