//! The buffer of a channel: elements that nobody waited for, in blocks of equal size.
//!
//! A bounded channel has one block, which follows itself: a ring. An unbounded one has a chain. The sender that needs a new block is sent away to allocate it without the lock; a block that
//! has been read is used again behind the others or, if there is one in reserve already, handed out to be freed. There is no allocation in here.

use core::ptr;

use rtlib_abi::chan::{Block, Shape};

use crate::shim::Cell;

/// A place for an element.
struct Cursor {
    block: Cell<*mut Block>,
    index: Cell<usize>,
}

impl Cursor {
    fn new(block: *mut Block) -> Self {
        Self {
            block: Cell::new(block),
            index: Cell::new(0),
        }
    }
}

/// See the module's head. Touched under the channel's lock only.
pub(super) struct Buffer {
    /// The next place to fill.
    tail: Cursor,
    /// The oldest element.
    head: Cursor,
    /// Blocks to be freed, chained.
    dead: Cell<*mut Block>,
    elem_size: usize,
    /// Of the elements in a block.
    offset: usize,
    /// Elements in a block.
    slots: usize,
}

/// There is no block for one more element.
pub(super) struct NeedBlock;

impl Buffer {
    /// # Safety
    /// As for `Chan::new`.
    pub(super) unsafe fn new(shape: &Shape) -> Self {
        Self {
            tail: Cursor::new(shape.first),
            head: Cursor::new(shape.first),
            dead: Cell::new(ptr::null_mut()),
            elem_size: shape.elem_size,
            offset: shape.offset,
            slots: shape.slots,
        }
    }

    /// Copies one element.
    ///
    /// # Safety
    /// Both are places for one element, and not the same.
    #[inline(always)]
    pub(super) unsafe fn copy(&self, to: *mut u8, from: *const u8) {
        use core::mem::MaybeUninit;
        type Word = MaybeUninit<u64>;
        // SAFETY: the caller vouches for `elem_size` bytes; `MaybeUninit` may be padding.
        unsafe {
            match self.elem_size {
                8 => to
                    .cast::<Word>()
                    .write_unaligned(from.cast::<Word>().read_unaligned()),
                0 => {}
                16 => to
                    .cast::<[Word; 2]>()
                    .write_unaligned(from.cast::<[Word; 2]>().read_unaligned()),
                size => ptr::copy_nonoverlapping(from, to, size),
            }
        }
    }

    #[inline(always)]
    fn place(&self, cursor: &Cursor) -> *mut u8 {
        let at = self.offset + cursor.index.get() * self.elem_size;
        cursor.block.get().cast::<u8>().wrapping_add(at)
    }

    /// Adds an element at the end. `empty`: there is none yet.
    ///
    /// # Safety
    /// The lock is held, there is room in a bounded channel, and `elem` is an element.
    #[inline(always)]
    pub(super) unsafe fn push(&self, elem: *const u8, empty: bool) -> Result<(), NeedBlock> {
        if self.tail.index.get() == self.slots {
            self.next_tail(empty)?;
        }
        // SAFETY: the place is in the block, and free.
        unsafe { self.copy(self.place(&self.tail), elem) };
        self.tail.index.set(self.tail.index.get() + 1);
        Ok(())
    }

    #[inline]
    fn next_tail(&self, empty: bool) -> Result<(), NeedBlock> {
        let full = self.tail.block.get();
        if empty && full == self.head.block.get() {
            self.head.index.set(0);
        } else {
            // SAFETY: blocks live until they are dead.
            let next = unsafe { (*full).next };
            if next.is_null() {
                return Err(NeedBlock);
            }
            self.tail.block.set(next);
        }
        self.tail.index.set(0);
        Ok(())
    }

    /// Takes the oldest element out. True when there is a block to be freed now.
    ///
    /// # Safety
    /// The lock is held, there is an element, and `elem` is a place for one.
    #[inline(always)]
    pub(super) unsafe fn pop(&self, elem: *mut u8) -> bool {
        let mut dead = false;
        if self.head.index.get() == self.slots {
            dead = self.next_head();
        }
        // SAFETY: there is an element, and this is where the oldest is.
        unsafe { self.copy(elem, self.place(&self.head)) };
        self.head.index.set(self.head.index.get() + 1);
        dead
    }

    /// There is an element behind the last of the head's block: goes there, and finds something to do for the block that was read.
    #[inline]
    fn next_head(&self) -> bool {
        let read = self.head.block.get();
        self.head.index.set(0);
        // SAFETY: blocks live until they are dead; there is a next one because there is an element in it.
        unsafe {
            let next = (*read).next;
            if next == read {
                return false;
            }
            self.head.block.set(next);
            (*read).next = ptr::null_mut();
            let tail = self.tail.block.get();
            if (*tail).next.is_null() {
                (*tail).next = read;
                return false;
            }
            (*read).next = self.dead.get();
        }
        self.dead.set(read);
        true
    }

    /// Adds a block at the end of the chain. False when there is one in reserve already.
    ///
    /// # Safety
    /// The lock is held. The block is like the first, its `next` is null, and it is the channel's from now on if this returns true.
    pub(super) unsafe fn add_block(&self, block: *mut Block) -> bool {
        let tail = self.tail.block.get();
        // SAFETY: blocks live until they are dead.
        unsafe {
            let missing = (*tail).next.is_null();
            if missing {
                (*tail).next = block;
            }
            missing
        }
    }

    /// Hands the dead blocks out, chained, for the caller to free. Under the lock.
    pub(super) fn take_dead(&self) -> *mut Block {
        self.dead.replace(ptr::null_mut())
    }

    /// All blocks, chained, for the caller to free: the last that is done with a chain. A ring is its one block.
    pub(super) fn take_all(&self) -> *mut Block {
        let head = self.head.block.replace(ptr::null_mut());
        if head.is_null() {
            return head;
        }
        let mut last = head;
        // SAFETY: blocks live until they are freed by the caller. The chain ends.
        unsafe {
            while !(*last).next.is_null() && (*last).next != head {
                last = (*last).next;
            }
            (*last).next = self.dead.replace(ptr::null_mut());
        }
        head
    }
}
