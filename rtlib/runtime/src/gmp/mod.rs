//! Goroutines (G), threads (M), processors (P), as in Go's runtime/runtime2.go: what they are made of, and the lists of all of them. What is done with them is above: `stack`, `sched`.
//!
//! - `g`, `m`, `p`: the three things. `all`: all Ms and Ps that there are (all Gs: `stack::allgs`).
//! - `runq`: a P's queue; `fresh`: its goroutines that have not run yet; `gfree`: dead ones; `spin`: who looks for work and who wakes whom; `waitreason`: why one waits; `name`: what one is called. `switch`: from one to the other.

#[cfg(feature = "object")]
pub mod all;
#[cfg(any(feature = "object", test))]
pub mod fresh;
#[cfg(feature = "object")]
pub mod g;
#[cfg(feature = "object")]
pub mod gfree;
#[cfg(feature = "object")]
pub mod m;
#[cfg(feature = "object")]
pub mod name;
#[cfg(feature = "object")]
pub mod p;
#[cfg(any(feature = "object", test))]
pub mod runq;
#[cfg(any(feature = "object", all(loom, test)))]
pub mod spin;
#[cfg(feature = "object")]
pub mod switch;
pub mod waitreason;

#[cfg(feature = "object")]
pub use object::*;

#[cfg(feature = "object")]
mod object {
    use super::g::{G, Status};
    use super::m::M;
    use crate::arch::current::tls;

    /// The first thread.
    #[unsafe(export_name = "runtime.m0")]
    pub static M0: M = M::new();
    /// The first thread's scheduling goroutine.
    #[unsafe(export_name = "runtime.g0")]
    pub static G0: G = G::new();

    /// The main goroutine.
    pub static MAIN_G: G = G::new();

    /// The id of the main goroutine.
    pub const MAIN_GOID: u64 = 1;

    /// Whether this is the main goroutine.
    #[inline]
    pub fn is_main(gp: &G) -> bool {
        gp.id() == MAIN_GOID
    }

    /// The calling goroutine, an M's g0, or none on a thread that is no M.
    #[inline(always)]
    pub fn getg() -> Option<&'static G> {
        // SAFETY: null, or what `setg` was given: the word is the runtime's own, and Gs are never freed.
        unsafe { tls::g().cast::<G>().as_ref() }
    }

    /// Makes `gp` that of the current TLS block. For the boot and for new Ms.
    pub fn setg(gp: &'static G) {
        tls::set_g(core::ptr::from_ref(gp).cast());
    }

    /// The running goroutine that holds a P: none on g0, on a thread that is no M, and in a call that blocks (`syscall`), where the goroutine
    /// is to be treated as a thread.
    #[inline]
    pub fn current() -> Option<&'static G> {
        getg().filter(|gp| gp.status() == Status::Running as u32)
    }

    /// The calling goroutine, in a call that blocks too: who it is, not what it may do.
    #[inline]
    pub fn this_goroutine() -> Option<&'static G> {
        getg().filter(|gp| gp.id() != 0)
    }
}
