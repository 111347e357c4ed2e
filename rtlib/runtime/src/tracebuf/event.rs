//! What a hook notes: 40 bytes, decoded by `perfetto`.

/// What happened. The fields that mean something are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `goid` was made by `other`; `flow`.
    Create,
    /// `goid` was readied by `other`; `flow`.
    Ready,
    /// `goid` starts to run with `p`; `flow` of the last wake-up.
    Start,
    /// `goid` leaves `p` to wait for `reason`.
    Block,
    /// `goid` leaves `p`, runnable.
    Yield,
    /// `goid` leaves `p` for a call that blocks.
    Syscall,
    /// `goid` leaves `p` for ever.
    End,
    /// The M `other` has got `p`.
    Acquire,
    /// The M `other` has let `p` go.
    Release,
    /// The package of the `TaskInfo` at `other` is being initialised.
    InitBegin,
    /// Its initialisation has ended.
    InitEnd,
}

/// See the module's head.
#[derive(Clone, Copy)]
pub struct Event {
    /// ns of the monotonic clock.
    pub time: u64,
    /// A goroutine's id.
    pub goid: u64,
    /// See `Kind`.
    pub other: u64,
    /// Which wake-up of the goroutine.
    pub flow: u32,
    /// The M that noted it; its number.
    pub m: u32,
    /// A P's number.
    pub p: u16,
    /// What happened.
    pub kind: Kind,
    /// A `WaitReason`.
    pub reason: u8,
}

impl Event {
    /// One without details.
    pub const fn new(kind: Kind) -> Self {
        Self {
            time: 0,
            goid: 0,
            other: 0,
            flow: 0,
            m: 0,
            p: 0,
            kind,
            reason: 0,
        }
    }
}
