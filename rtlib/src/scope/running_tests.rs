//! The count of a scope's goroutines: under loom every interleaving of small cases, else (and under miri) the cases as they come.

use super::*;
use crate::event::restless::Restless;
use crate::shim::Cell;
#[cfg(loom)]
use loom::thread;
use std::boxed::Box;
#[cfg(not(loom))]
use std::thread;

/// A scope in memory that is freed as soon as the wait is over, and something that its goroutines write.
struct Frame {
    running: Running<Restless>,
    borrowed: [Cell<u32>; 2],
}

/// What a goroutine knows of the frame.
#[derive(Clone, Copy)]
struct Known(NonNull<Frame>);

// SAFETY: each goroutine writes a place of its own, and the owner reads after `wait`.
unsafe impl Send for Known {}

impl Known {
    fn frame(&self) -> &Frame {
        // SAFETY: only called while the caller is counted.
        unsafe { self.0.as_ref() }
    }

    fn write_and_end(self, place: usize) {
        // SAFETY: the place is this goroutine's.
        self.frame().borrowed[place].write(|slot| unsafe { *slot = 1 });
        let running = NonNull::from(&self.frame().running);
        // SAFETY: the caller is counted.
        unsafe { Running::end(running) };
    }
}

fn check(test: impl Fn() + Send + Sync + 'static) {
    #[cfg(loom)]
    loom::model(test);
    #[cfg(not(loom))]
    for _ in 0..if cfg!(miri) { 20 } else { 1000 } {
        test();
    }
}

/// Lets `start` start goroutines, waits, frees the frame; returns what was written.
fn with_frame(start: impl FnOnce(Known) -> thread::JoinHandle<()>) -> [u32; 2] {
    let frame = Box::new(Frame {
        running: Running::new(),
        borrowed: [Cell::new(0), Cell::new(0)],
    });
    let frame = Known(NonNull::from(Box::leak(frame)));
    let thread = start(frame);
    frame.frame().running.wait();
    // SAFETY: nobody is counted any more.
    let frame = unsafe { Box::from_raw(frame.0.as_ptr()) };
    // SAFETY: nobody writes any more; loom would notice.
    let written = [0, 1].map(|place| frame.borrowed[place].read(|slot| unsafe { *slot }));
    drop(frame);
    thread.join().unwrap();
    written
}

#[test]
fn the_owner_waits_for_what_goroutines_wrote_and_may_free_at_once() {
    check(|| {
        let written = with_frame(|frame| {
            frame.frame().running.begin();
            thread::spawn(move || frame.write_and_end(0))
        });
        assert_eq!(written, [1, 0]);
    });
}

#[test]
fn a_goroutine_that_a_goroutine_started_counts() {
    check(|| {
        let written = with_frame(|frame| {
            frame.frame().running.begin();
            thread::spawn(move || {
                frame.frame().running.begin();
                let inner = thread::spawn(move || frame.write_and_end(1));
                frame.write_and_end(0);
                inner.join().unwrap();
            })
        });
        assert_eq!(written, [1, 1]);
    });
}

#[test]
fn nobody_to_wait_for_is_no_wait() {
    check(|| {
        let running: Running<Restless> = Running::new();
        running.begin();
        // SAFETY: counted above; `running` is alive.
        unsafe { Running::end(NonNull::from(&running)) };
        running.wait();
        assert_eq!(running.count(), 0);
    });
}
