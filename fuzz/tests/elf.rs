//! The short form of the fuzz target `elf`.

use gobuild_fuzz::{elf, stable};

#[test]
fn hostile_binaries_break_no_promise() {
    stable::run_rounds(elf::target, &elf::seeds(), 20_000);
}
