//! What the programs on tokio share.

use std::future::Future;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// Runs a program's main task on as many worker threads as the others use; on one thread tokio has a runtime made for that.
///
/// # Panics
/// When there is no runtime to be had, or the task panics.
pub fn run(main: impl Future<Output = ()> + Send + 'static) {
    run_on(runtime(bench_report::workers()), main);
}

/// Serves each client with a task of its own, and prints the port first: on the runtime that tokio has for servers, with as many worker threads as it has CPUs, be it one.
///
/// # Panics
/// When there is no runtime or no port to be had, or a client cannot be accepted.
pub fn serve<F: Future<Output = ()> + Send + 'static>(client: fn(TcpStream) -> F) {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(bench_report::workers()).enable_io();
    let runtime = builder.build().expect("the system has threads");
    run_on(runtime, async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("port {}", listener.local_addr().expect("bound").port());
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            stream.set_nodelay(true).expect("no delay");
            tokio::spawn(client(stream));
        }
    });
}

fn run_on(runtime: Runtime, main: impl Future<Output = ()> + Send + 'static) {
    // A task of its own, not the one of `block_on`: that one stays on the main thread and would not be a worker's.
    let main = runtime.spawn(main);
    runtime
        .block_on(main)
        .expect("the main task does not panic");
    // Tasks that wait for ever need not be waited for.
    runtime.shutdown_background();
}

fn runtime(workers: usize) -> Runtime {
    let mut builder = if workers == 1 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    let builder = builder.worker_threads(workers).enable_time();
    builder.build().expect("the system has threads")
}
