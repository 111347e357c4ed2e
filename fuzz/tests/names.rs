//! The short form of the fuzz target `names`.

use gobuild_fuzz::{names, stable};

#[test]
fn hostile_messages_and_files_break_no_promise() {
    stable::run_rounds(names::target, &names::seeds(), 100_000);
}
