//! Where a goroutine leaves its result for whoever joins it: one heap allocation with two owners, the goroutine ([`Sender`], then
//! [`Stored`]) and the handle ([`Receiver`]).
//!
//! The state is one byte of four bits, each set once and never cleared:
//!
//! | bit | set by | from then on |
//! |---|---|---|
//! | `STORED` | goroutine | the value is there and belongs to the handle (to the goroutine, if `DETACHED` came first) |
//! | `DONE` | goroutine | the goroutine touches the packet no more |
//! | `WAITING` | handle | it waits for the event, which the goroutine sets after `DONE` |
//! | `DETACHED` | handle | the handle touches the packet no more |
//!
//! Of `DONE` and `DETACHED` whichever comes second frees the packet; a handle that waits frees it after `DONE`, or after the event if it was there first. `WAITING` and `DETACHED`
//! exclude each other. `STORED` and `DONE` are two because the destructors of the goroutine's thread-locals run in between: the value must be
//! dropped before them if nobody wants it, and a joiner must not go on before they ran.
//!
//! There is no call into the runtime here, so that loom and miri can check all of it: how the handle waits is the type of the [`Event`].

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::boxed::Box;

use crate::event::Event;
use crate::shim::{AtomicU8, Cell, Ordering};

const STORED: u8 = 1;
const DONE: u8 = 2;
const WAITING: u8 = 4;
const DETACHED: u8 = 8;

struct Packet<T, E> {
    state: AtomicU8,
    value: Cell<Option<T>>,
    done: E,
}

/// The goroutine's side before it has a result.
pub(crate) struct Sender<T, E>(NonNull<Packet<T, E>>);

/// The goroutine's side after that.
#[must_use = "a joiner waits for `finish`"]
pub(crate) struct Stored<T, E>(NonNull<Packet<T, E>>);

/// The handle's side. Dropping it detaches.
pub(crate) struct Receiver<T, E>(NonNull<Packet<T, E>>);

// SAFETY: it writes a `T` that another thread reads, and uses an event of both.
unsafe impl<T: Send, E: Event> Send for Sender<T, E> {}
// SAFETY: it takes a `T` of another thread, and uses an event of both.
unsafe impl<T: Send, E: Event> Send for Receiver<T, E> {}
// SAFETY: through a shared reference only the atomic state is read.
unsafe impl<T: Send, E: Event> Sync for Receiver<T, E> {}

/// A fresh packet's two sides.
///
/// Its memory is written field by field into a box that was zero: a packet that is copied from the stack brings along what was there, in the place for the result, and the search for leaked goroutines would find old handles on the heap.
pub(crate) fn packet<T, E: Event>() -> (Sender<T, E>, Receiver<T, E>) {
    let mut packet = Box::<Packet<T, E>>::new_zeroed();
    let at = packet.as_mut_ptr();
    // SAFETY: the fields of the box's memory; when all have been written it is a packet.
    let packet = unsafe {
        (&raw mut (*at).state).write(AtomicU8::new(0));
        (&raw mut (*at).value).write(Cell::new(None));
        (&raw mut (*at).done).write(E::new());
        packet.assume_init()
    };
    let packet = NonNull::from(Box::leak(packet));
    (Sender(packet), Receiver(packet))
}

impl<T, E: Event> Sender<T, E> {
    /// Leaves the result. Gives it back when the handle is gone, for the caller to drop.
    pub(crate) fn store(self, value: T) -> (Stored<T, E>, Option<T>) {
        // SAFETY: neither side frees the packet before `DONE`, which only `Stored::finish` sets.
        let packet = unsafe { self.0.as_ref() };
        // SAFETY: before `STORED` the value is this side's.
        packet.value.write(|slot| unsafe { *slot = Some(value) });
        let before = packet.state.fetch_or(STORED, Ordering::AcqRel);
        let unwanted = if before & DETACHED == 0 {
            None
        } else {
            packet.take()
        };
        (Stored(self.0), unwanted)
    }
}

impl<T, E: Event> Stored<T, E> {
    /// Lets a joiner go on. The goroutine's last use of the packet.
    pub(crate) fn finish(self) {
        // SAFETY: `DONE` is not set yet, so the packet is not freed.
        let before = unsafe { set_done(self.0) };
        if before & DETACHED != 0 {
            // SAFETY: both sides are through, the handle first.
            unsafe { free(self.0) };
        } else if before & WAITING != 0 {
            // SAFETY: the handle frees the packet when the event is set, and not before.
            unsafe {
                let done = &raw mut (*self.0.as_ptr()).done;
                E::set(NonNull::new_unchecked(done));
            }
        }
    }
}

impl<T, E> Receiver<T, E> {
    /// Whether the result is there.
    pub(crate) fn is_stored(&self) -> bool {
        // SAFETY: the packet lives until this side detaches or has waited, both of which end `self`.
        let packet = unsafe { self.0.as_ref() };
        packet.state.load(Ordering::Acquire) & STORED != 0
    }

    /// Blocks until `finish`, and returns the result.
    pub(crate) fn wait(self) -> T
    where
        E: Event,
    {
        let this = ManuallyDrop::new(self);
        // SAFETY: this side frees the packet, below.
        let packet = unsafe { this.0.as_ref() };
        if packet.state.load(Ordering::Acquire) & DONE == 0 {
            packet.wait_for_done();
        }
        let value = packet.take();
        // SAFETY: `DONE` is set: the goroutine is through, and this is the handle's last use.
        unsafe { free(this.0) };
        value.expect("a goroutine stores its result before it is done")
    }
}

impl<T, E> Drop for Receiver<T, E> {
    fn drop(&mut self) {
        // SAFETY: the packet is freed by whoever is second, and this is the first thing that says this side is through.
        let packet = unsafe { self.0.as_ref() };
        let nothing_stored =
            packet
                .state
                .compare_exchange(0, DETACHED, Ordering::AcqRel, Ordering::Acquire);
        if nothing_stored.is_ok() {
            return;
        }
        let value = packet.take();
        let before = packet.state.fetch_or(DETACHED, Ordering::AcqRel);
        if before & DONE != 0 {
            // SAFETY: both sides are through, the goroutine first.
            unsafe { free(self.0) };
        }
        drop(value);
    }
}

impl<T, E> Packet<T, E> {
    /// Takes the value out; called by its owner after `STORED`.
    fn take(&self) -> Option<T> {
        // SAFETY: after `STORED` the value has one owner (see the table), and the caller is it.
        self.value.write(|slot| unsafe { (*slot).take() })
    }
}

impl<T, E: Event> Packet<T, E> {
    /// Says that the handle waits, and blocks.
    fn wait_for_done(&self) {
        if self.state.fetch_or(WAITING, Ordering::AcqRel) & DONE == 0 {
            self.done.wait();
        }
    }
}

/// Sets `DONE`; returns the state before it. As soon as `DONE` is set a handle that does not wait may free the packet. So no `&Packet` may be an argument here: such a
/// reference promises that the packet outlives the call.
///
/// # Safety
/// `DONE` is not set, and the caller is the goroutine.
unsafe fn set_done<T, E>(packet: NonNull<Packet<T, E>>) -> u8 {
    // SAFETY: the packet lives until `DONE` is set, and is not touched here after that.
    unsafe { packet.as_ref().state.fetch_or(DONE, Ordering::AcqRel) }
}

/// # Safety
/// The packet is alive, and the caller is the last to know it.
unsafe fn free<T, E>(packet: NonNull<Packet<T, E>>) {
    // SAFETY: it came out of a box in `packet`.
    drop(unsafe { Box::from_raw(packet.as_ptr()) });
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
