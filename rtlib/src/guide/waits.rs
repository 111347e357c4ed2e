//! Which wait is cheap: what a call that waits does to the goroutine and to its thread.
//!
//! *Parks* means: only the goroutine waits. Its thread of the operating system runs other goroutines meanwhile.
//!
//! A *P* is the right to run Rust code. There are `GOMAXPROCS` of them. A thread that waits with its P keeps other goroutines from running, until the scheduler's monitor thread starts another one with an extra P.
//!
//! | what is waited for | what happens | what it costs |
//! |---|---|---|
//! | [channels](crate::chan), [`select!`](crate::select) | parks | the least: some dozens of nanoseconds, and no system call as long as threads are busy |
//! | locks of [`sync`](crate::sync), [`join`](crate::JoinHandle::join), [`scope`](crate::scope), [`park`](crate::park) | parks | the same |
//! | [`time::sleep`](crate::time::sleep), [`Timer`](crate::time::Timer), [`chan::after`](crate::chan::after) | parks | the same, and a place in a heap of timers |
//! | locks, channels and `park` of std; parking_lot, crossbeam | parks | a little more: they come by way of libc's `syscall`, which the runtime answers |
//! | `std::thread::sleep`, joins of threads of std | parks | as above |
//! | sockets, pipes, terminals | parks until there is an event | one system call or two for each wait, as in Go |
//! | `Child::wait`, and `poll` or `select` for up to 64 descriptors | parks until there is an event | some system calls |
//! | names of hosts | parks while a DNS server is asked | |
//! | files: `read`, `write`, `open` | the thread waits; when that lasts, another thread takes its P | a thread for each that waits |
//! | locks of files (`flock`), `fsync` | the thread waits; another takes its P at once | a thread for each that waits |
//! | anything in [`blocking`](crate::blocking): C libraries, devices, slow disks | the thread waits; when that lasts for longer than some 20 µs, another takes its P | 3 ns when it is short; else a thread for each that waits |
//! | C libraries without `blocking` | the thread waits with its P | others wait for half a millisecond, 20 ms at most, until an extra P runs them; and a thread for each that waits |
//! | long computations | the P is in use | others wait for 10 ms, 20 ms at most; [`yield_now`](crate::yield_now) now and then is better |
//!
//! `GODEBUG=std=…` turns off that calls of std park, see [`environment`](super::environment).
//!
//! # How to find the expensive ones
//!
//! - `cargo gobuild --emit blocking` lists the calls in a program by crate, and says which of them keep their thread.
//! - `GODEBUG=blocktrace=20ms` prints each call that keeps a thread for longer than this, and its stack.
//! - `GODEBUG=hogtrace=1` prints each goroutine that keeps its P while others wait, and its stack.
//! - [`debug::sched_stats`](crate::debug::sched_stats) counts extra Ps (`compensated`) and threads (`ms`).
