//! Stacks, and where they are: each goroutine's G has a slot for its stack that is its own for ever.
//!
//! - `slot`: size classes, what is in a slot, guards. `arena`: where Gs and slots are; `positions`: which places in it are free. `allgs`: all Gs that there are, for debuggers, too.
//! - `hold`: who looks at a goroutine's stack keeps the goroutine from running on.

#[cfg(feature = "object")]
pub mod allgs;
#[cfg(feature = "object")]
pub mod arena;
#[cfg(feature = "object")]
pub mod hold;
#[cfg(any(feature = "object", test))]
mod positions;
#[cfg(feature = "object")]
mod slot;

#[cfg(feature = "object")]
pub use slot::{
    CLASSES, Class, GUARD, NoRoom, forbid_guard_install, guard, guards_are_light, set_default,
    slot_of,
};
