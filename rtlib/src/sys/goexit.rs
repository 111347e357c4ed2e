//! The call of `rtlib_abi::goexit`, made safe.

use rtlib_abi::goexit;

/// Ends the main goroutine, which calls this. Nothing of its stack that is still there is dropped.
pub(crate) fn end_main() -> ! {
    // SAFETY: on the main goroutine; a stack may be abandoned.
    unsafe { goexit::end_main() }
}
