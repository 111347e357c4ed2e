//! Init functions through the whole pipeline: tables that follow the source, and inits that would be lost.
//!
//! What the order must be is proven elsewhere; here it is that cargo, rustc and the driver together keep the table up to date.

mod common;

use common::{Outcome, Package};

const MAIN: &str = "target/debug/app";

/// One package whose source changes, since every package compiles `rtlib` anew.
#[test]
fn the_table_follows_the_source() {
    let main = |name: &str| {
        format!(
            "#[rtlib::init]\nfn {name}() {{ println!(\"{name}\"); }}\nfn main() {{ println!(\"main\"); }}\n"
        )
    };
    let package = Package::with_rtlib(&[("src/main.rs", &main("first"))]);
    package.run(&["-q"]).expect_code(0);
    assert_eq!(package.output_of(MAIN), "first\nmain\n");

    package.write("src/main.rs", &main("renamed"));
    package.run(&["-q"]).expect_code(0);
    assert_eq!(package.output_of(MAIN), "renamed\nmain\n");
    let shown = package.run(&["inspect", MAIN]).expect_code(0).stdout;
    assert!(
        shown.contains("app::renamed") && !shown.contains("first"),
        "{shown}"
    );

    package.write("src/main.rs", "fn main() { println!(\"main\"); }\n");
    package.run(&["-q"]).expect_code(0);
    assert_eq!(package.output_of(MAIN), "main\n");

    package.write(
        "src/main.rs",
        "#[rtlib::init]\nfn bad(x: u32) {}\nfn main() {}\n",
    );
    let outcome = package.run(&["--emit", "inittask"]).expect_code(101);
    outcome.expect_error(&["error[init-arguments]", "src/main.rs:2:7", "help: "]);

    package.write("src/lib.rs", "#[rtlib::init]\nfn in_lib() {}\n");
    package.write("src/main.rs", "fn main() {}\n");
    let lost = package.run(&[]).expect_code(101);
    lost.expect_error(&[
        "error[init-lost]",
        "app::in_lib",
        "src/lib.rs:2",
        "add `use app as _;` to src/main.rs",
    ]);
    package.write("src/main.rs", "use app as _;\nfn main() {}\n");
    package.run(&["-q"]).expect_code(0);
}

#[test]
fn tests_and_doctests_run_inits() {
    let lib = "//! ```\n//! assert!(app::was_run());\n//! ```\nuse std::sync::atomic::{AtomicBool, Ordering};\nstatic RUN: AtomicBool = \
               AtomicBool::new(false);\n#[rtlib::init]\nfn set() { RUN.store(true, Ordering::Relaxed); }\npub fn was_run() -> bool { \
               RUN.load(Ordering::Relaxed) }\n#[test]\nfn unit() { assert!(was_run()); }\n";
    let package = Package::with_rtlib(&[
        ("src/lib.rs", lib),
        (
            "tests/it.rs",
            "#[test]\nfn integration() { assert!(app::was_run()); }\n",
        ),
    ]);
    let outcome = Outcome::of(&mut package.gobuild(&["test"])).expect_code(0);
    for part in [
        "unit ... ok",
        "integration ... ok",
        "src/lib.rs - (line 1) ... ok",
    ] {
        assert!(
            outcome.stdout.contains(part),
            "no {part} in: {}",
            outcome.stdout
        );
    }
}
