//! Fuzzing without a fuzzer: seeds, mutated by a generator with a fixed start, so that a failure happens again on every machine.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fastrand::Rng;

/// Where the generator starts.
const START: u64 = 0x676f_6275_696c_6421;
/// Values that make arithmetic overflow and offsets go astray.
const NASTY: [u64; 8] = [
    0,
    1,
    8,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 63,
    u64::MAX - 7,
    u64::MAX,
];

/// Runs `target` on every seed, then on `rounds` mutations of them.
pub fn run_rounds(target: fn(&[u8]), seeds: &[Vec<u8>], rounds: u64) {
    let mut rng = Rng::with_seed(START);
    seeds.iter().for_each(|seed| target(seed));
    for _ in 0..rounds {
        target(&mutate(&mut rng, seeds));
    }
}

/// The command line of a target on stable: `SECONDS`, or `--seeds DIR` to write the seeds for cargo-fuzz.
pub fn command_line(target: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--seeds", directory] => write_seeds(Path::new(directory), &seeds()),
        [seconds] if seconds.parse::<u64>().is_ok() => {
            run_for(
                target,
                &seeds(),
                Duration::from_secs(seconds.parse().unwrap_or_default()),
            );
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: SECONDS | --seeds DIR");
            ExitCode::from(2)
        }
    }
}

fn run_for(target: fn(&[u8]), seeds: &[Vec<u8>], time: Duration) {
    let (mut rng, start, mut rounds) = (Rng::with_seed(START), Instant::now(), 0_u64);
    while start.elapsed() < time {
        target(&mutate(&mut rng, seeds));
        rounds += 1;
    }
    println!("{rounds} inputs in {} s, nothing found", time.as_secs());
}

fn write_seeds(directory: &Path, seeds: &[Vec<u8>]) -> ExitCode {
    let write = || {
        fs::create_dir_all(directory)?;
        seeds
            .iter()
            .enumerate()
            .try_for_each(|(i, seed)| fs::write(directory.join(format!("seed-{i}")), seed))
    };
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write seeds to {}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}

/// A seed with a few changes, or now and then bytes of no origin.
fn mutate(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = match rng.choice(seeds) {
        Some(seed) if rng.u8(..) > 4 => seed.clone(),
        _ => (0..rng.usize(..256)).map(|_| rng.u8(..)).collect(),
    };
    for _ in 0..rng.usize(1..8) {
        change(rng, &mut bytes);
    }
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>) {
    // Half of the changes fall near the start, where headers are.
    let reach = if rng.bool() {
        bytes.len().min(1024)
    } else {
        bytes.len()
    };
    let at = rng.usize(..=reach);
    match rng.u8(..10) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, rng.u8(..)),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 | 4 if at < bytes.len() => bytes[at] = rng.u8(..),
        5 => copy_within(rng, bytes, at),
        6 | 7 => {
            let nasty = NASTY[rng.usize(..NASTY.len())];
            overwrite(
                bytes,
                at & !7,
                &nasty.to_le_bytes()[..if rng.bool() { 8 } else { 4 }],
            );
        }
        _ => overwrite(bytes, at & !3, &rng.u32(..).to_le_bytes()),
    }
}

fn overwrite(bytes: &mut [u8], at: usize, new: &[u8]) {
    let room = bytes.len().saturating_sub(at).min(new.len());
    bytes[at..at + room].copy_from_slice(&new[..room]);
}

/// Copies a word from elsewhere: pointers that are valid, but of something else.
fn copy_within(rng: &mut Rng, bytes: &mut [u8], at: usize) {
    let words = bytes.len() / 8;
    if words > 0 {
        let from = rng.usize(..words) * 8;
        let word = bytes[from..from + 8].to_vec();
        overwrite(bytes, at & !7, &word);
    }
}
