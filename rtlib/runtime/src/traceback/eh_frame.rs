//! Where functions begin and how they are unwound: the table in `.eh_frame_hdr` (LSB Core, "Exception Frames"), which the linker sorts.
//!
//! `_Unwind_Find_FDE` is linked as `--wrap`, so this is also what the unwinder asks. libgcc's own, in a static program, sorts all entries when it is first used, with memory from
//! malloc, and takes a mutex for each frame. This one is a binary search: goroutines that panic at the same time do not wait for each other, and the unwinder may
//! run in a signal handler.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use super::interrupt;

/// Address of `.eh_frame_hdr`, 0 if there is none.
static HEADER: AtomicUsize = AtomicUsize::new(0);

/// Encodings of pointers (DW_EH_PE_*): the low four bits are the format, the others what it is relative to.
const UDATA4: u8 = 0x03;
const PCREL_SDATA4: u8 = 0x1b;
const DATAREL_SDATA4: u8 = 0x3b;
const FORMAT: u8 = 0x0f;

/// What linkers write: version 1, `.eh_frame` as PC-relative, a four-byte count, and a table of pairs relative to the header.
const KNOWN_HEADER: [u8; 4] = [1, PCREL_SDATA4, UDATA4, DATAREL_SDATA4];

/// Learns where the table is. In the boot.
pub fn init(eh_frame_hdr: Option<usize>) {
    HEADER.store(eh_frame_hdr.unwrap_or(0), Ordering::Relaxed);
}

/// An entry: a function and its frame description.
struct Entry {
    start: usize,
    fde: *const u8,
}

/// The entry with the greatest start up to `pc`, whether or not its function reaches that far.
fn last_before(pc: usize) -> Option<Entry> {
    const TABLE: usize = 12;
    let header = HEADER.load(Ordering::Relaxed);
    // SAFETY: PT_GNU_EH_FRAME points to it; the linker wrote as many pairs as it counted.
    let pairs = unsafe {
        if header == 0 || (header as *const [u8; 4]).read_unaligned() != KNOWN_HEADER {
            return None;
        }
        let count = ((header + 8) as *const u32).read_unaligned() as usize;
        core::slice::from_raw_parts((header + TABLE) as *const [i32; 2], count)
    };
    let address = |relative: i32| header.wrapping_add_signed(relative as isize);
    let behind = pairs.partition_point(|[start, _]| address(*start) <= pc);
    let [start, fde] = pairs[behind.checked_sub(1)?];
    Some(Entry {
        start: address(start),
        fde: address(fde) as *const u8,
    })
}

/// The entry of the function that contains `pc`.
fn find(pc: usize) -> Option<Entry> {
    let entry = last_before(pc)?;
    // SAFETY: the table points to frame descriptions.
    let len = unsafe { function_len(entry.fde) }?;
    (pc - entry.start < len).then_some(entry)
}

/// The address of the function that contains the instruction before `pc`.
pub fn function_start(pc: usize) -> Option<usize> {
    find(pc.checked_sub(1)?).map(|entry| entry.start)
}

/// The length of the function that a frame description is for. None when that is written in a way that compilers for this system do not use.
///
/// # Safety
/// `fde` points to a frame description.
unsafe fn function_len(fde: *const u8) -> Option<usize> {
    const EXTENDED_LENGTH: u32 = u32::MAX;
    const CIE_POINTER: usize = 4;
    const START: usize = 8;
    // SAFETY: length, distance to the common information, start and length of the function, in this order.
    unsafe {
        if fde.cast::<u32>().read_unaligned() == EXTENDED_LENGTH {
            return None;
        }
        let cie = fde.add(CIE_POINTER);
        let cie = cie.sub(cie.cast::<u32>().read_unaligned() as usize);
        Some(match pointer_size(encoding(cie)?)? {
            4 => fde.add(START + 4).cast::<u32>().read_unaligned() as usize,
            _ => fde.add(START + 8).cast::<usize>().read_unaligned(),
        })
    }
}

/// The personality routine of the function at `start`, which is the first address of one: what the unwinder calls for its frames, and which tells the language that it was written in.
pub fn personality(start: usize) -> Option<usize> {
    const CIE_POINTER: usize = 4;
    let entry = find(start)?;
    // SAFETY: the table points to frame descriptions, those to common information.
    unsafe {
        let cie = entry.fde.add(CIE_POINTER);
        let cie = cie.sub(cie.cast::<u32>().read_unaligned() as usize);
        pointer(augmentation(cie)?.personality?)
    }
}

/// A pointer with its encoding before it. None for encodings that compilers for this system do not use here.
///
/// # Safety
/// It is there.
unsafe fn pointer(at: *const u8) -> Option<usize> {
    const INDIRECT: u8 = 0x80;
    const RELATIVE: u8 = 0x70;
    const PCREL: u8 = 0x10;
    // SAFETY: the caller vouches; an indirect pointer is the address of a word.
    unsafe {
        let encoding = at.read();
        let place = at.add(1);
        let value = match encoding & FORMAT {
            0x03 => place.cast::<u32>().read_unaligned() as usize,
            0x0b => place.cast::<i32>().read_unaligned() as usize,
            0x00 | 0x04 | 0x0c => place.cast::<usize>().read_unaligned(),
            _ => return None,
        };
        let address = match encoding & RELATIVE {
            0 => value,
            PCREL => value.wrapping_add(place as usize),
            _ => return None,
        };
        Some(if encoding & INDIRECT != 0 {
            (address as *const usize).read_unaligned()
        } else {
            address
        })
    }
}

fn pointer_size(encoding: u8) -> Option<usize> {
    match encoding & FORMAT {
        0x03 | 0x0b => Some(4),
        0x00 | 0x04 | 0x0c => Some(8),
        _ => None,
    }
}

/// How the frame descriptions of this common information encode pointers.
///
/// # Safety
/// `cie` points to common information.
unsafe fn encoding(cie: *const u8) -> Option<u8> {
    // SAFETY: the caller vouches.
    unsafe { augmentation(cie) }.map(|augmentation| augmentation.encoding)
}

/// What the augmentation string of common information tells.
struct Augmentation {
    /// `R`: how pointers are encoded.
    encoding: u8,
    /// `P`: where the personality's encoding and address are.
    personality: Option<*const u8>,
}

/// # Safety
/// `cie` points to common information.
unsafe fn augmentation(cie: *const u8) -> Option<Augmentation> {
    const AUGMENTATION: usize = 9;
    const ABSOLUTE: u8 = 0;
    // SAFETY: a string; code alignment, data alignment and return register as LEB128; then, if the string begins with `z`, its data.
    unsafe {
        let mut letters = cie.add(AUGMENTATION);
        let mut data = letters;
        while data.read() != 0 {
            data = data.add(1);
        }
        data = data.add(1);
        if letters.read() != b'z' {
            return (letters.read() == 0).then_some(Augmentation {
                encoding: ABSOLUTE,
                personality: None,
            });
        }
        let mut personality = None;
        const NUMBERS_BEFORE: usize = 4; // the three and the length of the data
        for _ in 0..NUMBERS_BEFORE {
            data = behind_leb128(data);
        }
        loop {
            letters = letters.add(1);
            match letters.read() {
                b'R' => {
                    return Some(Augmentation {
                        encoding: data.read(),
                        personality,
                    });
                }
                b'L' => data = data.add(1),
                b'P' => {
                    personality = Some(data);
                    data = data.add(1 + pointer_size(data.read())?);
                }
                b'S' | b'B' => {}
                _ => return None,
            }
        }
    }
}

/// # Safety
/// `at` points to a LEB128 number.
unsafe fn behind_leb128(mut at: *const u8) -> *const u8 {
    // SAFETY: the last byte of a number has its highest bit clear.
    unsafe {
        while at.read() & 0x80 != 0 {
            at = at.add(1);
        }
        at.add(1)
    }
}

/// `struct dwarf_eh_bases` of libgcc (unwind-dw2-fde.h).
#[repr(C)]
struct Bases {
    text: *const c_void,
    data: *const c_void,
    function: *const c_void,
}

crate::arch::current::weak!("__real__Unwind_Find_FDE");

unsafe extern "C" {
    fn __real__Unwind_Find_FDE(pc: *const c_void, bases: *mut Bases) -> *const c_void;
}

/// What the unwinder asks for every frame. Code that is not in the program's file, such as what a just-in-time compiler has registered, is libgcc's to find.
///
/// # Safety
/// `bases` is the caller's to be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap__Unwind_Find_FDE(
    pc: *const c_void,
    bases: *mut Bases,
) -> *const c_void {
    let Some(entry) = find(pc as usize) else {
        if interrupt::in_handler() {
            return ptr::null(); // libgcc takes a mutex, which the interrupted code may hold
        }
        // SAFETY: the caller's arguments; only the unwinder calls this, which comes with libgcc.
        return unsafe { __real__Unwind_Find_FDE(pc, bases) };
    };
    // SAFETY: the caller's structure.
    unsafe {
        bases.write(Bases {
            text: ptr::null(),
            data: ptr::null(),
            function: entry.start as *const c_void,
        });
    }
    entry.fde.cast()
}
