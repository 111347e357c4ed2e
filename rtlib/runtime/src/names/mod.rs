//! Names of hosts, services, users and groups, looked up without glibc's name service switch: that would load modules of the machine into a static program, which some of them crash.
//!
//! Hosts are looked up as Go's `net` does without cgo: /etc/nsswitch.conf says in which order, /etc/hosts and DNS answer. Users and groups come from /etc/passwd and /etc/group, as in Go's `os/user` without cgo. What the functions
//! take and give is libc's: flags, error codes, memory. `GODEBUG=netdns=cgo` and `osuser=cgo` hand the calls to glibc's own.
//!
//! The driver links every program with `--wrap=<name>` for each of the lookups of `rtlib_abi::calls::TABLE`; `__wrap_<name>` is in the files of `calls`. What a program does not call is dropped by the linker.
//!
//! Invariants: no thread-locals but errno, so all of it may run on any stack; nothing is kept between lookups but positions of `getpwent` and its like and the results that libc has in static memory; a
//! goroutine that waits for a server is parked, everybody else waits in poll(2). What files and servers say is hostile.
//!
//! The parts without system calls are compiled for tests as well: [`address`], [`conf`], [`hosts`], [`nsswitch`], [`services`], [`sort`], [`text`], [`users`], [`wire`].

pub mod address;
pub mod conf;
pub mod hosts;
pub mod memory;
pub mod nsswitch;
pub mod services;
pub mod sort;
pub mod text;
pub mod users;
pub mod wire;

#[cfg(all(test, not(feature = "object")))]
mod wire_tests;

#[cfg(feature = "object")]
mod calls;
#[cfg(feature = "object")]
mod client;
#[cfg(feature = "object")]
mod files;
#[cfg(feature = "object")]
mod lookup;
#[cfg(feature = "object")]
mod socket;
