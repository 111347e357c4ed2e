//! What the senders and receivers of a channel share: the runtime's channel, the memory of its elements, and how many of each there are.
//!
//! Elements belong to the channel while they are in the buffer. When the last receiver goes the channel is closed and what is left is dropped; the last of both kinds frees the memory.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::alloc::{alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::boxed::Box;
use std::process::abort;
use std::time::Instant;

use rtlib_abi::chan::{Block, Claim, Shape};
use rtlib_abi::leaks::HANDLE;

use super::clock::Clock;
use super::sys::{self, Patience, Raw, Refusal};

/// Bytes that a block of an unbounded channel should have, and the bounds for its number of elements.
const BLOCK_BYTES: usize = 1024;
const MIN_SLOTS: usize = 8;
const MAX_SLOTS: usize = 128;

/// More handles than this are leaked ones: the count must not wrap.
const MAX_HANDLES: usize = isize::MAX as usize;

/// See the module's head. The runtime's channel comes first, so that both have one address.
#[repr(C)]
pub(super) struct Shared<T> {
    chan: Raw,
    /// Capacity; `None` when it is unbounded.
    pub(super) cap: Option<usize>,
    /// Of a block.
    layout: Layout,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    /// One kind of handle is gone.
    half_gone: AtomicBool,
    /// What sends, instead of senders; it counts as one.
    clock: Option<Box<Clock>>,
    elements: PhantomData<T>,
}

/// A reference to it that is counted: one side's. In memory it is the address plus [`HANDLE`], by which the search for leaked goroutines knows it.
///
/// Invariant in `T`: who may send a `T` that lives shortly must not be made of one who may send a long-lived one.
pub(super) struct Handle<T>(NonNull<u8>, PhantomData<*mut Shared<T>>);

impl<T> Handle<T> {
    /// A reference that is counted already.
    fn new(shared: NonNull<Shared<T>>) -> Self {
        // SAFETY: within the structure.
        Self(unsafe { shared.cast::<u8>().add(HANDLE) }, PhantomData)
    }

    /// The same, not counted yet.
    fn copy(&self) -> Self {
        Self(self.0, PhantomData)
    }

    /// The handle that is kept in this word.
    ///
    /// # Safety
    /// It is one, and counted as long as this is used.
    pub(super) unsafe fn from_word(word: NonNull<u8>) -> Self {
        Self(word, PhantomData)
    }

    #[inline(always)]
    fn shared(&self) -> NonNull<Shared<T>> {
        // SAFETY: `new` added it.
        unsafe { self.0.sub(HANDLE) }.cast()
    }
}

impl<T> core::ops::Deref for Handle<T> {
    type Target = Shared<T>;
    #[inline(always)]
    fn deref(&self) -> &Shared<T> {
        // SAFETY: it lives until both sides' last handles are released.
        unsafe { self.shared().as_ref() }
    }
}

/// The layout of a block with so many elements, and where they start.
fn block_layout<T>(slots: usize) -> Option<(Layout, usize)> {
    let elements = Layout::array::<T>(slots).ok()?;
    let (layout, offset) = Layout::new::<Block>().extend(elements).ok()?;
    Some((layout.pad_to_align(), offset))
}

fn new_block(layout: Layout) -> *mut Block {
    // SAFETY: a block is not empty.
    let block = unsafe { alloc(layout) }.cast::<Block>();
    if block.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: just allocated, with room for the head.
    unsafe { (*block).next = ptr::null_mut() };
    block
}

impl<T> Shared<T> {
    const IS_EMPTY_TYPE: bool = size_of::<T>() == 0;

    /// Elements in a block of a channel with this capacity. Those without bytes need no places.
    fn slots(cap: Option<usize>) -> usize {
        if Self::IS_EMPTY_TYPE {
            return usize::MAX;
        }
        cap.unwrap_or((BLOCK_BYTES / size_of::<T>()).clamp(MIN_SLOTS, MAX_SLOTS))
    }

    /// A channel, with a handle for its sender and one for its receiver.
    ///
    /// # Panics
    /// When so many elements do not fit into the address space.
    pub(super) fn make(cap: Option<usize>) -> (Handle<T>, Handle<T>) {
        let handle = Self::make_with(cap, None);
        let other = handle.copy();
        (handle, other)
    }

    /// A channel with two handles that are one.
    fn make_with(cap: Option<usize>, clock: Option<Box<Clock>>) -> Handle<T> {
        let slots = Self::slots(cap);
        let (layout, offset) = block_layout::<T>(slots).expect("capacity overflow");
        let first = if cap == Some(0) {
            ptr::null_mut()
        } else {
            new_block(layout)
        };
        let is_ring = cap.is_some() || Self::IS_EMPTY_TYPE;
        if is_ring && !first.is_null() {
            // SAFETY: a new block.
            unsafe { (*first).next = first };
        }
        let shared = Self::place();
        // SAFETY: each field is written once, to memory for them; of the channel any bytes will do.
        unsafe {
            let at = shared.as_ptr();
            (&raw mut (*at).cap).write(cap);
            (&raw mut (*at).layout).write(layout);
            (&raw mut (*at).senders).write(AtomicUsize::new(1));
            (&raw mut (*at).receivers).write(AtomicUsize::new(1));
            (&raw mut (*at).half_gone).write(AtomicBool::new(false));
            (&raw mut (*at).clock).write(clock);
        }
        let shape = Shape {
            elem_size: size_of::<T>(),
            offset,
            slots,
            cap: cap.unwrap_or(usize::MAX),
            first,
        };
        // SAFETY: the memory has its final address; the block is as described.
        unsafe { shared.as_ref().chan.make(&shape) };
        Handle::new(shared)
    }

    /// Zeroed memory, as of a box. A value that is moved there would bring along what its padding had on the stack, handles of other channels for example, which then would look as if somebody
    /// held them.
    fn place() -> NonNull<Self> {
        let layout = Layout::new::<Self>();
        // SAFETY: it is not empty.
        let at = unsafe { alloc_zeroed(layout) }.cast::<Self>();
        NonNull::new(at).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// What sends, if senders do not.
    pub(super) fn clock(&self) -> Option<&Clock> {
        self.clock.as_deref()
    }

    /// Names the channel to the runtime.
    #[inline(always)]
    pub(super) fn address(&self) -> *const rtlib_abi::chan::Chan {
        self.chan.address()
    }

    /// Sends; gives the element back when it cannot.
    #[inline(always)]
    pub(super) fn send(&self, element: T, patience: Patience) -> Result<(), (Refusal, T)> {
        self.deliver(element, |elem| {
            // SAFETY: the channel is made, and the element is one of its own.
            unsafe { self.chan.send(elem, patience) }
        })
    }

    /// Fills a claim; gives the element back when it cannot.
    ///
    /// # Safety
    /// The claim is on this channel and ends here.
    pub(super) unsafe fn fill(&self, claim: *const Claim, element: T) -> Result<(), (Refusal, T)> {
        self.deliver(element, |elem| {
            // SAFETY: the caller vouches for the claim.
            unsafe { self.chan.fill(claim, elem) }
        })
    }

    #[inline(always)]
    fn deliver(
        &self,
        element: T,
        attempt: impl Fn(*const u8) -> Result<(), Refusal>,
    ) -> Result<(), (Refusal, T)> {
        // Others may take it out of here: from here on it is bytes.
        let mut element = MaybeUninit::new(element);
        let elem = element.as_mut_ptr().cast::<u8>();
        loop {
            match attempt(elem) {
                Ok(()) => return Ok(()),
                Err(Refusal::NeedBlock) => self.add_block(),
                // SAFETY: it was not taken.
                Err(refusal) => return Err((refusal, unsafe { element.assume_init() })),
            }
        }
    }

    /// Receives.
    #[inline(always)]
    pub(super) fn recv(&self, patience: Patience) -> Result<T, Refusal> {
        let mut element = MaybeUninit::<T>::uninit();
        // SAFETY: the channel is made; the place is one for its elements.
        let dead = unsafe { sys::recv(self.address(), element.as_mut_ptr().cast(), patience)? };
        if dead {
            self.free_dead();
        }
        // SAFETY: an element was moved here.
        Ok(unsafe { element.assume_init() })
    }

    #[cold]
    fn add_block(&self) {
        let block = new_block(self.layout);
        // SAFETY: the channel is made; all its blocks are alike.
        unsafe {
            if !self.chan.add_block(block) {
                self.free(block);
            }
        }
    }

    /// Frees the blocks that the channel does not need any more.
    #[cold]
    pub(super) fn free_dead(&self) {
        // SAFETY: the channel is made, and gives these blocks away.
        unsafe { self.free(self.chan.take_dead()) };
    }

    /// # Safety
    /// The blocks, chained, are this channel's, and nobody uses them.
    unsafe fn free(&self, mut block: *mut Block) {
        while !block.is_null() {
            // SAFETY: the caller vouches; all were allocated with this layout.
            unsafe {
                let next = (*block).next;
                dealloc(block.cast(), self.layout);
                block = next;
            }
        }
    }

    /// Elements in the buffer.
    pub(super) fn len(&self) -> usize {
        // SAFETY: the channel is made.
        unsafe { self.chan.len() }
    }

    /// Whether there is no room.
    pub(super) fn is_full(&self) -> bool {
        self.cap.is_some_and(|cap| self.len() >= cap)
    }

    /// Closes it because somebody said so. False when it has been before.
    pub(super) fn close(&self) -> bool {
        // SAFETY: the channel is made.
        let before = unsafe { self.chan.close(sys::CLOSED_EXPLICITLY) };
        before & sys::CLOSED_EXPLICITLY == 0
    }

    /// Whether it is closed, for any reason.
    pub(super) fn is_closed(&self) -> bool {
        // SAFETY: the channel is made.
        unsafe { self.chan.closed() != 0 }
    }

    /// Drops what is in the buffer; goes on when a destructor panics.
    fn discard(&self) {
        struct Rest<'a, T>(&'a Shared<T>);
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                self.0.discard();
            }
        }
        while let Ok(element) = self.recv(Patience::None) {
            let rest = Rest(self);
            drop(element);
            core::mem::forget(rest);
        }
    }
}

impl<T> Handle<T> {
    /// One more sender.
    pub(super) fn add_sender(&self) -> Self {
        count_up(&self.senders);
        self.copy()
    }

    /// One more receiver.
    pub(super) fn add_receiver(&self) -> Self {
        count_up(&self.receivers);
        self.copy()
    }

    /// One sender less: its last use of the handle.
    pub(super) fn release_sender(&self) {
        if self.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: the channel is made.
            unsafe { self.chan.close(sys::CLOSED_NO_SENDERS) };
            self.release_side();
        }
    }

    /// One receiver less: its last use of the handle.
    pub(super) fn release_receiver(&self) {
        struct Release<'a, T>(&'a Handle<T>);
        impl<T> Drop for Release<'_, T> {
            fn drop(&mut self) {
                self.0.release_side();
            }
        }
        if self.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            let _even_if_a_destructor_panics = Release(self);
            if let Some(clock) = &self.clock {
                clock.stop();
                self.release_sender();
            }
            // SAFETY: the channel is made.
            unsafe { self.chan.close(sys::CLOSED_NO_RECEIVERS) };
            self.discard();
        }
    }

    fn release_side(&self) {
        if self.half_gone.swap(true, Ordering::AcqRel) {
            // SAFETY: the last handles of both sides are being released, this one last; it came out of a box in `make`.
            unsafe {
                self.free(self.chan.take_blocks());
                drop(Box::from_raw(self.shared().as_ptr()));
            }
        }
    }

    /// Whether both are of one channel.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Handle<Instant> {
    /// A channel that a clock sends to, and its receiver.
    pub(super) fn of_clock(clock: Box<Clock>) -> Self {
        let handle = Shared::make_with(Some(1), Some(clock));
        if let Some(clock) = &handle.clock {
            match clock.overdue() {
                Some(message) => _ = handle.send(message, Patience::None),
                // SAFETY: the channel lives until its last receiver has stopped the clock.
                None => unsafe { clock.start(handle.0) },
            }
        }
        handle
    }
}

fn count_up(handles: &AtomicUsize) {
    if handles.fetch_add(1, Ordering::Relaxed) > MAX_HANDLES {
        abort();
    }
}
