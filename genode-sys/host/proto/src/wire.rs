//! Message bodies as Genode lays them out: items at multiples of 8 bytes, padding zero.
//!
//! Reading past the end and writing past the buffer are errors, never silent.

/// The message is shorter than its type, holds an impossible value, or does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("message does not match the interface: check that both sides use the same version of it")
    }
}

/// Affinity as it travels: space, location.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Affinity {
    /// Width and height of the space.
    pub space: (u32, u32),
    /// Position of the location in the space.
    pub at: (i32, i32),
    /// Width and height of the location.
    pub size: (u32, u32),
}

/// Reads items off a body.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reader at the start of `body`.
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// `len` bytes, then the padding.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, _) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        let padded = len.checked_next_multiple_of(8).ok_or(Malformed)?.min(self.rest.len());
        self.rest = self.rest.get(padded..).ok_or(Malformed)?;
        Ok(bytes)
    }

    /// A 64-bit word.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let bytes = self.bytes(8)?;
        bytes.first_chunk().map(|b| u64::from_le_bytes(*b)).ok_or(Malformed)
    }

    /// A 32-bit value in a word.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        let bytes = self.bytes(4)?;
        bytes.first_chunk().map(|b| i32::from_le_bytes(*b)).ok_or(Malformed)
    }

    /// A bool in a word.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        Ok(self.bytes(1)? != [0])
    }

    /// `Rpc_in_buffer<max>` that holds a string: length with NUL, bytes. Returns it without the NUL.
    pub fn in_string(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let len = self.u64()? as usize;
        if len > max {
            return Err(Malformed);
        }
        Ok(until_nul(self.bytes(len)?))
    }

    /// `String<N>`: raw bytes, then a length.
    pub fn string(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let raw = self.bytes(n)?;
        let _len = self.u64()?;
        Ok(until_nul(raw))
    }

    /// Affinity, 24 bytes.
    pub fn affinity(&mut self) -> Result<Affinity, Malformed> {
        let space = self.u64()?;
        let at = self.u64()?;
        let size = self.u64()?;
        let halves = |v: u64| (v as u32, (v >> 32) as u32);
        let (x, y) = halves(at);
        Ok(Affinity { space: halves(space), at: (x as i32, y as i32), size: halves(size) })
    }
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|b| *b == 0).next().unwrap_or_default()
}

/// Writes items into a body.
#[derive(Debug)]
pub struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
    overflow: bool,
}

impl<'a> Writer<'a> {
    /// Writer at the start of `buf`.
    pub fn new(buf: &'a mut [u8]) -> Self {
        Self { buf, len: 0, overflow: false }
    }

    /// Length of what was written, or an error if something did not fit.
    pub fn finish(self) -> Result<usize, Malformed> {
        if self.overflow { Err(Malformed) } else { Ok(self.len) }
    }

    /// Bytes, then zero padding.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let end = self.len + bytes.len().next_multiple_of(8);
        match self.buf.get_mut(self.len..end) {
            Some(dst) => {
                let (data, padding) = dst.split_at_mut(bytes.len());
                data.copy_from_slice(bytes);
                padding.fill(0);
                self.len = end;
            }
            None => self.overflow = true,
        }
        self
    }

    /// A 64-bit word.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A 32-bit value in a word.
    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A bool in a word.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.bytes(&[u8::from(value)])
    }

    /// `Rpc_in_buffer` with a string: length with NUL, bytes, NUL.
    pub fn in_string(&mut self, s: &[u8]) -> &mut Self {
        self.u64(s.len() as u64 + 1);
        let end = self.len + (s.len() + 1).next_multiple_of(8);
        match self.buf.get_mut(self.len..end) {
            Some(dst) => {
                let (data, padding) = dst.split_at_mut(s.len());
                data.copy_from_slice(s);
                padding.fill(0);
                self.len = end;
            }
            None => self.overflow = true,
        }
        self
    }

    /// `String<n>`: raw bytes, then the length with NUL. Longer strings overflow.
    pub fn string(&mut self, s: &[u8], n: usize) -> &mut Self {
        let end = self.len + n.next_multiple_of(8);
        match self.buf.get_mut(self.len..end) {
            Some(dst) if s.len() < n => {
                let (data, padding) = dst.split_at_mut(s.len());
                data.copy_from_slice(s);
                padding.fill(0);
                self.len = end;
            }
            _ => self.overflow = true,
        }
        self.u64(s.len() as u64 + 1)
    }

    /// Affinity, 24 bytes.
    pub fn affinity(&mut self, a: &Affinity) -> &mut Self {
        let word = |lo: u32, hi: u32| u64::from(lo) | (u64::from(hi) << 32);
        self.u64(word(a.space.0, a.space.1));
        self.u64(word(a.at.0 as u32, a.at.1 as u32));
        self.u64(word(a.size.0, a.size.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_padded_to_words_as_in_genode() {
        let mut buf = [0xaa; 64];
        let mut w = Writer::new(&mut buf);
        w.u64(3).in_string(b"LOG").i32(-1).bool(true);
        assert_eq!(w.finish(), Ok(40));
        assert_eq!(
            buf[..40],
            [
                3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, b'L', b'O', b'G', 0, 0, 0, 0, 0,
                0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0
            ]
        );
        let mut r = Reader::new(&buf[..40]);
        assert_eq!(r.u64(), Ok(3));
        assert_eq!(r.in_string(64), Ok(&b"LOG"[..]));
        assert_eq!(r.i32(), Ok(-1));
        assert_eq!(r.bool(), Ok(true));
        assert_eq!(r.u64(), Err(Malformed));
    }

    #[test]
    fn lengths_beyond_the_message_or_the_type_are_errors() {
        for len in [5u64, 161, u64::MAX, u64::MAX - 6] {
            let mut buf = [0; 12];
            buf[..8].copy_from_slice(&len.to_le_bytes());
            assert_eq!(Reader::new(&buf).in_string(160), Err(Malformed), "{len}");
        }
        let mut small = [0; 8];
        let mut w = Writer::new(&mut small);
        w.u64(1).u64(2);
        assert_eq!(w.finish(), Err(Malformed));
    }

    #[test]
    fn affinity_is_24_bytes() {
        let a = Affinity { space: (4, 2), at: (-1, 1), size: (3, 1) };
        let mut buf = [0; 24];
        let mut w = Writer::new(&mut buf);
        w.affinity(&a);
        assert_eq!(w.finish(), Ok(24));
        assert_eq!(buf[8..12], [0xff; 4]);
        assert_eq!(Reader::new(&buf).affinity(), Ok(a));
    }
}
