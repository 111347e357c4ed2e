//! The TLS block of a goroutine: what makes it a thread to libc, to Rust and to every library.
//!
//! ```text
//!   low                                                                              high
//!   ... stack frames | dtv | TLS image (.tdata, .tbss) | thread control block (struct pthread) | end of the slot
//!                    ^ stack_hi                        ^ thread pointer = FS base
//! ```
//!
//! The block is not laid out from knowledge of glibc's private structure. Instead the first real thread that the runtime makes (sysmon's)
//! is copied when it starts, as a *snapshot*: its TLS image and control block are what libc's `start_thread` leaves for a new thread (character tables,
//! resolver state, stack and pointer guards). A goroutine's block is a copy, in which
//! - words that point into the block that was copied point into the copy (self pointers, robust list, resolver state); not those that are what the program's TLS segment says, which are the program's own numbers,
//! - the thread id is one of the goroutine's own, outside the kernel's range (recursive pthread mutexes compare it),
//! - the links of libc's list of threads point to themselves (the goroutine is on no list),
//! - the dtv is the block's own,
//! - the rseq area is marked unregistered (the kernel writes to the area of a thread, not of a goroutine).
//!
//! Sizes and offsets come from the symbols that libc publishes for debuggers.
//!
//! A dead goroutine's block is always as new: when a goroutine exits, its TLS image is compared with the snapshot, and if it differs (thread-locals were
//! used) libc frees what it keeps per thread and the image is written again. This is done where the goroutine ran, whose cache has the
//! lines; whoever reuses the stack does not touch them. The control block is what libc leaves clean.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::ffi;
use crate::arch::current::{tls, valgrind};
use crate::gmp::g::G;
use crate::os::linux::auxv::Auxv;
use crate::os::linux::{mem, proc};

/// Entries of a goroutine's dtv behind the length entry: the generation, the program's module and room for modules that a static `dlopen` (iconv, NSS) loads.
const DTV_ENTRIES: usize = 9;
const DTV_BYTES: usize = (DTV_ENTRIES + 1) * 16;
/// Where the control block keeps the pointer to its dtv (psABI; tcbhead_t).
const TCB_DTV: usize = 8;
/// Goroutines' thread ids start here: beyond the kernel's largest (PID_MAX_LIMIT, 4194304).
const FIRST_TID: u32 = 0x4000_0000;
/// `cpu_id` in the rseq area, and its value when unregistered.
const RSEQ_CPU_ID: usize = 4;
const RSEQ_CPU_ID_UNINITIALIZED: u32 = u32::MAX;
/// Largest block of which a snapshot can be taken, in bytes; a program with more thread-local data does not start.
const MAX_BLOCK: usize = 1 << 20;

/// The program's PT_TLS segment, and the sizes of the control block.
struct Shape {
    /// Bytes below the thread pointer.
    image: usize,
    /// Alignment of the thread pointer.
    align: usize,
    /// Bytes from the thread pointer on.
    tcb: usize,
}

/// The snapshot.
struct Template {
    shape: Shape,
    /// The block's bytes, image first, self pointers relative to the block's start.
    bytes: usize,
    /// Positions of self pointers, as u32, ascending.
    relocs: usize,
    nrelocs: usize,
    /// How many of them are in the image.
    nrelocs_image: usize,
    /// For each word of the image: all ones when [`Template::differs`] compares it as it is, else 0 (self pointers, `runtime.tls_g`).
    compared: usize,
    /// Bytes of the control block up to its last word that is not zero.
    tcb_used: usize,
}

struct Global(UnsafeCell<Option<Template>>);

// SAFETY: written once, by `take_snapshot`, before READY says so; read only after.
unsafe impl Sync for Global {}

static TEMPLATE: Global = Global(UnsafeCell::new(None));
static READY: AtomicU32 = AtomicU32::new(0);
static NEXT_TID: AtomicU32 = AtomicU32::new(FIRST_TID);
/// The program's PT_TLS segment: address and length of the initial bytes, length of the block's image, alignment.
static TLS_INIT: AtomicUsize = AtomicUsize::new(0);
static TLS_INIT_LEN: AtomicUsize = AtomicUsize::new(0);
static TLS_IMAGE: AtomicUsize = AtomicUsize::new(0);
static TLS_ALIGN: AtomicUsize = AtomicUsize::new(0);

/// Learns the program's TLS segment from its program headers. In the boot.
pub fn init(auxv: &Auxv) {
    const PT_TLS: u32 = 7;
    let Some(tls) = auxv.program_header(PT_TLS) else {
        crate::fatal::throw(b"runtime: the program has no TLS segment")
    };
    let align = (tls.align as usize).max(1);
    TLS_INIT.store(tls.vaddr as usize, Ordering::Relaxed);
    TLS_INIT_LEN.store(tls.filesz as usize, Ordering::Relaxed);
    TLS_ALIGN.store(align, Ordering::Relaxed);
    TLS_IMAGE.store(
        (tls.memsz as usize).next_multiple_of(align),
        Ordering::Relaxed,
    );
}

fn shape() -> Shape {
    Shape {
        image: TLS_IMAGE.load(Ordering::Relaxed),
        align: TLS_ALIGN.load(Ordering::Relaxed).max(64), // TCB_ALIGNMENT
        // SAFETY: a constant of libc.
        tcb: unsafe { ffi::_thread_db_sizeof_pthread } as usize,
    }
}

/// Takes the main thread's rseq area back from the kernel: the block belongs to the main goroutine, which migrates. On m0, before anything else runs.
pub fn unregister_rseq() {
    // SAFETY: libc registered this area for this thread with the size of the original ABI; when it did not, the call fails harmlessly.
    unsafe {
        let area = tls::thread_pointer().wrapping_add_signed(ffi::__rseq_offset);
        proc::rseq_unregister(area, 32);
        // sched_getcpu then asks the kernel.
        ((area + RSEQ_CPU_ID) as *mut u32).write_volatile(RSEQ_CPU_ID_UNINITIALIZED);
    }
}

/// Takes the snapshot of the calling thread's block. Called once, by the first thread that the runtime makes, as its first act.
pub fn take_snapshot() {
    if READY.load(Ordering::Acquire) != 0 {
        return; // in the child of a fork, whose parent had done it
    }
    let shape = shape();
    let len = shape.image + shape.tcb;
    if len > MAX_BLOCK {
        crate::fatal::throw(b"runtime: more than 1 MiB of thread-local data");
    }
    let tp = tls::thread_pointer();
    let start = tp - shape.image;
    valgrind::defined(start..start + len);
    // SAFETY: the thread's own, complete block; its words are read as plain bytes.
    let block = unsafe { core::slice::from_raw_parts(start as *const usize, len / 8) };
    // The bytes, a u32 for every word, a word for every word.
    let Ok(memory) = mem::reserve((len * 5 / 2 + 64).next_multiple_of(mem::PAGE)) else {
        crate::fatal::throw(b"runtime: cannot allocate memory");
    };
    let bytes = memory.as_ptr() as usize;
    let relocs = bytes + len.next_multiple_of(8);
    let compared = relocs + (len / 2).next_multiple_of(8);
    let own_word = shape.image.wrapping_add_signed(tls::tls_g_offset());
    let mut template = Template {
        tcb_used: 0,
        nrelocs: 0,
        nrelocs_image: 0,
        shape,
        bytes,
        relocs,
        compared,
    };
    // SAFETY: the program's TLS segment, which is read-only data.
    let initial = unsafe {
        let at = TLS_INIT.load(Ordering::Relaxed) as *const u8;
        core::slice::from_raw_parts(at, TLS_INIT_LEN.load(Ordering::Relaxed))
    };
    for (i, &word) in block.iter().enumerate() {
        let at = i * 8;
        let is_constant = at < template.shape.image && word == initial_word(initial, at);
        let is_self_pointer = (start..start + len).contains(&word) && !is_constant;
        let compare = !is_self_pointer && at != own_word;
        // SAFETY: inside the fresh mapping, which has room for `len` bytes, a u32 and a word for every word.
        unsafe {
            (compared as *mut usize)
                .add(i)
                .write(if compare { usize::MAX } else { 0 });
            ((bytes + at) as *mut usize).write(if is_self_pointer { word - start } else { word });
            if is_self_pointer {
                (relocs as *mut u32).add(template.nrelocs).write(at as u32);
                template.nrelocs += 1;
                template.nrelocs_image += usize::from(at < template.shape.image);
            }
        }
        if word != 0 && at >= template.shape.image {
            template.tcb_used = at + 8 - template.shape.image;
        }
    }
    // SAFETY: written once, before READY; this thread is the only writer.
    unsafe { *TEMPLATE.0.get() = Some(template) };
    READY.store(1, Ordering::Release);
    crate::os::linux::futex::wake(&READY, u32::MAX >> 1);
}

/// The word at this position of a new block's image: the segment's bytes, and zeros behind them.
fn initial_word(initial: &[u8], at: usize) -> usize {
    let byte = |i: usize| initial.get(at + i).copied().unwrap_or(0);
    usize::from_ne_bytes(core::array::from_fn(byte))
}

fn template() -> &'static Template {
    while READY.load(Ordering::Acquire) == 0 {
        crate::os::linux::futex::wait(&READY, 0, None);
    }
    // SAFETY: READY says that it is written; it is never written again.
    match unsafe { &*TEMPLATE.0.get() } {
        Some(template) => template,
        None => crate::fatal::throw(b"runtime: no TLS template"),
    }
}

/// A block's place at the end of a stack.
pub struct Place {
    /// The thread pointer.
    pub tp: usize,
    /// Where the frames may begin.
    pub stack_hi: usize,
}

/// Where the block of a slot that ends at `end` goes.
pub fn place(end: usize) -> Place {
    let shape = &template().shape;
    let tp = (end - shape.tcb) & !(shape.align - 1);
    Place {
        tp,
        stack_hi: (tp - shape.image - DTV_BYTES) & !15,
    }
}

/// Bytes that a thread's stack must have beside what its frames need: libc puts the program's thread-locals there.
pub fn room_for_block() -> usize {
    let shape = shape();
    (shape.image + shape.align).next_multiple_of(mem::PAGE)
}

/// Where the block with this thread pointer ends.
pub fn end_of_block(tp: usize) -> usize {
    tp + shape().tcb
}

/// The thread id in the block with this thread pointer: what libc and the program know the goroutine by, or a thread of libc's.
///
/// # Safety
/// There is such a block.
pub unsafe fn thread_id(tp: usize) -> u32 {
    // SAFETY: the offset is published by libc.
    unsafe {
        let at = tp + ffi::_thread_db_pthread_tid[2] as usize;
        (*(at as *const AtomicU32)).load(Ordering::Relaxed)
    }
}

/// In the child of a fork, in which the goroutine on the block with this thread pointer is the only thread: it has the id that a process's only thread has, which no goroutine of another process has. And libc's own part of the fork
/// has run on another block, so it does not know that this one has an arena of malloc's: [`thread_exit`] must not give it back.
///
/// # Safety
/// There is such a block, the calling goroutine's.
pub unsafe fn forked(tp: usize) {
    // SAFETY: the offset is published by libc; the caller vouches for the block.
    unsafe {
        let at = tp + ffi::_thread_db_pthread_tid[2] as usize;
        (*(at as *const AtomicU32)).store(proc::pid(), Ordering::Relaxed);
    }
    FORKED.store(tp, Ordering::Relaxed);
}

/// See [`forked`]. 0 in a process that is no such child, and once that goroutine has ended.
static FORKED: AtomicUsize = AtomicUsize::new(0);

/// Whether an id is a goroutine's and no thread's.
pub fn is_goroutines(tid: u32) -> bool {
    tid >= FIRST_TID
}

/// What the thread pointer of a block is aligned to.
pub fn block_align() -> usize {
    shape().align
}

/// Writes a new block for `gp` into zeroed memory.
///
/// # Safety
/// `place` came from [`place`] for a stack that nobody uses and that is zero there.
pub unsafe fn create(place: &Place, gp: &'static G) {
    let t = template();
    let start = place.tp - t.shape.image;
    // SAFETY: the block is inside the caller's stack; the template has these bytes.
    unsafe { ptr::copy_nonoverlapping(t.tcb_bytes(), place.tp as *mut u8, t.tcb_used) };
    t.relocate(start, t.nrelocs_image..t.nrelocs);
    // SAFETY: the control block is there; the thread id's offset is published by libc.
    unsafe {
        let tid = place.tp + ffi::_thread_db_pthread_tid[2] as usize;
        (tid as *mut u32).write(NEXT_TID.fetch_add(1, Ordering::Relaxed));
        detach(place.tp, start);
        refresh(place.tp, gp);
    }
}

/// Gives a copied block its own dtv and takes it off libc's list of threads and out of the kernel's rseq.
///
/// # Safety
/// `tp` is a block whose image starts at `start`, with [`DTV_BYTES`] free below, that nobody runs on.
unsafe fn detach(tp: usize, start: usize) {
    // SAFETY: offsets inside the control block, published by libc; the dtv's memory is the caller's.
    unsafe {
        let list = tp + ffi::_thread_db_pthread_list[2] as usize;
        (list as *mut [usize; 2]).write([list, list]);
        let rseq = tp.wrapping_add_signed(ffi::__rseq_offset) + RSEQ_CPU_ID;
        (rseq as *mut u32).write(RSEQ_CPU_ID_UNINITIALIZED);
        let dtv = (start - DTV_BYTES) as *mut [usize; 2];
        dtv.write([DTV_ENTRIES - 1, 0]);
        let generation = **((tls::thread_pointer() + TCB_DTV) as *const *const usize);
        dtv.add(1).write([generation, 0]);
        dtv.add(2).write([start, 0]);
        ((tp + TCB_DTV) as *mut usize).write(dtv.add(1) as usize);
    }
}

/// Makes a block for m0's g0: libc's own block of the first thread goes to the main goroutine. There is no other thread yet of which to take a snapshot, so this is
/// the program's initial TLS image and the main thread's control block. g0 runs no user code, only `pthread_create` and its like.
/// Returns the thread pointer; none when there is no memory.
pub fn create_for_g0(g0: &'static G) -> Option<usize> {
    let shape = shape();
    let len = (DTV_BYTES + shape.image + shape.tcb + shape.align).next_multiple_of(mem::PAGE);
    let memory = mem::reserve(len).ok()?;
    let tp = (memory.as_ptr() as usize + len - shape.tcb) & !(shape.align - 1);
    let main = tls::thread_pointer();
    valgrind::defined(main..main + shape.tcb);
    // SAFETY: a fresh mapping with room for the block; the sources are the program's segment and the running thread's control block.
    unsafe {
        let init = TLS_INIT.load(Ordering::Relaxed) as *const u8;
        ptr::copy_nonoverlapping(
            init,
            (tp - shape.image) as *mut u8,
            TLS_INIT_LEN.load(Ordering::Relaxed),
        );
        for at in (0..shape.tcb).step_by(8) {
            let word = *((main + at) as *const usize);
            let moved = if (main..main + shape.tcb).contains(&word) {
                word - main + tp
            } else {
                word
            };
            ((tp + at) as *mut usize).write(moved);
        }
        detach(tp, tp - shape.image);
    }
    bind(tp, g0);
    Some(tp)
}

/// Makes `gp` the goroutine of the block at `tp`.
pub fn bind(tp: usize, gp: &'static G) {
    // SAFETY: `runtime.tls_g` is in every block; the callers own this one.
    unsafe { (tp.wrapping_add_signed(tls::tls_g_offset()) as *mut *const G).write(gp) };
}

/// Makes the thread-locals of a block new again and binds it to `gp`.
///
/// # Safety
/// `tp` is the thread pointer of a block made by [`create`] that nobody runs on.
pub unsafe fn refresh(tp: usize, gp: &'static G) {
    let t = template();
    let start = tp - t.shape.image;
    // SAFETY: the block's image; the template has as many bytes.
    unsafe {
        ptr::copy_nonoverlapping(t.bytes as *const u8, start as *mut u8, t.shape.image);
        t.relocate(start, 0..t.nrelocs_image);
    }
    bind(tp, gp);
}

impl Template {
    fn tcb_bytes(&self) -> *const u8 {
        (self.bytes + self.shape.image) as *const u8
    }

    /// Whether the image of the block at `tp` is not as new.
    fn differs(&self, tp: usize) -> bool {
        let words = self.shape.image / 8;
        // SAFETY: three arrays of as many words: the block's image, the snapshot's, the masks.
        let (image, new, masks) = unsafe {
            (
                core::slice::from_raw_parts((tp - self.shape.image) as *const usize, words),
                core::slice::from_raw_parts(self.bytes as *const usize, words),
                core::slice::from_raw_parts(self.compared as *const usize, words),
            )
        };
        let difference = image
            .iter()
            .zip(new)
            .zip(masks)
            .fold(0, |sum, ((a, b), mask)| sum | ((a ^ b) & mask));
        difference != 0 || self.self_pointers_differ(tp)
    }

    /// The same for the self pointers of the image, of which there are a few.
    fn self_pointers_differ(&self, tp: usize) -> bool {
        let start = tp - self.shape.image;
        (0..self.nrelocs_image).any(|i| {
            // SAFETY: the table has `nrelocs_image` positions of words of the image, the block's and the snapshot's.
            unsafe {
                let at = *(self.relocs as *const u32).add(i) as usize;
                let relative = *((self.bytes + at) as *const usize);
                *((start + at) as *const usize) != relative + start
            }
        })
    }

    /// Turns the self pointers of a copy that starts at `start` into addresses.
    #[inline]
    fn relocate(&self, start: usize, range: core::ops::Range<usize>) {
        for i in range {
            // SAFETY: the table has `nrelocs` positions of words inside the block.
            unsafe {
                let at = (start + *(self.relocs as *const u32).add(i) as usize) as *mut usize;
                let relative = *((self.bytes + at as usize - start) as *const usize);
                at.write(relative + start);
            }
        }
    }
}

/// What a goroutine owes libc when it exits, on its own block: destructors, key destructors, caches. Returns whether the
/// block must be made new with [`refresh`] once the goroutine is off it.
pub fn thread_exit() -> bool {
    super::dtors::__call_tls_dtors();
    // SAFETY: libc's own order in start_thread; the block is a complete thread's.
    unsafe { ffi::__nptl_deallocate_tsd() };
    let used = template().differs(tls::thread_pointer());
    let is_forked = FORKED.load(Ordering::Relaxed) == tls::thread_pointer();
    if is_forked {
        FORKED.store(0, Ordering::Relaxed);
    }
    if used && !is_forked {
        // malloc's cache, the resolver's state and strerror's buffer hang off thread-locals: an image that is as new has none.
        // SAFETY: as above.
        unsafe { ffi::__libc_thread_freeres() };
    }
    used
}

#[cfg(test)]
mod tests {
    use super::initial_word;

    #[test]
    fn a_new_block_has_the_segments_words_and_then_zeros() {
        let segment: [u8; 12] = core::array::from_fn(|i| i as u8 + 1);
        assert_eq!(initial_word(&segment, 0), 0x0807_0605_0403_0201);
        assert_eq!(initial_word(&segment, 8), 0x0c0b_0a09);
        assert_eq!(initial_word(&segment, 16), 0);
    }
}
