//! One stack: its frames, and its text.

use core::fmt;
use std::boxed::Box;
use std::vec::Vec;

use rtlib_abi::traceback::{KEPT, Trace};

use super::symbols::{self, Symbol};
use crate::sys::traceback as sys;

/// The calls that a goroutine, or a thread, is in.
///
/// [`Display`](fmt::Display) writes it as tracebacks do: without the frames of the runtime, unless `GOTRACEBACK` asks for them.
#[derive(Clone)]
pub struct Stack {
    /// Those that are kept, innermost first.
    pcs: Box<[usize]>,
    /// How many there are.
    total: u64,
}

/// A call on a [`Stack`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    pc: usize,
}

/// The caller's stack, of a goroutine or of any other thread.
///
/// ```no_run,standalone_crate
/// fn where_am_i() {
///     println!("{}", rtlib::debug::stack());
/// }
/// ```
#[must_use]
#[inline(never)]
pub fn stack() -> Stack {
    Stack::new(&sys::callers())
}

impl Stack {
    pub(super) fn new(trace: &Trace) -> Self {
        let total = usize::try_from(trace.total).unwrap_or(usize::MAX);
        let outer = total.saturating_sub(KEPT).min(KEPT);
        let inner = trace.inner.iter().take(total);
        let ring = (total - outer..total)
            .filter(|_| outer > 0)
            .map(|i| &trace.outer[(i - KEPT) % KEPT]);
        Self {
            pcs: inner.chain(ring).copied().collect(),
            total: trace.total,
        }
    }

    /// As the runtime has it.
    pub(super) fn trace(&self) -> Trace {
        let mut trace = Trace {
            total: self.total,
            inner: [0; KEPT],
            outer: [0; KEPT],
        };
        let (inner, outer) = self.pcs.split_at(self.pcs.len().min(KEPT));
        trace.inner[..inner.len()].copy_from_slice(inner);
        let total = usize::try_from(self.total).unwrap_or(usize::MAX);
        let first = total - outer.len();
        for (i, pc) in (first..).zip(outer) {
            trace.outer[(i - KEPT) % KEPT] = *pc;
        }
        trace
    }

    /// The frames that were kept, the innermost first; those of the runtime and of std, too.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = Frame> {
        self.pcs.iter().map(|pc| Frame { pc: *pc })
    }

    /// How many frames were left out: a long stack is kept as its 50 innermost and its 50 outermost frames.
    #[must_use]
    pub fn elided(&self) -> u64 {
        self.total - self.pcs.len() as u64
    }
}

impl Frame {
    /// The program counter: the address that the call returns to.
    #[must_use]
    pub fn pc(self) -> usize {
        self.pc
    }

    /// The address of its function. `None` for code that the program's file does not describe.
    #[must_use]
    pub fn function(self) -> Option<usize> {
        sys::function_entry(self.pc)
    }

    /// What is known of it: a function or, where calls were inlined, several, the innermost first.
    #[must_use]
    pub fn symbols(self) -> Vec<Symbol> {
        symbols::resolve(self.pc).to_vec()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("pc", &format_args!("{:#x}", self.pc))
            .finish()
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("frames", &self.frames().collect::<Vec<_>>())
            .field("elided", &self.elided())
            .finish()
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        sys::write_trace(&self.trace(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(total: usize) -> Trace {
        let mut trace = Trace {
            total: total as u64,
            inner: [0; KEPT],
            outer: [0; KEPT],
        };
        for i in 0..total {
            match trace.inner.get_mut(i) {
                Some(place) => *place = i + 1,
                None => trace.outer[(i - KEPT) % KEPT] = i + 1,
            }
        }
        trace
    }

    #[test]
    fn the_innermost_and_outermost_frames_are_kept_in_order() {
        for total in [0, 1, KEPT - 1, KEPT, KEPT + 1, 2 * KEPT, 2 * KEPT + 1, 777] {
            let stack = Stack::new(&trace(total));
            let expected: Vec<usize> = (1..=total)
                .filter(|i| *i <= KEPT || *i + KEPT > total)
                .collect();
            assert_eq!(stack.frames().map(Frame::pc).collect::<Vec<_>>(), expected);
            assert_eq!(stack.elided(), (total - expected.len()) as u64);
            let again = Stack::new(&stack.trace());
            assert_eq!(again.pcs, stack.pcs, "{total}");
        }
    }
}
