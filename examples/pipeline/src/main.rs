//! A pipeline with cancellation: each stage is a goroutine (the slow one several), channels connect them, and the first error stops all of them.
//!
//! ```text
//! cargo gobuild run --release --manifest-path examples/pipeline/Cargo.toml
//! ```

use std::fmt;

use rtlib::chan::{Receiver, Sender, bounded};
use rtlib::context::{self, Context};
use rtlib::select;

/// How many goroutines share the slow stage.
const PARSERS: usize = 4;

/// A line of the input and its number.
type Line = (usize, String);

/// What is wrong with the input.
#[derive(Debug)]
struct BadLine {
    number: usize,
    text: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `{}` is not a number", self.number, self.text)
    }
}

/// Sends, unless the pipeline is stopped or nobody is left to receive. Every stage sends this way, so that none is stuck when another one fails.
fn send<T>(ctx: &Context, to: &Sender<T>, value: T) -> bool {
    select! {
        send(to, value) -> sent => sent.is_ok(),
        recv(ctx.done()) -> _ => false,
    }
}

/// Receives, unless the pipeline is stopped or nothing comes any more.
fn receive<T>(ctx: &Context, from: &Receiver<T>) -> Option<T> {
    select! {
        recv(from) -> value => value.ok(),
        recv(ctx.done()) -> _ => None,
    }
}

/// First stage: the lines of the input.
fn read(ctx: &Context, input: &str, lines: &Sender<Line>) {
    for (number, line) in (1..).zip(input.lines()) {
        if !send(ctx, lines, (number, line.to_owned())) {
            return;
        }
    }
}

/// Second stage: their numbers.
fn parse(ctx: &Context, lines: &Receiver<Line>, numbers: &Sender<u64>) -> Result<(), BadLine> {
    while let Some((number, text)) = receive(ctx, lines) {
        let Ok(value) = text.parse() else {
            return Err(BadLine { number, text });
        };
        if !send(ctx, numbers, value) {
            break;
        }
    }
    Ok(())
}

/// The sum of the numbers in the lines of `input`.
fn sum(ctx: &Context, input: &str) -> Result<u64, BadLine> {
    let (to_parsers, lines) = bounded(16);
    let (to_sum, numbers) = bounded(16);
    context::try_scope(ctx, |group| {
        let ctx = group.context();
        let reader = ctx.clone();
        group.spawn(move || {
            read(&reader, input, &to_parsers);
            Ok(())
        });
        for _ in 0..PARSERS {
            let (ctx, lines, to_sum) = (ctx.clone(), lines.clone(), to_sum.clone());
            group.spawn(move || parse(&ctx, &lines, &to_sum));
        }
        drop((lines, to_sum)); // the stages hold the ends that are left
        let mut sum = 0;
        while let Some(number) = receive(ctx, &numbers) {
            sum += number;
        }
        Ok(sum)
    })
}

fn main() {
    let numbers: Vec<String> = (1..=10_000).map(|n| n.to_string()).collect();
    let good = numbers.join("\n");
    let bad = good.replacen("777", "seven hundred and seventy-seven", 1);
    for input in [good, bad] {
        match sum(&context::background(), &input) {
            Ok(sum) => println!("sum: {sum}"),
            Err(error) => println!("error: {error}"),
        }
    }
    let (ctx, cancel) = context::with_cancel(&context::background());
    cancel.cancel();
    println!("cancelled before it began: {:?}", ctx.err());
    println!(
        "stopped early: {}",
        sum(&ctx, "1\n2\n3").is_ok_and(|sum| sum <= 6)
    );
}
