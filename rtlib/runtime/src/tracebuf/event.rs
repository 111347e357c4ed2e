//! What a hook notes: 40 bytes, decoded by `perfetto`.

use rtlib_abi::api::NAME_LEN as LEN;

/// What happened. The fields that mean something are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `goid` was made by `other`; `flow`.
    Create,
    /// `goid` has got the name that [`Event::name`] has.
    Name,
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

    /// A [`Kind::Name`]. The name is in the fields that mean nothing else then; its last byte, a zero, is not.
    pub fn named(goid: u64, name: [u8; LEN]) -> Self {
        let (words, _) = name.as_chunks();
        let (halves, _) = name.as_chunks();
        Self {
            goid,
            other: u64::from_ne_bytes(words[0]),
            flow: u32::from_ne_bytes(halves[2]),
            p: u16::from_ne_bytes([name[12], name[13]]),
            reason: name[14],
            ..Self::new(Kind::Name)
        }
    }

    /// The name of a [`Kind::Name`], without the zeros behind it.
    pub fn name(&self) -> ([u8; LEN], usize) {
        let mut name = [0; LEN];
        name[..8].copy_from_slice(&self.other.to_ne_bytes());
        name[8..12].copy_from_slice(&self.flow.to_ne_bytes());
        name[12..14].copy_from_slice(&self.p.to_ne_bytes());
        name[14] = self.reason;
        let len = name.iter().position(|byte| *byte == 0);
        (name, len.unwrap_or(LEN))
    }
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn a_name_is_kept_to_its_last_byte() {
        for name in [
            &b""[..],
            b"a",
            b"exactly-fifteen",
            "t\u{e9}l\u{e9}phone".as_bytes(),
        ] {
            let mut bytes = [0; 16];
            bytes[..name.len()].copy_from_slice(name);
            let (kept, len) = Event::named(7, bytes).name();
            assert_eq!(&kept[..len], name);
        }
    }
}
