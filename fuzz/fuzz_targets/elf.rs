//! The ELF and record readers; see [`gobuild_fuzz::elf`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gobuild_fuzz::elf::target(bytes));

#[cfg(not(fuzzing))]
fn main() -> std::process::ExitCode {
    gobuild_fuzz::stable::command_line(gobuild_fuzz::elf::target, gobuild_fuzz::elf::seeds)
}
