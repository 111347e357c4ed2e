//! A worker pool: jobs go into one channel, a fixed number of goroutines takes them out, results come back through another.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/workers/Cargo.toml
//! ```

use std::ops::Range;

use rtlib::chan::{Receiver, Sender, bounded};

const WORKERS: usize = 8;
const LIMIT: u32 = 200_000;
const PER_JOB: u32 = 5_000;

/// What a worker is to do: count the primes among these numbers.
struct Job {
    numbers: Range<u32>,
}

/// What came out, and who did it.
struct Outcome {
    primes: usize,
    worker: usize,
}

fn is_prime(number: u32) -> bool {
    number > 1
        && (2..)
            .take_while(|d| d * d <= number)
            .all(|d| !number.is_multiple_of(d))
}

/// Works until there are no more jobs.
fn work(worker: usize, jobs: &Receiver<Job>, outcomes: &Sender<Outcome>) {
    for job in jobs {
        let primes = job.numbers.filter(|&number| is_prime(number)).count();
        outcomes
            .send(Outcome { primes, worker })
            .expect("main receives until the last worker has ended");
    }
}

fn main() {
    // Small buffers: whoever is ahead waits for the others instead of filling the memory.
    let (jobs, todo) = bounded(WORKERS);
    let (done, outcomes) = bounded(WORKERS);
    let (primes, per_worker) = rtlib::scope(|s| {
        for worker in 0..WORKERS {
            let (todo, done) = (todo.clone(), done.clone());
            s.spawn(move || work(worker, &todo, &done));
        }
        drop(done); // the workers' clones are left: `outcomes` ends when they have
        s.spawn(move || {
            for start in (0..LIMIT).step_by(PER_JOB as usize) {
                let numbers = start..start + PER_JOB;
                jobs.send(Job { numbers })
                    .expect("workers take jobs until there are none");
            }
        });
        let mut per_worker = [0; WORKERS];
        let mut primes = 0;
        for outcome in outcomes {
            primes += outcome.primes;
            per_worker[outcome.worker] += 1;
        }
        (primes, per_worker)
    });
    println!("{primes} primes below {LIMIT}");
    println!(
        "{} jobs for {WORKERS} workers",
        per_worker.iter().sum::<u32>()
    );
}
