//! A worker that waits for jobs, and holds a sender of them itself.

use std::time::Duration;

use rtlib::chan::{Receiver, Sender, bounded};

fn worker(jobs: &Receiver<u32>, done: &Sender<u32>) {
    for job in jobs {
        println!("job {job}");
        done.send(job).unwrap();
    }
}

fn start(done: Sender<u32>) -> Sender<u32> {
    let (send, jobs) = bounded(0);
    let again = send.clone();
    rtlib::go(move || {
        worker(&jobs, &done);
        drop(again);
    });
    send
}

fn main() {
    let (done, finished) = bounded(0);
    let jobs = start(done);
    jobs.send(1).unwrap();
    finished.recv().unwrap();
    rtlib::time::sleep(Duration::from_millis(100));
}
