//! Goroutines as a program sees them: the fixture `testprog`, one binary with many programs, built in both profiles and run as
//! children with exact output and exit status.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gobuild_tests::process::{Outcome, RUN, run};
use gobuild_tests::testprog::{executables, start};
use gobuild_tests::tool;

/// A program by its name, with these arguments and environment; in the release profile.
fn release(line: &str, env: &[(&str, &str)], limit: Duration) -> Outcome {
    start(&executables()[1], line, env, limit)
}

/// Runs the program in both profiles; both must succeed, print this line and nothing else.
#[track_caller]
fn check(line: &str, env: &[(&str, &str)], expect: &str) {
    for exe in executables() {
        let outcome = start(exe, line, env, RUN).ok();
        assert_eq!(
            (outcome.out(), outcome.err()),
            (format!("{expect}\n"), String::new()),
            "{}",
            exe.display()
        );
    }
}

/// What takes gigabytes or thousands of threads runs alone.
fn alone() -> MutexGuard<'static, ()> {
    static HEAVY: Mutex<()> = Mutex::new(());
    HEAVY.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn spawn_and_join_give_results_back() {
    check("spawn-join", &[], "332833500");
    check("nested", &[], "4096");
    check("large-closure", &[], "700000");
}

#[test]
fn goroutine_ids_are_unique_and_main_is_1() {
    check("goids", &[], "10001 1");
}

#[test]
fn threads_that_are_no_goroutines_join_and_start_goroutines() {
    check("thread-joins-goroutine", &[], "42");
    check("thread-starts-goroutine", &[], "4950");
}

#[test]
fn goroutines_start_threads_and_processes() {
    check("goroutine-starts-thread", &[], "210");
    check("goroutine-runs-command", &[], "45");
    check(
        "goroutine-runs-command",
        &[("GODEBUG", "schedmigrate=1")],
        "45",
    );
}

#[test]
fn the_program_ends_when_main_returns() {
    check("main-ends-first", &[], "main is done");
}

#[test]
fn with_one_p_goroutines_take_turns() {
    check("yield-fairness", &[("GOMAXPROCS", "1")], "fair");
    check(
        "ready-pair-does-not-starve",
        &[("GOMAXPROCS", "1")],
        "everybody ran",
    );
}

#[test]
fn the_last_started_runs_first_but_nobody_starves() {
    check(
        "younger-do-not-starve-older",
        &[("GOMAXPROCS", "1")],
        "the oldest ran",
    );
    // What waits behind a thread that a busy machine has stopped starts elsewhere, with other branches of the tree. First come, first served would be wide every time.
    for procs in ["1", "2"] {
        for exe in executables() {
            let is_narrow = |_| {
                let outcome = start(exe, "tree 100000", &[("GOMAXPROCS", procs)], RUN).ok();
                outcome.out() == "true\n"
            };
            assert!((0..10).any(is_narrow), "{procs} Ps, {}", exe.display());
        }
    }
}

#[test]
fn park_and_unpark_pass_one_token() {
    for procs in ["1", "2", "4"] {
        check("park-unpark", &[("GOMAXPROCS", procs)], "100000");
    }
    check("unpark-first", &[], "back");
}

#[test]
fn gomaxprocs_is_what_the_environment_says_else_the_cpus() {
    let cpus = std::thread::available_parallelism().expect("number of CPUs");
    let on = |value: &str| release("gomaxprocs", &[("GOMAXPROCS", value)], RUN).ok();
    for (value, procs) in [("1", 1), ("3", 3), ("100", 100)] {
        assert_eq!(on(value).out(), format!("{procs} {cpus}\n"));
    }
    for nonsense in ["", "0", "-1", "many", "99999999999999999999"] {
        assert_eq!(
            on(nonsense).out(),
            format!("{cpus} {cpus}\n"),
            "{nonsense:?}"
        );
    }
}

#[test]
fn gomaxprocs_can_change_under_load() {
    check("gomaxprocs-under-load", &[("GOMAXPROCS", "4")], "1");
}

#[test]
fn goroutines_that_block_their_thread_do_not_stop_the_others() {
    check("all-sleep 8", &[("GOMAXPROCS", "1")], "in parallel");
    check("spinning-hog", &[("GOMAXPROCS", "1")], "others ran");
}

#[test]
fn a_tied_goroutine_stays_on_its_thread_while_others_migrate() {
    let env = [("GODEBUG", "schedmigrate=1"), ("GOMAXPROCS", "4")];
    check("locked-stays", &env, "stayed");
    check("locked-nests", &env, "free again");
    check("locked-ping-pong 10000", &env, "played");
    check("main-locked-by-init", &env, "on the first thread");
}

#[test]
fn a_goroutine_that_ends_tied_takes_its_thread_along() {
    check("locked-exit-ends-thread", &[], "thread ended");
}

#[test]
fn ten_thousand_threads_are_the_limit() {
    let _alone = alone();
    let outcome = release("lock-many 9000", &[], RUN * 2).ok();
    assert_eq!(outcome.out(), "all tied\n");
    let outcome = release("lock-many 10000", &[], RUN * 2).fails_with(2);
    let lines: Vec<String> = outcome.err().lines().take(3).map(str::to_owned).collect();
    let expect = [
        "runtime: program exceeds 10000-thread limit",
        "runtime: goroutine 1 waits for a thread, and all threads wait for goroutines or for each other",
        "fatal error: thread exhaustion",
    ];
    assert_eq!(lines, expect);
}

#[test]
fn a_panic_of_a_spawned_goroutine_is_the_joiners_to_see() {
    for exe in executables() {
        let outcome = start(exe, "spawn-panic", &[], RUN).ok();
        assert_eq!(outcome.out(), "Some(\"boom\")\nalive 1\n");
        assert!(outcome.err().contains("panicked at src/panics.rs"));
    }
    check("caught", &[("GODEBUG", "schedmigrate=1")], "true");
}

#[test]
fn a_thread_that_overflows_is_still_reported_by_std() {
    for exe in executables() {
        let outcome = start(exe, "overflow-thread", &[], RUN).fails_with(128 + 6);
        assert!(
            outcome.err().contains("has overflowed its stack"),
            "{}",
            outcome.report()
        );
    }
}

/// The largest frame that a function of the C library takes at once.
fn largest_frame_of_libc() -> usize {
    let libc = run(Command::new("cc").arg("-print-file-name=libc.a"), RUN).ok();
    let mut objdump = Command::new("objdump");
    objdump.args(["--disassemble", "--no-show-raw-insn", libc.out().trim()]);
    let code = run(&mut objdump, RUN).ok().out();
    let frames = code.lines().filter_map(|line| {
        let line = line.trim_end().strip_suffix(",%rsp")?;
        let (instruction, size) = line.rsplit_once("$0x")?;
        let is_taken = instruction.trim_end().ends_with("sub");
        let size = i32::from_str_radix(size, 16).ok()?;
        is_taken.then_some(size.unsigned_abs() as usize)
    });
    frames.max().expect("frames")
}

#[test]
fn no_frame_of_the_c_library_reaches_beyond_a_guard() {
    let largest = largest_frame_of_libc();
    assert!(largest > 8000, "{largest}");
    for godebug in ["", "guardinstall=0"] {
        let line = format!("frame-of-c {}", largest + 64);
        let outcome = release(&line, &[("GODEBUG", godebug)], RUN).fails_with(2);
        assert!(
            outcome.err().contains("fatal error: stack overflow"),
            "{}",
            outcome.report()
        );
    }
}

/// qemu-user answers 0 to advice that it does not know.
#[test]
fn an_emulator_that_only_seems_to_install_guards_is_found_out() {
    for name in ["overflow", "overflow-sized 65536"] {
        let mut emulated = Command::new("qemu-x86_64");
        tool::clean(&mut emulated);
        emulated.arg(&executables()[1]).args(name.split(' '));
        let outcome = run(&mut emulated, RUN).fails_with(2);
        assert!(
            outcome.err().contains("fatal error: stack overflow"),
            "{}",
            outcome.report()
        );
    }
}

#[test]
fn a_larger_stack_holds_a_deeper_recursion() {
    check("deep", &[], "100000");
}

#[test]
fn crates_that_ask_for_the_stacks_bounds_get_the_goroutines() {
    check("stack-bounds", &[], "own stack, 2000");
}

#[test]
fn goroutines_parked_on_other_stacks_keep_what_they_have() {
    check("foreign-stack-kept", &[], "kept");
    check("foreign-stack-shown", &[], "shown");
    check("foreign-stack-unwound-wrongly", &[], "shown");
    _ = release("foreign-stack-kept background", &[], RUN).ok();
}

#[test]
fn thread_locals_belong_to_the_goroutine_wherever_it_runs() {
    for godebug in ["schedmigrate=1", "schedmigrate=1,fsgsbase=0"] {
        check(
            "migrate",
            &[("GODEBUG", godebug), ("GOMAXPROCS", "4")],
            "dropped 400",
        );
    }
}

#[test]
fn dead_goroutines_are_used_again() {
    check("reused 200000", &[], "reused");
}

/// What `parked N` printed: alive, bytes each, ended.
fn parked(count: usize, env: &[(&str, &str)]) -> usize {
    let outcome = release(&format!("parked {count}"), env, RUN * 5).ok();
    let out = outcome.out();
    let number = |name: &str| {
        let line = out.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|number| number.trim().parse::<usize>().ok());
        number.unwrap_or_else(|| panic!("no {name:?} in\n{out}"))
    };
    assert_eq!((number("alive"), number("ended")), (count, count));
    number("bytes each")
}

/// Mappings that a process may have; each guard page that is protected makes two.
fn max_map_count() -> usize {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").expect("Linux has it");
    text.trim().parse().expect("a number")
}

#[test]
fn with_protected_guards_the_kernel_limits_the_number_of_stacks_and_the_message_says_so() {
    let _alone = alone();
    let env = [("GODEBUG", "guardinstall=0")];
    let limit = max_map_count().min(200_000);
    parked(limit / 2 - 2500, &env);
    let outcome = release(&format!("parked {}", max_map_count() / 2 + 7500), &env, RUN);
    let err = outcome.fails_with(2).err();
    assert!(
        err.contains("too many goroutines for vm.max_map_count"),
        "{err}"
    );
}

/// Whether guard pages cost no mapping: Linux 6.13 and later.
fn has_lightweight_guards() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux has it");
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(13))
}

/// A million, when the machine has the memory (a goroutine takes a page and its stack's share of the page tables) and the kernel the guards.
#[test]
fn a_million_goroutines_are_parked_at_once() {
    const MILLION: usize = 1_000_000;
    const EACH: usize = 6000;
    let _alone = alone();
    let memory = fs::read_to_string("/proc/meminfo").expect("Linux has it");
    let available = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|text| text.trim().trim_end_matches(" kB").parse::<usize>().ok());
    let memory = available.expect("MemAvailable") * 1024 / EACH;
    let mappings = if has_lightweight_guards() {
        MILLION
    } else {
        max_map_count() / 2 - 2500
    };
    let count = MILLION.min(memory).min(mappings);
    let bytes = parked(count, &[]);
    println!("{count} goroutines parked at once, {bytes} resident bytes each");
    assert!(bytes <= 4700, "{bytes} resident bytes each");
}

/// The word that `GODEBUG=schedseed` makes the scheduler say.
fn interleaving(exe: &Path, seed: u32) -> String {
    let debug = format!("schedseed={seed}");
    let env = [("GOMAXPROCS", "1"), ("GODEBUG", &debug)];
    start(exe, "interleaving", &env, RUN).ok().out()
}

#[test]
fn a_seed_makes_the_scheduler_choose_at_random_and_the_same_again() {
    for exe in executables() {
        let all: BTreeSet<String> = (1..=20)
            .map(|seed| {
                let first = interleaving(exe, seed);
                assert_eq!(first, interleaving(exe, seed), "seed {seed}");
                first
            })
            .collect();
        assert!(all.len() > 15, "20 seeds, {} interleavings", all.len());
    }
}
