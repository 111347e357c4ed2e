//! The call of `rtlib_abi::leaks`, made safe.

use rtlib_abi::leaks::{self, Found};

/// Searches; how many were found, or less than 0.
pub(crate) fn find() -> Found {
    // SAFETY: any thread may call it, at any time.
    unsafe { leaks::find() }
}
