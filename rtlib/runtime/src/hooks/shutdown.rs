//! shutdown(2). Who waits for room in a local socket (`AF_UNIX`) is not told by the kernel's poll that nothing can be written any more, as long as there is no room: only a write says so. So those who wait to
//! write look again, whichever descriptor of the same socket, or of the other side, they wait for.

use core::ffi::c_int;

use crate::netpoll::{self, Desc};
use crate::os::linux::sys::{__NR_shutdown, SO_DOMAIN};

use super::io::{plain, said_int, socket_option, word};

/// shutdown(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_shutdown(fd: c_int, how: c_int) -> c_int {
    // SAFETY: no memory is involved.
    let answer = unsafe { plain(__NR_shutdown, [word(fd), word(how), 0, 0, 0, 0]) };
    if answer.is_ok() && is_local(fd) {
        netpoll::shut_down();
    }
    said_int(answer)
}

fn is_local(fd: c_int) -> bool {
    const AF_UNIX: c_int = 1;
    if netpoll::desc(fd).is_some_and(Desc::is_stream) {
        return false; // of TCP, which is mostly what is asked for
    }
    // SAFETY: a number.
    let domain = unsafe { socket_option(fd, SO_DOMAIN as usize, 0) };
    domain == Ok(AF_UNIX)
}
