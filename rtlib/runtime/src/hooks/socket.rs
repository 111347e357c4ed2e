//! Sockets: recv(2) and send(2) with their families, accept(2), connect(2), and the calls that the poller must know of.
//!
//! What a blocking call promises holds on a goroutine, too: a stream takes all that is sent, `MSG_WAITALL` fills its buffer, the limits of `SO_RCVTIMEO` and
//! `SO_SNDTIMEO` count.

use core::ffi::{c_int, c_void};

use crate::os::linux::sys::{
    __NR_accept4, __NR_connect, __NR_ioctl, __NR_recvfrom, __NR_recvmsg, __NR_sendmsg, __NR_sendto,
    __NR_setsockopt, __NR_socket,
};
use crate::os::linux::sys::{EAGAIN, EINPROGRESS, O_CLOEXEC, O_NONBLOCK, SO_RCVLOWAT};

use super::io::{
    Answer, Fd, SOL_SOCKET, Timeout, block, keep_thread, plain, said, said_int, socket_option, word,
};
use super::may_park;
use crate::godebug::Family;
use crate::netpoll::{self, Desc, Dir};
use crate::os::linux::Errno;

const AF_INET: c_int = 2;
const AF_INET6: c_int = 10;
const MSG_OOB: c_int = 0x1;
const MSG_PEEK: c_int = 0x2;
const MSG_ERRQUEUE: c_int = 0x2000;
const MSG_FASTOPEN: c_int = 0x2000_0000;
/// See recv(2).
pub const MSG_DONTWAIT: c_int = 0x40;
/// See recv(2).
pub const MSG_WAITALL: c_int = 0x100;

/// The goroutine's descriptor, if the call may park it.
pub fn parkable(fd: c_int, flags: c_int) -> Option<Fd> {
    if flags & MSG_DONTWAIT != 0 || !may_park(Family::Net) {
        return None;
    }
    Fd::new(fd)
}

/// The flags, and that it does not wait where a receive with such flags never does, whatever its descriptor is: for an error that was queued, or for urgent data.
pub fn of_receive(flags: c_int) -> c_int {
    if flags & (MSG_OOB | MSG_ERRQUEUE) != 0 {
        flags | MSG_DONTWAIT
    } else {
        flags
    }
}

/// Once urgent data has been taken out of its place, nothing tells that a read stops there.
fn see_urgent(flags: c_int) {
    if flags & MSG_OOB != 0 {
        netpoll::reads_tell_nothing();
    }
}

/// The plain call, or what a goroutine does that may park. Inlined, so that a plain thread makes its call at once.
///
/// # Safety
/// As the system call is.
#[inline(always)]
unsafe fn transfer(
    nr: u32,
    fd: c_int,
    flags: c_int,
    args: [usize; 6],
    parked: impl FnOnce(Fd) -> Answer,
) -> Answer {
    match parkable(fd, flags) {
        Some(of) => parked(of),
        // SAFETY: the caller vouches.
        None => unsafe { plain(nr, args) },
    }
}

/// recvfrom(2).
///
/// # Safety
/// As recvfrom(2).
#[inline(always)]
pub unsafe fn receive(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    flags: c_int,
    addr: usize,
    addr_len: usize,
) -> Answer {
    see_urgent(flags);
    // SAFETY: the caller's arguments.
    unsafe {
        let at = buffer as usize;
        let args = [word(fd), at, len, word(flags), addr, addr_len];
        transfer(__NR_recvfrom, fd, of_receive(flags), args, |of| {
            receive_parked(of, fd, at, len, flags, addr, addr_len)
        })
    }
}

/// The same on a goroutine. Apart, so that a plain thread has nothing to do with it.
///
/// # Safety
/// As recvfrom(2).
#[inline(never)]
unsafe fn receive_parked(
    of: Fd,
    fd: c_int,
    at: usize,
    len: usize,
    flags: c_int,
    addr: usize,
    addr_len: usize,
) -> Answer {
    let args =
        move |at: usize, len: usize, flags: c_int| [word(fd), at, len, word(flags), addr, addr_len];
    // SAFETY: the caller's arguments.
    unsafe {
        // Nothing tells whether there is something of length 0; a peek that waits for all may never be an edge again.
        if len == 0 || flags & (MSG_WAITALL | MSG_PEEK) == MSG_WAITALL | MSG_PEEK {
            return keep_thread(__NR_recvfrom, args(at, len, flags));
        }
        // A try takes what is less than the kernel waits for.
        if of.has_low_water() {
            return block(__NR_recvfrom, args(at, len, flags));
        }
        let attempt =
            |at: usize, len: usize| plain(__NR_recvfrom, args(at, len, flags | MSG_DONTWAIT));
        let plainly = |at: usize, len: usize| keep_thread(__NR_recvfrom, args(at, len, flags));
        if flags == 0 {
            return of.until_read(len, || attempt(at, len), || plainly(at, len));
        }
        let once = |at: usize, len: usize| {
            of.until_done(
                Dir::Read,
                Some(Timeout::Receive),
                || attempt(at, len),
                || plainly(at, len),
            )
        };
        if flags & MSG_WAITALL == 0 {
            return once(at, len);
        }
        all_of(len, |done| once(at + done, len - done))
    }
}

/// Calls `part` with how much is done until all is, or it gives nothing more. An error counts only if nothing was done.
pub fn all_of(len: usize, mut part: impl FnMut(usize) -> Answer) -> Answer {
    let mut done = 0;
    loop {
        match part(done) {
            Ok(0) => return Ok(done),
            Ok(more) => done += more,
            Err(_) if done != 0 => return Ok(done),
            Err(errno) => return Err(errno),
        }
        if done >= len {
            return Ok(done);
        }
    }
}

/// sendto(2).
///
/// # Safety
/// As sendto(2).
#[inline(always)]
pub unsafe fn send(
    fd: c_int,
    buffer: *const c_void,
    len: usize,
    flags: c_int,
    addr: usize,
    addr_len: usize,
) -> Answer {
    // SAFETY: the caller's arguments.
    unsafe {
        let at = buffer as usize;
        let args = [word(fd), at, len, word(flags), addr, addr_len];
        transfer(__NR_sendto, fd, flags, args, |of| {
            send_parked(of, fd, at, len, flags, addr, addr_len)
        })
    }
}

/// The same on a goroutine. Apart, so that a plain thread has nothing to do with it.
///
/// # Safety
/// As sendto(2).
#[inline(never)]
unsafe fn send_parked(
    of: Fd,
    fd: c_int,
    at: usize,
    len: usize,
    flags: c_int,
    addr: usize,
    addr_len: usize,
) -> Answer {
    let args =
        move |at: usize, len: usize, flags: c_int| [word(fd), at, len, word(flags), addr, addr_len];
    // SAFETY: the caller's arguments.
    unsafe {
        // It makes a connection, and a try would leave that half done.
        if flags & MSG_FASTOPEN != 0 {
            return block(__NR_sendto, args(at, len, flags));
        }
        all_of(len, |done| {
            let (at, len) = (at + done, len - done);
            of.until_sent(
                || plain(__NR_sendto, args(at, len, flags | MSG_DONTWAIT)),
                || block(__NR_sendto, args(at, len, flags)),
            )
        })
    }
}

/// `struct iovec`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Iovec {
    base: *mut c_void,
    len: usize,
}

impl Iovec {
    /// One buffer.
    pub fn new(base: *mut c_void, len: usize) -> Self {
        Self { base, len }
    }
}

/// `struct msghdr`.
#[repr(C)]
pub struct Message {
    name: *mut c_void,
    name_len: u32,
    parts: *mut Iovec,
    part_count: usize,
    control: *mut c_void,
    control_len: usize,
    flags: c_int,
}

impl Message {
    /// Its buffers, and how many.
    pub fn parts(&self) -> (*mut Iovec, usize) {
        (self.parts, self.part_count)
    }

    /// Only these parts.
    pub fn of(parts: *const Iovec, part_count: usize) -> Self {
        Self {
            name: core::ptr::null_mut(),
            name_len: 0,
            parts: parts.cast_mut(),
            part_count,
            control: core::ptr::null_mut(),
            control_len: 0,
            flags: 0,
        }
    }
}

/// What is left of the parts behind the first `done` bytes, part by part.
///
/// # Safety
/// They are valid.
pub unsafe fn rest_of(
    parts: *const Iovec,
    count: usize,
    done: usize,
) -> impl Iterator<Item = (*mut c_void, usize)> {
    let mut skip = done;
    (0..count).filter_map(move |i| {
        // SAFETY: the caller vouches.
        let part = unsafe { *parts.add(i) };
        let skipped = skip.min(part.len);
        skip -= skipped;
        let left = part.len - skipped;
        (left != 0).then(|| (part.base.wrapping_byte_add(skipped), left))
    })
}

/// recvmsg(2).
///
/// # Safety
/// As recvmsg(2).
pub unsafe fn receive_message(fd: c_int, message: *mut Message, flags: c_int) -> Answer {
    let args = |flags: c_int| [word(fd), message as usize, word(flags), 0, 0, 0];
    see_urgent(flags);
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(of) = parkable(fd, of_receive(flags)) else {
            return plain(__NR_recvmsg, args(flags));
        };
        let empty = rest_of((*message).parts, (*message).part_count, 0)
            .next()
            .is_none();
        if flags & MSG_WAITALL != 0 || empty || of.has_low_water() {
            return keep_thread(__NR_recvmsg, args(flags));
        }
        of.until_done(
            Dir::Read,
            Some(Timeout::Receive),
            || plain(__NR_recvmsg, args(flags | MSG_DONTWAIT)),
            || keep_thread(__NR_recvmsg, args(flags)),
        )
    }
}

/// sendmsg(2).
///
/// # Safety
/// As sendmsg(2).
pub unsafe fn send_message(fd: c_int, message: *const Message, flags: c_int) -> Answer {
    let args = |flags: c_int| [word(fd), message as usize, word(flags), 0, 0, 0];
    // SAFETY: the caller's arguments.
    unsafe {
        let Some(of) = parkable(fd, flags) else {
            return plain(__NR_sendmsg, args(flags));
        };
        if flags & MSG_FASTOPEN != 0 {
            return block(__NR_sendmsg, args(flags));
        }
        let sent = of.until_sent(
            || plain(__NR_sendmsg, args(flags | MSG_DONTWAIT)),
            || block(__NR_sendmsg, args(flags)),
        )?;
        // A stream that took a part: the rest follows, without the control data, which went with the first byte.
        let (parts, count) = ((*message).parts, (*message).part_count);
        send_rest(fd, parts, count, sent, flags)
    }
}

/// Sends what is left of the parts behind the first `sent` bytes, which were sent; returns how much was sent in all.
///
/// # Safety
/// As sendmsg(2).
pub unsafe fn send_rest(
    fd: c_int,
    parts: *const Iovec,
    count: usize,
    sent: usize,
    flags: c_int,
) -> Answer {
    let mut all = sent;
    // SAFETY: the caller's arguments.
    unsafe {
        for (at, len) in rest_of(parts, count, sent) {
            match send(fd, at, len, flags, 0, 0) {
                Ok(more) => all += more,
                Err(_) => return Ok(all),
            }
        }
    }
    Ok(all)
}

/// recv(2).
///
/// # Safety
/// As recv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_recv(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    flags: c_int,
) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { receive(fd, buffer, len, flags, 0, 0) })
}

/// recvfrom(2).
///
/// # Safety
/// As recvfrom(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_recvfrom(
    fd: c_int,
    buffer: *mut c_void,
    len: usize,
    flags: c_int,
    addr: *mut c_void,
    addr_len: *mut u32,
) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { receive(fd, buffer, len, flags, addr as usize, addr_len as usize) })
}

/// recvmsg(2).
///
/// # Safety
/// As recvmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_recvmsg(fd: c_int, message: *mut Message, flags: c_int) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { receive_message(fd, message, flags) })
}

/// send(2).
///
/// # Safety
/// As send(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_send(
    fd: c_int,
    buffer: *const c_void,
    len: usize,
    flags: c_int,
) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { send(fd, buffer, len, flags, 0, 0) })
}

/// sendto(2).
///
/// # Safety
/// As sendto(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sendto(
    fd: c_int,
    buffer: *const c_void,
    len: usize,
    flags: c_int,
    addr: *const c_void,
    addr_len: u32,
) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { send(fd, buffer, len, flags, addr as usize, addr_len as usize) })
}

/// sendmsg(2).
///
/// # Safety
/// As sendmsg(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_sendmsg(fd: c_int, message: *const Message, flags: c_int) -> isize {
    // SAFETY: the caller's arguments.
    said(unsafe { send_message(fd, message, flags) })
}

/// accept(2).
///
/// # Safety
/// As accept(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_accept(fd: c_int, addr: *mut c_void, addr_len: *mut u32) -> c_int {
    // SAFETY: the caller's arguments.
    unsafe { __wrap_accept4(fd, addr, addr_len, 0) }
}

/// accept4(2).
///
/// # Safety
/// As accept4(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_accept4(
    fd: c_int,
    addr: *mut c_void,
    addr_len: *mut u32,
    flags: c_int,
) -> c_int {
    let args = [
        word(fd),
        addr as usize,
        addr_len as usize,
        word(flags),
        0,
        0,
    ];
    // SAFETY: the caller's arguments.
    let accepted = unsafe { transfer(__NR_accept4, fd, 0, args, |of| accept(of, args)) };
    let is_tcp = netpoll::desc(fd).is_some_and(Desc::is_stream);
    said_int(made(accepted, is_tcp))
}

/// There is no flag that makes one accept(2) not wait. So a goroutine waits until there is a connection, and one at a time takes it: only another process can be faster, and then
/// the thread waits.
///
/// # Safety
/// As accept4(2).
unsafe fn accept(of: Fd, args: [usize; 6]) -> Answer {
    let [.., flags, _, _] = args;
    let known = (O_CLOEXEC | O_NONBLOCK) as usize; // `SOCK_CLOEXEC` and `SOCK_NONBLOCK`
    if of.is_nonblocking() || flags & !known != 0 {
        // SAFETY: the caller's arguments.
        return unsafe { plain(__NR_accept4, args) };
    }
    loop {
        let limit = Some(Timeout::Receive);
        let can_wait = of.until_polled(Dir::Read, limit, || of.is_listening())?;
        let alone = of.accept_alone();
        if !can_wait || of.is_ready(Dir::Read)? {
            // SAFETY: the caller's arguments.
            return unsafe { keep_thread(__NR_accept4, args) };
        }
        drop(alone);
    }
}

/// Tells the poller of a new socket.
fn made(fd: Answer, is_tcp: bool) -> Answer {
    fd.inspect(|fd| netpoll::made_socket(*fd as c_int, is_tcp))
}

/// socket(2).
#[unsafe(no_mangle)]
extern "C" fn __wrap_socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    const SOCK_STREAM: c_int = 1;
    const IPPROTO_TCP: c_int = 6;
    /// The others are `SOCK_CLOEXEC` and `SOCK_NONBLOCK`.
    const TYPE: c_int = 0xf;
    let is_tcp = matches!(domain, AF_INET | AF_INET6)
        && kind & TYPE == SOCK_STREAM
        && matches!(protocol, 0 | IPPROTO_TCP);
    let args = [word(domain), word(kind), word(protocol), 0, 0, 0];
    // SAFETY: no memory is involved.
    said_int(made(unsafe { plain(__NR_socket, args) }, is_tcp))
}

/// setsockopt(2).
///
/// # Safety
/// As setsockopt(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_setsockopt(
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    len: u32,
) -> c_int {
    const RCVTIMEO_NEW: usize = 66;
    const SNDTIMEO_NEW: usize = 67;
    const RCVLOWAT: usize = SO_RCVLOWAT as usize;
    const SOL_TCP: usize = 6;
    const TCP_ULP: usize = 31;
    let known = [
        Timeout::Receive as usize,
        Timeout::Send as usize,
        RCVTIMEO_NEW,
        SNDTIMEO_NEW,
    ];
    if word(level) == SOL_SOCKET && known.contains(&word(name)) {
        netpoll::timeouts_are_set();
    }
    // From now on not every byte is an event, or the bytes are a protocol's.
    if [(SOL_SOCKET, RCVLOWAT), (SOL_TCP, TCP_ULP)].contains(&(word(level), word(name))) {
        netpoll::reads_tell_nothing();
    }
    if (word(level), word(name)) == (SOL_SOCKET, RCVLOWAT) {
        netpoll::low_water_is_set();
    }
    let args = [
        word(fd),
        word(level),
        word(name),
        value as usize,
        len as usize,
        0,
    ];
    // SAFETY: the caller's arguments.
    said_int(unsafe { plain(__NR_setsockopt, args) })
}

/// connect(2).
///
/// # Safety
/// As connect(2).
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_connect(fd: c_int, addr: *const c_void, len: u32) -> c_int {
    let args = [word(fd), addr as usize, len as usize, 0, 0, 0];
    // SAFETY: the caller's arguments.
    said_int(unsafe { transfer(__NR_connect, fd, 0, args, |of| connect(of, fd, args)) })
}

/// A connection over IP is begun on a descriptor that is non-blocking for that moment, and waited for. Within the machine (`AF_UNIX`) only the kernel knows when the other side's queue has
/// room.
///
/// # Safety
/// As connect(2).
unsafe fn connect(of: Fd, fd: c_int, args: [usize; 6]) -> Answer {
    let [_, addr, len, ..] = args;
    // SAFETY: the caller's arguments.
    let family = unsafe {
        (addr != 0 && len >= size_of::<u16>())
            .then(|| c_int::from((addr as *const u16).read_unaligned()))
    };
    if of.is_nonblocking() || !matches!(family, Some(AF_INET | AF_INET6)) {
        // SAFETY: the caller's arguments.
        return unsafe { keep_thread(__NR_connect, args) };
    }
    set_nonblocking(fd, true);
    // SAFETY: the caller's arguments.
    let begun = unsafe { plain(__NR_connect, args) };
    set_nonblocking(fd, false);
    if begun != Err(Errno(EINPROGRESS)) {
        return begun;
    }
    match of.until_polled(Dir::Write, Some(Timeout::Send), || true) {
        Ok(true) => {}
        Ok(false) => of.keep_thread_until(Dir::Write)?,
        Err(Errno(EAGAIN)) => return Err(Errno(EINPROGRESS)),
        Err(errno) => return Err(errno),
    }
    connected(fd)
}

/// What became of a connection that has been begun.
fn connected(fd: c_int) -> Answer {
    const SO_ERROR: usize = 4;
    // SAFETY: a number.
    let error = unsafe { socket_option(fd, SO_ERROR, 0_u32) }?;
    if error == 0 { Ok(0) } else { Err(Errno(error)) }
}

fn set_nonblocking(fd: c_int, on: bool) {
    const FIONBIO: usize = 0x5421;
    let on = c_int::from(on);
    let args = [word(fd), FIONBIO, &raw const on as usize, 0, 0, 0];
    // SAFETY: the kernel reads our variable. It fails only for what is no descriptor, and then the call that follows says so.
    _ = unsafe { plain(__NR_ioctl, args) };
}
