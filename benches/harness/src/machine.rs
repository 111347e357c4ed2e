//! The machine and the compilers, for the reader of the numbers.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::error::BenchError;
use crate::{checkout, child, go};

/// Lines of a name and a value.
pub type Description = Vec<(&'static str, String)>;

/// Everything that the numbers depend on, as far as the system tells.
///
/// # Errors
/// When a compiler does not tell its version, or `/proc` is not there.
pub fn describe() -> Result<Description, BenchError> {
    let cpu = proc("cpuinfo")?;
    let field = |name: &str| value(&cpu, name).unwrap_or("unknown").to_owned();
    let virtual_machine = value(&cpu, "flags").is_some_and(|flags| has_word(flags, "hypervisor"));
    let memory = value(&proc("meminfo")?, "MemTotal").map_or("unknown".to_owned(), gibibytes);
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let mut rustc = Command::new("rustc");
    Ok(vec![
        ("Date", today()),
        ("CPU", field("model name")),
        ("CPUs in use", cpus.to_string()),
        (
            "Virtual machine",
            if virtual_machine { "yes" } else { "no" }.into(),
        ),
        ("Memory", memory),
        ("Kernel", proc("sys/kernel/osrelease")?.trim().to_owned()),
        ("C library", libc_version()?),
        (
            "Rust",
            first_line(rustc.arg("--version").current_dir(checkout::root()))?,
        ),
        (
            "Go",
            first_line(go::command(checkout::root())?.arg("version"))?,
        ),
    ])
}

/// How much the machine does.
#[derive(Clone, Debug)]
pub struct Load {
    /// The averages of the last 1, 5 and 15 minutes, as the kernel shows them.
    pub averages: String,
    /// Whether more than half a CPU was in use on average in the last minute: before a run that is somebody else's work.
    pub busy: bool,
}

/// The load now.
#[must_use]
pub fn load() -> Load {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load_in(&text)
}

fn load_in(text: &str) -> Load {
    let averages: Vec<_> = text.split_whitespace().take(3).collect();
    let minute = averages
        .first()
        .and_then(|average| average.parse::<f64>().ok());
    Load {
        averages: averages.join(" "),
        busy: minute.is_some_and(|average| average > 0.5),
    }
}

fn proc(file: &str) -> Result<String, BenchError> {
    let path = Path::new("/proc").join(file);
    fs::read_to_string(&path).map_err(BenchError::file("read", path))
}

/// The first value of `name : value`.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| value.trim())
}

fn has_word(text: &str, word: &str) -> bool {
    text.split_whitespace().any(|found| found == word)
}

fn gibibytes(kilobytes: &str) -> String {
    let number = kilobytes.trim_end_matches(" kB").parse::<f64>();
    number.map_or_else(
        |_| kilobytes.to_owned(),
        |kb| format!("{:.1} GiB", kb / 1024.0 / 1024.0),
    )
}

fn today() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or(&now).to_owned()
}

fn libc_version() -> Result<String, BenchError> {
    first_line(Command::new("getconf").arg("GNU_LIBC_VERSION"))
}

fn first_line(command: &mut Command) -> Result<String, BenchError> {
    let output = child::output(command)?;
    Ok(output.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_of_a_name_is_the_value() {
        let text = "model\t\t: 17\nmodel name\t: Some CPU\nmodel name\t: Other CPU\n";
        assert_eq!(value(text, "model name"), Some("Some CPU"));
        assert_eq!(value(text, "stepping"), None);
    }

    #[test]
    fn a_machine_that_works_for_others_is_busy() {
        let idle = load_in("0.31 2.00 9.00 1/200 4711\n");
        assert_eq!(
            (idle.averages.as_str(), idle.busy),
            ("0.31 2.00 9.00", false)
        );
        assert!(load_in("0.75 0.00 0.00 1/200 4711").busy);
        assert!(!load_in("").busy);
    }

    #[test]
    fn sizes_are_readable_and_oddities_shown_as_they_are() {
        assert_eq!(gibibytes("25165824 kB"), "24.0 GiB");
        assert_eq!(gibibytes("much"), "much");
    }
}
