//! The rest of the C interface (`rtlib_abi::api`): what does not have a natural home in the scheduler.

use rtlib_abi::api::NAME_LEN;

use crate::gmp;
use crate::sched::{procs, spawn};
use crate::trace;

/// The symbol that an `rtlib` crate of this ABI version refers to.
#[unsafe(export_name = "gobuild_abi_v1")]
#[used]
static ABI_V1: u32 = rtlib_abi::ABI_VERSION;

const _: () = assert!(rtlib_abi::ABI_VERSION == 1);

#[unsafe(export_name = "runtime.GOMAXPROCS")]
extern "C" fn gomaxprocs(n: i32) -> i32 {
    crate::sched::second::expect_concurrency();
    let old = procs::gomaxprocs() as i32;
    if n >= 1 && n != old {
        return procs::procresize(n as u32) as i32;
    }
    old
}

#[unsafe(export_name = "runtime.NumCPU")]
extern "C" fn num_cpu() -> i32 {
    crate::process::ncpu() as i32
}

#[unsafe(export_name = "runtime.setname")]
extern "C" fn setname(name: *const [u8; NAME_LEN]) {
    let Some(gp) = gmp::getg().filter(|gp| gp.id() != 0) else {
        return;
    };
    // SAFETY: the caller's name.
    let mut name = unsafe { name.read() };
    name[NAME_LEN - 1] = 0;
    gp.name.set(name);
    trace::named(gp, name);
}

#[unsafe(export_name = "runtime.NumGoroutine")]
extern "C" fn num_goroutine() -> u64 {
    spawn::count()
}
