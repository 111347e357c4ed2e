//! GODEBUG: `name=value` settings, comma-separated, as in Go. The last one wins; unknown ones are ignored, as in Go.
//!
//! - `inittrace=1`: a line for each package's initialisation.
//! - `fsgsbase=0`: never use the FSGSBASE instructions; system calls instead.
//! - `guardinstall=0`: never use lightweight guard pages; mprotect instead.
//! - `schedmigrate=1`: a goroutine that yields runs next on another thread whenever it can. For tests of what migration must not break.

use core::sync::atomic::{AtomicBool, Ordering};

struct Setting {
    name: &'static str,
    on: AtomicBool,
}

impl Setting {
    const fn new(name: &'static str, on: bool) -> Self {
        Self {
            name,
            on: AtomicBool::new(on),
        }
    }

    fn get(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }
}

static INITTRACE: Setting = Setting::new("inittrace", false);
static FSGSBASE: Setting = Setting::new("fsgsbase", true);
static GUARDINSTALL: Setting = Setting::new("guardinstall", true);
static SCHEDMIGRATE: Setting = Setting::new("schedmigrate", false);

/// Reads the variable. In the boot.
pub fn parse(text: &[u8]) {
    for part in text.split(|&b| b == b',') {
        let Some(eq) = part.iter().position(|&b| b == b'=') else {
            continue;
        };
        let (name, value) = (&part[..eq], &part[eq + 1..]);
        for setting in [&INITTRACE, &FSGSBASE, &GUARDINSTALL, &SCHEDMIGRATE] {
            if setting.name.as_bytes() == name {
                setting.on.store(value != b"0", Ordering::Relaxed);
            }
        }
    }
}

/// `inittrace`.
pub fn inittrace() -> bool {
    INITTRACE.get()
}

/// `fsgsbase`.
pub fn fsgsbase() -> bool {
    FSGSBASE.get()
}

/// `guardinstall`.
pub fn guardinstall() -> bool {
    GUARDINSTALL.get()
}

/// `schedmigrate`.
#[inline]
pub fn schedmigrate() -> bool {
    SCHEDMIGRATE.get()
}
