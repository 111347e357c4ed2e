//! DNS messages and the files of /etc; see [`gobuild_fuzz::names`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobuild_fuzz::names::target(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    gobuild_fuzz::stable::command_line(gobuild_fuzz::names::target, gobuild_fuzz::names::seeds)
}
