//! Guides: how to find your way here from Go or from tokio, which waits are cheap, and which environment variables a program reads. This module has no items, only pages.
//!
//! | page | for |
//! |---|---|
//! | [`coming_from_go`] | a table of Go's concurrency, `init` and `runtime`, and what they are called here |
//! | [`coming_from_tokio`] | the same for tokio's API |
//! | [`waits`] | which calls let other goroutines run, and which keep a thread of the operating system |
//! | [`environment`] | `GOMAXPROCS`, `GODEBUG` and the other variables |

pub mod coming_from_go;
pub mod coming_from_tokio;
pub mod environment;
pub mod waits;
