//! The C interface of channels and `select`. Elements are bytes; who calls this gives them a type, an owner and a destructor, allocates all memory and counts who knows a
//! channel. As in [`api`](crate::api): any thread may call, nothing unwinds.
//!
//! # Safety
//!
//! Of all functions: a channel was made by [`makechan`], lives, and is not moved. `elem` points to an element that the callee takes over if it returns [`DONE`] (sending), or to a place
//! for one that holds an element if it returns [`DONE`] (receiving). Alignment does not matter to the callee.

/// Memory of a channel, opaque.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Chan([u64; 16]);

/// Head of a block of elements; the elements follow at [`Shape::offset`].
#[derive(Debug)]
#[repr(C)]
pub struct Block {
    /// The next one. In the first block of a bounded channel: itself.
    pub next: *mut Block,
}

/// What a channel is made of.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Shape {
    /// Bytes of an element.
    pub elem_size: usize,
    /// Bytes from the start of a block to its first element.
    pub offset: usize,
    /// Elements in a block, at least 1 unless the channel has no buffer.
    pub slots: usize,
    /// Elements that the channel holds at most; `usize::MAX` when it is unbounded. Then its first block is followed by itself or by nothing.
    pub cap: usize,
    /// The first block. Null when the channel has no buffer.
    pub first: *mut Block,
}

/// Status: the element was moved.
pub const DONE: u32 = 0;
/// Status of a try: not without waiting.
pub const WOULD_BLOCK: u32 = 1;
/// Status: the channel is closed and, for a receive, empty.
pub const CLOSED: u32 = 2;
/// Status: the time is over.
pub const TIMED_OUT: u32 = 3;
/// Status of a send on an unbounded channel: [`chanaddblock`] and try again.
pub const NEED_BLOCK: u32 = 4;
/// Added to [`DONE`] of a receive: there are blocks for [`chantakedead`].
pub const DEAD_BLOCK: u32 = 0x100;

/// Reason to be closed: somebody said so.
pub const CLOSED_EXPLICITLY: u32 = 1;
/// Reason to be closed: there are no senders any more.
pub const CLOSED_NO_SENDERS: u32 = 2;
/// Reason to be closed: there are no receivers any more.
pub const CLOSED_NO_RECEIVERS: u32 = 4;

/// One operation of a [`selectgo`].
#[derive(Debug)]
#[repr(C)]
pub struct Case {
    /// The channel; null: an operation that never can go on.
    pub chan: *const Chan,
    /// For a receive, the place for the element.
    pub elem: *mut u8,
    /// [`SEND`] or [`RECV`].
    pub dir: u32,
    /// The runtime's.
    pub order: [u32; 2],
    /// The caller's.
    pub status: u32,
    /// After a send was chosen: for [`selectsend`] or [`selectabandon`].
    pub claim: *const Claim,
    /// The runtime's; need not be initialised.
    pub record: [core::mem::MaybeUninit<u64>; 6],
}

/// `Case::dir` of a send.
pub const SEND: u32 = 0;
/// `Case::dir` of a receive.
pub const RECV: u32 = 1;

/// What a send that was chosen has a right to, opaque.
#[derive(Debug)]
#[repr(C)]
pub struct Claim {
    _opaque: [u8; 0],
}

/// Mode of [`selectgo`]: do one of the operations that can go on, chosen at random.
pub const DO: u32 = 0;
/// Mode: do the first that can go on.
pub const DO_FIRST: u32 = 1;
/// Mode: tell which one seems to be able to go on, chosen at random. Do nothing.
pub const LOOK: u32 = 2;
/// Mode: the first that seems to be able to.
pub const LOOK_FIRST: u32 = 3;

/// What [`selectgo`] chose.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Selected {
    /// Index of the case, or [`NOTHING_CHOSEN`].
    pub index: u32,
    /// For a receive the status as of [`chanrecv1`]; for a send [`CLOSED`], or [`DONE`]: then there is a claim.
    pub status: u32,
}

/// `Selected::index` when the time is over.
pub const NOTHING_CHOSEN: u32 = u32::MAX;

unsafe extern "C" {
    /// Makes a channel. The blocks belong to it until [`chantakedead`] or [`chantakeblocks`] returns them.
    #[link_name = "runtime.makechan"]
    pub fn makechan(at: *mut Chan, shape: *const Shape);

    /// Sends, waiting as long as it takes: [`DONE`], [`CLOSED`] or [`NEED_BLOCK`].
    #[link_name = "runtime.chansend1"]
    pub fn chansend1(c: *const Chan, elem: *const u8) -> u32;

    /// Sends without waiting: also [`WOULD_BLOCK`].
    #[link_name = "runtime.selectnbsend"]
    pub fn selectnbsend(c: *const Chan, elem: *const u8) -> u32;

    /// Sends, waiting until `deadline` at most, ns of the monotonic clock: also [`TIMED_OUT`], or [`WOULD_BLOCK`] when it is 0.
    #[link_name = "runtime.chansenduntil"]
    pub fn chansenduntil(c: *const Chan, elem: *const u8, deadline: u64) -> u32;

    /// Receives, waiting as long as it takes: [`DONE`], perhaps with [`DEAD_BLOCK`], or [`CLOSED`]. Receiving from a null channel takes for ever.
    #[link_name = "runtime.chanrecv1"]
    pub fn chanrecv1(c: *const Chan, elem: *mut u8) -> u32;

    /// Receives without waiting: also [`WOULD_BLOCK`].
    #[link_name = "runtime.selectnbrecv"]
    pub fn selectnbrecv(c: *const Chan, elem: *mut u8) -> u32;

    /// Receives, waiting until `deadline` at most, ns of the monotonic clock: also [`TIMED_OUT`], or [`WOULD_BLOCK`] when it is 0.
    #[link_name = "runtime.chanrecvuntil"]
    pub fn chanrecvuntil(c: *const Chan, elem: *mut u8, deadline: u64) -> u32;

    /// Closes for one of the reasons `CLOSED_*`; returns those that there were.
    #[link_name = "runtime.closechan"]
    pub fn closechan(c: *const Chan, reason: u32) -> u32;

    /// The reasons for which it is closed.
    #[link_name = "runtime.chanclosed"]
    pub fn chanclosed(c: *const Chan) -> u32;

    /// Elements in the buffer.
    #[link_name = "runtime.chanlen"]
    pub fn chanlen(c: *const Chan) -> usize;

    /// Adds a block, with a null `next`, to an unbounded channel. False when it is not needed; it is still the caller's then.
    #[link_name = "runtime.chanaddblock"]
    pub fn chanaddblock(c: *const Chan, block: *mut Block) -> bool;

    /// The blocks that can be freed, chained.
    #[link_name = "runtime.chantakedead"]
    pub fn chantakedead(c: *const Chan) -> *mut Block;

    /// All blocks, chained, of a channel that is not used any more.
    #[link_name = "runtime.chantakeblocks"]
    pub fn chantakeblocks(c: *const Chan) -> *mut Block;

    /// Chooses one of `n` cases, waiting until `deadline` at most, ns of the monotonic clock (0: not at all; `u64::MAX`: as long as it takes). The places of all receives must be valid, and
    /// nobody else may use the cases.
    #[link_name = "runtime.selectgo"]
    pub fn selectgo(cases: *mut Case, n: usize, mode: u32, deadline: u64) -> Selected;

    /// Fills a claim with its element: [`DONE`], [`CLOSED`] or [`NEED_BLOCK`], after which the claim still stands.
    #[link_name = "runtime.selectsend"]
    pub fn selectsend(c: *const Chan, claim: *const Claim, elem: *const u8) -> u32;

    /// Gives a claim up.
    #[link_name = "runtime.selectabandon"]
    pub fn selectabandon(c: *const Chan, claim: *const Claim);
}
