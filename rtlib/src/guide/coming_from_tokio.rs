//! Coming from tokio: what its API is called here, and what is different.
//!
//! There is no runtime to start, no `async` and no `.await`: a call that waits parks the goroutine, and its thread runs others meanwhile.
//!
//! ```no_run,standalone_crate
//! use std::io::{Read, Write};
//! use std::net::TcpListener;
//!
//! fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:8080")?;
//!     loop {
//!         let (mut client, _) = listener.accept()?; // listener.accept().await?
//!         rtlib::go(move || { // tokio::spawn(async move { … })
//!             let mut buffer = [0; 1024];
//!             while let Ok(length @ 1..) = client.read(&mut buffer) { // .await
//!                 if client.write_all(&buffer[..length]).is_err() {
//!                     break;
//!                 }
//!             }
//!         });
//!     }
//! }
//! ```
//!
//! # Tasks
//!
//! | tokio | here | what is different |
//! |---|---|---|
//! | `#[tokio::main]`, `Runtime`, `block_on` | nothing: the scheduler runs before `main` | `GOMAXPROCS` is `worker_threads` |
//! | `tokio::spawn(async move { … })` | [`spawn(move \|\| { … })`](crate::spawn), or [`go`](crate::go()) without a result | only what the closure captures must be `Send`; what the goroutine makes itself may be an `Rc`, and may live across waits |
//! | `handle.await` | [`handle.join()`](crate::JoinHandle::join) | |
//! | dropping a `JoinHandle` | the same: the goroutine goes on | |
//! | `handle.abort()` | none | see Cancellation, below |
//! | `JoinSet` | [`scope`](crate::scope), [`context::try_scope`](crate::context::try_scope), or handles in a `Vec` | goroutines of a scope may borrow |
//! | `tokio::join!(a, b)` | two goroutines in a [`scope`](crate::scope) | |
//! | `yield_now().await` | [`yield_now()`](crate::yield_now) | |
//! | `spawn_blocking(f).await`, `block_in_place(f)` | [`blocking(f)`](crate::blocking) | `f` runs in place: no pool, and it may borrow. Sockets, locks and sleeps of std need none: see [`waits`](super::waits) |
//! | `task_local!` | `thread_local!` | each goroutine has its own thread-locals |
//! | `LocalSet`, tasks that are not `Send` | none | values that are not `Send` stay in their goroutine |
//!
//! # Channels and select
//!
//! | tokio | here | what is different |
//! |---|---|---|
//! | `mpsc::channel(n)` | [`chan::bounded(n)`](crate::chan::bounded) | receivers can be cloned; `n` may be 0 |
//! | `mpsc::unbounded_channel()` | [`chan::unbounded()`](crate::chan::unbounded) | |
//! | `rx.recv().await`, an `Option` | `rx.recv()`, a `Result` | |
//! | `oneshot::channel()` | `chan::bounded(1)`, or [`spawn`](crate::spawn) and `join` | |
//! | `broadcast`, `watch` | none: a channel for each receiver; a [`Mutex`](crate::sync::Mutex) and a [`Condvar`](crate::sync::Condvar) | |
//! | `tokio::select!` over any futures | [`select!`](crate::select) over sends and receives of channels | an arm that is not chosen has done nothing, so there is no cancellation safety to think about |
//! | `biased;` | [`select_biased!`](crate::select_biased) | |
//! | `FuturesUnordered` | goroutines that send to one channel | |
//! | a `Stream` | an iterator, or `for value in receiver` | |
//!
//! # Time
//!
//! | tokio | here | what is different |
//! |---|---|---|
//! | `sleep(d).await` | [`time::sleep(d)`](crate::time::sleep), `std::thread::sleep(d)` | |
//! | `timeout(d, future).await` | the operation's own: `recv_timeout`, `wait_timeout`, `acquire_timeout`, `TcpStream::set_read_timeout`; in a `select!` `default(d) => …` | no timeout fits around any code; a [context](crate::context::with_timeout) tells code that looks at it |
//! | `interval(d)` | [`time::Ticker`](crate::time::Ticker), [`chan::tick`](crate::chan::tick) | ticks that nobody received are left out |
//! | `sleep` in a `select!`, reset in a loop | [`time::Timer`](crate::time::Timer) | |
//!
//! # Locks
//!
//! | tokio | here | what is different |
//! |---|---|---|
//! | `tokio::sync::Mutex` | [`sync::Mutex`](crate::sync::Mutex), `std::sync::Mutex` | either may be held while the goroutine waits for something else. A panic poisons it |
//! | `RwLock`, `Semaphore`, `Barrier`, `OnceCell` | [`RwLock`](crate::sync::RwLock), [`Semaphore`](crate::sync::Semaphore), [`Barrier`](crate::sync::Barrier), [`OnceLock`](crate::sync::OnceLock) | |
//! | `Notify` | [`park`](crate::park) and [`Goroutine::unpark`](crate::Goroutine::unpark), or a [`Condvar`](crate::sync::Condvar) | |
//!
//! # Cancellation
//!
//! | tokio | here | what is different |
//! |---|---|---|
//! | dropping a future ends it at an `.await` | nothing ends a goroutine from outside | it always runs to its end, or panics |
//! | `CancellationToken` of tokio-util | a [`Context`](crate::context::Context) | it has deadlines and causes; dropping its handle cancels it |
//! | `token.cancelled()` in a `select!` | `recv(ctx.done()) -> _ => …` | |
//! | `TaskTracker` | [`sync::WaitGroup`](crate::sync::WaitGroup) | |
//! | to end a read | [`ctx.after_func`](crate::context::Context::after_func) that shuts the socket down | |
//!
//! # Input and output
//!
//! | tokio | here |
//! |---|---|
//! | `tokio::net` | `std::net`, `std::os::unix::net` |
//! | `tokio::fs` | `std::fs`; where a disk is slow, in [`blocking`](crate::blocking) |
//! | `tokio::process`, `tokio::io` | `std::process`, `std::io` |
//! | `tokio::signal` | `rtlib::signal`, `rtlib::context::with_signals` (feature `signal`) |
//!
//! tokio itself works in such a program, too. Its worker threads are goroutines, and tasks talk to goroutines by channels, as they talk to threads.
