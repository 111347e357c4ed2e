//! What the programs on may share. Its channels have no bound, so there is none for work that a full channel must slow down; its stacks cost two
//! mappings each, so there is none for a hundred thousand coroutines at once either: the kernel allows 65,530 mappings.

/// Runs a program's main coroutine on as many worker threads as the others use.
///
/// # Panics
/// When the coroutine panics.
pub fn run(main: impl FnOnce() + Send + 'static) {
    may::config().set_workers(bench_report::workers());
    let main = may::go!(main);
    main.join().expect("the main coroutine does not panic");
}
