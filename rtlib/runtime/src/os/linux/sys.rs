//! Numbers and layouts of the kernel's interface on x86-64, under the kernel's names.
//!
//! They are written out here and not taken from a crate, so that the runtime has no dependency outside of this repository and the build of
//! `cargo-gobuild` compiles it with two calls of rustc. The tests here hold every line against linux-raw-sys.
#![allow(
    dead_code,
    reason = "some are used with the feature `faults` only, and the tests are compiled without the rest"
)]
#![allow(non_upper_case_globals, reason = "the kernel's names")]

/// Defines constants, and a test that the module of linux-raw-sys has the same.
macro_rules! constants {
    ($module:ident { $($name:ident: $type:ty = $value:expr;)* }) => {
        $(
            #[doc = concat!("`", stringify!($name), "` of the kernel's headers.")]
            pub const $name: $type = $value;
        )*

        #[cfg(all(test, not(loom)))]
        mod $module {
            #[test]
            fn numbers_are_those_of_the_headers() {
                $(assert_eq!(super::$name, linux_raw_sys::$module::$name, stringify!($name));)*
            }
        }
    };
}

/// Defines structures, and a test that linux-raw-sys has the same layouts.
macro_rules! structures {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[allow(non_camel_case_types, reason = "the kernel's names")]
            #[derive(Clone, Copy, Debug)]
            #[repr(C)]
            pub struct $name {
                $(
                    #[doc = concat!("`", stringify!($field), "` of the kernel's headers.")]
                    pub $field: $type,
                )*
            }
        )*

        #[cfg(all(test, not(loom)))]
        #[test]
        fn layouts_are_those_of_the_headers() {
            use core::mem::{align_of, offset_of, size_of};
            use linux_raw_sys::general as theirs;
            $(
                assert_eq!(size_of::<$name>(), size_of::<theirs::$name>());
                assert_eq!(align_of::<$name>(), align_of::<theirs::$name>());
                $(assert_eq!(offset_of!($name, $field), offset_of!(theirs::$name, $field));)*
            )*
        }
    };
}

constants!(general {
    __NR_read: u32 = 0;
    __NR_write: u32 = 1;
    __NR_close: u32 = 3;
    __NR_close_range: u32 = 436;
    __NR_fstat: u32 = 5;
    __NR_poll: u32 = 7;
    __NR_lseek: u32 = 8;
    __NR_mmap: u32 = 9;
    __NR_mprotect: u32 = 10;
    __NR_munmap: u32 = 11;
    __NR_rt_sigprocmask: u32 = 14;
    __NR_ioctl: u32 = 16;
    __NR_pread64: u32 = 17;
    __NR_pwrite64: u32 = 18;
    __NR_readv: u32 = 19;
    __NR_writev: u32 = 20;
    __NR_select: u32 = 23;
    __NR_sched_yield: u32 = 24;
    __NR_mincore: u32 = 27;
    __NR_madvise: u32 = 28;
    __NR_dup: u32 = 32;
    __NR_dup2: u32 = 33;
    __NR_pipe2: u32 = 293;
    __NR_socketpair: u32 = 53;
    __NR_pause: u32 = 34;
    __NR_nanosleep: u32 = 35;
    __NR_getpid: u32 = 39;
    __NR_sendfile: u32 = 40;
    __NR_socket: u32 = 41;
    __NR_connect: u32 = 42;
    __NR_accept: u32 = 43;
    __NR_sendto: u32 = 44;
    __NR_recvfrom: u32 = 45;
    __NR_sendmsg: u32 = 46;
    __NR_recvmsg: u32 = 47;
    __NR_shutdown: u32 = 48;
    __NR_listen: u32 = 50;
    __NR_getsockname: u32 = 51;
    __NR_setsockopt: u32 = 54;
    __NR_getsockopt: u32 = 55;
    __NR_clone: u32 = 56;
    __NR_wait4: u32 = 61;
    __NR_uname: u32 = 63;
    __NR_semop: u32 = 65;
    __NR_msgsnd: u32 = 69;
    __NR_msgrcv: u32 = 70;
    __NR_fcntl: u32 = 72;
    __NR_flock: u32 = 73;
    __NR_fsync: u32 = 74;
    __NR_fdatasync: u32 = 75;
    __NR_ftruncate: u32 = 77;
    __NR_ptrace: u32 = 101;
    __NR_setuid: u32 = 105;
    __NR_setgid: u32 = 106;
    __NR_getpgrp: u32 = 111;
    __NR_setreuid: u32 = 113;
    __NR_setregid: u32 = 114;
    __NR_setgroups: u32 = 116;
    __NR_setresuid: u32 = 117;
    __NR_setresgid: u32 = 119;
    __NR_setfsuid: u32 = 122;
    __NR_setfsgid: u32 = 123;
    __NR_capget: u32 = 125;
    __NR_capset: u32 = 126;
    __NR_rt_sigtimedwait: u32 = 128;
    __NR_rt_sigsuspend: u32 = 130;
    __NR_sigaltstack: u32 = 131;
    __NR_personality: u32 = 135;
    __NR_getpriority: u32 = 140;
    __NR_setpriority: u32 = 141;
    __NR_sched_setparam: u32 = 142;
    __NR_sched_getparam: u32 = 143;
    __NR_sched_setscheduler: u32 = 144;
    __NR_sched_getscheduler: u32 = 145;
    __NR_sched_rr_get_interval: u32 = 148;
    __NR_prctl: u32 = 157;
    __NR_arch_prctl: u32 = 158;
    __NR_sync: u32 = 162;
    __NR_iopl: u32 = 172;
    __NR_ioperm: u32 = 173;
    __NR_gettid: u32 = 186;
    __NR_tkill: u32 = 200;
    __NR_futex: u32 = 202;
    __NR_sched_setaffinity: u32 = 203;
    __NR_sched_getaffinity: u32 = 204;
    __NR_io_getevents: u32 = 208;
    __NR_getdents64: u32 = 217;
    __NR_semtimedop: u32 = 220;
    __NR_timer_create: u32 = 222;
    __NR_clock_gettime: u32 = 228;
    __NR_clock_nanosleep: u32 = 230;
    __NR_exit_group: u32 = 231;
    __NR_epoll_wait: u32 = 232;
    __NR_epoll_ctl: u32 = 233;
    __NR_tgkill: u32 = 234;
    __NR_set_mempolicy: u32 = 238;
    __NR_mq_timedsend: u32 = 242;
    __NR_mq_timedreceive: u32 = 243;
    __NR_waitid: u32 = 247;
    __NR_add_key: u32 = 248;
    __NR_request_key: u32 = 249;
    __NR_keyctl: u32 = 250;
    __NR_ioprio_set: u32 = 251;
    __NR_ioprio_get: u32 = 252;
    __NR_openat: u32 = 257;
    __NR_unlinkat: u32 = 263;
    __NR_pselect6: u32 = 270;
    __NR_ppoll: u32 = 271;
    __NR_unshare: u32 = 272;
    __NR_splice: u32 = 275;
    __NR_epoll_pwait: u32 = 281;
    __NR_fallocate: u32 = 285;
    __NR_accept4: u32 = 288;
    __NR_eventfd2: u32 = 290;
    __NR_epoll_create1: u32 = 291;
    __NR_dup3: u32 = 292;
    __NR_preadv: u32 = 295;
    __NR_pwritev: u32 = 296;
    __NR_rt_tgsigqueueinfo: u32 = 297;
    __NR_perf_event_open: u32 = 298;
    __NR_recvmmsg: u32 = 299;
    __NR_prlimit64: u32 = 302;
    __NR_syncfs: u32 = 306;
    __NR_sendmmsg: u32 = 307;
    __NR_setns: u32 = 308;
    __NR_process_vm_readv: u32 = 310;
    __NR_sched_setattr: u32 = 314;
    __NR_sched_getattr: u32 = 315;
    __NR_renameat2: u32 = 316;
    __NR_seccomp: u32 = 317;
    __NR_getrandom: u32 = 318;
    __NR_membarrier: u32 = 324;
    __NR_copy_file_range: u32 = 326;
    __NR_preadv2: u32 = 327;
    __NR_pwritev2: u32 = 328;
    __NR_statx: u32 = 332;
    __NR_rseq: u32 = 334;
    __NR_io_uring_enter: u32 = 426;
    __NR_pidfd_open: u32 = 434;
    __NR_process_madvise: u32 = 440;
    __NR_epoll_pwait2: u32 = 441;
    __NR_landlock_restrict_self: u32 = 446;
    __NR_futex_waitv: u32 = 449;
    AT_FDCWD: i32 = -100;
    CLOCK_BOOTTIME: u32 = 7;
    CLOCK_MONOTONIC: u32 = 1;
    CLOCK_REALTIME: u32 = 0;
    CLOCK_TAI: u32 = 11;
    CLONE_FILES: u32 = 1024;
    CLONE_FS: u32 = 512;
    CLONE_SETTLS: u32 = 524_288;
    CLONE_SIGHAND: u32 = 2048;
    CLONE_SYSVSEM: u32 = 262_144;
    CLONE_THREAD: u32 = 65536;
    CLONE_VM: u32 = 256;
    EFD_CLOEXEC: u32 = 524_288;
    EFD_NONBLOCK: u32 = 2048;
    EPOLL_CLOEXEC: u32 = 524_288;
    EPOLL_CTL_ADD: u32 = 1;
    EPOLL_CTL_DEL: u32 = 2;
    EPOLL_CTL_MOD: u32 = 3;
    FUTEX_CLOCK_REALTIME: u32 = 256;
    FUTEX_CMP_REQUEUE: u32 = 4;
    FUTEX_PRIVATE_FLAG: u32 = 128;
    FUTEX_REQUEUE: u32 = 3;
    FUTEX_WAIT: u32 = 0;
    FUTEX_WAIT_BITSET: u32 = 9;
    FUTEX_WAKE: u32 = 1;
    FUTEX_WAKE_BITSET: u32 = 10;
    F_GETFD: u32 = 1;
    F_GETFL: u32 = 3;
    F_OFD_SETLK: u32 = 37;
    F_OFD_SETLKW: u32 = 38;
    F_SETFL: u32 = 4;
    F_DUPFD: u32 = 0;
    F_DUPFD_CLOEXEC: u32 = 1030;
    F_SETLK: u32 = 6;
    F_SETLKW: u32 = 7;
    LOCK_NB: u32 = 4;
    MADV_DODUMP: u32 = 17;
    MADV_DONTDUMP: u32 = 16;
    MADV_DONTNEED: u32 = 4;
    MADV_NOHUGEPAGE: u32 = 15;
    MAP_ANONYMOUS: u32 = 32;
    MAP_NORESERVE: u32 = 16384;
    MAP_PRIVATE: u32 = 2;
    O_CLOEXEC: u32 = 524_288;
    O_CREAT: u32 = 64;
    O_DIRECTORY: u32 = 65536;
    O_NONBLOCK: u32 = 2048;
    O_RDONLY: u32 = 0;
    O_RDWR: u32 = 2;
    O_TRUNC: u32 = 512;
    O_WRONLY: u32 = 1;
    P_PID: u32 = 1;
    P_PIDFD: u32 = 3;
    POLLIN: u32 = 1;
    POLLOUT: u32 = 4;
    PRIO_PROCESS: u32 = 0;
    PROT_NONE: u32 = 0;
    PROT_READ: u32 = 1;
    PROT_WRITE: u32 = 2;
    RLIMIT_STACK: u32 = 3;
    RWF_NOWAIT: u32 = 8;
    SIGEV_THREAD_ID: u32 = 4;
    SIG_BLOCK: u32 = 0;
    SIG_SETMASK: u32 = 2;
    SPLICE_F_NONBLOCK: u32 = 2;
    S_IFBLK: u32 = 24576;
    S_IFCHR: u32 = 8192;
    S_IFDIR: u32 = 16384;
    S_IFIFO: u32 = 4096;
    S_IFMT: u32 = 61440;
    S_IFREG: u32 = 32768;
    S_IFSOCK: u32 = 49152;
    SEEK_SET: u32 = 0;
    SEEK_END: u32 = 2;
    TIMER_ABSTIME: u32 = 1;
    WEXITED: u32 = 4;
    WNOHANG: u32 = 1;
    WNOWAIT: u32 = 16_777_216;
    __WALL: u32 = 1_073_741_824;
});

constants!(net {
    AF_INET: u32 = 2;
    AF_INET6: u32 = 10;
    AF_NETLINK: u32 = 16;
    AF_UNIX: u32 = 1;
    AF_UNSPEC: u32 = 0;
    MSG_DONTWAIT: u32 = 64;
    MSG_NOSIGNAL: u32 = 16384;
    SOCK_DGRAM: u32 = 2;
    SOCK_RAW: u32 = 3;
    SOCK_SEQPACKET: u32 = 5;
    SOCK_STREAM: u32 = 1;
    SOL_SOCKET: u32 = 1;
    SO_ERROR: u32 = 4;
    SO_RCVLOWAT: u32 = 18;
    SO_ACCEPTCONN: u32 = 30;
    SO_DOMAIN: u32 = 39;
});

constants!(ioctl {
    SIOCGIFINDEX: u32 = 0x8933;
    SIOCGIFNAME: u32 = 0x8910;
});

constants!(netlink {
    NETLINK_ROUTE: u32 = 0;
    NLMSG_DONE: u32 = 3;
    NLM_F_DUMP: u32 = 768;
    NLM_F_REQUEST: u32 = 1;
});

constants!(errno {
    EACCES: u32 = 13;
    EAGAIN: u32 = 11;
    EBADF: u32 = 9;
    EBUSY: u32 = 16;
    ECONNABORTED: u32 = 103;
    EDEADLK: u32 = 35;
    EEXIST: u32 = 17;
    EINPROGRESS: u32 = 115;
    EINTR: u32 = 4;
    EINVAL: u32 = 22;
    EMFILE: u32 = 24;
    ENFILE: u32 = 23;
    ENOBUFS: u32 = 105;
    ENOENT: u32 = 2;
    ENOMEM: u32 = 12;
    ENOSPC: u32 = 28;
    ENOSYS: u32 = 38;
    ENOTSOCK: u32 = 88;
    ERANGE: u32 = 34;
    ESRCH: u32 = 3;
    EOPNOTSUPP: u32 = 95;
    EPERM: u32 = 1;
    ETIMEDOUT: u32 = 110;
});

constants!(prctl {
    PR_CAPBSET_DROP: u32 = 24;
    PR_CAP_AMBIENT: u32 = 47;
    PR_GET_NAME: u32 = 16;
    PR_SET_KEEPCAPS: u32 = 8;
    PR_SET_NAME: u32 = 15;
    PR_SET_NO_NEW_PRIVS: u32 = 38;
    PR_SET_PDEATHSIG: u32 = 1;
    PR_SET_SECCOMP: u32 = 22;
    PR_SET_SECUREBITS: u32 = 28;
    PR_SET_SPECULATION_CTRL: u32 = 53;
    PR_SET_SYSCALL_USER_DISPATCH: u32 = 59;
    PR_SET_TIMERSLACK: u32 = 29;
    PR_SET_TSC: u32 = 26;
});

constants!(auxvec {
    AT_EXECFN: u32 = 31;
    AT_HWCAP2: u32 = 26;
    AT_MINSIGSTKSZ: u32 = 51;
    AT_NULL: u32 = 0;
    AT_PHDR: u32 = 3;
    AT_PHENT: u32 = 4;
    AT_PHNUM: u32 = 5;
    AT_SECURE: u32 = 23;
});

structures! {
    /// A span of time, or a point of it.
    __kernel_timespec { tv_sec: i64, tv_nsec: i64, }

    /// What poll(2) waits for.
    pollfd { fd: i32, events: i16, revents: i16, }

    /// A limit of resources.
    rlimit64 { rlim_cur: u64, rlim_max: u64, }

    /// What fstat(2) says.
    stat {
        st_dev: u64,
        st_ino: u64,
        st_nlink: u64,
        st_mode: u32,
        st_uid: u32,
        st_gid: u32,
        __pad0: u32,
        st_rdev: u64,
        st_size: i64,
        st_blksize: i64,
        st_blocks: i64,
        st_atime: u64,
        st_atime_nsec: u64,
        st_mtime: u64,
        st_mtime_nsec: u64,
        st_ctime: u64,
        st_ctime_nsec: u64,
        __unused: [i64; 3],
    }

    /// A stack for signal handlers.
    stack_t { ss_sp: *mut core::ffi::c_void, ss_flags: i32, ss_size: u64, }
}
