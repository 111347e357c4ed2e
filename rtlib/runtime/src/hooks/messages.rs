//! recvmmsg(2) and sendmmsg(2): several messages in one call.

use core::ffi::{c_int, c_uint, c_void};

use crate::os::linux::sys::{__NR_recvmmsg, __NR_sendmmsg};

use super::io::{Answer, Fd, Timeout, block, keep_thread, plain, said_int, word};
use super::socket::{MSG_DONTWAIT, MSG_WAITALL, Message, all_of, of_receive, parkable, send_rest};
use crate::netpoll::Dir;

const MSG_WAITFORONE: c_int = 0x10000;
/// `UIO_MAXIOV`: of more messages the kernel sends none.
const MOST_SENT: usize = 1024;

/// `struct mmsghdr`.
#[repr(C)]
struct Counted {
    message: Message,
    len: c_uint,
}

/// # Safety
/// As recvmmsg(2).
unsafe fn receive(of: Fd, fd: c_int, messages: *mut Counted, count: usize, flags: c_int) -> Answer {
    // A try stops where it would wait, so it needs no word that one is enough.
    let tried = flags & !MSG_WAITFORONE | MSG_DONTWAIT;
    let some = |done: usize| {
        let at = messages.wrapping_add(done) as usize;
        let args = |flags: c_int| [word(fd), at, count - done, word(flags), 0, 0];
        of.until_done(
            Dir::Read,
            Some(Timeout::Receive),
            // SAFETY: the caller's arguments.
            || unsafe { plain(__NR_recvmmsg, args(tried)) },
            // SAFETY: the caller's arguments.
            || unsafe { keep_thread(__NR_recvmmsg, args(flags)) },
        )
    };
    if flags & MSG_WAITFORONE != 0 {
        return some(0);
    }
    all_of(count, some)
}

/// recvmmsg(2). The kernel looks at the timeout after each message; such a call is the thread's.
///
/// # Safety
/// As recvmmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_recvmmsg(
    fd: c_int,
    messages: *mut Counted,
    count: c_uint,
    flags: c_int,
    timeout: *mut c_void,
) -> c_int {
    let args = [
        word(fd),
        messages as usize,
        count as usize,
        word(flags),
        timeout as usize,
        0,
    ];
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        match parkable(fd, of_receive(flags)) {
            None => plain(__NR_recvmmsg, args),
            Some(of) if count != 0 && timeout.is_null() && flags & MSG_WAITALL == 0 => {
                receive(of, fd, messages, count as usize, flags)
            }
            Some(_) => block(__NR_recvmmsg, args),
        }
    })
}

/// sendmmsg(2).
///
/// # Safety
/// As sendmmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sendmmsg(
    fd: c_int,
    messages: *mut Counted,
    count: c_uint,
    flags: c_int,
) -> c_int {
    let count = (count as usize).min(MOST_SENT);
    let args = |done: usize, flags: c_int| {
        let at = messages.wrapping_add(done) as usize;
        [word(fd), at, count - done, word(flags), 0, 0]
    };
    // SAFETY: the caller's arguments.
    said_int(unsafe {
        match parkable(fd, flags) {
            Some(of) if count != 0 => all_of(count, |done| {
                let sent = of.until_sent(
                    || plain(__NR_sendmmsg, args(done, flags | MSG_DONTWAIT)),
                    || block(__NR_sendmmsg, args(done, flags)),
                )?;
                // Of the last one a stream may have taken a part.
                if let Some(last) = (done + sent).checked_sub(1) {
                    let last = &mut *messages.add(last);
                    let (parts, parts_count) = last.message.parts();
                    let all = send_rest(fd, parts, parts_count, last.len as usize, flags)?;
                    last.len = all as c_uint;
                }
                Ok(sent)
            }),
            _ => plain(__NR_sendmmsg, args(0, flags)),
        }
    })
}
