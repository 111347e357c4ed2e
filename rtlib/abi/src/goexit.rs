//! The part of the C interface that ends the main goroutine without the process. Other goroutines end by returning from their entry.

unsafe extern "C" {
    /// Ends the main goroutine, which calls this. Its stack and its thread-locals are abandoned, without destructors: somebody may have borrowed them.
    #[link_name = "runtime.maingoexit"]
    pub fn end_main() -> !;
}
