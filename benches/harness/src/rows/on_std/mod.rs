//! Programs that know nothing but std, on goroutines and on threads of the kernel.

pub mod threads;
pub mod unmodified;
pub mod wrapper;
