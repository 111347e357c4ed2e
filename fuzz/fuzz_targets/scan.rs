//! The scan of source files; see [`gobuild_fuzz::scan`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobuild_fuzz::scan::target(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    gobuild_fuzz::stable::command_line(gobuild_fuzz::scan::target, gobuild_fuzz::scan::seeds)
}
