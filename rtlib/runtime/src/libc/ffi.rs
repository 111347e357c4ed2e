//! Declarations of libc's functions and data. Names, types and layouts as in glibc's headers; the ones that are not public are said to be.

use core::ffi::{c_int, c_void};

/// `struct sigaction` of x86-64 glibc (sigaction(2)).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SigAction {
    /// `sa_handler` or `sa_sigaction`; 0 = SIG_DFL, 1 = SIG_IGN.
    pub handler: usize,
    /// `sa_mask`.
    pub mask: [u64; 16],
    /// `sa_flags`.
    pub flags: c_int,
    /// `sa_restorer`, filled in by libc.
    pub restorer: usize,
}

impl SigAction {
    /// SIG_DFL.
    pub const DEFAULT: Self = Self {
        handler: 0,
        mask: [0; 16],
        flags: 0,
        restorer: 0,
    };
}

/// `pthread_attr_t`: 56 bytes on x86-64.
#[repr(C, align(8))]
pub struct PthreadAttr([u8; 56]);

impl PthreadAttr {
    /// Bytes for `pthread_attr_init` to fill.
    pub const fn uninit() -> Self {
        Self([0; 56])
    }
}

/// A node of `nptl_db`'s field descriptions: size in bits, elements, offset in bytes.
pub type ThreadDbField = [u32; 3];

unsafe extern "C" {
    /// The libc function behind our `__wrap_pthread_create`.
    #[link_name = "__real_pthread_create"]
    pub fn pthread_create(
        thread: *mut usize,
        attr: *const PthreadAttr,
        start: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
        arg: *mut c_void,
    ) -> c_int;
    /// pthread_detach(3), likewise.
    #[link_name = "__pthread_detach"]
    pub fn pthread_detach(thread: usize) -> c_int;
    /// pthread_attr_init(3).
    pub fn pthread_attr_init(attr: *mut PthreadAttr) -> c_int;
    /// pthread_attr_destroy(3).
    pub fn pthread_attr_destroy(attr: *mut PthreadAttr) -> c_int;
    /// pthread_attr_setstack(3).
    pub fn pthread_attr_setstack(attr: *mut PthreadAttr, lo: *mut c_void, size: usize) -> c_int;
    /// pthread_attr_setstacksize(3).
    pub fn pthread_attr_setstacksize(attr: *mut PthreadAttr, size: usize) -> c_int;
    /// pthread_attr_setguardsize(3).
    pub fn pthread_attr_setguardsize(attr: *mut PthreadAttr, size: usize) -> c_int;
    /// pthread_sigmask(3), under the name by which libc's own files call it.
    #[link_name = "__pthread_sigmask"]
    pub fn pthread_sigmask(how: c_int, set: *const [u64; 16], old: *mut [u64; 16]) -> c_int;
    /// atexit(3).
    pub fn atexit(f: extern "C" fn()) -> c_int;
    /// pthread_atfork(3).
    pub fn pthread_atfork(
        prepare: extern "C" fn(),
        parent: extern "C" fn(),
        child: extern "C" fn(),
    ) -> c_int;
    /// exit(3).
    pub fn exit(code: c_int) -> !;
    /// calloc(3), not counted by the runtime's own trace.
    pub fn calloc(n: usize, size: usize) -> *mut c_void;
    /// free(3).
    pub fn free(at: *mut c_void);

    /// Not public: runs the pthread key destructors of the calling thread.
    pub fn __nptl_deallocate_tsd();
    /// Not public: frees what libc keeps per thread (malloc's cache, resolver state, strerror's buffer).
    pub fn __libc_thread_freeres();
    /// For debuggers: how many threads there are. One that ends leaves the count when it has done all that is left to do for it.
    pub static __nptl_nthreads: core::sync::atomic::AtomicU32;
    /// For debuggers: the size of libc's thread control block.
    pub static _thread_db_sizeof_pthread: u32;
    /// For debuggers: where the thread id is in it.
    pub static _thread_db_pthread_tid: ThreadDbField;
    /// For debuggers: where its list links are.
    pub static _thread_db_pthread_list: ThreadDbField;
    /// rseq(2): offset of the area from the thread pointer.
    pub static __rseq_offset: isize;

    /// Whether there is one thread only, so that libc need not lock.
    pub static __libc_single_threaded: core::sync::atomic::AtomicU8;

    /// The libc function behind our `__wrap_sigaction`.
    #[link_name = "__real_sigaction"]
    pub fn real_sigaction(signal: c_int, new: *const SigAction, old: *mut SigAction) -> c_int;
    /// Where the calling thread's errno is.
    pub safe fn __errno_location() -> *mut c_int;

    /// The libc function behind our `__wrap___nptl_setxid_sighandler`. Not public.
    #[link_name = "__real___nptl_setxid_sighandler"]
    pub fn real_setxid_sighandler(signal: c_int, info: *mut c_void, context: *mut c_void);
    /// The libc function behind our `__wrap___pthread_unwind`. Not public.
    #[link_name = "__real___pthread_unwind"]
    pub fn real_pthread_unwind(to: *mut c_void) -> !;
    /// The libc function behind our `__wrap___nptl_deallocate_tsd`. Not public.
    #[link_name = "__real___nptl_deallocate_tsd"]
    pub fn real_deallocate_tsd();
    /// The libc function behind our `__wrap_pthread_getattr_np`.
    #[link_name = "__real_pthread_getattr_np"]
    pub fn real_pthread_getattr_np(thread: usize, attr: *mut PthreadAttr) -> c_int;
}
