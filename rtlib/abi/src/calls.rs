//! The one table of libc's functions that a goroutine may call and that the runtime stands before, or that wait: what each does to the goroutine, and which test shows it.
//!
//! The driver wraps the functions of all rows but those of [`Effect::Waits`] (`--wrap`), in every program; the runtime object defines `__wrap_<name>`. `cargo gobuild --emit blocking` tells the calls of a program by it, and
//! `cargo xtask bless` writes docs/std.md from it. A function is in one row only.
//!
//! Functions that are wrapped for other reasons, mostly for the boot and for tracebacks, are in [`crate::symbol::WRAPPED`].

/// What a call does to the goroutine that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It starts a thread: a goroutine if its first function is Rust's.
    StartsThread,
    /// It parks the goroutine.
    Parks,
    /// It keeps the goroutine's thread, and another thread runs the other goroutines.
    KeepsThread,
    /// It may tie the goroutine to its thread.
    Ties,
    /// It does not wait; it answers for the goroutine and not for its thread, or tells the runtime something.
    Answers,
    /// As [`Effect::KeepsThread`], but nothing stands before it: sysmon finds out after a while.
    Waits,
}

/// Functions that do the same.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Functions of libc.
    pub functions: &'static [&'static str],
    /// Which of their calls are meant, and what else does the same (Markdown). Empty: all calls.
    pub which: &'static str,
    /// What they do, as the tool knows it.
    pub effect: Effect,
    /// What they do, in words (Markdown).
    pub says: &'static str,
    /// The first version with it.
    pub since: &'static str,
    /// Tests that show it: `file::function` below tests/tests.
    pub tests: &'static [&'static str],
}

const SINCE: &str = "0.1";

/// All rows, in the order of the documentation.
pub const TABLE: &[Row] = &[
    Row {
        functions: &["pthread_create"],
        which: "with a start routine in Rust, which is all of `std::thread`, unless the program is built with `std = \"threads\"`",
        effect: Effect::StartsThread,
        says: "a goroutine with the stack that was asked for; an error if it cannot be made. With a start routine in C: a thread of the kernel",
        since: SINCE,
        tests: &[
            "std_threads::threads_cost_no_thread_of_the_kernel",
            "std_threads::a_thread_has_the_stack_that_was_asked_for",
            "std_threads::a_thread_that_cannot_be_made_is_an_error",
            "std_threads::threads_that_c_starts_stay_the_kernels",
        ],
    },
    Row {
        functions: &[
            "pthread_join",
            "pthread_tryjoin_np",
            "pthread_timedjoin_np",
            "pthread_clockjoin_np",
        ],
        which: "",
        effect: Effect::Parks,
        says: "a join parks; of a thread of C's, its thread waits and its P serves others at once",
        since: SINCE,
        tests: &["std_threads::threads_are_joined_and_detached"],
    },
    Row {
        functions: &["pthread_detach", "sigaltstack"],
        which: "",
        effect: Effect::Answers,
        says: "done for the goroutine; its signal stack is the thread's, and a request for another one is answered without a mapping",
        since: SINCE,
        tests: &[
            "std_threads::threads_are_joined_and_detached",
            "process::a_sandbox_without_sigaltstack_is_no_reason_to_end",
        ],
    },
    Row {
        functions: &["syscall", "sched_yield"],
        which: "of `SYS_futex` with private words: `std::sync`, `std::thread::park`, parking_lot, crossbeam",
        effect: Effect::Parks,
        says: "parks; a plain thread that waits for the same word is woken, too",
        since: SINCE,
        tests: &[
            "std_threads::who_waits_with_std_has_no_thread_of_its_own",
            "std_threads::std_locks_protect",
            "std_threads::std_channels_and_park_hand_over",
            "std_threads::goroutines_and_threads_wait_for_each_other",
            "std_threads::a_goroutine_gets_the_answers_that_a_thread_gets",
        ],
    },
    Row {
        functions: &["clock_nanosleep", "nanosleep", "usleep", "sleep"],
        which: "",
        effect: Effect::Parks,
        says: "parks",
        since: SINCE,
        tests: &["std_threads::waits_end_in_time"],
    },
    Row {
        functions: &[
            "recv",
            "__recv_chk",
            "recvfrom",
            "__recvfrom_chk",
            "recvmsg",
            "recvmmsg",
            "send",
            "sendto",
            "sendmsg",
            "sendmmsg",
            "accept",
            "accept4",
            "connect",
        ],
        which: "",
        effect: Effect::Parks,
        says: "parks until the poller has an event. `connect` to a local socket, a send that finds no room at one that is not connected, a read of a socket with `SO_RCVLOWAT`, and `recvmmsg` with a timeout: the thread waits, its P serves others",
        since: SINCE,
        tests: &[
            "std_threads::a_connection_costs_a_goroutine_and_no_thread",
            "std_threads::a_blocking_write_writes_all",
            "std_threads::what_a_user_sets_counts",
            "std_threads::connections_are_made_or_refused",
            "std_threads::whoever_waits_learns_of_the_end",
            "std_threads::datagrams_and_local_sockets_are_waited_for",
            "std_threads::what_never_waits_answers_at_once",
            "std_threads::what_is_waited_for_is_what_the_kernel_waits_for",
            "std_threads::who_sends_to_a_full_queue_needs_no_processor",
        ],
    },
    Row {
        functions: &[
            "read",
            "__read_chk",
            "readv",
            "write",
            "writev",
            "eventfd_read",
            "eventfd_write",
        ],
        which: "of sockets, pipes, eventfds, terminals",
        effect: Effect::Parks,
        says: "parks until the poller has an event; of files, of a terminal with `VMIN` 0, and in the background of one, the thread waits, and when that lasts, its P serves others",
        since: SINCE,
        tests: &[
            "std_threads::pipes_names_and_processes_are_waited_for",
            "std_threads::terminals_are_read_as_the_kernel_reads_them",
            "std_threads::transfers_of_nothing_are_none",
            "std_threads::nothing_stays_behind_a_short_read",
        ],
    },
    Row {
        functions: &[
            "poll",
            "__poll",
            "__poll_chk",
            "ppoll",
            "__ppoll_chk",
            "select",
            "pselect",
        ],
        which: "for up to 64 descriptors (`Command::output`, too)",
        effect: Effect::Parks,
        says: "parks until any of them has an event; with more of them, or with a signal mask, the thread waits, its P serves others at once",
        since: SINCE,
        tests: &[
            "std_threads::who_waits_for_any_of_several_has_no_thread_of_its_own",
            "std_threads::poll_answers_as_the_kernel_does",
        ],
    },
    Row {
        functions: &["epoll_wait", "epoll_pwait", "epoll_pwait2"],
        which: "(mio, tokio)",
        effect: Effect::Parks,
        says: "parks; with a signal mask the thread waits, its P serves others at once",
        since: SINCE,
        tests: &["std_threads::an_epoll_of_the_program_parks_who_waits_in_it"],
    },
    Row {
        functions: &["waitpid", "wait4", "waitid"],
        which: "for the end of one child, by number or by pidfd (`Child::wait`)",
        effect: Effect::Parks,
        says: "parks: each wait has a pidfd of its own while it lasts. For any child, or for a stop, the thread waits, its P serves others at once",
        since: SINCE,
        tests: &["std_threads::children_are_waited_for"],
    },
    Row {
        functions: &["sendfile", "sendfile64", "splice"],
        which: "(`io::copy`)",
        effect: Effect::Parks,
        says: "parks until both sides are ready, then moves what there is; a socket gets 64 KiB at a time, for which the thread may wait",
        since: SINCE,
        tests: &["std_threads::transfers_wait_for_who_reads"],
    },
    Row {
        functions: &[
            "getaddrinfo",
            "getnameinfo",
            "gethostbyname",
            "gethostbyname_r",
            "gethostbyname2",
            "gethostbyname2_r",
            "gethostbyaddr",
            "gethostbyaddr_r",
        ],
        which: "",
        effect: Effect::Parks,
        says: "parks while a DNS server is waited for; no module of the machine's is loaded ([linking.md](linking.md#names))",
        since: SINCE,
        tests: &[
            "names::servers_are_asked_as_glibc_and_go_do",
            "names::a_thousand_goroutines_that_resolve_keep_a_handful_of_threads",
        ],
    },
    Row {
        functions: &[
            "getservbyname",
            "getservbyname_r",
            "getservbyport",
            "getservbyport_r",
            "getprotobyname",
            "getprotobyname_r",
            "getprotobynumber",
            "getprotobynumber_r",
            "getpwnam",
            "getpwnam_r",
            "getpwuid",
            "getpwuid_r",
            "getpwent",
            "getpwent_r",
            "setpwent",
            "endpwent",
            "getgrnam",
            "getgrnam_r",
            "getgrgid",
            "getgrgid_r",
            "getgrent",
            "getgrent_r",
            "setgrent",
            "endgrent",
            "getgrouplist",
            "initgroups",
        ],
        which: "",
        effect: Effect::Answers,
        says: "read from the files in /etc; no module of the machine's is loaded",
        since: SINCE,
        tests: &[
            "names::users_are_those_of_the_files",
            "names::modules_of_the_machine_are_not_loaded",
        ],
    },
    Row {
        functions: &[
            "open",
            "open64",
            "openat",
            "openat64",
            "pread",
            "pread64",
            "__pread_chk",
            "__pread64_chk",
            "pwrite",
            "pwrite64",
            "preadv",
            "preadv64",
            "pwritev",
            "pwritev64",
            "preadv2",
            "preadv64v2",
            "pwritev2",
            "pwritev64v2",
            "copy_file_range",
        ],
        which: "",
        effect: Effect::KeepsThread,
        says: "the thread waits; when that lasts, its P serves others. `preadv2` and `pwritev2` at place -1 park as `read` and `write` do",
        since: SINCE,
        tests: &["std_threads::who_waits_for_a_file_lets_others_run"],
    },
    Row {
        functions: &[
            "flock",
            "fcntl",
            "fcntl64",
            "fsync",
            "fdatasync",
            "wait",
            "wait3",
        ],
        which: "`fcntl` of `F_SETLKW` and `F_OFD_SETLKW`, when somebody has the lock",
        effect: Effect::KeepsThread,
        says: "the thread waits, its P serves others at once; so does `io_uring_enter` that waits (by `syscall`)",
        since: SINCE,
        tests: &["std_threads::who_waits_for_a_file_lets_others_run"],
    },
    Row {
        functions: &[
            "sigwait",
            "sigwaitinfo",
            "sigtimedwait",
            "sigsuspend",
            "pause",
        ],
        which: "",
        effect: Effect::KeepsThread,
        says: "the thread waits with the goroutine's mask, its P serves others at once",
        since: SINCE,
        tests: &["std_threads::signals_are_waited_for"],
    },
    Row {
        functions: &["pthread_sigmask", "sigprocmask"],
        which: "",
        effect: Effect::Answers,
        says: "the goroutine's own mask, which those have that it starts; the thread that runs it has the same. Threads that run no goroutine block what all goroutines block",
        since: SINCE,
        tests: &["std_threads::a_thread_has_its_own_signal_mask"],
    },
    Row {
        functions: &["pthread_kill"],
        which: "of a goroutine",
        effect: Effect::Answers,
        says: "one that waits for a descriptor is woken, runs the handler, and its call answers `EINTR` unless the handler has `SA_RESTART`; one that runs gets it on its thread; for one that waits for something else the caller's thread runs the handler",
        since: SINCE,
        tests: &[
            "std_threads::a_signal_for_a_thread_ends_its_call",
            "std_threads::a_signal_handler_wakes_whom_it_likes",
        ],
    },
    Row {
        functions: &["pthread_cancel"],
        which: "of a goroutine",
        effect: Effect::Answers,
        says: "`ENOTSUP`",
        since: SINCE,
        tests: &["std_threads::threads_are_joined_and_detached"],
    },
    Row {
        functions: &["listen"],
        which: "with 128, which std asks for",
        effect: Effect::Answers,
        says: "the queue is as long as the system allows (`net.core.somaxconn`), as in Go; on threads as well",
        since: SINCE,
        tests: &["std_threads::a_listener_has_as_long_a_queue_as_the_system_allows"],
    },
    Row {
        functions: &[
            "socket",
            "setsockopt",
            "shutdown",
            "close",
            "close_range",
            "closefrom",
            "fclose",
            "dup",
            "dup2",
            "dup3",
            "pipe",
            "pipe2",
            "socketpair",
        ],
        which: "",
        effect: Effect::Answers,
        says: "tells the poller what a descriptor is. Whoever waits for one that is closed gets `EBADF`",
        since: SINCE,
        tests: &[
            "std_threads::whoever_waits_learns_of_the_end",
            "std_threads::a_local_socket_that_is_shut_down_ends_who_writes",
            "std_threads::a_number_that_is_used_again_is_another_descriptor",
            "std_threads::a_number_may_be_another_descriptors",
            "std_threads::a_program_may_close_all_descriptors",
        ],
    },
    Row {
        functions: &[
            "gettid",
            "tgkill",
            "sched_getaffinity",
            "sched_getscheduler",
            "sched_getparam",
            "sched_rr_get_interval",
            "pthread_getaffinity_np",
            "pthread_getschedparam",
            "getpriority",
            "capget",
        ],
        which: "and `syscall(SYS_gettid)`; `sched_*`, `setpriority`, `ioprio_*`, `capset` and the like with such an id",
        effect: Effect::Answers,
        says: "an id of the goroutine's own, which no thread of the kernel has; while it is tied to its thread, that one's",
        since: SINCE,
        tests: &["std_threads::a_thread_has_an_id_and_a_name_for_the_kernel"],
    },
    Row {
        functions: &["pthread_setname_np", "pthread_getname_np"],
        which: "and `prctl(PR_SET_NAME, PR_GET_NAME)`",
        effect: Effect::Answers,
        says: "the goroutine's name, which tracebacks show",
        since: SINCE,
        tests: &[
            "std_threads::a_thread_has_its_own_locals_and_name",
            "std_threads::a_thread_has_an_id_and_a_name_for_the_kernel",
        ],
    },
    Row {
        functions: &[
            "sched_setaffinity",
            "sched_setscheduler",
            "sched_setparam",
            "pthread_setaffinity_np",
            "pthread_setschedparam",
            "pthread_setschedprio",
            "setpriority",
            "nice",
            "unshare",
            "setns",
            "setfsuid",
            "setfsgid",
            "capset",
            "personality",
            "ptrace",
            "timer_create",
            "prctl",
        ],
        which: "and, by `syscall`, `sched_setattr`, `ioprio_set`, `setuid` and its like, `seccomp`, `landlock_restrict_self`, `set_mempolicy`, `iopl`, `ioperm`, `perf_event_open` of the caller, `keyctl` and its like for the thread's keyring or session. `timer_create` with `SIGEV_THREAD_ID`; `prctl` of `SECCOMP`, `NO_NEW_PRIVS`, `CAPBSET_DROP`, `CAP_AMBIENT`, `PDEATHSIG`, `KEEPCAPS`, `SECUREBITS`, `TIMERSLACK`, `TSC`, `SPECULATION_CTRL`, `SYSCALL_USER_DISPATCH`",
        effect: Effect::Ties,
        says: "ties the goroutine to its thread for good, when it succeeds",
        since: SINCE,
        tests: &[
            "std_threads::what_a_thread_changes_of_itself_is_its_own",
            "std_threads::a_tie_is_told",
            "std_threads::rare_changes_tie_a_thread_too",
        ],
    },
    Row {
        functions: &[
            "dlopen",
            "fallocate64",
            "ftruncate64",
            "getdents64",
            "lockf64",
            "mq_receive",
            "mq_send",
            "msgrcv",
            "msgsnd",
            "pthread_barrier_wait",
            "pthread_cond_timedwait",
            "pthread_cond_wait",
            "pthread_mutex_lock",
            "pthread_rwlock_rdlock",
            "pthread_rwlock_wrlock",
            "readdir64",
            "sem_timedwait",
            "sem_wait",
            "semop",
            "syncfs",
            "system",
        ],
        which: "and everything else",
        effect: Effect::Waits,
        says: "as on a thread: when it lasts, an extra thread runs the others",
        since: SINCE,
        tests: &["watching::who_makes_calls_that_block_has_his_turn_as_often_as_the_others"],
    },
];

/// The functions that the driver wraps in every program.
pub fn wrapped() -> impl Iterator<Item = &'static str> {
    let stood_before = TABLE.iter().filter(|row| row.effect != Effect::Waits);
    stood_before.flat_map(|row| row.functions).copied()
}

/// What a function does, if it is in the table.
#[must_use]
pub fn effect_of(function: &str) -> Option<Effect> {
    let row = TABLE.iter().find(|row| row.functions.contains(&function))?;
    Some(row.effect)
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn a_function_is_in_one_row_only() {
        let all = || TABLE.iter().flat_map(|row| row.functions);
        for function in all() {
            let count = all().filter(|other| *other == function).count();
            assert_eq!(count, 1, "{function}");
        }
    }

    #[test]
    fn every_row_is_shown_by_a_test() {
        for row in TABLE {
            assert!(!row.tests.is_empty(), "{:?}", row.functions);
        }
    }
}
