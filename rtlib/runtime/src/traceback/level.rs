//! `GOTRACEBACK`: how much a dying program tells. Words and numbers as in Go's `setTraceback`.

#[cfg(feature = "object")]
use core::sync::atomic::{AtomicU64, Ordering};

/// What a program tells when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// 0: no stacks; 1: stacks without the runtime's frames; 2 and more: with them, and with program counters.
    pub depth: u32,
    /// All goroutines, not only the one that ended the program.
    pub all: bool,
    /// Dies by SIGABRT at the end, which leaves a core file where the system is set so.
    pub crash: bool,
}

impl Level {
    /// Without the variable: the goroutine that ended the program.
    pub const SINGLE: Self = Self {
        depth: 1,
        all: false,
        crash: false,
    };

    /// What the variable says. Something else than these words and numbers is 0.
    pub fn parse(text: &[u8]) -> Self {
        let level = |depth, all, crash| Self { depth, all, crash };
        match text {
            b"none" => level(0, false, false),
            b"" | b"single" => Self::SINGLE,
            b"all" => level(1, true, false),
            b"system" => level(2, true, false),
            b"crash" => level(2, true, true),
            number => {
                let number = core::str::from_utf8(number).unwrap_or_default();
                level(number.parse().unwrap_or(0), true, false)
            }
        }
    }
}

#[cfg(feature = "object")]
static LEVEL: AtomicU64 = AtomicU64::new(1);
#[cfg(feature = "object")]
const ALL: u64 = 1 << 32;
#[cfg(feature = "object")]
const CRASH: u64 = 1 << 33;
#[cfg(feature = "object")]
const ASKED_FOR: u64 = 1 << 34;

/// Sets it, if the variable is set. In the boot.
#[cfg(feature = "object")]
pub fn set(text: Option<&[u8]>) {
    let Some(text) = text else { return };
    let level = Level::parse(text);
    let all = if level.all { ALL } else { 0 };
    let crash = if level.crash { CRASH } else { 0 };
    LEVEL.store(
        u64::from(level.depth) | all | crash | ASKED_FOR,
        Ordering::Relaxed,
    );
}

/// Whether the variable is set, and not to nothing at all.
#[cfg(feature = "object")]
pub fn is_asked_for() -> bool {
    LEVEL.load(Ordering::Relaxed) & ASKED_FOR != 0 && get().depth > 0
}

/// The program's.
#[cfg(feature = "object")]
pub fn get() -> Level {
    let word = LEVEL.load(Ordering::Relaxed);
    Level {
        depth: word as u32,
        all: word & ALL != 0,
        crash: word & CRASH != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn words_and_numbers_mean_what_they_mean_in_go() {
        for (text, depth, all, crash) in [
            ("", 1, false, false),
            ("none", 0, false, false),
            ("single", 1, false, false),
            ("all", 1, true, false),
            ("system", 2, true, false),
            ("crash", 2, true, true),
            ("0", 0, true, false),
            ("1", 1, true, false),
            ("2", 2, true, false),
            ("4294967295", u32::MAX, true, false),
            ("4294967296", 0, true, false),
            ("-1", 0, true, false),
            ("many", 0, true, false),
        ] {
            assert_eq!(
                Level::parse(text.as_bytes()),
                Level { depth, all, crash },
                "{text:?}"
            );
        }
    }
}
