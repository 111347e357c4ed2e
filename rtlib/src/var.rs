//! Package variables: a value that is written once, before `main`, and read without a lock ever after.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::sync::atomic::{AtomicU8, Ordering};

use crate::sys::{self, RunningInit};
use crate::{absent, goroutine};

const EMPTY: u8 = 0;
const RUNNING: u8 = 1;
const READY: u8 = 2;

/// The type of a static that is marked with [`#[var]`](macro@crate::var). It dereferences to its value.
///
/// A read costs one load and one branch more than that of a plain static.
///
/// # Panics
/// A read before the variable is initialised panics, with the variable and the reader named. From `main` on every variable is
/// initialised, and so is, for an init function, every variable of its own package and of the packages that it depends on. So only code
/// that runs besides the inits, a goroutine or a thread that an init started, can come too early, or an initialiser that uses itself in a
/// way that `cargo gobuild` cannot see (through a trait object, for example).
pub struct Var<T: 'static> {
    /// `EMPTY`, then `RUNNING` while the initialiser runs, then `READY` for good.
    state: AtomicU8,
    /// Written by whoever moved the state to `RUNNING`, read by anybody once it is `READY`.
    value: UnsafeCell<MaybeUninit<T>>,
    initialiser: fn() -> T,
    name: &'static str,
    file: &'static str,
    line: u32,
}

// SAFETY: shared references to the variable hand out shared references to the value, which `T: Sync` allows. The value is written once,
// and `READY` is published after that. It never moves to another thread and is never dropped, so it need not be `Send`.
unsafe impl<T: Sync> Sync for Var<T> {}

impl<T: UnwindSafe + RefUnwindSafe> RefUnwindSafe for Var<T> {}

impl<T> Var<T> {
    /// A variable that [`initialise`](Self::initialise) will fill. For expansions of `#[var]`, by way of `__private`.
    pub(crate) const fn new(
        initialiser: fn() -> T,
        name: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        Self {
            state: AtomicU8::new(EMPTY),
            value: UnsafeCell::new(MaybeUninit::uninit()),
            initialiser,
            name,
            file,
            line,
        }
    }

    /// Runs the initialiser.
    ///
    /// # Panics
    /// When it has run, or runs, already; and when it panics.
    pub(crate) fn initialise(&'static self) {
        if self
            .state
            .compare_exchange(EMPTY, RUNNING, Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
        {
            panic!(
                "package variable `{}` ({}:{}) is initialised a second time",
                self.name, self.file, self.line
            );
        }
        let value = (self.initialiser)();
        // SAFETY: only the caller that moved the state to `RUNNING` gets here, once, and readers wait for `READY`.
        unsafe { (*self.value.get()).write(value) };
        self.state.store(READY, Ordering::Release);
    }

    fn get(&self) -> Option<&T> {
        let ready = self.state.load(Ordering::Acquire) == READY;
        // SAFETY: `READY` is stored after the value was written, for good.
        ready.then(|| unsafe { (*self.value.get()).assume_init_ref() })
    }

    #[cold]
    #[track_caller]
    fn read_too_early(&self) -> ! {
        if !absent::runtime_is_here() {
            panic!(
                "package variable `{}` ({}:{}) has no value: {}",
                self.name,
                self.file,
                self.line,
                absent::REASON
            );
        }
        let early = TooEarly {
            name: self.name,
            file: self.file,
            line: self.line,
            running: self.state.load(Ordering::Relaxed) == RUNNING,
            goroutine: goroutine::current().map(|goroutine| goroutine.id()),
            init: sys::current_init(),
        };
        panic!("{early}")
    }
}

impl<T> Deref for Var<T> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.read_too_early(),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Var<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => value.fmt(f),
            None => f.write_str("<not initialised>"),
        }
    }
}

impl<T: fmt::Display> fmt::Display for Var<T> {
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The message of a read that came too early: the variable, the reader, and what to do.
struct TooEarly {
    name: &'static str,
    file: &'static str,
    line: u32,
    /// The variable's own initialiser has begun.
    running: bool,
    /// `None` on a plain thread.
    goroutine: Option<u64>,
    init: Option<RunningInit>,
}

impl fmt::Display for TooEarly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, file, line, ..
        } = self;
        write!(
            f,
            "package variable `{name}` ({file}:{line}) is read before it is initialised, by "
        )?;
        self.reader(f)?;
        f.write_str("; ")?;
        f.write_str(self.advice())
    }
}

impl TooEarly {
    const MAIN_GOROUTINE: u64 = 1;

    fn reader(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.goroutine, &self.init) {
            (Some(Self::MAIN_GOROUTINE), Some(init)) => write_init(f, init),
            (Some(id), None) => write!(f, "goroutine {id}"),
            (None, None) => f.write_str("a thread that is not a goroutine"),
            (Some(id), Some(init)) => {
                write!(f, "goroutine {id} during ")?;
                write_init(f, init)
            }
            (None, Some(init)) => {
                f.write_str("a thread that is not a goroutine during ")?;
                write_init(f, init)
            }
        }
    }

    fn advice(&self) -> &'static str {
        let by_main_goroutine = self.goroutine == Some(Self::MAIN_GOROUTINE);
        if self.running && by_main_goroutine {
            return "its own initialiser is still running, and must not use it";
        }
        let Some(init) = &self.init else {
            return "read it from `main` or from an init function";
        };
        if crate_of(init.name) != crate_of(self.name) {
            "make the reader's package depend on the variable's, or read it later"
        } else if by_main_goroutine {
            "name it in the initialiser that reads it, so that it is initialised before, or read it later"
        } else {
            "start the reader in an init function, which runs after the variables of its package, or read it later"
        }
    }
}

/// The crate in the Rust path of an item.
fn crate_of(path: &str) -> &str {
    path.split_once("::").map_or(path, |(name, _)| name)
}

fn write_init(f: &mut fmt::Formatter<'_>, init: &RunningInit) -> fmt::Result {
    let RunningInit {
        package,
        name,
        file,
        line,
    } = init;
    write!(f, "the init of package {package}: `{name}` ({file}:{line})")
}

#[cfg(all(test, not(loom)))]
#[path = "var_tests.rs"]
mod tests;
