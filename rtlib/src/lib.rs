//! Goroutines, ordered init functions and package variables for programs built with `cargo gobuild`.
//!
//! ```no_run,standalone_crate
//! use std::sync::Mutex;
//!
//! #[rtlib::var]
//! static GREETINGS: Mutex<Vec<String>> = Mutex::new(std::env::args().skip(1).collect());
//!
//! #[rtlib::init]
//! fn greet_the_world() {
//!     GREETINGS.lock().unwrap().push("hello, world".to_owned());
//! }
//!
//! fn main() {
//!     let length = rtlib::spawn(|| GREETINGS.lock().unwrap().len());
//!     println!("{} greetings", length.join().unwrap());
//! }
//! ```
//!
//! # Building
//!
//! The scheduler is not in this crate: `cargo gobuild` links it into the program. So `cargo check`, `cargo clippy`, `cargo doc` and
//! building libraries work as usual, but a program (a binary, a test, an example) that uses this crate must be built with
//! `cargo gobuild`, `cargo gobuild run` or `cargo gobuild test`. A program that plain `cargo build` made ends at once when it starts, with a message that says so.
//!
//! Crates that use this one also work in build scripts and procedural macros, which plain cargo links. Init functions do not run there, package variables have no values, and starting a goroutine
//! panics.
//!
//! # Init functions and package variables
//!
//! [`#[init]`](macro@init) and [`#[var]`](macro@var) run code before `main`, on the main goroutine, with std alive. The order is Go's: a package
//! after the packages that it depends on; within a package first the variables, each after those that its initialiser refers to, then
//! the init functions by file and position.
//!
//! # Goroutines
//!
//! [`go`] and [`spawn`] start one; [`Builder`] chooses its stack size. To the compiler and to every library a goroutine is a thread of
//! its own: thread-locals, `errno`, panics and [`std::thread::current`](https://doc.rust-lang.org/std/thread/fn.current.html) belong to it, whichever
//! thread of the operating system runs it at the moment. So the bounds are those of `std::thread::spawn`: what a goroutine captures is `Send + 'static`.
//! Goroutines of a [`scope`] may borrow; a [`context`] tells the goroutines that work on one task when to stop.
//!
//! # Which wait is cheap
//!
//! | what is waited for | what happens |
//! |---|---|
//! | [channels](chan), [`select!`], locks of [`sync`], [`join`](JoinHandle::join), [`time::sleep`] | the goroutine parks, and its thread runs others |
//! | locks of std, `std::thread::sleep`, joins of threads of std | the same |
//! | sockets, pipes, children of std | the same, with a system call or two |
//! | files, locks of files | the thread of the operating system waits; others go on with another one |
//! | C libraries and devices | put the call into [`blocking`]: then it is as with files. Without it others may have to wait for up to 20 ms |
//!
//! [`guide::waits`] has the whole table.
//!
//! # Guides
//!
//! - [Coming from Go](guide::coming_from_go), [coming from tokio](guide::coming_from_tokio): tables of what is called what.
//! - [Environment variables](guide::environment): `GOMAXPROCS`, `GODEBUG`, `GOTRACEBACK`, `RTLIB_TRACE`.
//!
//! # Features
//!
//! - `signal`: signals as messages, `rtlib::signal` and `context::with_signals`.
//! - `std` (default): hosted programs. Without it the crate is for `#![no_std]` programs: no `spawn`, which needs the heap, and a panic
//!   goes to the program's panic handler.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

#[doc(hidden)]
pub mod __private;
#[cfg(not(any(test, loom, miri)))]
mod abi_check;
mod absent;
mod blocking;
#[cfg(all(test, not(loom)))]
mod blocking_tests;
#[cfg(feature = "std")]
pub mod chan;
#[cfg(feature = "std")]
pub mod context;
#[cfg(feature = "std")]
mod deadline;
pub mod debug;
#[cfg(feature = "std")]
mod event;
#[cfg(all(test, not(loom)))]
mod fake_runtime;
#[cfg(all(test, not(loom)))]
mod fake_sync;
#[cfg(all(test, not(loom)))]
mod fake_time;
mod go;
#[cfg(feature = "std")]
mod goexit;
#[cfg(all(test, not(loom)))]
mod goexit_tests;
mod goroutine;
#[cfg(all(test, not(loom)))]
mod goroutine_tests;
#[cfg(all(feature = "std", any(doc, doctest)))]
pub mod guide;
mod init;
#[cfg(all(test, not(loom)))]
mod init_tests;
#[cfg(feature = "std")]
mod join;
mod launch;
mod os_thread;
#[cfg(feature = "std")]
mod packet;
#[cfg(feature = "std")]
mod panics;
mod sched;
#[cfg(feature = "std")]
mod scope;
#[cfg(feature = "std")]
mod shim;
#[cfg(feature = "signal")]
pub mod signal;
mod spawn;
mod stamp;
#[cfg(feature = "std")]
pub mod sync;
mod sys;
#[cfg(feature = "std")]
pub mod time;
mod var;

pub use blocking::blocking;
#[cfg(feature = "std")]
pub use goexit::{Goexit, goexit};
pub use goroutine::{Goroutine, current, park, yield_now};
#[cfg(feature = "std")]
pub use join::JoinHandle;
#[cfg(feature = "std")]
pub use os_thread::spawn_os_thread;
pub use os_thread::{OsThreadLock, lock_os_thread};
pub use sched::{gomaxprocs, num_cpu, num_goroutine};
#[cfg(feature = "std")]
pub use scope::{Scope, ScopedJoinHandle, scope};
#[cfg(feature = "std")]
pub use spawn::spawn;
pub use spawn::{Builder, go};
pub use stamp::Stamp;
#[cfg(feature = "std")]
pub use time::park_timeout;
pub use var::Var;

/// Runs a function before `main`, in the order of the packages.
///
/// Any number of functions, with any names, private ones too; a marked function can still be called as any other. It takes no arguments
/// and returns nothing. It runs once, on the main goroutine, after the inits of every package that its own depends on, after the
/// [variables](macro@var) of its own package and after the inits above it in the same file. It may print, allocate, read
/// files, start goroutines and threads. When it panics, the program ends with exit status 2 and a message that names the package.
///
/// ```no_run,standalone_crate
/// #[rtlib::init]
/// fn register() {
///     println!("before main");
/// }
/// # fn main() {}
/// ```
///
/// A library's inits run only if rustc links the library, that is, if the program names it somewhere. `use the_library as _;` does. `cargo
/// gobuild` fails, and says which init it would have lost, where a program does not.
///
/// # Where it works
///
/// In bins, libs, tests and examples, in any module, behind `#[cfg]`, and in crates that `#![forbid(unsafe_code)]`. Not in a function body and not in
/// an `impl`. A macro may generate init functions, also several of one name, each in its own `const _: () = { … };`. Where `rtlib` goes by another
/// name: `#[init(crate = path::to::rtlib)]`.
pub use rtlib_macros::init;

/// Makes a static a string whose value can be chosen when the program is linked, as Go's `-X` does.
///
/// `#[rtlib::stamp] static NAME: &str = "default";` declares a `static NAME: rtlib::Stamp`, which dereferences to `str`. Its value is the default, a constant expression, or what the build says:
///
/// ```sh
/// cargo gobuild build --stamp my_crate::version::NAME=1.2.3
/// ```
///
/// ```no_run,standalone_crate
/// #[rtlib::stamp]
/// static VERSION: &str = env!("CARGO_PKG_VERSION");
///
/// fn main() {
///     println!("version {VERSION}, {} bytes", VERSION.len());
///     let text: &'static str = VERSION.get();
/// # _ = text;
/// }
/// ```
///
/// The value is there at any time: in init functions and initialisers of variables, too. The libraries of a program are not compiled again when it changes. The crate of a program is `main` in
/// names: `--stamp main::VERSION=…`. Where two versions of a crate are linked, the name has the version: `my_crate@1.0.0::NAME`.
///
/// It works in every module, but not inside of functions, once for a name in a module, also in crates that `#![forbid(unsafe_code)]`. In programs that plain cargo links, such as build scripts, the
/// value is the default.
pub use rtlib_macros::stamp;

/// Makes a static a package variable: initialised before `main`, by any expression.
///
/// `#[rtlib::var] static NAME: Type = expression;` declares a `static NAME: rtlib::Var<Type>`, which dereferences to `Type`. The
/// initialiser runs once, on the main goroutine: after the inits of every package that this one depends on, after the variables that the
/// expression refers to, directly or through functions, and before the package's init functions.
///
/// ```no_run,standalone_crate
/// use std::collections::HashMap;
///
/// #[rtlib::var]
/// static HOME: String = std::env::var("HOME").unwrap_or_default();
///
/// /// Initialised after `HOME`, though it need not stand below it.
/// #[rtlib::var]
/// pub static PATHS: HashMap<&str, String> = HashMap::from([("config", format!("{}/.config", *HOME))]);
/// # fn main() {}
/// ```
///
/// A read that comes too early (from a goroutine that an earlier init started, for example) panics and names both: see [`Var`]. It works wherever
/// [`#[init]`](macro@init) works, but the macro may not itself come out of a macro: `cargo gobuild` must see what the expression refers to.
pub use rtlib_macros::var;
