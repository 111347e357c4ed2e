//! Protocol Buffers' wire format, as much of it as is needed: <https://protobuf.dev/programming-guides/encoding/>.

/// A message that is being written. Small: what does not fit is cut off, which only names are long enough for.
pub struct Message {
    bytes: [u8; Self::ROOM],
    len: usize,
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const LEN: u64 = 2;

impl Message {
    const ROOM: usize = 512;
    /// The longest name that is written.
    const LONGEST_NAME: usize = 200;

    /// An empty one.
    pub fn new() -> Self {
        Self {
            bytes: [0; Self::ROOM],
            len: 0,
        }
    }

    /// What has been written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// An integer, an enum, a bool.
    pub fn number(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3 | VARINT).varint(value)
    }

    /// A `fixed64`.
    pub fn fixed64(&mut self, field: u64, value: u64) -> &mut Self {
        self.varint(field << 3 | FIXED64);
        self.raw(&value.to_le_bytes())
    }

    /// A string; long ones are cut off.
    pub fn string(&mut self, field: u64, text: &str) -> &mut Self {
        let end = text.floor_char_boundary(Self::LONGEST_NAME);
        self.block(field, &text.as_bytes()[..end])
    }

    /// A message within.
    pub fn message(&mut self, field: u64, inner: &Self) -> &mut Self {
        self.block(field, inner.bytes())
    }

    fn block(&mut self, field: u64, bytes: &[u8]) -> &mut Self {
        self.varint(field << 3 | LEN).varint(bytes.len() as u64);
        self.raw(bytes)
    }

    fn varint(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.raw(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.raw(&[value as u8])
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
        self
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn fields_are_encoded_as_the_specification_says() {
        let mut inner = Message::new();
        inner.number(1, 150);
        assert_eq!(inner.bytes(), [0x08, 0x96, 0x01]);
        let mut outer = Message::new();
        outer.string(2, "testing").message(3, &inner).fixed64(47, 1);
        assert_eq!(
            outer.bytes(),
            b"\x12\x07testing\x1a\x03\x08\x96\x01\xf9\x02\x01\0\0\0\0\0\0\0"
        );
    }
}
