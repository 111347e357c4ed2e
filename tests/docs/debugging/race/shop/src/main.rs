//! Two guests, and one seat.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use rtlib::chan::{Sender, bounded};

static SEATS: AtomicU32 = AtomicU32::new(1);

fn book(name: &str, log: &Sender<String>) -> bool {
    let free = SEATS.load(SeqCst);
    log.send(format!("{name}: {free} free")).unwrap();
    free > 0 && {
        SEATS.store(free - 1, SeqCst);
        true
    }
}

fn main() {
    let (log, lines) = bounded(1);
    let guests = ["Ann", "Bob"].map(|name| {
        let log = log.clone();
        rtlib::spawn(move || book(name, &log))
    });
    drop(log);
    lines.iter().for_each(|line| println!("{line}"));
    let seated = guests.map(|guest| guest.join().unwrap());
    assert_ne!(seated, [true, true], "one seat, two guests");
}
