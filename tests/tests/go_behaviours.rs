//! What Go's own tests say about channels, select, scheduling and the ends of programs holds here: the programs of the fixture `go_behaviours` run as children
//! with exact output and exit status. Those that Go defines the output of run in Go, too, and both must agree.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gobuild_tests::behaviours::{self, executable};
use gobuild_tests::go;
use gobuild_tests::process::{BUILD, Outcome, RUN, run};
use gobuild_tests::tool;

/// Go's.
fn gos() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let exe = tool::scratch().join("go_behaviours-in-go");
        let mut build = go::command(&behaviours::fixture().join("go"));
        _ = run(build.args(["build", "-o"]).arg(&exe).arg("."), BUILD).ok();
        exe
    })
}

fn start(exe: &Path, name: &str, procs: &str) -> Outcome {
    let mut command = Command::new(exe);
    tool::clean(&mut command);
    run(command.arg(name).env("GOMAXPROCS", procs), RUN)
}

/// The program succeeds with each number of Ps, and prints this line and nothing else.
#[track_caller]
fn check(name: &str, procs: &[&str], expect: &str) {
    for procs in procs {
        let outcome = start(executable(), name, procs).ok();
        assert_eq!(
            (outcome.out(), outcome.err()),
            (format!("{expect}\n"), String::new()),
            "{name} with GOMAXPROCS={procs}"
        );
    }
}

/// The program prints what Go's prints and ends as Go's ends.
#[track_caller]
fn check_as_go(name: &str, procs: &[&str]) {
    let go = start(gos(), name, procs[0]);
    for procs in procs {
        let outcome = start(executable(), name, procs);
        assert!(
            (outcome.out(), outcome.code()) == (go.out(), go.code())
                && report(&outcome) == report(&go),
            "not as in Go, with GOMAXPROCS={procs}\n{}\n=== Go:\n{}",
            outcome.report(),
            go.report()
        );
    }
}

/// What both sides say about an end in the same words: why, and which goroutines there are in which state. Not their numbers, which Go begins to count
/// elsewhere, nor their stacks.
fn report(outcome: &Outcome) -> Vec<String> {
    let err = outcome.err();
    let mut why = Vec::new();
    let mut goroutines = Vec::new();
    for line in err.lines() {
        if line.starts_with("panic: ") || line.starts_with("fatal error: ") {
            why.push(line.to_owned());
        } else if let Some(rest) = line.strip_prefix("goroutine ") {
            goroutines.push(
                rest.trim_start_matches(|c: char| c.is_ascii_digit())
                    .to_owned(),
            );
        }
    }
    goroutines.sort();
    why.extend(goroutines);
    why
}

/// For programs that count on one goroutine running at a time.
const ONE: &[&str] = &["1"];
const ANY: &[&str] = &["1", "2", "4"];

#[test]
fn channels_deliver_in_order() {
    check_as_go("fifo", ANY);
    check_as_go("goroutines", ANY);
}

#[test]
fn channels_block_when_they_must_and_only_then() {
    check_as_go("blocking", ONE);
    check("nonblock", ONE, "never blocked");
    for race in [
        "nonblock-receive-race",
        "nonblock-select-race",
        "nonblock-select-close-race",
    ] {
        check(race, ANY, "always ready");
    }
}

#[test]
fn closing_wakes_those_who_wait_after_the_buffer_is_empty() {
    check_as_go("closing", ONE);
}

#[test]
fn channels_take_elements_of_every_kind() {
    check_as_go("zerosize", ANY);
    check("interfaces", ANY, "7\nSome(\"text\")\nNone");
    check("capacities", ANY, "as large as they say");
}

#[test]
fn many_consumers_share_one_queue() {
    check_as_go("multi-consumer", ANY);
}

#[test]
fn a_blocked_senders_value_stays_where_it_is() {
    check("blocked-sender-goes-deep", ONE, "ten values");
}

#[test]
fn sieves_find_the_primes() {
    check_as_go("sieve1", ANY);
    check_as_go("sieve2", ANY);
}

#[test]
fn power_series_are_computed_by_goroutines() {
    check_as_go("powser", ANY);
}

#[test]
fn a_select_does_one_thing() {
    check_as_go("doubleselect", ANY);
    check("self-select", ANY, "no self-receive");
    check("select-stress", ANY, "even");
}

#[test]
fn a_select_leaves_the_channels_that_it_did_not_choose_as_they_were() {
    check_as_go("select-leaves-queues-whole", ONE);
    check_as_go("select-duplicate-channel", ONE);
    check_as_go("select-keeps-locals", ONE);
    check("select-discards", ANY, "nine meetings");
    check("select-keeps-no-memory", ANY, "no memory kept");
}

#[test]
fn a_select_evaluates_each_channel_once_and_the_value_it_sends() {
    check(
        "select-evaluation",
        ANY,
        "empty receiver sender never value full receiver sender never",
    );
}

#[test]
fn a_select_is_fair() {
    check("select-fairness", ANY, "fair");
    check("pseudo-random-send", ANY, "random");
}

#[test]
fn yielding_and_tied_goroutines_let_others_go_on() {
    check("yield-progress", ANY, "progress");
    check("yield-progress-locked", ANY, "progress");
    check("yield-locked", ANY, "done");
    check_as_go("block-locked", ANY);
}

#[test]
fn as_many_goroutines_run_at_once_as_there_are_ps() {
    check("parallelism", ANY, "in parallel");
    check("parallelism-nested", ANY, "in parallel");
}

#[test]
fn goroutines_that_never_give_way_do_not_stop_the_rest() {
    check("alternating-spinners", ONE, "took turns");
    check("ping-pong-hog", ONE, "shared");
    check("short-calls", ANY, "others ran");
}

#[test]
fn busy_goroutines_do_not_hold_timers_up() {
    check("timer-fairness", ANY, "fired");
    check("timer-fairness-2", ANY, "fired");
    check("timer-fairness-3", ANY, "both ran");
}

#[test]
fn the_number_of_ps_changes_while_goroutines_start_goroutines() {
    check("procs-change-under-spawns", ANY, "done");
}

#[test]
fn goroutines_are_counted() {
    check_as_go("num-goroutine", ANY);
}

#[test]
fn a_thread_belongs_to_the_goroutine_that_is_tied_to_it() {
    check("lock-first-thread", ONE, "main goes on elsewhere");
    check("lock-thread-ends", ANY, "thread ended");
    check("lock-keeps-state-to-itself", ONE, "nobody else saw it");
    check("lock-race", ANY, "all tied, all free");
}

#[test]
fn a_deadlock_is_reported_with_every_goroutine() {
    check_as_go("simple-deadlock", ANY);
    check_as_go("init-deadlock", ANY);
    check_as_go("locked-deadlock", ANY);
    check_as_go("locked-deadlock-2", ANY);
    check_as_go("deadlock-on-channels", ANY);
}

#[test]
fn goexit_ends_the_goroutine_and_runs_destructors() {
    check_as_go("goexit-deadlock", ANY);
    check_as_go("goexit-exit", ANY);
    check_as_go("goexit-runs-destructors", ANY);
    check("goexit-is-no-panic", ANY, "open: false");
    check_as_go("panic-after-goexit", ONE);
}

#[test]
fn the_panic_that_nobody_recovered_ends_the_program() {
    check_as_go("recursive-panic", ANY);
    check_as_go("recursive-panic-2", ANY);
    check_as_go("recursive-panic-3", ANY);
    check_as_go("recursive-panic-4", ANY);
    check_as_go("recursive-panic-5", ANY);
    check_as_go("yield-in-panic", ANY);
    check_as_go("no-helper-goroutines", ANY);
}

#[test]
fn locks_are_fair_and_let_one_in_at_a_time() {
    check("mutex-hammer", ANY, "hammered");
    check("mutex-fairness", ANY, "fair");
    check("rwmutex-hammer", ANY, "1000");
    check("rwmutex-readers-share", ANY, "10 at once");
    check("rwmutex-writer-is-not-starved", ANY, "ten writes");
}

#[test]
fn unlocking_what_is_not_locked_ends_the_program() {
    check_as_go("mutex-unlock", ONE);
    check_as_go("mutex-unlock-twice", ONE);
    check_as_go("rwmutex-unlock", ONE);
    check_as_go("rwmutex-unlock-read-lock", ONE);
    check_as_go("rwmutex-runlock", ONE);
    check_as_go("rwmutex-runlock-write-lock", ONE);
}

#[test]
fn wait_groups_wait_for_all() {
    check("waitgroup", ANY, "together");
    check_as_go("waitgroup-go", ANY);
    check_as_go("waitgroup-negative", ONE);
}

#[test]
fn once_is_once() {
    check("once", ANY, "1");
    check(
        "once-panics",
        ANY,
        "false false\nforced, poisoned: true\ntrue",
    );
}

#[test]
fn conditions_wake_in_order_or_all() {
    check_as_go("cond-order", ONE);
    check("cond-broadcast", ANY, "all woken");
}
