//! Environment variables that a program reads. It reads them once, while it boots, before any init.
//!
//! | variable | effect |
//! |---|---|
//! | `GOMAXPROCS=N` | how many goroutines run at the same time. The default is the number of CPUs that the process may use, or less if its cgroup has a limit. [`gomaxprocs`](crate::gomaxprocs) changes it |
//! | `GOTRACEBACK=…` | how much is printed about goroutines when the program ends: `none`, `single` (the default), `all`, `system`, `crash`; see [`debug`](crate::debug) |
//! | `RTLIB_TRACE=FILE` | writes a timeline of goroutines and threads, which ui.perfetto.dev opens |
//! | `GODEBUG=NAME=VALUE,…` | the settings below. The last one of a name wins, and unknown names are ignored, as in Go |
//!
//! # To see what a program does
//!
//! | `GODEBUG=` | effect |
//! |---|---|
//! | `inittrace=1` | prints a line for the inits of each package, in Go's format |
//! | `schedtrace=N` | prints the state of the scheduler every N ms, in Go's format; with `scheddetail=1` also every P, thread and goroutine |
//! | `hogtrace=1` | prints each goroutine that keeps its P while others wait, and its stack |
//! | `blocktrace=20ms` | prints each call that keeps its thread for longer than this, and its stack |
//! | `pintrace=1` | prints each goroutine that becomes tied to its thread because it changed what the kernel keeps for each thread, and its stack |
//! | `leaktrace=1` | prints, at the exit, the goroutines that are blocked for ever; see [`debug::leaks`](crate::debug::leaks) |
//! | `netdns=1`, `netdns=2` | prints who looks names up; with 2 also the order of lookup for each host |
//!
//! # To change what calls of std do
//!
//! | `GODEBUG=` | effect |
//! |---|---|
//! | `std=0` | no call of libc parks: all keep their thread |
//! | `std=-sync,-sleep,-net,-pin` | the same for these families: locks and joins, sleeps, descriptors, ids and ties to threads |
//! | `stdthreads=os` | threads of std are threads of the operating system |
//! | `osthreads=audio-*:render` | threads of std with these names have a thread of the operating system each; see also [`spawn_os_thread`](crate::spawn_os_thread) |
//! | `listenbacklog=std` | `listen` gets the queue of 128 connections that std asks for, and not as many as the system allows |
//! | `netdns=go`, `netdns=cgo` | the runtime (the default) or glibc looks up hosts |
//! | `osuser=go`, `osuser=cgo` | the same for users and groups |
//! | `netedns0=0` | questions to DNS servers have no EDNS0 header |
//!
//! # For tests
//!
//! | `GODEBUG=` | effect |
//! |---|---|
//! | `schedseed=N` | random choices of the scheduler, from a seed. With `GOMAXPROCS=1` the same seed gives the same order, as far as the program does not depend on time |
//! | `schedmigrate=1` | a goroutine that yields goes on on another thread whenever it can |
//! | `fsgsbase=0` | never uses the FSGSBASE instructions |
//! | `guardinstall=0` | protects stacks with `mprotect`, as on kernels before 6.13 |
