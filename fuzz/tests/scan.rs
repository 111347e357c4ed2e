//! The short form of the fuzz target `scan`.

use gobuild_fuzz::{scan, stable};

#[test]
fn hostile_sources_break_no_promise() {
    stable::run_rounds(scan::target, &scan::seeds(), 2_000);
}

#[test]
fn the_seeds_reach_every_stage() {
    // A seed that only fails to parse would test nothing behind the parser.
    let parsed = scan::seeds()
        .iter()
        .filter(|seed| scan::makes_a_plan(seed))
        .count();
    assert_eq!(parsed, 3);
}
