//! The C interface of the search for leaked goroutines.

/// A handle of a channel is kept in memory as the channel's address plus this. So a word that is one is not mistaken for anything else: nothing is allocated at odd addresses.
pub const HANDLE: usize = 1;

/// Found: [`find`] returns how many, and less than 0 when it could not search.
pub type Found = i64;

/// A thread could not be stopped.
pub const THREAD_RUNS: Found = -1;
/// /proc could not be read.
pub const NO_PROC: Found = -2;
/// The process's own memory could not be read.
pub const UNREADABLE: Found = -3;
/// There was no memory for the search.
pub const NO_MEMORY: Found = -4;

unsafe extern "C" {
    /// Stops all threads, searches for goroutines that are blocked for ever, and lets the threads go on. The records of those that were found have the flag
    /// [`LEAKED`](crate::traceback::LEAKED) from then on, until the next search.
    #[link_name = "runtime.findleaks"]
    pub fn find() -> Found;
}
