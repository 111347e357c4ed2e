//! The boot: what `runtime.rt0_go` (templates/asm_amd64.s) calls, in its order, on g0 and the process stack.
//!
//! `check`, `args`, `osinit` (`process`), `schedinit`; then `sched::spawn::newproc` makes the main goroutine and `sched::threads::mstart` runs it: `main`.

pub mod fork;
pub mod forked;
pub mod main;
mod register;

use core::sync::atomic::Ordering;

use rtlib_abi::layout::FLAG_STD_GOROUTINES;

use crate::arch::current::tls::{self, USE_FSGSBASE};
use crate::arch::current::{step_of_boot, valgrind};
use crate::gmp::{self, G0, M0};
use crate::libc::tcb;
use crate::moduledata::moduledata;
use crate::os::linux::auxv::HWCAP2_FSGSBASE;
use crate::os::linux::proc;
use crate::process::{self, auxv, getenv, is_privileged};
use crate::sched::global::SCHED;
use crate::sched::{procs, second, slow, threads};
use crate::traceback::{eh_frame, level};
use crate::{godebug, membarrier, stack};

/// Sanity of what everything else takes for granted.
#[unsafe(export_name = "runtime.check")]
extern "C" fn check() {
    step_of_boot!();
    register::all();
    if size_of::<usize>() != 8 || gmp::getg().is_none_or(|gp| !core::ptr::eq(gp, &raw const G0)) {
        crate::fatal::throw(b"runtime: bad g0");
    }
    if !core::ptr::eq(G0.mp(), &raw const M0) {
        crate::fatal::throw(b"runtime: bad m0");
    }
    if moduledata().abi_version != rtlib_abi::ABI_VERSION {
        crate::fatal::throw(
            b"runtime: the program's tables are of another version than its runtime",
        );
    }
}

/// Makes the scheduler: m0 and g0, stacks, debug variables, Ps.
#[unsafe(export_name = "runtime.schedinit")]
extern "C" fn schedinit() {
    step_of_boot!();
    if moduledata().flags & FLAG_STD_GOROUTINES != 0 {
        godebug::threads_are_goroutines();
    }
    godebug::parse(getenv(c"GODEBUG").unwrap_or_default());
    #[cfg(feature = "faults")]
    crate::os::linux::faults::parse(getenv(c"RTLIB_FAULTS").unwrap_or_default());
    process::begin();
    proc::check_fds();
    tracebackinit();
    cpuinit();
    stackinit();
    mcommoninit();
    second::read_wish();
    procs::procresize(1); // the others: `second`
    let Some(pp) = SCHED.lock().pidleget() else {
        crate::fatal::throw(b"schedinit: no P")
    };
    if godebug::hogtrace() || slow::are_timed() {
        // A stack is wanted at once, or its goroutine has ended.
        membarrier::prepare();
    }
    crate::leaks::report_at_exit_if_wanted();
    crate::trace::start();
    procs::acquire(&M0, pp);
}

fn tracebackinit() {
    const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
    let wanted = getenv(c"GOTRACEBACK");
    level::set(if is_privileged() {
        Some(b"none")
    } else {
        wanted
    });
    let header = auxv().program_header(PT_GNU_EH_FRAME);
    eh_frame::init(header.map(|header| header.vaddr as usize));
}

fn cpuinit() {
    let allowed = auxv().hwcap2 & HWCAP2_FSGSBASE != 0;
    USE_FSGSBASE.store(allowed && godebug::fsgsbase(), Ordering::Relaxed);
}

fn stackinit() {
    valgrind::init();
    if !godebug::guardinstall() {
        stack::forbid_guard_install();
    }
    if moduledata().stack_size != 0 {
        stack::set_default(moduledata().stack_size as usize);
    }
}

/// m0's g0 gets a TLS block of its own; libc's is the main goroutine's.
fn mcommoninit() {
    threads::adopt_m0();
    tcb::init(&auxv());
    tcb::unregister_rseq();
    process::set_main_thread_pointer(tls::thread_pointer());
    let Some(tp) = tcb::create_for_g0(&G0) else {
        crate::fatal::throw(b"runtime: cannot allocate memory")
    };
    G0.fs.store(tp, Ordering::Relaxed);
    // SAFETY: a complete block whose goroutine is g0, which is running.
    unsafe { tls::set_thread_pointer(tp) };
}
