//! Models of the channel's protocols, on `model.rs`.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p gobuild-rtlib-runtime --release loom`.

use std::cell::UnsafeCell;
use std::ptr;

use loom::sync::Arc;
use loom::thread::{self, JoinHandle};
use rtlib_abi::chan::{
    Block, CLOSED, CLOSED_EXPLICITLY, DONE, NOTHING_CHOSEN, RECV, SEND, Shape, TIMED_OUT,
    WOULD_BLOCK,
};

use super::model::Model;
use super::select::{Case, Mode, select};
use super::waitq::{Kind, Sudog};
use super::{Chan, Env, Wait};

const SOON: Wait = Wait::Until(1);

/// A channel of numbers, with room for one or none.
struct Numbers {
    chan: Chan<Model>,
    _block: Box<UnsafeCell<[u64; 2]>>,
}

// SAFETY: the block is the channel's.
unsafe impl Send for Numbers {}
// SAFETY: as above.
unsafe impl Sync for Numbers {}

impl Numbers {
    fn new(cap: usize) -> Arc<Self> {
        let block = Box::new(UnsafeCell::new([0; 2]));
        let first = block.get().cast::<Block>();
        // SAFETY: a head and a number, as the shape says, in a box that lives as long as the channel.
        let chan = unsafe {
            (*first).next = first;
            Chan::new(&Shape {
                elem_size: 8,
                offset: 8,
                slots: 1,
                cap,
                first: if cap == 0 { ptr::null_mut() } else { first },
            })
        };
        Arc::new(Self {
            chan,
            _block: block,
        })
    }

    fn send(&self, number: u64, wait: Wait) -> u32 {
        // SAFETY: a number.
        unsafe { self.chan.send((&raw const number).cast(), wait) }
    }

    fn recv(&self, wait: Wait) -> Result<u64, u32> {
        let mut number = 0_u64;
        // SAFETY: a place for a number.
        match unsafe { self.chan.recv((&raw mut number).cast(), wait) } {
            DONE => Ok(number),
            status => Err(status),
        }
    }

    fn case(&self, dir: u32, place: &mut u64) -> Case<Model> {
        Case::new(&self.chan, ptr::from_mut(place).cast(), dir)
    }
}

/// Selects a send of `number`, and fills the claim or gives it up.
fn select_send(on: &Numbers, number: u64, wait: Wait, fill: bool) -> u32 {
    let mut place = 0;
    let cases = [on.case(SEND, &mut place)];
    // SAFETY: the channel lives; the claim is ended below.
    let (index, status) = unsafe { select(&cases, Mode::Do, wait) };
    if index == NOTHING_CHOSEN {
        return WOULD_BLOCK;
    }
    if status != DONE {
        return status;
    }
    let claim = cases[0].claim();
    // SAFETY: the claim of the select above.
    unsafe {
        if fill {
            on.chan.fill(claim, (&raw const number).cast())
        } else {
            on.chan.abandon(claim);
            WOULD_BLOCK
        }
    }
}

/// Selects a receive from one of the two: which, and what.
fn select_recv(from: [&Numbers; 2], wait: Wait) -> Option<(u32, Result<u64, u32>)> {
    let (mut one, mut two) = (0, 0);
    let cases = [from[0].case(RECV, &mut one), from[1].case(RECV, &mut two)];
    // SAFETY: the channels live; the places are ours.
    let (index, status) = unsafe { select(&cases, Mode::Do, wait) };
    if index == NOTHING_CHOSEN {
        return None;
    }
    let number = if index == 0 { one } else { two };
    Some((
        index,
        if status == DONE {
            Ok(number)
        } else {
            Err(status)
        },
    ))
}

fn spawn<R: 'static>(
    numbers: &Arc<Numbers>,
    f: impl FnOnce(&Numbers) -> R + 'static,
) -> JoinHandle<R> {
    let numbers = Arc::clone(numbers);
    thread::spawn(move || f(&numbers))
}

fn join<R>(handle: JoinHandle<R>) -> R {
    handle.join().expect("a thread of the model")
}

#[test]
fn loom_waitq_first_in_first_out() {
    loom::model(|| {
        let numbers = Numbers::new(0);
        let queue = &numbers.chan.recvq;
        let me = Model::waiter();
        let mut places = [0_u64; 4];
        let records = places
            .each_mut()
            .map(|place| Sudog::new(me, ptr::from_mut(place).cast(), Kind::Element, false));
        let locked = numbers.chan.lock();
        records.iter().for_each(|sg| queue.push(&locked, sg));
        queue.remove(&locked, &records[1]);
        queue.remove(&locked, &records[1]);
        for n in [0, 2, 3] {
            let first = queue.pop(&locked).expect("somebody waits");
            assert!(ptr::eq(first.into_claim(), &raw const records[n]));
        }
        assert!(queue.pop(&locked).is_none() && !queue.has_waiters());
    });
}

#[test]
fn loom_chan_two_senders_and_a_receiver() {
    for cap in [0, 1] {
        loom::model(move || {
            let numbers = Numbers::new(cap);
            let senders = [1, 2].map(|n| spawn(&numbers, move |it| it.send(n, Wait::Forever)));
            let mut all = [0; 2].map(|_| numbers.recv(Wait::Forever).expect("a number"));
            all.sort_unstable();
            assert_eq!(all, [1, 2]);
            assert_eq!(senders.map(join), [DONE; 2]);
        });
    }
}

#[test]
fn loom_chan_close_wakes_both_sides() {
    for cap in [0, 1] {
        loom::model(move || {
            let numbers = Numbers::new(cap);
            let sender = spawn(&numbers, |it| it.send(1, Wait::Forever));
            let receiver = spawn(&numbers, |it| it.recv(Wait::Forever));
            numbers.chan.close(CLOSED_EXPLICITLY);
            let (sent, got) = (join(sender), join(receiver));
            let left = numbers.recv(Wait::Try);
            match sent {
                DONE => assert!(got == Ok(1) || left == Ok(1), "a message was lost"),
                _ => assert_eq!((sent, got, left), (CLOSED, Err(CLOSED), Err(CLOSED))),
            }
        });
    }
}

#[test]
fn loom_chan_a_deadline_and_a_receiver_agree() {
    loom::model(|| {
        let numbers = Numbers::new(0);
        let sender = spawn(&numbers, |it| it.send(1, SOON));
        let got = numbers.recv(SOON);
        let sent = join(sender);
        assert_eq!(sent == DONE, got == Ok(1), "sent {sent}, got {got:?}");
        assert!(sent == DONE || (sent, got) == (TIMED_OUT, Err(TIMED_OUT)));
        assert!(!numbers.chan.sendq.has_waiters() && !numbers.chan.recvq.has_waiters());
    });
}

#[test]
fn loom_select_takes_from_one_channel_only() {
    for caps in [[0, 0], [0, 1]] {
        loom::model(move || {
            let [one, two] = caps.map(Numbers::new);
            let senders = [
                spawn(&one, |it| it.send(1, Wait::Forever)),
                spawn(&two, |it| it.send(2, Wait::Forever)),
            ];
            let mut all = [0; 2].map(|_| {
                let (index, number) = select_recv([&one, &two], Wait::Forever).expect("endless");
                let number = number.expect("open");
                assert_eq!(number, u64::from(index) + 1);
                number
            });
            all.sort_unstable();
            assert_eq!(all, [1, 2]);
            assert_eq!(senders.map(join), [DONE; 2]);
        });
    }
}

/// Nobody else receives: what a look has seen is there.
#[test]
fn loom_select_a_look_tells_of_nothing_that_is_not_there_yet() {
    for cap in [0, 1] {
        loom::model(move || {
            let numbers = Numbers::new(cap);
            let sender = spawn(&numbers, |it| it.send(1, Wait::Forever));
            let mut place = 0;
            let cases = [numbers.case(RECV, &mut place)];
            // SAFETY: the channel lives, the place is ours.
            let (index, _) = unsafe { select(&cases, Mode::Look, Wait::Forever) };
            assert_eq!((index, numbers.recv(Wait::Try)), (0, Ok(1)));
            assert_eq!(join(sender), DONE);
        });
    }
}

#[test]
fn loom_select_hears_of_a_close() {
    loom::model(|| {
        let [one, two] = [0, 0].map(Numbers::new);
        let closer = spawn(&two, |it| it.chan.close(CLOSED_EXPLICITLY));
        let sender = spawn(&one, |it| it.send(1, Wait::Forever));
        let first = select_recv([&one, &two], Wait::Forever).expect("endless");
        assert!(
            first == (0, Ok(1)) || first == (1, Err(CLOSED)),
            "{first:?}"
        );
        if first.0 == 1 {
            assert_eq!(one.recv(Wait::Forever), Ok(1));
        }
        assert_eq!((join(sender), join(closer)), (DONE, 0));
    });
}

#[test]
fn loom_select_a_deadline_leaves_no_trace() {
    loom::model(|| {
        let [one, two] = [0, 0].map(Numbers::new);
        let sender = spawn(&one, |it| it.send(1, SOON));
        let got = select_recv([&one, &two], SOON);
        let sent = join(sender);
        assert_eq!(sent == DONE, got == Some((0, Ok(1))), "{sent} {got:?}");
        assert!(!one.chan.recvq.has_waiters() && !two.chan.recvq.has_waiters());
    });
}

#[test]
fn loom_select_sends_meet_selected_receives() {
    loom::model(|| {
        let [one, two] = [0, 0].map(Numbers::new);
        let sender = spawn(&one, |it| select_send(it, 1, Wait::Forever, true));
        let got = select_recv([&one, &two], Wait::Forever);
        assert_eq!((join(sender), got), (DONE, Some((0, Ok(1)))));
    });
}

#[test]
fn loom_select_a_claim_given_up_is_as_if_it_never_was() {
    for cap in [0, 1] {
        loom::model(move || {
            let numbers = Numbers::new(cap);
            let quitter = spawn(&numbers, |it| select_send(it, 1, Wait::Forever, false));
            let sender = spawn(&numbers, |it| it.send(2, Wait::Forever));
            assert_eq!(numbers.recv(Wait::Forever), Ok(2));
            assert_eq!(join(sender), DONE);
            if cap == 0 {
                // The quitter may still wait for somebody to disappoint.
                numbers.chan.close(CLOSED_EXPLICITLY);
            }
            assert_ne!(join(quitter), DONE);
            assert_eq!(numbers.chan.reserved.get(), 0);
        });
    }
}

#[test]
fn loom_select_reserved_room_is_nobody_elses() {
    loom::model(|| {
        let numbers = Numbers::new(1);
        let other = spawn(&numbers, |it| it.send(2, Wait::Try));
        let sent = [select_send(&numbers, 1, Wait::Try, true), join(other)];
        match sent {
            [DONE, WOULD_BLOCK] => assert_eq!(numbers.recv(Wait::Try), Ok(1)),
            [WOULD_BLOCK, DONE] => assert_eq!(numbers.recv(Wait::Try), Ok(2)),
            other => panic!("{other:?}"),
        }
    });
}
