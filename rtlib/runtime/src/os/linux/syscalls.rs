//! The system call that a thread is in, as proc(5) tells it, and the names of those that may last.

use core::fmt;

use super::sys::*;

/// A system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub nr: u32,
    /// Its arguments.
    pub args: [usize; 6],
}

impl Call {
    /// Reads `/proc/<pid>/syscall`: the call's number, decimal, its arguments, and what does not matter here. It is `running` for a thread that does not sleep, and begins with -1 for one that sleeps elsewhere.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|&b| b == b' ');
        let nr = str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let mut args = [0; 6];
        for arg in &mut args {
            let digits = str::from_utf8(fields.next()?).ok()?.strip_prefix("0x")?;
            *arg = usize::from_str_radix(digits, 16).ok()?;
        }
        Some(Self { nr, args })
    }

    /// Whether it is a wait for a futex of this process, without a deadline: only another thread of it can end it.
    pub fn waits_for_another(&self) -> bool {
        const COMMAND: usize = 0x7f;
        let [_word, op, _value, deadline, ..] = self.args;
        let waits = [FUTEX_WAIT, FUTEX_WAIT_BITSET].contains(&((op & COMMAND) as u32));
        self.nr == __NR_futex && waits && op & FUTEX_PRIVATE_FLAG as usize != 0 && deadline == 0
    }
}

/// The name, and the descriptor if the first argument is one: `flock(fd 7)`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |names: &[(u32, &'static str)]| {
            let found = names.iter().find(|(nr, _)| *nr == self.nr);
            found.map(|(_, name)| name.trim_start_matches("__NR_"))
        };
        if let Some(name) = named(&ON_DESCRIPTORS) {
            write!(f, "{name}(fd {})", self.args[0] as i32)
        } else if let Some(name) = named(&OTHERS) {
            f.write_str(name)
        } else {
            write!(f, "system call {}", self.nr)
        }
    }
}

macro_rules! names {
    ($($nr:ident)*) => { [$(($nr, stringify!($nr))),*] };
}

/// Calls whose first argument is a descriptor.
static ON_DESCRIPTORS: [(u32, &str); 36] = names! {
    __NR_read __NR_write __NR_readv __NR_writev __NR_pread64 __NR_pwrite64 __NR_preadv __NR_pwritev
    __NR_preadv2 __NR_pwritev2 __NR_ioctl __NR_fcntl __NR_flock __NR_fsync __NR_fdatasync
    __NR_ftruncate __NR_fallocate __NR_getdents64 __NR_syncfs __NR_sendfile __NR_splice
    __NR_copy_file_range __NR_accept __NR_accept4 __NR_connect __NR_recvfrom __NR_recvmsg
    __NR_recvmmsg __NR_sendto __NR_sendmsg __NR_sendmmsg __NR_epoll_wait __NR_epoll_pwait
    __NR_epoll_pwait2 __NR_io_uring_enter __NR_close
};

/// Other calls.
static OTHERS: [(u32, &str); 26] = names! {
    __NR_futex __NR_futex_waitv __NR_nanosleep __NR_clock_nanosleep __NR_poll __NR_ppoll __NR_select
    __NR_pselect6 __NR_pause __NR_rt_sigsuspend __NR_rt_sigtimedwait __NR_wait4 __NR_waitid
    __NR_semop __NR_semtimedop __NR_msgsnd __NR_msgrcv __NR_mq_timedsend __NR_mq_timedreceive
    __NR_openat __NR_statx __NR_unlinkat __NR_renameat2 __NR_sync __NR_getrandom __NR_io_getevents
};

#[cfg(all(test, not(loom)))]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_a_call() {
        let line = b"73 0x7 0x2 0x0 0x0 0x0 0x5 0x7ffd 0x7f00\n";
        let call = Call::parse(line).expect("a call");
        assert_eq!(call.nr, 73);
        assert_eq!(call.args, [7, 2, 0, 0, 0, 5]);
        for line in [
            &b"running\n"[..],
            b"-1 0x7ffd 0x7f00\n",
            b"73 0x7\n",
            b"",
            b"73 7 2 0 0 0 5",
        ] {
            assert_eq!(Call::parse(line), None);
        }
    }

    #[test]
    fn calls_have_names_and_descriptors() {
        let call = |nr, first| {
            Call {
                nr,
                args: [first, 0, 0, 0, 0, 0],
            }
            .to_string()
        };
        assert_eq!(call(__NR_flock, 7), "flock(fd 7)");
        assert_eq!(call(__NR_wait4, 7), "wait4");
        assert_eq!(call(9999, 7), "system call 9999");
    }

    #[test]
    fn only_a_private_wait_without_a_deadline_is_for_another() {
        let wait = |op: u32, deadline| {
            let args = [1, op as usize, 0, deadline, 0, 0];
            Call {
                nr: __NR_futex,
                args,
            }
            .waits_for_another()
        };
        assert!(wait(FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0));
        assert!(wait(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0));
        assert!(!wait(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 1));
        assert!(!wait(FUTEX_WAIT, 0));
        assert!(!wait(FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0));
    }
}
