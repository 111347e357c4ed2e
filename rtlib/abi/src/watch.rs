//! The part of the C interface that has to do with watching: calls that block.

unsafe extern "C" {
    /// The calling goroutine is about to block its thread: lets its P go. True when it did; then the same goroutine must call [`exitsyscall`], and until it
    /// has it counts as a thread. False, and nothing happened, on a thread that is no goroutine and when the goroutine is in such a call already.
    #[link_name = "runtime.entersyscall"]
    pub fn entersyscall() -> bool;

    /// The goroutine is back and needs a P; it may go on on another thread. Nothing happens when it is in no such call.
    #[link_name = "runtime.exitsyscall"]
    pub fn exitsyscall();
}
