//! What the programs share: how they take their size and how they report. The Go twins do the same.
//!
//! Protocol: the first argument is how much to do; the output is lines of a name, a space and a number.

use std::time::Instant;

/// How much to do.
///
/// # Panics
/// Without a number as the first argument.
#[must_use]
pub fn size() -> u64 {
    let argument = std::env::args().nth(1);
    argument
        .expect("the first argument is how much to do")
        .parse()
        .expect("how much to do is a whole number")
}

/// Reports how long each of `count` operations took since `start`.
pub fn report_since(start: Instant, count: u64) {
    let elapsed = start.elapsed();
    println!("ns {:.3}", elapsed.as_nanos() as f64 / count as f64);
}

/// What the kernel accounts to this process, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident pages.
    pub resident: u64,
    /// Page tables.
    pub page_tables: u64,
}

impl Memory {
    /// As it is now.
    ///
    /// # Panics
    /// Without a `/proc` that tells.
    #[must_use]
    pub fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
        let bytes = |name: &str| -> u64 {
            let value = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = value.expect(name).trim().trim_end_matches(" kB");
            kilobytes.parse::<u64>().expect("a number") * 1024
        };
        Self {
            resident: bytes("VmRSS:"),
            page_tables: bytes("VmPTE:"),
        }
    }
}

/// Prints what one of `count` cost between `before` and `after`.
pub fn report_each(before: Memory, after: Memory, count: u64) {
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / count as f64;
    println!("resident {:.1}", each(before.resident, after.resident));
    println!(
        "page_tables {:.1}",
        each(before.page_tables, after.page_tables)
    );
}
