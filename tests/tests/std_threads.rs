//! An ordinary std program whose threads are goroutines: the fixture `std_threads`, which checks itself, with one P and with more. `GODEBUG=stdthreads=os` gives the same
//! binary threads of the kernel: what it prints must be the same, but for how many there are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gobuild_tests::process::{BUILD, RUN, run};
use gobuild_tests::project::Project;
use gobuild_tests::testprog::start;
use gobuild_tests::tool;

/// The executables: dev, release. Built at the first call.
fn executables() -> &'static [PathBuf; 2] {
    static BUILT: OnceLock<[PathBuf; 2]> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = tool::root().join("tests/fixtures/std_threads");
        let target = tool::scratch().join("std_threads");
        [("dev", "debug"), ("release", "release")].map(|(profile, dir)| {
            let mut build = tool::gobuild(&source);
            build.args(["build", "--locked", "--profile", profile]);
            _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
            target.join(dir).join("std_threads")
        })
    })
}

/// The same program by plain cargo.
fn plain() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = tool::root().join("tests/fixtures/std_threads");
        let target = tool::scratch().join("std_threads_plain");
        let mut build = tool::cargo(&source);
        build.args(["build", "--locked"]);
        _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
        target.join("debug/std_threads")
    })
}

/// It must succeed and print these lines and nothing else, on goroutines and on threads.
#[track_caller]
fn check(line: &str, on_goroutines: &str, on_threads: &str) {
    const OS_THREADS: &[(&str, &str)] = &[("GODEBUG", "stdthreads=os")];
    for exe in executables() {
        for env in [
            &[("GOMAXPROCS", "1")][..],
            &[("GOMAXPROCS", "2")],
            &[("GOMAXPROCS", "4"), ("GODEBUG", "schedmigrate=1")],
        ] {
            prints(exe, line, env, on_goroutines);
        }
        prints(exe, line, OS_THREADS, on_threads);
    }
    // The variable tells the program what it is.
    prints(plain(), line, OS_THREADS, on_threads);
}

#[track_caller]
fn prints(exe: &Path, line: &str, env: &[(&str, &str)], expect: &str) {
    let outcome = start(exe, line, env, RUN).ok();
    assert_eq!(
        (outcome.out(), outcome.err()),
        (format!("{expect}\n"), String::new()),
        "{line} with {env:?} in {}",
        exe.display()
    );
}

#[track_caller]
fn same(line: &str, expect: &str) {
    check(line, expect, expect);
}

/// As [`check`], for what the kernel does otherwise.
#[track_caller]
fn on_goroutines(line: &str, expect: &str) {
    for exe in executables() {
        for procs in ["1", "2", "4"] {
            let outcome = start(exe, line, &[("GOMAXPROCS", procs)], RUN).ok();
            assert_eq!(outcome.out(), format!("{expect}\n"), "{line}, {procs} Ps");
        }
    }
}

#[test]
fn threads_cost_no_thread_of_the_kernel() {
    check("many 1000", "a handful", "a thread each");
    check("echo 200", "a handful", "a thread each");
}

#[test]
fn threads_are_joined_and_detached() {
    same("results", "arrived");
    same("scope", "2016");
    same("joins", "answered");
    same("timed-joins", "joined");
    on_goroutines("cancel", "refused");
    same("detached 2000", "2000 ended");
    same("unwanted 300", "all ended");
}

#[test]
fn a_thread_that_cannot_be_made_is_an_error() {
    same("refused", "refused, then served");
}

#[test]
fn a_thread_has_an_id_and_a_name_for_the_kernel() {
    same("ids", "50 ids");
    on_goroutines("ids-of-others", "nobody's");
    same("kernel-names", "named");
}

#[test]
fn what_a_thread_changes_of_itself_is_its_own() {
    same("ties", "each its own");
    same("ties-of-main", "everybody's");
}

#[test]
fn a_thread_has_its_own_signal_mask() {
    same("masks", "its own");
}

#[test]
fn signals_are_waited_for() {
    same("sigwait", "11 came");
    same("signals-of-parked", "handled");
    same("signalfd", "read");
}

#[test]
fn a_signal_for_a_thread_ends_its_call() {
    same("pthread-kill", "interrupted");
}

#[test]
fn a_signal_handler_wakes_whom_it_likes() {
    same("handlers-that-wake 2000", "woken");
}

/// Ten changes that few programs make. What this kernel or this user may not do is said, and is no failure.
#[test]
fn rare_changes_tie_a_thread_too() {
    for exe in executables() {
        for env in [
            &[("GOMAXPROCS", "1"), ("GODEBUG", "pintrace=1")][..],
            &[("GOMAXPROCS", "4"), ("GODEBUG", "pintrace=1")],
            &[("GODEBUG", "stdthreads=os")],
        ] {
            let outcome = start(exe, "rare-ties", env, RUN).ok();
            let (out, err) = (outcome.out(), outcome.err());
            assert_eq!(out.lines().count(), 10, "{}", outcome.report());
            for line in out.lines() {
                let (name, what) = line.split_once(": ").expect("a name and a result");
                if what != "its own" {
                    eprintln!("note: {line}");
                    assert!(what.starts_with("skipped, "), "{}", outcome.report());
                } else if env.len() == 2 {
                    let told = format!(": {name}\n");
                    assert!(err.contains(&told), "{name}: {}", outcome.report());
                }
            }
        }
    }
}

#[test]
fn a_tie_is_told() {
    for exe in executables() {
        let outcome = start(exe, "ties", &[("GODEBUG", "pintrace=1")], RUN).ok();
        let err = outcome.err();
        let ties = err
            .lines()
            .filter(|line| line.starts_with("PIN goroutine "));
        assert_eq!(ties.clone().count(), 18, "{err}");
        for name in [
            "sched_setaffinity",
            "setpriority",
            "unshare",
            "prctl(PR_SET_NO_NEW_PRIVS)",
        ] {
            assert!(
                ties.clone()
                    .any(|line| line.ends_with(&format!(": {name}"))),
                "{err}"
            );
        }
        assert!(err.contains(" [running, locked to thread]:\n"), "{err}");
        let outcome = start(exe, "ties-of-main", &[("GODEBUG", "pintrace=1")], RUN).ok();
        assert_eq!(outcome.err(), "");
    }
}

#[test]
fn a_number_may_be_another_descriptors() {
    on_goroutines("numbers", "all");
}

#[test]
fn a_program_may_close_all_descriptors() {
    same("close-all", "goes on");
    for exe in executables() {
        let outcome = start(exe, "close-all-by-hand", &[], RUN).fails_with(2);
        let why = "fatal error: the program has closed the descriptors of the runtime's poller";
        assert!(outcome.err().starts_with(why), "{}", outcome.report());
    }
}

#[test]
fn threads_stay_the_kernels_by_their_names() {
    for exe in executables() {
        for procs in ["1", "4"] {
            let said = |godebug| {
                let env = [("GODEBUG", godebug), ("GOMAXPROCS", procs)];
                start(exe, "os-threads", &env, RUN).ok().out()
            };
            assert_eq!(said("osthreads=audio-*:render"), "audio-1 audio-2 render\n");
            assert_eq!(said("osthreads=audio"), "audio\n");
            assert_eq!(said("osthreads=video"), "\n");
            assert_eq!(said(""), "\n");
        }
        // A goroutine would wait for main for ever: with a seed the clock has no say, so that no other P makes up for main.
        let env = [
            ("GODEBUG", "osthreads=audio*,schedseed=1"),
            ("GOMAXPROCS", "1"),
        ];
        prints(exe, "beside", &env, "beside");
        let env = [("GODEBUG", "osthreads=audio-1,pintrace=1")];
        let told = start(exe, "os-threads", &env, RUN).ok().err();
        assert!(told.contains(": GODEBUG=osthreads names it\n"), "{told}");
    }
}

/// `rtlib::spawn_os_thread`, with std's threads as goroutines and without.
#[test]
fn a_program_starts_threads_of_the_kernel() {
    let main = r#"
        use std::thread::{self, Builder};
        fn is_goroutine() -> bool { rtlib::current().is_some() }
        fn main() {
            let builder = || Builder::new().name("kernels".into());
            let outer = rtlib::spawn_os_thread(builder(), || {
                let (send, receive) = rtlib::chan::bounded(0);
                rtlib::go(move || send.send(is_goroutine()).unwrap());
                let inner = thread::spawn(is_goroutine).join().unwrap();
                (is_goroutine(), inner, receive.recv().unwrap(), thread::current().name().map(str::to_owned))
            });
            println!("{:?}", outer.unwrap().join().unwrap());
            println!("{:?}", thread::spawn(is_goroutine).join().unwrap());
            let on_goroutine = rtlib::spawn(move || rtlib::spawn_os_thread(builder(), is_goroutine).unwrap().join().unwrap());
            println!("{:?}", on_goroutine.join().unwrap());
        }
    "#;
    let rtlib = "gobuild-rtlib = { path = \"{rtlib}\" }";
    let project = Project::bin("std_threads", "kernels", rtlib, main);
    for (std, is) in [("goroutines", true), ("threads", false)] {
        for (profile, dir) in [("dev", "debug"), ("release", "release")] {
            let mut build = project.gobuild();
            build.args(["build", "--std", std, "--profile", profile]);
            _ = run(build.env("CARGO_PROFILE_RELEASE_LTO", "fat"), BUILD).ok();
            let ran = run(&mut project.program(dir, "kernels"), RUN).ok();
            let expect = format!("(false, {is}, true, Some(\"kernels\"))\n{is}\nfalse\n");
            assert_eq!(ran.out(), expect, "{std} {profile}");
        }
    }
}

#[test]
fn a_thread_has_its_own_locals_and_name() {
    same("locals", "250 dropped");
    same("keys", "5050 destroyed");
    same("names", "50 of them");
}

#[test]
fn threads_talk() {
    same("park", "unparked");
    same("mpsc", "1999000");
}

#[test]
fn a_thread_has_the_stack_that_was_asked_for() {
    for exe in executables() {
        for env in [&[][..], &[("GODEBUG", "stdthreads=os")]] {
            let outcome = start(exe, "deep", env, RUN).ok();
            assert_eq!(outcome.err(), "", "{env:?}");
        }
        let outcome = start(exe, "overflow", &[], RUN);
        // By SIGABRT, as with std.
        assert_eq!(outcome.code(), 128 + 6, "{}", outcome.report());
        assert!(
            outcome.err().contains("fatal error: stack overflow"),
            "{}",
            outcome.report()
        );
    }
}

#[test]
fn a_panic_of_a_thread_is_its_joiners() {
    same("panic", "oh of Some(\"worker\")\noh\npoison of None\ntrue");
}

#[test]
fn threads_that_c_starts_stay_the_kernels() {
    same("c-threads", "5");
    same("thread-with-processors", "the kernel's");
}

#[test]
fn main_does_not_wait_for_threads() {
    same("main-ends", "main ends");
}

#[test]
fn a_child_ends_with_the_thread_that_has_forked() {
    same("forks 6", "6 children");
}

#[test]
fn a_deadlock_of_threads_is_one() {
    for exe in executables() {
        let outcome = start(exe, "deadlock", &[], RUN);
        assert_eq!(outcome.code(), 2, "{}", outcome.report());
        let err = outcome.err();
        assert!(
            err.starts_with("fatal error: all goroutines are asleep - deadlock!\n")
                && err.contains("\ngoroutine 1 [join]:\n")
                && err.contains(" [futex]:\n"),
            "{err}"
        );
    }
}

#[test]
fn who_waits_with_std_has_no_thread_of_its_own() {
    same("std-waiters 2000", "2000 waited");
    same("std-sleepers 2000", "2000 slept");
}

#[test]
fn std_locks_protect() {
    same("std-locks 500", "nothing lost");
}

#[test]
fn std_channels_and_park_hand_over() {
    same("std-ping-pong 2000", "done");
}

#[test]
fn goroutines_and_threads_wait_for_each_other() {
    same("std-with-threads 50", "400 turns");
}

#[test]
fn waits_end_in_time() {
    same("std-timeouts", "in time");
}

#[test]
fn a_goroutine_gets_the_answers_that_a_thread_gets() {
    same("futex-answers", "the same 17 answers");
    same("libc-sleeps", "the same 12 answers");
}

#[test]
fn a_wake_up_is_for_those_who_listen() {
    same("futex-bits", "all woken");
    on_goroutines("futex-requeue", "all woken");
}

#[test]
fn a_deadlock_over_std_locks_is_one() {
    for exe in executables() {
        let outcome = start(exe, "std-deadlock", &[], RUN);
        assert_eq!(outcome.code(), 2, "{}", outcome.report());
        let err = outcome.err();
        assert!(
            err.starts_with("fatal error: all goroutines are asleep - deadlock!\n")
                && err.contains("\ngoroutine 1 [futex]:\n"),
            "{err}"
        );
    }
}

/// Goroutines, unless the program, the command line or the environment says otherwise; a program tells what it was built for.
#[test]
fn what_threads_are_is_the_programs_choice() {
    let source = tool::root().join("tests/fixtures/std_threads");
    let target = tool::scratch().join("std_threads_choice");
    let built = |args: &[&str], env: &[(&str, &str)]| {
        let mut build = tool::gobuild(&source);
        build.args(["build", "--locked"]).args(args);
        build.envs(env.iter().copied());
        _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
        let exe = target.join("debug/std_threads");
        let mut inspect = tool::gobuild(&source);
        let told = run(inspect.arg("inspect").arg(&exe), RUN).ok().out();
        let told = told.lines().find(|line| line.starts_with("threads"));
        let told = told.unwrap_or_default().split_once(' ');
        let ran = start(&exe, "many 100", &[], RUN).ok().out();
        (told.unwrap_or_default().1.trim().to_owned(), ran)
    };
    let goroutines = ("goroutines".to_owned(), "a handful\n".to_owned());
    let threads = (
        "operating-system threads".to_owned(),
        "a thread each\n".to_owned(),
    );
    let std = |value| [("CARGO_GOBUILD_STD", value)];
    assert_eq!(built(&[], &[]), goroutines);
    assert_eq!(built(&["--std", "threads"], &[]), threads);
    assert_eq!(built(&[], &std("threads")), threads);
    assert_eq!(built(&["--std", "goroutines"], &std("threads")), goroutines);
}

#[test]
fn the_calls_can_be_turned_off() {
    for exe in executables() {
        for (godebug, expect) in [
            ("std=0", "a thread each"),
            ("std=-sync", "a thread each"),
            ("schedtrace=0,std=-sleep,-sync", "a thread each"),
            ("std=-sleep", "a handful"),
            ("std=0,std=1", "a handful"),
        ] {
            let outcome = start(exe, "std-off 40", &[("GODEBUG", godebug)], RUN).ok();
            assert_eq!(outcome.out(), format!("{expect}\n"), "{godebug}");
        }
    }
}
#[test]
fn a_connection_costs_a_goroutine_and_no_thread() {
    same("net-echo 200", "4000 echoes");
    same("net-idle 400", "400 idle");
    same("net-acceptors 100", "100 taken");
}

#[test]
fn a_blocking_write_writes_all() {
    same("net-big", "all of it");
}

#[test]
fn what_a_user_sets_counts() {
    same("net-timeouts", "in time");
    same("net-nonblocking", "would block");
    same("net-whole", "whole");
}

#[test]
fn connections_are_made_or_refused() {
    same("net-connect", "connected");
}

#[test]
fn whoever_waits_learns_of_the_end() {
    same("net-ends", "ended");
    on_goroutines("net-closed", "told");
    same("exact-dup", "waits on");
}

#[test]
fn transfers_of_nothing_are_none() {
    same("net-empty", "nothing");
}

#[test]
fn datagrams_and_local_sockets_are_waited_for() {
    same("net-udp", "answered");
    same("net-unix", "answered");
}

#[test]
fn what_never_waits_answers_at_once() {
    same("exact-answers", "answered");
}

#[test]
fn what_is_waited_for_is_what_the_kernel_waits_for() {
    same("exact-low-water", "waited for all");
    same("exact-fastopen", "connected");
}

#[test]
fn terminals_are_read_as_the_kernel_reads_them() {
    same("exact-terminals", "read");
}

#[test]
fn who_sends_to_a_full_queue_needs_no_processor() {
    same("exact-room", "waited");
}

#[test]
fn a_local_socket_that_is_shut_down_ends_who_writes() {
    same("exact-shutdown", "told");
}

#[test]
fn timers_go_off_while_somebody_waits_for_descriptors() {
    same("net-timers 400", "slept");
}

#[test]
fn pipes_names_and_processes_are_waited_for() {
    same("net-pipes", "through");
    same("net-names", "found");
    same("net-processes", "ran");
}

#[test]
fn several_may_make_their_first_call_at_once() {
    same("net-together 20", "each at the first try");
}

#[test]
fn threads_and_goroutines_share_sockets() {
    same("net-with-threads", "talked");
}

#[test]
fn an_epoll_of_the_program_parks_who_waits_in_it() {
    same("net-epoll", "all came");
}

#[test]
fn a_number_that_is_used_again_is_another_descriptor() {
    same("net-reused 50", "right each time");
}

#[test]
fn a_forked_child_has_a_poller_of_its_own() {
    on_goroutines("net-fork 10", "10 children");
}

#[test]
fn who_waits_for_any_of_several_has_no_thread_of_its_own() {
    same("poll-several 60", "60 told");
    same("select-several 60", "60 told");
    same("poll-output 50", "50 ran");
}

#[test]
fn poll_answers_as_the_kernel_does() {
    same("poll-answers", "as the kernel");
    same("epoll-forms", "in time");
    on_goroutines("poll-closed", "told");
}

#[test]
fn children_are_waited_for() {
    same("children-wait 50", "50 ended");
    same("children-forms", "as the kernel");
    same("children-any", "others ran");
}

#[test]
fn who_waits_for_a_file_lets_others_run() {
    same("file-locks", "locked");
    same("file-fifo", "through the fifo");
    same("file-places", "at their places");
}

#[test]
fn transfers_wait_for_who_reads() {
    same("file-transfers 50", "all of it");
    same("messages", "all came");
}

#[test]
fn calls_of_fortified_c_park() {
    same("fortified 60", "60 checked");
    for exe in executables() {
        let outcome = start(exe, "fortified-overflow", &[], RUN);
        let err = outcome.err();
        assert!(err.contains("buffer overflow detected"), "{err}");
        assert_eq!(outcome.out(), "");
    }
}

#[test]
fn a_listener_has_as_long_a_queue_as_the_system_allows() {
    for exe in executables() {
        let allowed = "as many as the system allows";
        prints(exe, "backlog", &[], allowed);
        prints(exe, "backlog", &[("GODEBUG", "stdthreads=os")], allowed);
        prints(exe, "backlog", &[("GODEBUG", "listenbacklog=std")], "128");
    }
}

#[test]
fn sockets_are_served_while_every_thread_is_in_a_call() {
    same("kept", "served");
}

#[test]
fn nothing_stays_behind_a_short_read() {
    same("net-short 6", "nothing left behind");
    same("net-low", "enough");
}
