//! Where a goroutine leaves its result for whoever joins it: one heap allocation with two owners, the goroutine ([`Sender`], then
//! [`Stored`]) and the handle ([`Receiver`]).
//!
//! The state is one byte of four bits, each set once and never cleared:
//!
//! | bit | set by | from then on |
//! |---|---|---|
//! | `STORED` | goroutine | the value is there and belongs to the handle (to the goroutine, if `DETACHED` came first) |
//! | `DONE` | goroutine | the goroutine touches the packet no more |
//! | `WAITING` | handle | the waiter is there; the goroutine wakes it when it sets `DONE` |
//! | `DETACHED` | handle | the handle touches the packet no more |
//!
//! Of `DONE` and `DETACHED` whichever comes second frees the packet; a handle that waits frees it after `DONE`. `WAITING` and `DETACHED`
//! exclude each other. `STORED` and `DONE` are two because the destructors of the goroutine's thread-locals run in between: the value must be
//! dropped before them if nobody wants it, and a joiner must not go on before they ran.
//!
//! There is no call into the runtime here, so that loom and miri can check all of it: who waits, and how, is the type [`Waiter`].

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::boxed::Box;

use crate::shim::{AtomicU8, Cell, Ordering};

const STORED: u8 = 1;
const DONE: u8 = 2;
const WAITING: u8 = 4;
const DETACHED: u8 = 8;

/// Somebody who can block and be woken, with a token as in `std::thread::park`.
pub(crate) trait Waiter: Clone + Send {
    /// The caller.
    fn current() -> Self;
    /// Takes the caller's token, blocking until it is there; may return for no reason. `self` is the caller.
    fn block(&self);
    /// Makes the token of `self` available. Works, and does nothing, when `self` is gone.
    fn wake(&self);

    /// Blocks until `done`, for whose coming true somebody wakes `self`, the caller. Tokens that were not meant for this wait are handed back: the
    /// caller may be waiting for one of its own.
    fn block_until(&self, done: impl Fn() -> bool) {
        let mut took_another_token = false;
        loop {
            self.block();
            if done() {
                break;
            }
            took_another_token = true;
        }
        if took_another_token {
            self.wake();
        }
    }
}

struct Packet<T, W> {
    state: AtomicU8,
    value: Cell<Option<T>>,
    waiter: Cell<Option<W>>,
}

/// The goroutine's side before it has a result.
pub(crate) struct Sender<T, W>(NonNull<Packet<T, W>>);

/// The goroutine's side after that.
#[must_use = "a joiner waits for `finish`"]
pub(crate) struct Stored<T, W>(NonNull<Packet<T, W>>);

/// The handle's side. Dropping it detaches.
pub(crate) struct Receiver<T, W>(NonNull<Packet<T, W>>);

// SAFETY: it writes a `T` that another thread reads, and reads a `W` of another thread.
unsafe impl<T: Send, W: Send> Send for Sender<T, W> {}
// SAFETY: it takes a `T` of another thread, and leaves a `W` for one.
unsafe impl<T: Send, W: Send> Send for Receiver<T, W> {}
// SAFETY: through a shared reference only the atomic state is read.
unsafe impl<T: Send, W: Send> Sync for Receiver<T, W> {}

/// A fresh packet's two sides.
pub(crate) fn packet<T, W>() -> (Sender<T, W>, Receiver<T, W>) {
    let packet = Packet {
        state: AtomicU8::new(0),
        value: Cell::new(None),
        waiter: Cell::new(None),
    };
    let packet = NonNull::from(Box::leak(Box::new(packet)));
    (Sender(packet), Receiver(packet))
}

impl<T, W: Waiter> Sender<T, W> {
    /// Leaves the result. Gives it back when the handle is gone, for the caller to drop.
    pub(crate) fn store(self, value: T) -> (Stored<T, W>, Option<T>) {
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

impl<T, W: Waiter> Stored<T, W> {
    /// Lets a joiner go on. The goroutine's last use of the packet.
    pub(crate) fn finish(self) {
        // SAFETY: `DONE` is not set yet, so the packet is not freed.
        let (before, waiter) = unsafe { set_done(self.0) };
        if before & DETACHED != 0 {
            // SAFETY: both sides are through, the handle first.
            unsafe { free(self.0) };
        } else if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl<T, W> Receiver<T, W> {
    /// Whether the result is there.
    pub(crate) fn is_stored(&self) -> bool {
        // SAFETY: the packet lives until this side detaches or has waited, both of which end `self`.
        let packet = unsafe { self.0.as_ref() };
        packet.state.load(Ordering::Acquire) & STORED != 0
    }

    /// Blocks until `finish`, and returns the result.
    pub(crate) fn wait(self) -> T
    where
        W: Waiter,
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

impl<T, W> Drop for Receiver<T, W> {
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

impl<T, W> Packet<T, W> {
    /// Takes the value out; called by its owner after `STORED`.
    fn take(&self) -> Option<T> {
        // SAFETY: after `STORED` the value has one owner (see the table), and the caller is it.
        self.value.write(|slot| unsafe { (*slot).take() })
    }
}

impl<T, W: Waiter> Packet<T, W> {
    fn copy_waiter(&self) -> Option<W> {
        // SAFETY: the handle wrote the waiter before it set `WAITING`, and does not write it again.
        self.waiter.read(|slot| unsafe { (*slot).clone() })
    }

    /// Registers the caller and blocks.
    fn wait_for_done(&self) {
        let me = W::current();
        let registered = me.clone();
        // SAFETY: before `WAITING` the goroutine does not look at the waiter.
        self.waiter
            .write(|slot| unsafe { *slot = Some(registered) });
        if self.state.fetch_or(WAITING, Ordering::AcqRel) & DONE != 0 {
            return;
        }
        me.block_until(|| self.state.load(Ordering::Acquire) & DONE != 0);
    }
}

/// Sets `DONE`; returns the state before it and the waiter, if one has registered by then. The waiter must be copied first: as
/// soon as `DONE` is set the handle may free the packet. For the same reason no `&Packet` may be an argument here: such a reference
/// promises that the packet outlives the call.
///
/// The exchange itself need not acquire: it succeeds on the state that was acquired with the load before.
///
/// # Safety
/// `DONE` is not set, and the caller is the goroutine.
unsafe fn set_done<T, W: Waiter>(packet: NonNull<Packet<T, W>>) -> (u8, Option<W>) {
    // SAFETY: the packet lives until `DONE` is set, and `packet` is not used after that.
    let packet = unsafe { packet.as_ref() };
    let mut before = packet.state.load(Ordering::Acquire);
    loop {
        let waiter = if before & WAITING == 0 {
            None
        } else {
            packet.copy_waiter()
        };
        match packet.state.compare_exchange(
            before,
            before | DONE,
            Ordering::Release,
            Ordering::Acquire,
        ) {
            Ok(_) => return (before, waiter),
            Err(now) => before = now,
        }
    }
}

/// # Safety
/// The packet is alive, and the caller is the last to know it.
unsafe fn free<T, W>(packet: NonNull<Packet<T, W>>) {
    // SAFETY: it came out of a box in `packet`.
    drop(unsafe { Box::from_raw(packet.as_ptr()) });
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
