//! The program that `package.rs` builds with the installed tool: everybody waits for somebody else, `main` or an init among them.

use std::sync::Arc;

use rtlib::chan::bounded;
use rtlib::sync::Mutex;

#[inline(never)]
fn locker(mutex: &Mutex<()>) {
    drop(mutex.lock());
}

#[inline(never)]
fn wait() {
    let mutex = Arc::new(Mutex::new(()));
    let kept = mutex.lock();
    let (send, receive) = bounded::<u8>(0);
    let theirs = mutex.clone();
    rtlib::go(move || locker(&theirs));
    rtlib::yield_now();
    _ = receive.recv();
    drop((kept, send));
}

#[rtlib::init]
fn prepare() {
    if std::env::args().nth(1).as_deref() == Some("init") {
        wait();
    }
}

fn main() {
    wait();
}
