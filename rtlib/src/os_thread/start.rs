//! Threads of the operating system in programs whose threads are goroutines.

use core::cell::Cell;
use core::hint::black_box;
use std::io;
use std::thread::{Builder, JoinHandle};

std::thread_local! {
    /// The calling goroutine or thread starts a thread for the kernel.
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// For the runtime, when a thread is made.
#[unsafe(export_name = "runtime.wantsosthread")]
extern "C" fn wants_os_thread() -> bool {
    WANTED.get()
}

/// While it exists, threads that the calling goroutine or thread starts are the kernel's.
struct Wish {
    before: bool,
}

impl Wish {
    fn new() -> Self {
        // The runtime's question must be in the program.
        black_box(wants_os_thread as extern "C" fn() -> bool);
        Self {
            before: WANTED.replace(true),
        }
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        WANTED.set(self.before);
    }
}

/// Starts a thread of the operating system, as std's builder describes it, whether or not threads of std are goroutines in this program.
///
/// A thread of `std::thread` is a goroutine (unless the program is built with `std = "threads"`). Some threads must not be goroutines: a thread with a priority of its own, a thread that must never wait for a P
/// (audio, a watchdog), a thread that a C library keeps for itself. On such a thread everything is as in a program without goroutines: calls block it, [`current`](crate::current) is none, and it uses
/// channels, locks and [`go`](crate::go) as any thread does. Threads that it starts with std are goroutines again.
///
/// In other programs this is [`Builder::spawn`]. For a goroutine that needs an operating-system thread only for a while, use [`lock_os_thread`](crate::lock_os_thread).
///
/// # Errors
/// As [`Builder::spawn`].
///
/// ```no_run,standalone_crate
/// let audio = std::thread::Builder::new().name("audio".into());
/// let mixer = rtlib::spawn_os_thread(audio, || println!("no goroutine: {}", rtlib::current().is_none()))?;
/// mixer.join().unwrap();
/// # std::io::Result::Ok(())
/// ```
pub fn spawn_os_thread<T: Send + 'static>(
    builder: Builder,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let _wish = Wish::new();
    builder.spawn(f)
}
