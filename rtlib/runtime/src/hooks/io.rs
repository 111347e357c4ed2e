//! How a call on a descriptor waits: it is tried without blocking, and if it would block its goroutine is parked until the poller has an event of the descriptor (`netpoll`).
//!
//! No descriptor is made non-blocking: others use it as well, and would see that. A user who has made it so gets `EAGAIN`. A call that can be neither tried nor waited for is made as it is, while
//! the goroutine's P is free for others ([`keep_thread`]).

use core::ffi::c_int;

use crate::os::linux::sys::{
    __NR_fcntl, __NR_fstat, __NR_getsockopt, __NR_poll, F_GETFL, O_NONBLOCK, POLLIN, POLLOUT,
    S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, pollfd, stat,
};
use crate::os::linux::sys::{EAGAIN, EBADF, EINPROGRESS, EINTR, ENOTSOCK, EOPNOTSUPP};
use crate::os::linux::sys::{SO_ACCEPTCONN, SO_RCVLOWAT};

use super::{SECOND, Timespec, kill, may_park, set_errno};
use crate::godebug::Family;
use crate::netpoll::{self, Desc, Dir, Kind, Waited};
use crate::os::linux::syscalls::Call;
use crate::os::linux::{Errno, call, nanotime};
use crate::sched::slow::What;
use crate::sched::syscall::{without_p, without_p_at_once};

/// What a call gives: its result, or an errno.
pub type Answer = Result<usize, Errno>;

/// As libc's functions say it.
pub fn said(answer: Answer) -> isize {
    match answer {
        Ok(result) => result as isize,
        Err(Errno(errno)) => {
            set_errno(errno);
            -1
        }
    }
}

/// As [`said`], for functions that return an `int`.
pub fn said_int(answer: Answer) -> c_int {
    said(answer) as c_int
}

/// The system call, as the caller's thread makes it.
///
/// # Safety
/// As the system call is.
pub unsafe fn plain(nr: u32, args: [usize; 6]) -> Answer {
    // SAFETY: the caller vouches.
    unsafe { call(nr, args) }
}

/// getsockopt(2) of the level `SOL_SOCKET`. `value` is what the kernel writes over.
///
/// # Safety
/// The option is a `T`, which has no other bytes than the kernel may write.
pub unsafe fn socket_option<T>(fd: c_int, name: usize, mut value: T) -> Result<T, Errno> {
    let mut len = size_of::<T>();
    let args = [
        word(fd),
        SOL_SOCKET,
        name,
        &raw mut value as usize,
        &raw mut len as usize,
        0,
    ];
    // SAFETY: the kernel writes to our variables; the caller vouches for the type.
    unsafe { call(__NR_getsockopt, args) }.map(|_| value)
}

/// The system call, which may block, on a goroutine: its P is free for others meanwhile.
///
/// # Safety
/// As the system call is.
pub unsafe fn keep_thread(nr: u32, args: [usize; 6]) -> Answer {
    // SAFETY: the caller vouches.
    without_p(What::Call(Call { nr, args }), || unsafe { call(nr, args) })
}

/// As [`keep_thread`], for a call that may last without end: others have the P at once.
///
/// # Safety
/// As the system call is.
pub unsafe fn block(nr: u32, args: [usize; 6]) -> Answer {
    // SAFETY: the caller vouches.
    without_p_at_once(What::Call(Call { nr, args }), || unsafe { call(nr, args) })
}

/// The system call, which waits for a disk at most: on a goroutine as [`keep_thread`], else as [`plain`].
///
/// # Safety
/// As the system call is.
pub unsafe fn passing(nr: u32, args: [usize; 6]) -> Answer {
    // SAFETY: the caller vouches.
    unsafe {
        if may_park(Family::Net) {
            keep_thread(nr, args)
        } else {
            plain(nr, args)
        }
    }
}

/// The system call, which may last without end: on a goroutine as [`block`], else as [`plain`].
///
/// # Safety
/// As the system call is.
pub unsafe fn lasting(nr: u32, args: [usize; 6]) -> Answer {
    // SAFETY: the caller vouches.
    unsafe {
        if may_park(Family::Net) {
            block(nr, args)
        } else {
            plain(nr, args)
        }
    }
}

/// A descriptor that a goroutine uses, from the first try of a call on.
#[derive(Clone, Copy)]
pub struct Fd {
    fd: c_int,
    desc: &'static Desc,
    generation: u32,
}

/// What to do when a try would have blocked.
enum Next {
    Again,
    /// Nobody can wait for it: make the call as it is.
    Plainly,
}

impl Fd {
    /// None if its number is beyond what the poller serves.
    pub fn new(fd: c_int) -> Option<Self> {
        let desc = netpoll::desc(fd)?;
        Some(Self {
            fd,
            desc,
            generation: desc.generation(),
        })
    }

    /// Tries until it does not block; `plainly` is the same call for descriptors that cannot be waited for. `timeout` is the socket's own limit for this direction.
    pub fn until_done(
        self,
        dir: Dir,
        timeout: Option<Timeout>,
        attempt: impl FnMut() -> Answer,
        plainly: impl FnOnce() -> Answer,
    ) -> Answer {
        self.until_tried(dir, timeout, &mut None, attempt, plainly)
    }

    /// As [`Fd::until_done`], for a read of so many bytes. Where the last read of a stream has left nothing, and nothing has come since, it is not tried before it has waited.
    pub fn until_read(
        self,
        len: usize,
        mut attempt: impl FnMut() -> Answer,
        plainly: impl FnOnce() -> Answer,
    ) -> Answer {
        let (dir, timeout) = (Dir::Read, Some(Timeout::Receive));
        if !self.desc.is_stream() {
            return self.until_done(dir, timeout, attempt, plainly);
        }
        let mut deadline = None;
        if let Some(seen) = netpoll::empty_since(self.desc) {
            match self.wait(dir, seen, timeout, &mut deadline) {
                Ok(Next::Again) => {}
                Ok(Next::Plainly) => return plainly(),
                // Its user has made it non-blocking, or the time is over: the try tells whether there is something that no event has told of yet.
                Err(Errno(EAGAIN)) => {}
                Err(errno) => return Err(errno),
            }
        }
        let edges = &self.desc.edges;
        let read = || {
            let seen = edges.seen(dir);
            let answer = attempt();
            if answer.is_ok_and(|got| got != 0 && got < len) {
                edges.emptied(seen);
            }
            answer
        };
        self.until_tried(dir, timeout, &mut deadline, read, plainly)
    }

    /// As [`Fd::until_done`], for what is sent.
    ///
    /// Who sends to a local socket may have to wait for room in the receiver's queue. A try that finds none makes an event of its own, by the buffer that it gives back: tried again at each event it would
    /// keep a processor busy. So poll(2) is asked first. It does not know of the receivers to whom a socket is not connected; when it tells of room where a try finds none, the thread waits.
    pub fn until_sent(
        self,
        mut attempt: impl FnMut() -> Answer,
        plainly: impl Fn() -> Answer,
    ) -> Answer {
        let (dir, timeout) = (Dir::Write, Some(Timeout::Send));
        let answer = if self.desc.is_stream() {
            self.until_done(dir, timeout, attempt, &plainly)
        } else {
            let mut deadline = None;
            let mut was_ready = false;
            'tries: loop {
                let shutdowns = netpoll::shutdowns();
                match attempt() {
                    Err(Errno(EAGAIN)) => {}
                    Err(Errno(EINTR)) => continue,
                    done => break done,
                }
                let _sender = netpoll::Sender::new(self.fd);
                loop {
                    let seen = self.desc.edges.seen(dir);
                    if self.is_ready(dir)? {
                        break;
                    }
                    was_ready = false;
                    // A shutdown that poll(2) does not tell of.
                    if netpoll::shutdowns() != shutdowns {
                        continue 'tries;
                    }
                    match self.wait(dir, seen, timeout, &mut deadline)? {
                        Next::Again => {}
                        Next::Plainly => return plainly(),
                    }
                }
                if was_ready {
                    return plainly();
                }
                was_ready = true;
            }
        };
        match answer {
            // The connection is made with the first bytes that are sent (`TCP_FASTOPEN_CONNECT`).
            Err(Errno(EINPROGRESS)) => plainly(),
            answer => answer,
        }
    }

    fn until_tried(
        self,
        dir: Dir,
        timeout: Option<Timeout>,
        deadline: &mut Option<u64>,
        mut attempt: impl FnMut() -> Answer,
        plainly: impl FnOnce() -> Answer,
    ) -> Answer {
        loop {
            let seen = self.desc.edges.seen(dir);
            match attempt() {
                Err(Errno(EAGAIN)) => {}
                Err(Errno(EINTR)) => continue,
                done => return done,
            }
            match self.wait(dir, seen, timeout, deadline)? {
                Next::Again => {}
                Next::Plainly => return plainly(),
            }
        }
    }

    /// Waits behind a try that would have blocked.
    fn wait(
        self,
        dir: Dir,
        seen: u32,
        timeout: Option<Timeout>,
        deadline: &mut Option<u64>,
    ) -> Result<Next, Errno> {
        let until = match *deadline {
            Some(until) => until,
            None => {
                if self.is_nonblocking() {
                    return Err(Errno(EAGAIN));
                }
                let limit = timeout.and_then(|timeout| self.limit(timeout));
                let until = limit.map_or(u64::MAX, |ns| nanotime().saturating_add(ns));
                *deadline.insert(until)
            }
        };
        self.wait_until(dir, seen, until)
    }

    fn wait_until(self, dir: Dir, seen: u32, until: u64) -> Result<Next, Errno> {
        let waited = netpoll::wait(self.fd, self.desc, self.generation, dir, seen, until);
        if kill::interrupts() {
            return Err(Errno(EINTR));
        }
        match waited {
            Waited::Ready => Ok(Next::Again),
            Waited::TooLate => Err(Errno(EAGAIN)),
            Waited::Closed => Err(Errno(EBADF)),
            Waited::Unpollable => Ok(Next::Plainly),
        }
    }

    /// Whether its user has made it so.
    pub fn is_nonblocking(self) -> bool {
        // SAFETY: no memory is involved.
        let flags = unsafe { call(__NR_fcntl, [self.fd as usize, F_GETFL as usize, 0, 0, 0, 0]) };
        flags.is_ok_and(|flags| flags as u32 & O_NONBLOCK != 0)
    }

    /// The limit that `SO_RCVTIMEO` or `SO_SNDTIMEO` sets, in ns.
    fn limit(self, timeout: Timeout) -> Option<u64> {
        if !netpoll::may_have_timeouts(self.desc) {
            return None;
        }
        let none = Timespec { sec: 0, nsec: 0 };
        // SAFETY: a struct timeval is two words.
        let value = unsafe { socket_option(self.fd, timeout as usize, none) }.ok()?;
        let us = (value.sec as u64)
            .saturating_mul(SECOND / 1000)
            .saturating_add(value.nsec as u64);
        (us != 0).then(|| us.saturating_mul(1000))
    }

    /// Whether it is a socket at which connections arrive.
    pub fn is_listening(self) -> bool {
        self.option(SO_ACCEPTCONN as usize) == Some(1)
    }

    /// Whether a read of a socket waits until there are several bytes (`SO_RCVLOWAT`).
    pub fn has_low_water(self) -> bool {
        netpoll::may_have_low_water()
            && self
                .option(SO_RCVLOWAT as usize)
                .is_some_and(|least| least > 1)
    }

    /// A number among the options of a socket.
    fn option(self, name: usize) -> Option<c_int> {
        // SAFETY: those that are asked for are numbers.
        unsafe { socket_option(self.fd, name, 0) }.ok()
    }

    /// Whether poll(2) tells of something now: of what is wanted, of an error, or that nothing will ever come.
    pub fn is_ready(self, dir: Dir) -> Result<bool, Errno> {
        let mut one = poll_for(self.fd, dir);
        // SAFETY: the kernel writes to our variable.
        unsafe { call(__NR_poll, [&raw mut one as usize, 1, 0, 0, 0, 0]) }.map(|ready| ready != 0)
    }

    /// The thread waits until poll(2) tells of something.
    pub fn keep_thread_until(self, dir: Dir) -> Result<(), Errno> {
        let mut one = poll_for(self.fd, dir);
        // SAFETY: the kernel writes to our variable.
        unsafe { block(__NR_poll, [&raw mut one as usize, 1, usize::MAX, 0, 0, 0]) }.map(drop)
    }

    /// The right to take a connection: one goroutine has it at a time.
    pub fn accept_alone(self) -> netpoll::Accepting {
        netpoll::accepting(self.fd, self.desc)
    }

    /// Waits until poll(2) tells of something, within the limit that the descriptor's user has set. `waits` says whether the call that follows would wait as well, asked before the first wait: an error, for
    /// one, is no event. False: there is nothing to wait for, or it cannot be waited for.
    pub fn until_polled(
        self,
        dir: Dir,
        timeout: Option<Timeout>,
        waits: impl Fn() -> bool,
    ) -> Result<bool, Errno> {
        let mut deadline = None;
        loop {
            let seen = self.desc.edges.seen(dir);
            if self.is_ready(dir)? {
                return Ok(true);
            }
            if deadline.is_none() && !waits() {
                return Ok(false);
            }
            if let Next::Plainly = self.wait(dir, seen, timeout, &mut deadline)? {
                return Ok(false);
            }
        }
    }

    /// Waits for an event until a moment, without regard to what the descriptor's user has set. `seen` was read before the last try. False: it cannot be waited for.
    pub fn until_event(self, dir: Dir, seen: u32, until: u64) -> Result<bool, Errno> {
        let next = self.wait_until(dir, seen, until)?;
        Ok(matches!(next, Next::Again))
    }

    /// See [`netpoll`].
    pub fn seen(self, dir: Dir) -> u32 {
        self.desc.edges.seen(dir)
    }

    /// Whether it is a TCP socket, as far as the runtime has seen it being made.
    pub fn is_stream(self) -> bool {
        self.desc.is_stream()
    }

    /// Which calls to try, looked up when nothing is known.
    pub fn kind(self) -> Kind {
        match self.desc.kind() {
            Kind::Unknown => self.look(),
            kind => kind,
        }
    }

    /// Looks which calls can be tried.
    fn look(self) -> Kind {
        // SAFETY: zero bytes are a struct stat.
        let mut about: stat = unsafe { core::mem::zeroed() };
        // SAFETY: the kernel writes to our variable.
        let known = unsafe {
            call(
                __NR_fstat,
                [self.fd as usize, &raw mut about as usize, 0, 0, 0, 0],
            )
        };
        if known.is_err() {
            return Kind::File; // the plain call says why
        }
        let kind = match about.st_mode & S_IFMT {
            S_IFSOCK => Kind::Socket,
            S_IFREG | S_IFDIR | S_IFBLK => Kind::File,
            S_IFCHR => Kind::PollFirst,
            S_IFIFO => Kind::Nowait,
            _ => Kind::Nowait, // eventfd, timerfd and their like have no type
        };
        self.desc.set_kind(self.generation, kind);
        kind
    }

    /// What a try as this kind shows that ended with this errno: another kind than was assumed. What the descriptor is taken for now does not matter: of several that try at once, another may have found out.
    pub fn is_no_longer(self, tried: Kind, errno: u32) -> Option<Kind> {
        let kind = match (tried, errno) {
            (Kind::Socket, ENOTSOCK) => self.look(),
            (Kind::Nowait, EOPNOTSUPP) => Kind::PollFirst,
            _ => return None,
        };
        self.desc.set_kind(self.generation, kind);
        Some(kind)
    }
}

/// Which of a socket's limits counts.
#[derive(Clone, Copy)]
pub enum Timeout {
    /// `SO_RCVTIMEO`.
    Receive = 20,
    /// `SO_SNDTIMEO`.
    Send = 21,
}

/// setsockopt(2).
pub const SOL_SOCKET: usize = 1;

/// For poll(2), about one descriptor.
fn poll_for(fd: c_int, dir: Dir) -> pollfd {
    let events = match dir {
        Dir::Read => POLLIN,
        Dir::Write => POLLOUT,
        Dir::Any => POLLIN | POLLOUT,
    };
    pollfd {
        fd,
        events: events as i16,
        revents: 0,
    }
}

/// A number that C passes as a `long` or `int` where the kernel takes a word.
pub fn word(number: c_int) -> usize {
    number as isize as usize
}
