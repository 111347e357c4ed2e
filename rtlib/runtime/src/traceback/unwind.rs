//! The unwinder, at work on stacks: `_Unwind_Backtrace` (Itanium C++ ABI, level I), which every program with std contains.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

use rtlib_abi::traceback::{KEPT, Trace};

use super::interrupt;
use crate::arch::current::switch::{CONTEXT, is_outermost};
use crate::arch::current::unwind::{Registers, call_above_parked, call_guarded};
use crate::arch::current::{weak, weak_address};
use crate::gmp::g::G;

/// A stack without frames.
pub const EMPTY: Trace = Trace {
    total: 0,
    inner: [0; KEPT],
    outer: [0; KEPT],
};

#[repr(C)]
struct Context {
    _opaque: [u8; 0],
}

const NO_REASON: c_int = 0;
const END_OF_STACK: c_int = 5;

type OnFrame = unsafe extern "C" fn(*mut Context, *mut c_void) -> c_int;

weak!(
    "__real__Unwind_Backtrace",
    "_Unwind_GetIPInfo",
    "_Unwind_GetCFA",
);

unsafe extern "C" {
    fn __real__Unwind_Backtrace(on_frame: OnFrame, arg: *mut c_void) -> c_int;
    fn _Unwind_GetIPInfo(context: *mut Context, before_instruction: *mut c_int) -> usize;
    /// The stack pointer in the frame.
    fn _Unwind_GetCFA(context: *mut Context) -> usize;
}

/// Where the frames begin that are wanted.
enum From {
    /// With the first whose stack pointer is greater.
    Above(usize),
    /// With the one whose stack pointer is this.
    At(usize),
}

/// Outer frames have greater stack pointers, except where a signal handler runs on a stack of its own. More such places than this are nonsense, which might go on for ever.
const MAX_TURNS: u32 = 8;

struct Collector<'a> {
    trace: &'a mut Trace,
    from: From,
    begun: bool,
    last_sp: usize,
    turns: u32,
}

impl Collector<'_> {
    fn begins(&mut self, sp: usize) -> bool {
        self.begun = self.begun
            || match self.from {
                From::Above(limit) => sp > limit,
                From::At(start) => sp == start,
            };
        self.begun
    }

    /// Whether there has not been too much back and forth before this frame.
    fn is_plausible(&mut self, sp: usize) -> bool {
        self.turns += u32::from(sp <= self.last_sp);
        self.last_sp = sp;
        self.turns <= MAX_TURNS
    }
}

/// Adds a frame, the next outer one.
fn push(trace: &mut Trace, pc: usize) {
    let at = trace.total as usize;
    match trace.inner.get_mut(at) {
        Some(place) => *place = pc,
        None => trace.outer[(at - KEPT) % KEPT] = pc,
    }
    trace.total += 1;
}

unsafe extern "C" fn on_frame(context: *mut Context, collector: *mut c_void) -> c_int {
    // SAFETY: `walk` passes a collector; the unwinder passes its context.
    let (collector, sp, pc, before_instruction) = unsafe {
        let mut before = 0;
        let pc = _Unwind_GetIPInfo(context, &raw mut before);
        let sp = _Unwind_GetCFA(context);
        (&mut *collector.cast::<Collector<'_>>(), sp, pc, before)
    };
    if pc == 0 || !collector.is_plausible(sp) {
        return END_OF_STACK;
    }
    if collector.begins(sp) {
        push(collector.trace, pc + usize::from(before_instruction != 0));
    }
    NO_REASON
}

unsafe extern "C" fn stop(_: *mut Context, _: *mut c_void) -> c_int {
    END_OF_STACK
}

/// The unwinder's first use initialises it (`pthread_once`). That is over before a signal handler needs it, which may have interrupted just that.
pub fn prepare() {
    if weak_address!("__real__Unwind_Backtrace") != 0 {
        // SAFETY: the symbol is there; `stop` needs no argument.
        unsafe { __real__Unwind_Backtrace(stop, ptr::null_mut()) };
    }
}

unsafe extern "C" fn walk(collector: *mut c_void) {
    if weak_address!("__real__Unwind_Backtrace") != 0 {
        // SAFETY: the symbol is there; the caller passes a collector.
        unsafe { __real__Unwind_Backtrace(on_frame, collector) };
    }
}

fn collect(trace: &mut Trace, from: From, walk_it: impl FnOnce(*mut c_void)) {
    trace.total = 0;
    let mut collector = Collector {
        trace,
        from,
        begun: false,
        last_sp: 0,
        turns: 0,
    };
    walk_it((&raw mut collector).cast());
}

/// The frames of the calling thread whose stack pointers are greater than `sp`.
pub fn callers(trace: &mut Trace, sp: usize) {
    collect(trace, From::Above(sp), |collector| {
        // SAFETY: it is a collector.
        unsafe { walk(collector) }
    });
}

/// The stack of a goroutine that is not running.
///
/// # Safety
/// It is not resumed meanwhile (`hold`), and its context is saved.
pub unsafe fn parked(trace: &mut Trace, gp: &G) {
    let sp = gp.sp.load(Ordering::Relaxed);
    collect(trace, From::At(sp + CONTEXT), |collector| {
        // SAFETY: the caller vouches for the context; `walk` has nothing that needs a destructor, and no lock (`eh_frame`).
        unsafe {
            match gp.sp_on_own_stack() {
                Some(_) => call_above_parked(sp, walk, collector),
                None => above_parked(sp, walk, collector),
            }
        }
    });
}

/// Calls `f(arg)` as if the goroutine whose saved context is at `sp` did. A fault ends it: that goroutine may be on a stack of some library's, and the unwind information of code that switches stacks may be wrong.
///
/// # Safety
/// As `call_above_parked` and `call_guarded`.
unsafe fn above_parked(sp: usize, f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void) {
    struct Call(usize, unsafe extern "C" fn(*mut c_void), *mut c_void);

    unsafe extern "C" fn call(it: *mut c_void) {
        // SAFETY: it is a call, whose arguments the caller of `above_parked` vouches for.
        unsafe {
            let Call(sp, f, arg) = it.cast::<Call>().read();
            call_above_parked(sp, f, arg);
        }
    }

    let mut it = Call(sp, f, arg);
    let it = (&raw mut it).cast();
    let is_free = |fault_sp: &&AtomicUsize| fault_sp.load(Ordering::Relaxed) == 0;
    // SAFETY: the caller vouches.
    unsafe {
        match interrupt::fault_sp().filter(is_free) {
            Some(fault_sp) => call_guarded(fault_sp, call, it),
            None => call(it),
        }
    }
}

/// How many frames [`is_in_one_piece`] looks at.
const MOST_IN_ONE_PIECE: u32 = 64;

/// What [`is_in_one_piece`] has seen.
struct Piece {
    last_sp: usize,
    frames: u32,
    through: bool,
}

unsafe extern "C" fn on_frame_of_piece(context: *mut Context, piece: *mut c_void) -> c_int {
    // SAFETY: `walk_piece` passes a piece; the unwinder passes its context.
    let (piece, sp, pc) = unsafe {
        let mut before = 0;
        let pc = _Unwind_GetIPInfo(context, &raw mut before);
        (&mut *piece.cast::<Piece>(), _Unwind_GetCFA(context), pc)
    };
    // The first frames are the caller's, up to the one that leads to the goroutine.
    if piece.frames == 0 && sp != piece.last_sp {
        return NO_REASON;
    }
    piece.frames += 1;
    let goes_up = piece.frames == 1 || sp > piece.last_sp;
    if !goes_up || piece.frames > MOST_IN_ONE_PIECE {
        return END_OF_STACK;
    }
    piece.last_sp = sp;
    piece.through = is_outermost(pc);
    if piece.through {
        END_OF_STACK
    } else {
        NO_REASON
    }
}

unsafe extern "C" fn walk_piece(piece: *mut c_void) {
    // SAFETY: the symbol is there (`is_in_one_piece`); the caller passes a piece.
    unsafe { __real__Unwind_Backtrace(on_frame_of_piece, piece) };
}

/// Whether all frames of a goroutine that is not running lie one above the other, from its saved stack pointer to the outermost one. A library may run code of a goroutine on memory that is on the goroutine's own stack (`psm::on_stack`, a coroutine):
/// then frames that are in use lie below the stack pointer. False, too, when that cannot be told: for very many frames, or without unwind information.
///
/// # Safety
/// It is not resumed meanwhile (`hold`), and its context is saved.
pub unsafe fn is_in_one_piece(gp: &G) -> bool {
    if weak_address!("__real__Unwind_Backtrace") == 0 {
        return false;
    }
    let sp = gp.sp.load(Ordering::Relaxed);
    let mut piece = Piece {
        last_sp: sp + CONTEXT,
        frames: 0,
        through: false,
    };
    // SAFETY: the caller vouches for the context; `walk_piece` has nothing that needs a destructor, and no lock.
    unsafe { above_parked(sp, walk_piece, (&raw mut piece).cast()) };
    piece.through
}

/// The stack that the running signal handler interrupted, as far as it can be read: only with `fault_sp`, which `call_guarded` uses, more than the innermost frame.
pub fn interrupted(trace: &mut Trace, registers: &Registers, fault_sp: Option<&AtomicUsize>) {
    collect(trace, From::At(registers.sp()), |collector| {
        if let Some(fault_sp) = fault_sp {
            // SAFETY: it is a collector; `walk` and the unwinder have nothing to be destroyed, and here they take no lock (`eh_frame`).
            unsafe { guarded(fault_sp, walk, collector) }
        }
    });
    if trace.total == 0 {
        push(trace, registers.pc() + 1);
    }
}

/// [`call_guarded`], also within such a call that the running signal handler has interrupted.
///
/// # Safety
/// As there.
unsafe fn guarded(fault_sp: &AtomicUsize, f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void) {
    let outer = fault_sp.load(Ordering::Relaxed);
    // SAFETY: the caller vouches.
    unsafe { call_guarded(fault_sp, f, arg) };
    fault_sp.store(outer, Ordering::Relaxed);
}

/// A walk of the program's own.
struct Walk {
    on_frame: OnFrame,
    arg: *mut c_void,
    fault_sp: &'static AtomicUsize,
    /// Stack pointers of wanted frames are greater, until the first of them has been found.
    above: usize,
    begun: bool,
    code: c_int,
}

/// `_Unwind_Backtrace` as the program sees it. On goroutines a fault ends the walk, but not one of the callback's: a profiler's handler may have interrupted code of which no unwind information is right, such as the end of libgcc's own
/// unwinder, which has loaded some registers of another frame.
///
/// # Safety
/// As `_Unwind_Backtrace`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap__Unwind_Backtrace(on_frame: OnFrame, arg: *mut c_void) -> c_int {
    let Some(fault_sp) = interrupt::fault_sp() else {
        // SAFETY: the caller's arguments; only code that comes with the unwinder calls this.
        return unsafe { __real__Unwind_Backtrace(on_frame, arg) };
    };
    let mut walk = Walk {
        on_frame,
        arg,
        fault_sp,
        above: 0,
        begun: false,
        code: END_OF_STACK,
    };
    walk.above = here(&walk);
    // SAFETY: the walk lives over the call; libgcc has nothing to be destroyed. Locks it takes only for code that is in no file, and not in handlers (`eh_frame`).
    unsafe { guarded(fault_sp, walk_on, (&raw mut walk).cast()) };
    walk.code
}

unsafe extern "C" fn walk_on(walk: *mut c_void) {
    // SAFETY: a walk. libgcc and `on_own_frame` use it in turns.
    unsafe {
        let code = __real__Unwind_Backtrace(on_own_frame, walk);
        (*walk.cast::<Walk>()).code = code;
    }
}

unsafe extern "C" fn on_own_frame(context: *mut Context, walk: *mut c_void) -> c_int {
    // SAFETY: `walk_on` passes a walk; the unwinder passes its context; the callback is the program's.
    unsafe {
        let walk = &mut *walk.cast::<Walk>();
        walk.begun = walk.begun || _Unwind_GetCFA(context) > walk.above;
        if !walk.begun {
            return NO_REASON;
        }
        let guard = walk.fault_sp.swap(0, Ordering::Relaxed);
        let code = (walk.on_frame)(context, walk.arg);
        walk.fault_sp.store(guard, Ordering::Relaxed);
        code
    }
}

/// The program counters that were kept, innermost first, and after how many of them others were left out.
pub fn kept(trace: &Trace) -> (impl Iterator<Item = usize>, Option<(usize, u64)>) {
    let total = trace.total as usize;
    let outer = total.saturating_sub(KEPT).min(KEPT);
    let first_outer = total - outer;
    let inner = trace.inner[..total.min(KEPT)].iter().copied();
    let rest = (first_outer.max(KEPT)..total.max(KEPT)).map(|i| trace.outer[(i - KEPT) % KEPT]);
    let left_out = total.saturating_sub(2 * KEPT) as u64;
    (
        inner.chain(rest),
        (left_out > 0).then_some((KEPT, left_out)),
    )
}

/// An address in the caller's frame, for [`callers`].
#[inline(always)]
pub fn here<T>(local: &T) -> usize {
    ptr::from_ref(local) as usize
}
