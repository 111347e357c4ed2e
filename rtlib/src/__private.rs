//! What the expansions of `#[init]`, `#[var]` and `select!` use. Not public API: anything here may change with any version.
//!
//! Expansions name the module by the ABI version that their macros were built for, so an `rtlib` of another one does not compile.

/// For expansions of macros with ABI version 1.
pub mod v1 {
    #[cfg(feature = "std")]
    pub use crate::chan::arm::{Arm, Patience, Slot, choose, nothing};
    #[cfg(feature = "std")]
    pub use crate::chan::{Receiver, Sender};
    pub use rtlib_macros::select_arms;

    use crate::{Var, init};
    use rtlib_abi::record;

    const _: () = assert!(
        rtlib_abi::ABI_VERSION == 1,
        "this module is named after the ABI version"
    );

    /// How many bytes the record with this body takes.
    #[must_use]
    pub const fn record_len(body: &str) -> usize {
        record::HEADER_LEN + body.len()
    }

    /// The record with this body.
    #[must_use]
    pub const fn record<const N: usize>(body: &str) -> [u8; N] {
        record::encode(body)
    }

    /// Runs an init function.
    pub fn run_init(function: fn()) {
        init::run(function);
    }

    /// A package variable that is not initialised yet.
    #[must_use]
    pub const fn var<T>(
        initialiser: fn() -> T,
        name: &'static str,
        file: &'static str,
        line: u32,
    ) -> Var<T> {
        Var::new(initialiser, name, file, line)
    }

    /// Initialises a package variable.
    pub fn init_var<T>(var: &'static Var<T>) {
        init::run(|| var.initialise());
    }
}
