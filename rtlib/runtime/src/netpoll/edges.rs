//! The events of one descriptor, counted, and what a short read of a stream tells about the next one. Nothing here knows the kernel, so that loom can check it.
//!
//! # A read that leaves nothing
//!
//! A read of a TCP stream that gets less than it asked for has emptied the queue. So the next read may wait without a try, until there has been another event: what is in the queue then has come after
//! that read, and the kernel tells the poller of it after it has come. This is what a try that would have blocked says as well, so it is as exact: in both cases the count of events that the
//! waiter compares with was read before the queue was found empty.
//!
//! Three things stay behind a short read: the end of the stream, an error, and what follows urgent data. Each of them is an event of its own (`EPOLLRDHUP`, `EPOLLHUP`, `EPOLLERR`, `EPOLLPRI`). One that has
//! been told before the read leaves a mark ([`Edges::ends`]) that no read takes away, and from then on each read is tried; one that is told afterwards is another event. The mark is set before the event
//! is counted, so whoever has read the new count finds it.
//!
//! Other readers of the same stream, in this process or another, only take from the queue.

use crate::shim::{AtomicU32, Ordering};

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// Something to read, or the end.
    Read = 0,
    /// Room to write, or nobody who reads.
    Write = 1,
    /// Whatever poll(2) tells of.
    Any = 2,
}

impl Dir {
    /// All.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Any];
}

/// See the module's head. Zero bytes are a descriptor without events.
pub struct Edges {
    counts: [AtomicU32; 3],
    /// One more than the count of events to read before the last read that left nothing; [`UNKNOWN`] or [`ENDS`].
    emptied: AtomicU32,
}

/// `emptied`: there was no such read.
const UNKNOWN: u32 = 0;
/// `emptied`: no read says that nothing is left.
const ENDS: u32 = u32::MAX;

impl Edges {
    /// The word that counts the events of one direction.
    #[inline]
    pub fn count(&self, dir: Dir) -> &AtomicU32 {
        &self.counts[dir as usize]
    }

    /// How many events of this direction there have been. Read before a try.
    #[inline]
    pub fn seen(&self, dir: Dir) -> u32 {
        self.count(dir).load(Ordering::SeqCst)
    }

    /// A read of a stream has left nothing. `seen` is what there had been before it.
    #[inline]
    pub fn emptied(&self, seen: u32) {
        let emptied = seen.wrapping_add(1);
        if emptied == UNKNOWN || emptied == ENDS {
            return;
        }
        let mark = |before: u32| (before != ENDS).then_some(emptied);
        _ = self
            .emptied
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, mark);
    }

    /// If there has been no event since a read left nothing: how many there have been, to wait for another one.
    #[inline]
    pub fn empty_since(&self) -> Option<u32> {
        let emptied = self.emptied.load(Ordering::SeqCst);
        let seen = self.seen(Dir::Read);
        (emptied == seen.wrapping_add(1) && emptied != UNKNOWN && emptied != ENDS).then_some(seen)
    }

    /// There is something behind what is in the queue. Called before that is counted as an event.
    pub fn ends(&self) {
        // Exchanged, so that loom knows the order of this and of what `emptied` writes.
        self.emptied.swap(ENDS, Ordering::SeqCst);
    }

    /// The descriptor is another one from here on.
    pub fn forget_reads(&self) {
        self.emptied.store(UNKNOWN, Ordering::SeqCst);
    }
}

#[cfg(all(loom, test))]
mod loom_tests {
    use std::sync::OnceLock;

    use loom::sync::{Arc, Mutex};
    use loom::thread;

    use super::*;
    use crate::chan::WaitReason;
    use crate::chan::env::RawLock;
    use crate::chan::model::{Lock, Model};
    use crate::sync::futex;
    use crate::sync::table::{Bucket, Table};

    /// A stream of bytes and the poller's ready list, as the kernel has them.
    struct Kernel {
        bytes: usize,
        ended: bool,
        is_listed: bool,
    }

    struct Stream {
        kernel: Mutex<Kernel>,
        edges: Edges,
        table: &'static Table<Model>,
    }

    const ASKED: usize = 2;

    impl Stream {
        fn new() -> Arc<Self> {
            let buckets = std::array::from_fn(|_| Bucket::new(Lock::new()));
            Arc::new(Self {
                kernel: Mutex::new(Kernel {
                    bytes: 0,
                    ended: false,
                    is_listed: false,
                }),
                edges: Edges {
                    counts: std::array::from_fn(|_| AtomicU32::new(0)),
                    emptied: AtomicU32::new(UNKNOWN),
                },
                table: Box::leak(Box::new(Table(buckets, OnceLock::new()))),
            })
        }

        fn arrives(&self, bytes: usize, end: bool) {
            let mut kernel = self.kernel.lock().expect("kernel");
            kernel.bytes += bytes;
            kernel.ended |= end;
            kernel.is_listed = true;
        }

        /// `epoll_wait`, and what the poller does with it.
        fn poll(&self) {
            let (readable, ended) = {
                let mut kernel = self.kernel.lock().expect("kernel");
                if !std::mem::take(&mut kernel.is_listed) {
                    return;
                }
                (kernel.bytes != 0 || kernel.ended, kernel.ended)
            };
            if ended {
                self.edges.ends();
            }
            if readable {
                let count = self.edges.count(Dir::Read);
                count.fetch_add(1, Ordering::SeqCst);
                futex::wake(
                    self.table,
                    core::ptr::from_ref(count) as usize,
                    u32::MAX,
                    u32::MAX,
                );
            }
        }

        fn receive(&self) -> Option<usize> {
            let mut kernel = self.kernel.lock().expect("kernel");
            let taken = kernel.bytes.min(ASKED);
            kernel.bytes -= taken;
            (taken != 0 || kernel.ended).then_some(taken)
        }

        fn wait(&self, seen: u32) {
            let count = self.edges.count(Dir::Read);
            futex::wait(
                self.table,
                count,
                seen,
                u32::MAX,
                u64::MAX,
                WaitReason::IoWait,
            );
        }

        /// As `Fd::until_done` does it.
        fn read(&self) -> usize {
            if let Some(seen) = self.edges.empty_since() {
                self.wait(seen);
            }
            loop {
                let seen = self.edges.seen(Dir::Read);
                match self.receive() {
                    None => self.wait(seen),
                    Some(n) => {
                        if n != 0 && n < ASKED {
                            self.edges.emptied(seen);
                        }
                        return n;
                    }
                }
            }
        }

        fn read_to_end(&self) -> usize {
            std::iter::repeat_with(|| self.read())
                .take_while(|n| *n != 0)
                .sum()
        }
    }

    #[test]
    fn loom_edges_what_comes_behind_a_short_read_is_read() {
        loom::model(|| {
            let stream = Stream::new();
            let [sending, polling] = [(); 2].map(|()| Arc::clone(&stream));
            let sending = thread::spawn(move || {
                sending.arrives(1, false);
                sending.poll();
                sending.arrives(1, true);
                sending.poll();
            });
            let polling = thread::spawn(move || polling.poll());
            assert_eq!(stream.read_to_end(), 2);
            sending.join().expect("sender");
            polling.join().expect("poller");
        });
    }

    #[test]
    fn loom_edges_two_who_read_find_all() {
        loom::model(|| {
            let stream = Stream::new();
            let [sending, reading] = [(); 2].map(|()| Arc::clone(&stream));
            let sending = thread::spawn(move || {
                sending.arrives(3, false);
                sending.poll();
                sending.arrives(0, true);
                sending.poll();
            });
            let reading = thread::spawn(move || reading.read_to_end());
            let read = stream.read_to_end();
            assert_eq!(read + reading.join().expect("reader"), 3);
            sending.join().expect("sender");
        });
    }
}
