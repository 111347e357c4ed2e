//! The part of the C interface that ends the main goroutine without the process. Other goroutines end by returning from their entry.

unsafe extern "C" {
    /// Ends the main goroutine, which calls this, after the destructors of its thread-locals. Its stack is abandoned.
    #[link_name = "runtime.maingoexit"]
    pub fn end_main() -> !;
}
