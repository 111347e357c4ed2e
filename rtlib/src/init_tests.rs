//! Init functions: they run, and a panic in one ends the program.

use core::cell::Cell;
use std::sync::mpsc;

use crate::{current, fake_runtime, init, spawn};

#[test]
fn an_init_runs_once_when_called() {
    let runs = Cell::new(0);
    init::run(|| runs.set(runs.get() + 1));
    assert_eq!(runs.get(), 1);
}

#[test]
fn a_panicking_init_ends_the_program_with_its_message() {
    let (tell, told) = mpsc::channel();
    let _detached = spawn(move || {
        tell.send(current().unwrap().id()).unwrap();
        init::run(|| panic!("no configuration"));
    });
    assert_eq!(
        fake_runtime::fatal_message(told.recv().unwrap()),
        "no configuration"
    );
}
