//! What it costs that calls of libc come to the runtime first: the difference between a call and the same one past the wrapper, by the name that the linker
//! has for that. On the main goroutine (`recv`), and on a thread of the kernel (`thread_recv`, `thread_read`, `thread_syscall`); in ns.
//!
//! The calls return at once. Either side makes a thousand calls, then the other one; the least of many such times is what nothing has disturbed.

use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::time::Instant;

const CALLS: u32 = 1000;
/// Of the system, on x86-64.
const SYS_GETPPID: c_long = 110;

unsafe extern "C" {
    fn recv(fd: c_int, to: *mut c_void, length: usize, flags: c_int) -> isize;
    fn __real_recv(fd: c_int, to: *mut c_void, length: usize, flags: c_int) -> isize;
    fn read(fd: c_int, to: *mut c_void, length: usize) -> isize;
    fn __real_read(fd: c_int, to: *mut c_void, length: usize) -> isize;
    fn syscall(number: c_long, ...) -> c_long;
    fn __real_syscall(number: c_long, ...) -> c_long;
}

fn main() {
    let turns = bench_report::size();
    println!("recv {:.2}", of_recv(turns));
    let thread = std::thread::spawn(move || (of_recv(turns), of_read(turns), of_syscall(turns)));
    let (recv, read, syscall) = thread.join().expect("a thread that does not panic");
    println!("thread_recv {recv:.2}\nthread_read {read:.2}\nthread_syscall {syscall:.2}");
}

/// A byte of many that are there.
fn of_recv(turns: u64) -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let mut other = TcpStream::connect(address).expect("connect");
    let (socket, _) = listener.accept().expect("a client");
    let fd = socket.as_raw_fd();
    let mut byte = 0_u8;
    let to = (&raw mut byte).cast();
    let refill = || {
        other
            .write_all(&[7; 2 * CALLS as usize])
            .expect("there is room");
    };
    difference(
        turns,
        refill,
        // SAFETY: the socket is open, and there is room for a byte.
        || assert_eq!(unsafe { recv(fd, to, 1, 0) }, 1),
        // SAFETY: as above.
        || assert_eq!(unsafe { __real_recv(fd, to, 1, 0) }, 1),
    )
}

/// Nothing, of a file that has no end.
fn of_read(turns: u64) -> f64 {
    let zeros = File::open("/dev/zero").expect("/dev/zero");
    let fd = zeros.as_raw_fd();
    let mut byte = 0_u8;
    let to = (&raw mut byte).cast();
    difference(
        turns,
        || (),
        // SAFETY: the file is open, and there is room for a byte.
        || assert_eq!(unsafe { read(fd, to, 1) }, 1),
        // SAFETY: as above.
        || assert_eq!(unsafe { __real_read(fd, to, 1) }, 1),
    )
}

/// A number that the kernel has at hand.
fn of_syscall(turns: u64) -> f64 {
    difference(
        turns,
        || (),
        // SAFETY: asks for a number.
        || _ = black_box(unsafe { syscall(SYS_GETPPID) }),
        // SAFETY: as above.
        || _ = black_box(unsafe { __real_syscall(SYS_GETPPID) }),
    )
}

/// How much longer a call takes than a bare one, ns. `refill` is called before the calls of both sides, one of which has the first turn as often as the other.
fn difference(
    turns: u64,
    mut refill: impl FnMut(),
    mut call: impl FnMut(),
    mut bare: impl FnMut(),
) -> f64 {
    let (mut least_call, mut least_bare) = (f64::INFINITY, f64::INFINITY);
    for turn in 0..turns {
        refill();
        if turn % 2 == 0 {
            least_call = least_call.min(time(&mut call));
            least_bare = least_bare.min(time(&mut bare));
        } else {
            least_bare = least_bare.min(time(&mut bare));
            least_call = least_call.min(time(&mut call));
        }
    }
    least_call - least_bare
}

/// For one of [`CALLS`], ns.
fn time(call: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    start.elapsed().as_nanos() as f64 / f64::from(CALLS)
}
