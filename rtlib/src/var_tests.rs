//! Package variables: when they can be read, and what a read that comes too early says.

use super::*;
use std::boxed::Box;
use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::vec::Vec;

use crate::fake_runtime::{as_main_goroutine, during_init};

const READER: RunningInit = RunningInit {
    package: "db",
    name: "db::open",
    file: "db/src/lib.rs",
    line: 7,
};

fn fresh<T>(initialiser: fn() -> T) -> &'static Var<T> {
    Box::leak(Box::new(Var::new(
        initialiser,
        "config::PORT",
        "config/src/lib.rs",
        12,
    )))
}

fn panic_of(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("a panic");
    crate::panics::message(&*payload).into()
}

fn read_too_early() -> String {
    let var = fresh(|| 1_u16);
    panic_of(|| _ = **var)
}

#[test]
fn a_variable_holds_what_its_initialiser_returned() {
    let var = fresh(|| Vec::from([1, 2, 3]));
    var.initialise();
    assert_eq!(var.len(), 3);
    assert_eq!(format!("{var:?}"), "[1, 2, 3]");
}

#[test]
fn a_variable_without_bytes_and_one_that_needs_dropping_work() {
    fresh(|| ()).initialise();
    let text = fresh(|| String::from("text"));
    text.initialise();
    assert_eq!(text.as_str(), "text");
}

#[test]
fn other_threads_see_the_value() {
    let var = fresh(|| String::from("shared"));
    var.initialise();
    assert_eq!(std::thread::spawn(move || var.len()).join().unwrap(), 6);
}

#[test]
fn debug_does_not_panic_before_the_value_is_there() {
    assert_eq!(format!("{:?}", fresh(|| 1)), "<not initialised>");
}

#[test]
fn an_early_read_by_an_init_names_variable_and_init() {
    let message = as_main_goroutine(|| during_init(READER, read_too_early));
    assert_eq!(
        message,
        "package variable `config::PORT` (config/src/lib.rs:12) is read before it is initialised, by the init of package db: \
         `db::open` (db/src/lib.rs:7); make the reader's package depend on the variable's, or read it later"
    );
}

#[test]
fn an_early_read_by_another_goroutine_names_it_too() {
    let message = crate::spawn(|| during_init(READER, read_too_early))
        .join()
        .unwrap();
    assert!(
        message.contains("is read before it is initialised, by goroutine "),
        "{message}"
    );
    assert!(
        message.contains(" during the init of package db: `db::open` (db/src/lib.rs:7); "),
        "{message}"
    );
}

#[test]
fn an_early_read_within_one_package_is_not_told_of_dependencies() {
    const NEIGHBOUR: RunningInit = RunningInit {
        package: "config",
        name: "config::HOST",
        file: "config/src/lib.rs",
        line: 9,
    };
    let message = as_main_goroutine(|| during_init(NEIGHBOUR, read_too_early));
    assert!(
        message.ends_with(
            "`config::HOST` (config/src/lib.rs:9); name it in the initialiser that reads it, so that it is initialised before, \
             or read it later"
        ),
        "{message}"
    );
    let message = crate::spawn(|| during_init(NEIGHBOUR, read_too_early))
        .join()
        .unwrap();
    assert!(
        message.ends_with(
            "; start the reader in an init function, which runs after the variables of its package, or read it later"
        ),
        "{message}"
    );
}

#[test]
fn an_early_read_by_a_plain_thread_says_so() {
    let message = during_init(READER, read_too_early);
    assert!(
        message.contains(", by a thread that is not a goroutine during the init of package db"),
        "{message}"
    );
    let message = read_too_early();
    assert!(
        message.ends_with(
            ", by a thread that is not a goroutine; read it from `main` or from an init function"
        ),
        "{message}"
    );
}

#[test]
fn a_variable_that_reads_itself_is_told_so() {
    static ITSELF: Var<u32> = Var::new(|| *ITSELF + 1, "config::ITSELF", "config/src/lib.rs", 20);
    let message = as_main_goroutine(|| panic_of(|| ITSELF.initialise()));
    assert!(
        message.ends_with("; its own initialiser is still running, and must not use it"),
        "{message}"
    );
}

#[test]
fn a_second_initialisation_is_refused() {
    let var = fresh(|| 1);
    var.initialise();
    let message = panic_of(|| var.initialise());
    assert_eq!(
        message,
        "package variable `config::PORT` (config/src/lib.rs:12) is initialised a second time"
    );
    assert_eq!(**var, 1);
}
