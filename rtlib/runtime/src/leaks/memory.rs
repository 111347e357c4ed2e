//! The memory of the process, in words, while the world is stopped: what is mapped, what of it is not to be searched, and reading it.

use core::ptr::NonNull;
use core::slice;

use super::Error;
use crate::os::linux::{Errno, mem, proc};

/// Bytes that are read at a time.
const BUFFER: usize = 256 << 10;
const WORD: usize = size_of::<usize>();

/// Addresses from `at` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub at: usize,
    pub end: usize,
}

impl Range {
    /// Whether this address is one of them.
    pub fn contains(self, address: usize) -> bool {
        (self.at..self.end).contains(&address)
    }
}

/// Memory for the search: arrays that are all given back together.
pub struct Scratch {
    memory: NonNull<u8>,
    len: usize,
    used: usize,
}

impl Scratch {
    /// So many bytes, beside those that reading needs.
    pub fn new(bytes: usize) -> Result<Self, Error> {
        let len = (bytes + BUFFER).next_multiple_of(mem::PAGE);
        let memory = mem::reserve(len).map_err(|_| Error::NoMemory)?;
        let used = 0;
        Ok(Self { memory, len, used })
    }

    /// Bytes for an array of so many.
    pub const fn bytes_for<T>(count: usize) -> usize {
        count * size_of::<T>() + align_of::<T>()
    }

    /// An empty array with room for so many.
    ///
    /// # Panics
    /// When [`new`](Self::new) was asked for less.
    pub fn array<T: Copy>(&mut self, capacity: usize) -> Array<T> {
        let start = self.used.next_multiple_of(align_of::<T>());
        self.used = start + capacity * size_of::<T>();
        assert!(
            self.used <= self.len,
            "the search has less memory than it needs"
        );
        Array {
            // SAFETY: within the mapping.
            at: unsafe { self.memory.add(start) }.cast(),
            len: 0,
            capacity,
        }
    }

    /// All of it.
    pub fn range(&self) -> Range {
        let at = self.memory.as_ptr() as usize;
        Range {
            at,
            end: at + self.len,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`; arrays are used while this lives (`mark`).
        unsafe { mem::release(self.memory, self.len) };
    }
}

/// An array in [`Scratch`].
pub struct Array<T> {
    at: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<T: Copy> Array<T> {
    /// Adds one.
    ///
    /// # Panics
    /// When there is no room.
    pub fn push(&mut self, value: T) {
        assert!(
            self.len < self.capacity,
            "the search has less room than it needs"
        );
        // SAFETY: a place of this array.
        unsafe { self.at.add(self.len).write(value) };
        self.len += 1;
    }

    /// Takes the last one.
    pub fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        // SAFETY: it was pushed.
        Some(unsafe { self.at.add(self.len).read() })
    }

    /// All of them.
    pub fn all(&self) -> &[T] {
        // SAFETY: so many were pushed.
        unsafe { slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }

    /// The same, to change them.
    pub fn all_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.at.as_ptr(), self.len) }
    }
}

/// Reads words.
pub struct Reader {
    buffer: Array<u8>,
}

impl Reader {
    /// With a buffer in `scratch`.
    pub fn new(scratch: &mut Scratch) -> Self {
        Self {
            buffer: scratch.array(BUFFER),
        }
    }

    /// Calls `f` with the address and the value of every word in `range`. What cannot be read because it is not there is left out.
    pub fn words(&mut self, range: Range, mut f: impl FnMut(usize, usize)) -> Result<(), Error> {
        let mut at = range.at.next_multiple_of(WORD);
        while at + WORD <= range.end {
            let wanted = (range.end - at).min(BUFFER);
            // SAFETY: the buffer's memory, which nobody else uses.
            let buffer = unsafe { slice::from_raw_parts_mut(self.buffer.at.as_ptr(), wanted) };
            let read = match mem::read_own(at, buffer) {
                Ok(read) => read,
                Err(Errno(EFAULT)) => 0,
                Err(_) => return Err(Error::Unreadable),
            };
            for (n, word) in buffer[..read].chunks_exact(WORD).enumerate() {
                f(
                    at + n * WORD,
                    word.try_into().map_or(0, usize::from_ne_bytes),
                );
            }
            at += if read >= WORD {
                read / WORD * WORD
            } else {
                mem::PAGE - at % mem::PAGE
            };
        }
        Ok(())
    }
}

const EFAULT: u32 = 14;

/// Calls `f` with all memory that the program may write to and does not share with other processes, but for `excluded`, which is sorted.
pub fn writable(
    excluded: &[Range],
    f: &mut dyn FnMut(Range) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut result = Ok(());
    let read = proc::for_each_line(c"/proc/self/maps", |line| {
        if result.is_ok()
            && let Some(range) = writable_mapping(line)
        {
            result = without(range, excluded, f);
        }
    });
    read.map_err(|_| Error::NoProc)?;
    result
}

/// The addresses on a line of /proc/self/maps, if they are of memory as above.
fn writable_mapping(line: &[u8]) -> Option<Range> {
    let mut fields = line.split(|&byte| byte == b' ');
    let addresses = core::str::from_utf8(fields.next()?).ok()?;
    let rights = fields.next()?;
    let (at, end) = addresses.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    let range = Range {
        at: number(at)?,
        end: number(end)?,
    };
    (rights.starts_with(b"rw") && rights.ends_with(b"p")).then_some(range)
}

/// Calls `f` with the parts of `range` that are in none of `excluded`.
fn without(
    range: Range,
    excluded: &[Range],
    f: &mut dyn FnMut(Range) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut at = range.at;
    for out in excluded {
        if out.end <= at || out.at >= range.end {
            continue;
        }
        if at < out.at {
            f(Range { at, end: out.at })?;
        }
        at = out.end;
    }
    if at < range.end {
        f(Range { at, end: range.end })?;
    }
    Ok(())
}
