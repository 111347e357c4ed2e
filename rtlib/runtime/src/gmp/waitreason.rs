//! Why a goroutine waits, in Go's words (runtime2.go, `waitReasonStrings`); those that Go has no counterpart for are said so.

/// See the module's head. The numbers are stored in `G.waitreason`; debuggers read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WaitReason {
    /// None given.
    Zero = 0,
    /// `rtlib::park`. Not Go's.
    Park,
    /// `JoinHandle::join`. Not Go's.
    Join,
    /// `rtlib::time::sleep`.
    Sleep,
    /// Receiving from a channel that nobody can send on.
    ChanReceiveNil,
    /// Sending to a channel that nobody can receive from.
    ChanSendNil,
    /// Receiving from a channel.
    ChanReceive,
    /// Sending to a channel.
    ChanSend,
    /// A `select!`.
    Select,
    /// A `select!` without arms that can ever be ready.
    SelectNoCases,
    /// A semaphore.
    Semacquire,
    /// `sync::Mutex`.
    SyncMutexLock,
    /// `sync::RwLock`, reading.
    SyncRWMutexRLock,
    /// `sync::RwLock`, writing.
    SyncRWMutexLock,
    /// `sync::Condvar`.
    SyncCondWait,
    /// `sync::WaitGroup`.
    SyncWaitGroupWait,
    /// `sync::Barrier`. Not Go's.
    SyncBarrierWait,
    /// `sync::Once` and `sync::OnceLock`. Not Go's.
    SyncOnceWait,
    /// The stack sweeper between two rounds.
    GCSweepWait,
    /// The stack scavenger between two rounds.
    GCScavengeWait,
    /// A word of memory (futex(2)): std's locks, condition variables and `park`, and what else calls `syscall(SYS_futex)`. Not Go's.
    Futex,
    /// A descriptor (`netpoll`).
    IoWait,
}

impl WaitReason {
    /// All, by their numbers.
    pub const ALL: [Self; 22] = [
        Self::Zero,
        Self::Park,
        Self::Join,
        Self::Sleep,
        Self::ChanReceiveNil,
        Self::ChanSendNil,
        Self::ChanReceive,
        Self::ChanSend,
        Self::Select,
        Self::SelectNoCases,
        Self::Semacquire,
        Self::SyncMutexLock,
        Self::SyncRWMutexRLock,
        Self::SyncRWMutexLock,
        Self::SyncCondWait,
        Self::SyncWaitGroupWait,
        Self::SyncBarrierWait,
        Self::SyncOnceWait,
        Self::GCSweepWait,
        Self::GCScavengeWait,
        Self::Futex,
        Self::IoWait,
    ];

    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The reason with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL
            .get(usize::from(number))
            .copied()
            .unwrap_or(Self::Zero)
    }

    /// As tracebacks print it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Zero => "",
            Self::Park => "park",
            Self::Join => "join",
            Self::Sleep => "sleep",
            Self::ChanReceiveNil => "chan receive (nil chan)",
            Self::ChanSendNil => "chan send (nil chan)",
            Self::ChanReceive => "chan receive",
            Self::ChanSend => "chan send",
            Self::Select => "select",
            Self::SelectNoCases => "select (no cases)",
            Self::Semacquire => "semacquire",
            Self::SyncMutexLock => "sync.Mutex.Lock",
            Self::SyncRWMutexRLock => "sync.RWMutex.RLock",
            Self::SyncRWMutexLock => "sync.RWMutex.Lock",
            Self::SyncCondWait => "sync.Cond.Wait",
            Self::SyncWaitGroupWait => "sync.WaitGroup.Wait",
            Self::SyncBarrierWait => "sync.Barrier.Wait",
            Self::SyncOnceWait => "sync.Once.Do",
            Self::GCSweepWait => "GC sweep wait",
            Self::GCScavengeWait => "GC scavenge wait",
            Self::Futex => "futex",
            Self::IoWait => "IO wait",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_reasons_agree() {
        for (number, reason) in WaitReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(WaitReason::from_number(number as u8), reason);
        }
        assert_eq!(WaitReason::from_number(u8::MAX), WaitReason::Zero);
    }
}
