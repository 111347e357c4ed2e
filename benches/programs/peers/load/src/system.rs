//! What std does not offer: CPUs, limits, clocks of other processes, epoll.

use std::io;
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

/// How long answers may take that must come.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// For a wait that is repeated.
pub const SHORTLY: Duration = Duration::from_millis(1);

/// The result of a system call.
pub fn checked(result: i32) -> io::Result<i32> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// The first and the last CPU of those that this process may run on.
pub fn first_and_last_cpu() -> (usize, usize) {
    // SAFETY: zero bytes are an empty set; the system fills it.
    let ours = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        checked(libc::sched_getaffinity(0, size_of_val(&set), &raw mut set)).expect("our CPUs");
        set
    };
    // SAFETY: looks at bits of the set.
    let is_ours = |cpu: &usize| unsafe { libc::CPU_ISSET(*cpu, &ours) };
    let mut cpus = (0..libc::CPU_SETSIZE as usize).filter(is_ours);
    let first = cpus.next().expect("a CPU");
    (first, cpus.next_back().unwrap_or(first))
}

/// The calling thread, and what it starts, runs on this CPU only.
pub fn run_on(cpu: usize) -> io::Result<()> {
    // SAFETY: zero bytes are an empty set; the number is below the set's size.
    checked(unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set)
    })
    .map(drop)
}

/// So many open files, for this process and the server.
pub fn allow_files(count: usize) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the structure is ours.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) }).expect("a limit");
    assert!(
        limit.rlim_max >= count as u64,
        "{count} files are needed and {} allowed: raise the limit (`ulimit -Hn`)",
        limit.rlim_max
    );
    limit.rlim_cur = limit.rlim_max.min(limit.rlim_cur.max(count as u64));
    // SAFETY: as above.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }).expect("files");
}

/// How long all threads of a process have run, those included that have ended.
pub fn cpu_time(process: u32) -> Duration {
    let mut clock = 0;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: both are ours to be written to.
    let result = unsafe {
        match libc::clock_getcpuclockid(process as i32, &raw mut clock) {
            0 => libc::clock_gettime(clock, &raw mut time),
            _ => -1,
        }
    };
    checked(result).expect("the clock of the server, which has not ended");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A client whose address is this one of the loopback device's.
pub fn connect_from(source: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    let address = |ip: Ipv4Addr, port: u16| libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(ip).to_be(),
        },
        sin_zero: [0; 8],
    };
    let (from, to) = (address(source, 0), address(Ipv4Addr::LOCALHOST, port));
    let length = size_of_val(&from) as u32;
    let late: i32 = 1;
    // SAFETY: a new descriptor, whose only owner is what is made of it.
    let stream = unsafe {
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC;
        TcpStream::from_raw_fd(checked(libc::socket(libc::AF_INET, kind, 0))?)
    };
    let fd = stream.as_raw_fd();
    // SAFETY: the option and the addresses are ours, and as long as is said.
    unsafe {
        let option = libc::IP_BIND_ADDRESS_NO_PORT;
        let late = (&raw const late).cast();
        checked(libc::setsockopt(fd, libc::IPPROTO_IP, option, late, 4))?;
        checked(libc::bind(fd, (&raw const from).cast(), length))?;
        checked(libc::connect(fd, (&raw const to).cast(), length))?;
    }
    Ok(stream)
}

/// Sockets that are watched for something to read, each with a number.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Poller {
    /// That many are told of at once.
    const EVENTS: usize = 512;

    pub fn new() -> Self {
        // SAFETY: a new descriptor, whose only owner is what is made of it.
        let epoll = unsafe {
            OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC)).expect("epoll"))
        };
        Self {
            epoll,
            events: vec![libc::epoll_event { events: 0, u64: 0 }; Self::EVENTS],
        }
    }

    /// Tells of a socket under this number each time that something arrives, until it is closed.
    pub fn watch(&self, stream: &TcpStream, number: usize) {
        let mut event = libc::epoll_event {
            events: (libc::EPOLLIN | libc::EPOLLET) as u32,
            u64: number as u64,
        };
        let (epoll, stream) = (self.epoll.as_raw_fd(), stream.as_raw_fd());
        // SAFETY: both descriptors are open, and the event is ours.
        checked(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, stream, &raw mut event) })
            .expect("watch a client");
    }

    /// The numbers of those at which something has arrived, after so long at most.
    pub fn wait(&mut self, longest: Duration) -> impl Iterator<Item = usize> {
        let longest = libc::timespec {
            tv_sec: longest.as_secs() as i64,
            tv_nsec: i64::from(longest.subsec_nanos()),
        };
        // SAFETY: there is room for so many events; without a mask its size means nothing.
        let count = checked(unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                Self::EVENTS,
                &raw const longest,
                std::ptr::null::<libc::sigset_t>(),
                0_usize,
            ) as i32
        });
        let count = count.expect("events") as usize;
        self.events[..count].iter().map(|event| event.u64 as usize)
    }
}

/// Sleeps end when they should and not up to 50 µs later.
pub fn wake_in_time() {
    // SAFETY: a number for the calling thread.
    checked(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_u64, 0, 0, 0) }).expect("timer slack");
}
