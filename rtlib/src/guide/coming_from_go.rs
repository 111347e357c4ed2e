//! Coming from Go: what Go's concurrency, `init` and package `runtime` are called here, and what is different.
//!
//! ```no_run,standalone_crate
//! use rtlib::chan::{Receiver, bounded};
//! use rtlib::select;
//! use std::time::Duration;
//!
//! fn add(jobs: &Receiver<u32>, stop: &Receiver<()>) -> u32 {
//!     let mut sum = 0;
//!     loop {
//!         select! {
//!             recv(jobs) -> job => match job { // case job, ok := <-jobs:
//!                 Ok(job) => sum += job,
//!                 Err(_) => return sum, // !ok: the channel is closed
//!             },
//!             recv(stop) -> _ => return sum, // case <-stop:
//!             default(Duration::from_secs(1)) => println!("nothing for a second"), // case <-time.After(time.Second):
//!         }
//!     }
//! }
//!
//! let (send, jobs) = bounded(16); // make(chan uint32, 16)
//! let (_stop, stopped) = bounded(0); // make(chan struct{})
//! let adder = rtlib::spawn(move || add(&jobs, &stopped)); // go, with a result
//! (1..=10).for_each(|job| send.send(job).unwrap()); // jobs <- job
//! drop(send); // close(jobs)
//! println!("{}", adder.join().unwrap());
//! ```
//!
//! # Goroutines
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `go f(x)` | [`rtlib::go(move \|\| f(x))`](crate::go()) | what the closure captures is `Send + 'static`, so it shares no data without a lock or an atomic |
//! | a goroutine and a channel for its result | [`spawn`](crate::spawn) and [`join`](crate::JoinHandle::join) | `join` returns the value, or the panic as an error |
//! | a goroutine that uses local variables | [`scope`](crate::scope) | goroutines of a scope may borrow; the scope waits for all of them |
//! | `runtime.Gosched()` | [`yield_now`](crate::yield_now) | |
//! | `runtime.Goexit()` | [`goexit`](crate::goexit()) | |
//! | `runtime.LockOSThread()` | [`lock_os_thread`](crate::lock_os_thread) | it ends when the returned value is dropped |
//! | `runtime.GOMAXPROCS(n)`, `NumCPU`, `NumGoroutine` | [`gomaxprocs`](crate::gomaxprocs), [`num_cpu`](crate::num_cpu), [`num_goroutine`](crate::num_goroutine) | |
//! | stacks that grow | a fixed size, 256 KiB unless the program's `stack-size` or [`Builder::stack_size`](crate::Builder::stack_size) says another | an overflow ends the program with a message |
//! | preemption | none by force | when a goroutine computes for longer than 10 ms while others wait, one more thread of the operating system runs the others |
//!
//! Threads of `std::thread` are goroutines, too, unless the program is built with `std = "threads"`.
//!
//! # Channels and select
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `make(chan T)`, `make(chan T, n)` | [`chan::bounded(0)`](crate::chan::bounded), `bounded(n)` | two ends, [`Sender`](crate::chan::Sender) and [`Receiver`](crate::chan::Receiver); both can be cloned |
//! | – | [`chan::unbounded()`](crate::chan::unbounded) | Go has none |
//! | `c <- v` | `sender.send(v)` | an error when the channel is closed, and not a panic; the error holds the value |
//! | `v, ok := <-c` | `receiver.recv()` | a `Result` |
//! | `for v := range c` | `for v in receiver` | |
//! | `close(c)` | drop the last sender, or [`Sender::close`](crate::chan::Sender::close) | the channel also closes when the last *receiver* is dropped: senders then get an error |
//! | a nil channel | [`chan::never()`](crate::chan::never()) | |
//! | `select { case … }` | [`select!`](crate::select) | the value of a `send` is evaluated after its arm was chosen |
//! | `default:` | `default => …` | |
//! | `case <-time.After(d):` | `default(d) => …`, or `recv(chan::after(d)) -> _ => …` | `default(d)` costs less |
//! | `reflect.Select` | [`chan::Select`](crate::chan::Select) | |
//! | `len(c)`, `cap(c)` | `len()`, `capacity()` of either end | |
//!
//! # Locks and groups
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `sync.Mutex` beside the data | [`sync::Mutex<T>`](crate::sync::Mutex) around the data; `std::sync::Mutex` parks goroutines, too | a guard unlocks when it is dropped. A panic while the lock is held poisons it |
//! | `sync.RWMutex`, `sync.Cond`, `sync.Once` | [`RwLock`](crate::sync::RwLock), [`Condvar`](crate::sync::Condvar), [`Once`](crate::sync::Once) | |
//! | `sync.OnceValue(f)` | [`LazyLock`](crate::sync::LazyLock), [`OnceLock`](crate::sync::OnceLock) | |
//! | `sync.WaitGroup` | [`sync::WaitGroup`](crate::sync::WaitGroup), or a [`scope`](crate::scope) | |
//! | `semaphore.Weighted` | [`sync::Semaphore`](crate::sync::Semaphore) | |
//! | `errgroup.WithContext` | [`context::try_scope`](crate::context::try_scope) | |
//! | `sync/atomic` | `std::sync::atomic` | |
//!
//! # Contexts
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `ctx, cancel := context.WithCancel(parent)`, `defer cancel()` | [`with_cancel`](crate::context::with_cancel) | dropping the handle cancels: write `let (ctx, _cancel) = …` and not `let (ctx, _) = …` |
//! | `WithTimeout`, `WithDeadline` | [`with_timeout`](crate::context::with_timeout), [`with_deadline`](crate::context::with_deadline) | |
//! | `<-ctx.Done()`, `ctx.Err()` | `ctx.done().recv()`, `ctx.err()` | |
//! | `context.AfterFunc` | [`Context::after_func`](crate::context::Context::after_func) | |
//! | `signal.NotifyContext`, `signal.Notify` | `context::with_signals`, `signal::notify` | they need the feature `signal` |
//! | `WithValue` | arguments, captured variables, thread-locals | |
//!
//! # Time
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `time.Sleep` | [`time::sleep`](crate::time::sleep), `std::thread::sleep` | |
//! | `time.After`, `time.Tick` | [`chan::after`](crate::chan::after), [`chan::tick`](crate::chan::tick) | |
//! | `time.NewTimer`, `time.NewTicker` | [`time::Timer`](crate::time::Timer), [`time::Ticker`](crate::time::Ticker) | dropping one stops it |
//! | `time.AfterFunc` | [`time::after_func`](crate::time::after_func) | dropping the handle stops it |
//!
//! # Panics
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `defer f()` | a value whose `Drop` does it | it runs at the end of its block and not of the function |
//! | `panic(v)` | `panic!("…")` | |
//! | `recover()` | the error of [`join`](crate::JoinHandle::join), or `std::panic::catch_unwind` | |
//! | a panic that nobody recovers ends the program with status 2 | the same for [`go`](crate::go()); not for [`spawn`](crate::spawn), whose `join` returns it | a panic of `main` ends the program with std's status 101 |
//!
//! # Before `main`
//!
//! | Go | here | what is different |
//! |---|---|---|
//! | `func init()` | [`#[rtlib::init]`](macro@crate::init) | |
//! | `var X = f()` of a package | [`#[rtlib::var]`](macro@crate::var) | |
//! | `import _ "p"` | `use p as _;` | a crate that the program names nowhere is not linked; the build fails if inits would be lost |
//! | `GODEBUG=inittrace=1` | the same | |
//!
//! # Looking into a program
//!
//! | Go | here |
//! |---|---|
//! | tracebacks, `GOTRACEBACK`, SIGQUIT (Ctrl-\\) | the same |
//! | `debug.PrintStack()`, `runtime.Stack(…, true)` | [`debug::stack()`](crate::debug::stack), [`debug::stacks()`](crate::debug::stacks) |
//! | pprof's goroutine profile | [`debug::stacks()`](crate::debug::stacks) |
//! | pprof's CPU profile | `perf record`, which knows the functions of a static program |
//! | pprof's goroutine leak profile | [`debug::leaks`](crate::debug::leaks), `GODEBUG=leaktrace=1` |
//! | `runtime/trace` | `RTLIB_TRACE=FILE`, for ui.perfetto.dev |
//! | `GODEBUG=schedtrace=1000` | the same |
//! | `runtime/metrics` of the scheduler | [`debug::sched_stats`](crate::debug::sched_stats) |
//! | `-ldflags=-X main.version=…` | [`#[rtlib::stamp]`](macro@crate::stamp), `cargo gobuild --stamp main::VERSION=…` |
//! | `debug.ReadBuildInfo`, `-buildvcs` | [`debug::build_info`](crate::debug::build_info), `cargo gobuild --buildvcs` |
//! | `debug.FreeOSMemory`, `debug.SetMaxThreads` | [`debug::free_os_memory`](crate::debug::free_os_memory), [`debug::set_max_threads`](crate::debug::set_max_threads) |
//! | "all goroutines are asleep - deadlock!" | the same |
//! | the race detector (`-race`) | none: safe Rust has no data races |
//! | `runtime.GC`, `GOGC` | none: there is no garbage collector |
