//! Chores: `cargo xtask <chore>`. No dependencies, so that it compiles in a moment.
//!
//! [`steps`] is what the chores are made of, [`run`] runs, times and sums them up; [`tidy`] is the one check that is ours, [`layers`], [`links`], [`blocks`] and [`unsafety`] are its parts about the runtime's layers, the documents, and the page about unsafe code; [`needs`] gets
//! what the tests need from the system. A new chore is a line in [`CHORES`].

mod blocks;
mod book;
mod calls;
mod files;
mod layers;
mod links;
mod needs;
mod package;
mod pip;
mod release;
mod run;
mod steps;
mod suites;
mod tidy;
mod toolchains;
mod unsafety;
mod workspace;

use std::process::ExitCode;

use run::Runner;

struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&mut Runner, &[String]),
}

const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        about: "all checks and tests; `test STEP…` runs only steps whose names begin so",
        run: steps::test,
    },
    Chore {
        name: "ci",
        about: "the same as on a machine that builds from nothing: locked versions, no incremental compilation",
        run: steps::ci,
    },
    Chore {
        name: "tidy",
        about: "the rules that compilers do not know",
        run: steps::tidy,
    },
    Chore {
        name: "book",
        about: "the documents as a web page with search, in target/book",
        run: steps::book,
    },
    Chore {
        name: "package",
        about: "make all packages, install the tool from them without the network, build and run programs with it",
        run: steps::package,
    },
    Chore {
        name: "release",
        about: "the files of a release: the tool built with itself, manual pages, completions",
        run: steps::release,
    },
    Chore {
        name: "bless",
        about: "rewrite the expected messages of the tests, and docs/std.md's table of calls",
        run: steps::bless,
    },
    Chore {
        name: "bench",
        about: "measure, beside Go, and write the numbers into docs/; arguments go to the benchmark",
        run: steps::bench,
    },
    Chore {
        name: "soak",
        about: "`soak MINUTES [SEED]`: everything that the runtime does, at once, in programs of both tools",
        run: steps::soak,
    },
    Chore {
        name: "suites",
        about: "`suites [NAME…] [--write]`: tests of std and of crates, unchanged, with std's threads as goroutines; `--write` keeps the results in docs/suites.md",
        run: steps::suites,
    },
    Chore {
        name: "long",
        about: "`long [MINUTES]`: fuzzing, many graphs for the order oracle, loom with one preemption more, ThreadSanitizer, many schedules, many faults, the soak",
        run: steps::long,
    },
];

/// The names of all chores.
fn names_of_chores() -> Vec<&'static str> {
    CHORES.iter().map(|chore| chore.name).collect()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chore = arguments
        .first()
        .and_then(|name| CHORES.iter().find(|chore| chore.name == name));
    let Some(chore) = chore else {
        eprintln!("usage: cargo xtask CHORE\n");
        for chore in CHORES {
            eprintln!("  {:7} {}", chore.name, chore.about);
        }
        return ExitCode::from(2);
    };
    let mut runner = Runner::new();
    (chore.run)(&mut runner, &arguments[1..]);
    runner.summary()
}
