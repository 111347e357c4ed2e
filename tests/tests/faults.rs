//! Systems that refuse: mmap, mprotect, madvise, futex, membarrier, new threads, the poller's calls and those of sockets fail at random (`RTLIB_FAULTS`, only in programs of a tool built for that), or the address space is small. A program goes on as
//! if nothing had happened, or ends as Go ends one, with a message that says what was refused. It does not hang, crash or compute something else.
//!
//! `GOBUILD_SEEDS=N` makes it long. A failure says the command that repeats it.

use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_tests::behaviours;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::seeds::seeds;
use gobuild_tests::testprog::start;
use gobuild_tests::tool;

/// What fails, and what programs may end with then; nothing else, and only for this reason.
struct Refusal {
    /// `RTLIB_FAULTS`, but for the seed: once in so many times.
    faults: &'static str,
    debug: &'static str,
    ends: &'static [&'static str],
}

const NO_MEMORY: &str = "runtime: cannot allocate";
const NO_ARENA: &str = "runtime: cannot reserve address space for goroutine stacks";
const NO_GUARD: &str = "runtime: cannot allocate memory for a stack guard";
const NO_PROTECTION: &str = "runtime: cannot protect a stack guard page";
const NO_THREAD: &str = "newosproc";

const REFUSALS: [Refusal; 7] = [
    Refusal {
        faults: "futex=3",
        debug: "",
        ends: &[],
    },
    Refusal {
        faults: "membarrier=1",
        debug: "",
        ends: &[],
    },
    Refusal {
        faults: "madvise=4",
        debug: "",
        ends: &[NO_GUARD],
    },
    Refusal {
        faults: "mmap=8",
        debug: "",
        ends: &[NO_MEMORY, NO_ARENA],
    },
    Refusal {
        faults: "clone=3",
        debug: "",
        ends: &[NO_THREAD],
    },
    Refusal {
        faults: "mprotect=20",
        debug: "guardinstall=0",
        ends: &[NO_PROTECTION],
    },
    Refusal {
        faults: "mmap=40,mprotect=40,madvise=40,clone=40,futex=5,membarrier=2",
        debug: "",
        ends: &[NO_MEMORY, NO_ARENA, NO_GUARD, NO_PROTECTION, NO_THREAD],
    },
];

/// Whether a program ended by the runtime's own decision, for one of these reasons.
fn ended_because(outcome: &Outcome, ends: &[&str]) -> bool {
    outcome.code() == 2 && gives_reason(outcome, ends)
}

/// Whether it says that it ends for one of these reasons, and for no other.
fn gives_reason(outcome: &Outcome, ends: &[&str]) -> bool {
    let reasons = outcome.reasons();
    let [reason] = &reasons[..] else { return false };
    let said = reason.strip_prefix("fatal error: ").unwrap_or_default();
    ends.iter().any(|end| said.starts_with(end))
}

/// Whether it came to its usual end while a thread was about to end it. Who exits does not wait for that; `main`, when it returns, does for what has begun by then.
fn ended_before(outcome: &Outcome, usual: &Outcome, ends: &[&str]) -> bool {
    let did_all = (outcome.code(), outcome.out()) == (usual.code(), usual.out());
    did_all && gives_reason(outcome, ends)
}

/// A program, and what it does when nothing fails.
struct Program {
    name: String,
    procs: &'static [u32],
    usual: Outcome,
}

fn programs(exe: &Path) -> Vec<Program> {
    let usual = |name: &str| start(exe, name, &[("GOMAXPROCS", "1")], RUN);
    let all = behaviours::programs(exe).into_iter();
    all.map(|(name, procs)| Program {
        usual: usual(&name),
        name,
        procs,
    })
    .collect()
}

/// Whether the program ends early. With one number of Ps or another.
fn ends(exe: &Path, program: &Program, refusal: &Refusal, seed: u32) -> bool {
    let procs = program.procs[seed as usize % program.procs.len()].to_string();
    let faults = format!("{},seed={seed}", refusal.faults);
    let env = [
        ("GOMAXPROCS", procs.as_str()),
        ("GODEBUG", refusal.debug),
        ("RTLIB_FAULTS", &faults),
    ];
    let outcome = start(exe, &program.name, &env, RUN);
    let ends = outcome.essence() != program.usual.essence();
    assert!(
        !ends
            || ended_because(&outcome, refusal.ends)
            || ended_before(&outcome, &program.usual, refusal.ends),
        "neither as without faults nor a clear end. To repeat it:\nGOMAXPROCS={procs} GODEBUG={} RTLIB_FAULTS={faults} {} {}\n{}\n=== without faults:\n{}",
        refusal.debug,
        exe.display(),
        program.name,
        outcome.report(),
        program.usual.report()
    );
    ends
}

#[test]
fn what_the_system_refuses_is_done_without_or_said() {
    let exe = behaviours::faulty_executable();
    let programs = programs(exe);
    for round in seeds(1) {
        for refusal in &REFUSALS {
            // Another seed for each, so that programs that are alike meet different faults.
            let seeds = (round.wrapping_mul(1000)..).zip(&programs);
            let ended = seeds
                .filter(|(seed, program)| ends(exe, program, refusal, *seed))
                .count();
            assert!(
                ended > 0 || refusal.ends.is_empty(),
                "{}: nothing seems to have failed",
                refusal.faults
            );
        }
    }
}

/// With at most so much address space.
fn start_within(kib: u64, exe: &Path, name: &str) -> Outcome {
    let mut command = Command::new("sh");
    tool::clean(&mut command);
    command
        .args(["-c", "ulimit -v $0; exec \"$@\"", &kib.to_string()])
        .arg(exe)
        .arg(name);
    run(&mut command, RUN)
}

#[test]
fn programs_need_little_address_space() {
    let exe = behaviours::faulty_executable();
    for name in ["fifo", "lock-thread-ends", "mutex-hammer"] {
        _ = start_within(200_000, exe, name).ok();
    }
}

/// std ends a program whose allocator has nothing left with a message and SIGABRT.
fn allocator_gave_up(outcome: &Outcome) -> bool {
    const ABORTED: i32 = 128 + 6;
    outcome.code() == ABORTED && outcome.err().contains("memory allocation of ")
}

#[test]
fn too_little_address_space_is_said() {
    let exe = behaviours::faulty_executable();
    let mut ended = 0;
    for name in ["fifo", "goroutines", "parallelism", "sieve1"] {
        // From what the program itself takes up to what it needs.
        for kib in (5_000..60_000).step_by(5_000) {
            let outcome = start_within(kib, exe, name);
            if !outcome.status.success() {
                let said = ended_because(&outcome, &[NO_MEMORY, NO_ARENA, NO_THREAD]);
                assert!(
                    said || allocator_gave_up(&outcome),
                    "{kib} KiB\n{}",
                    outcome.report()
                );
                ended += 1;
            }
        }
    }
    assert!(ended > 0, "nothing seems to have been refused");
}

/// What a server on threads of std and its clients notice of calls that fail.
struct Refused {
    faults: &'static str,
    /// Their own calls say so.
    told: bool,
    /// Nothing can be polled, and each waits with a thread.
    threads: bool,
}

const fn refused(faults: &'static str, told: bool, threads: bool) -> Refused {
    Refused {
        faults,
        told,
        threads,
    }
}

const REFUSED: [Refused; 10] = [
    refused("accept=2", true, false),
    refused("recv=3", true, false),
    refused("epoll_create=1", false, true),
    refused("epoll_create=2", false, false),
    refused("eventfd=1", false, true),
    refused("eventfd=2", false, false),
    refused("epoll_ctl=1", false, true),
    refused("epoll_ctl=2", false, false),
    refused("epoll_wait=2", false, false),
    refused(
        "accept=3,recv=3,epoll_create=3,eventfd=3,epoll_ctl=3,epoll_wait=3,futex=3,membarrier=3",
        true,
        false,
    ),
];

/// The fixture `std_threads`, built by [`tool::faulty`].
fn std_threads() -> PathBuf {
    let target = tool::scratch().join("std_threads-faulty");
    let mut build = tool::gobuild_by(
        tool::faulty(),
        &tool::root().join("tests/fixtures/std_threads"),
    );
    build.args(["build", "--locked", "--release"]);
    _ = run(build.env("CARGO_TARGET_DIR", &target), BUILD).ok();
    target.join("release/std_threads")
}

#[test]
fn what_sockets_are_refused_is_told_to_who_asked_or_waited_for_by_threads() {
    const CLIENTS: usize = 50;
    let exe = std_threads();
    for seed in seeds(3) {
        for refusal in &REFUSED {
            let faults = format!("{},seed={seed}", refusal.faults);
            let procs = (1 + seed % 4).to_string();
            let env = [("GOMAXPROCS", procs.as_str()), ("RTLIB_FAULTS", &faults)];
            let outcome = start(&exe, &format!("refused-calls {CLIENTS}"), &env, RUN).ok();
            let report = || format!("{faults}\n{}", outcome.report());
            assert_eq!(
                outcome.out(),
                format!("{CLIENTS} clients, nothing lost\n"),
                "{}",
                report()
            );
            let err = outcome.err();
            let mut numbers = err.split(' ').filter_map(|word| word.parse::<usize>().ok());
            let (Some(told), Some(threads)) = (numbers.next(), numbers.next()) else {
                panic!("{}", report())
            };
            assert_eq!(told > 0, refusal.told, "{}", report());
            assert!(!refusal.threads || threads > CLIENTS, "{}", report());
        }
    }
}
