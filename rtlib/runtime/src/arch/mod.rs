//! What depends on the processor. One folder an architecture, the same names in each.

pub mod x86_64;
pub use x86_64 as current;
