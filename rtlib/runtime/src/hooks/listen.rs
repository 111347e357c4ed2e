//! listen(2): std asks for a queue of 128 connections, which a server that accepts on goroutines overflows: the client whose connection found no room tries again a second later. Go asks for as many as the
//! system allows, and so does this.

use core::ffi::c_int;

use crate::os::linux::sys::__NR_listen;

use super::io::{plain, said_int, word};
use crate::godebug;

/// What std asks for, and C by the old value of `SOMAXCONN`. Who asks for another number gets it.
const OF_STD: c_int = 128;

/// listen(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_listen(fd: c_int, backlog: c_int) -> c_int {
    let backlog = if backlog == OF_STD && !godebug::listen_backlog_of_std() {
        c_int::MAX // the kernel takes `net.core.somaxconn` for what is beyond it
    } else {
        backlog
    };
    // SAFETY: no memory is involved.
    said_int(unsafe { plain(__NR_listen, [word(fd), word(backlog), 0, 0, 0, 0]) })
}
