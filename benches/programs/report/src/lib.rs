//! What the programs share: how they take their size and how they report. The Go programs do the same (`go/internal/report`).
//!
//! Protocol: the first argument is how much to do; the environment variable `GOMAXPROCS` says on how many threads, all CPUs without it. The output is
//! lines of a name, a space and a number: `ns` for each operation, `peak` for the most bytes that were resident, `answer` for a result that the harness knows.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

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

/// How many threads run tasks, for the runtimes that do not read `GOMAXPROCS` themselves.
///
/// # Panics
/// When `GOMAXPROCS` is not a positive number.
#[must_use]
pub fn workers() -> usize {
    let wanted = std::env::var("GOMAXPROCS").ok();
    let wanted = wanted.map(|n| {
        n.parse::<NonZeroUsize>()
            .expect("GOMAXPROCS is a positive number")
    });
    let all = || std::thread::available_parallelism().expect("the system knows its CPUs");
    wanted.unwrap_or_else(all).get()
}

/// Reports how long each of `count` operations took since `start`, what memory that needed, and what came out.
pub fn report(start: Instant, count: u64, answer: u64) {
    report_since(start, count);
    println!("peak {}", peak());
    println!("answer {answer}");
}

/// The most that was resident, in bytes.
#[must_use]
pub fn peak() -> u64 {
    status("VmHWM:")
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
        Self {
            resident: status("VmRSS:"),
            page_tables: status("VmPTE:"),
        }
    }
}

/// Reports how late something happened, in ns: in half of the cases not later than `median`, in 99 of 100 not later than `p99`.
///
/// # Panics
/// When it never happened.
pub fn report_lateness(mut late: Vec<Duration>) {
    late.sort_unstable();
    for (name, at) in [("median", late.len() / 2), ("p99", late.len() * 99 / 100)] {
        println!("{name} {}", late[at].as_nanos());
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

/// A size that the kernel tells about this process, in bytes.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = value.expect(name).trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().expect("a number") * 1024
}
