//! `goexit` runs what a panic runs, and is not taken for one.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, mpsc};
use std::thread;

use crate::fake_runtime;
use crate::sync::WaitGroup;
use crate::{Goexit, go, goexit, init, scope, spawn};

struct Tells(mpsc::Sender<&'static str>);

impl Drop for Tells {
    fn drop(&mut self) {
        _ = self.0.send("dropped");
    }
}

#[test]
fn who_joins_is_told_and_destructors_have_run() {
    let (tell, told) = mpsc::channel();
    let handle = spawn(move || {
        let _tells = Tells(tell);
        goexit();
    });
    assert!(handle.join().unwrap_err().is::<Goexit>());
    assert_eq!(told.try_recv(), Ok("dropped"));
}

#[test]
fn a_goroutine_of_go_just_ends() {
    let (tell, told) = mpsc::channel();
    go(move || {
        let _tells = Tells(tell);
        goexit();
    });
    assert_eq!(told.recv(), Ok("dropped"));
    assert!(told.recv().is_err());
}

#[test]
fn a_scope_does_not_panic_for_it() {
    let sum = scope(|s| {
        _ = s.spawn(|| goexit());
        s.spawn(|| 1).join().unwrap()
    });
    assert_eq!(sum, 1);
}

#[test]
fn one_that_is_joined_in_a_scope_hides_no_panic_and_is_none() {
    let with_another = |another: fn()| {
        catch_unwind(move || {
            scope(|s| {
                let stopped = s.spawn(|| goexit());
                assert!(stopped.join().map(|never: ()| never).is_err());
                _ = s.spawn(another);
            });
        })
    };
    assert!(with_another(|| ()).is_ok());
    assert!(with_another(|| panic!("of another")).is_err());
}

#[test]
fn a_wait_group_counts_it_as_an_end() {
    let group = Arc::new(WaitGroup::new());
    group.go(|| goexit());
    group.wait();
}

#[test]
fn a_catch_on_its_way_can_pass_it_on() {
    let handle = spawn(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| goexit()));
        resume_unwind(caught.unwrap_err())
    });
    assert!(
        handle
            .join()
            .map(|never: ()| never)
            .unwrap_err()
            .is::<Goexit>()
    );
}

#[test]
fn an_init_that_calls_it_ends_the_main_goroutine() {
    thread::spawn(|| fake_runtime::as_main_goroutine(|| init::run(|| goexit())));
    assert_eq!(fake_runtime::fatal_message(1), "main called goexit");
}

#[test]
#[should_panic(expected = "not a goroutine")]
fn a_plain_thread_cannot_call_it() {
    goexit();
}
