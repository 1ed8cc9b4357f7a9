//! The checksum of GPT.

/// Checksums of the 16 values of four bits.
const NIBBLES: [u32; 16] = {
    let mut table = [0; 16];
    let mut value = 0;
    while value < 16 {
        let mut crc = value as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[value] = crc;
        value += 1;
    }
    table
};

/// A checksum in the making.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crc(u32);

impl Crc {
    pub(crate) const fn new() -> Self {
        Self(u32::MAX)
    }

    pub(crate) fn add(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self.0 ^= u32::from(byte);
            for _ in 0..2 {
                self.0 = self.0 >> 4 ^ NIBBLES[(self.0 & 15) as usize];
            }
        }
        self
    }

    pub(crate) const fn value(self) -> u32 {
        !self.0
    }
}

/// Returns the CRC-32 of bytes, as UEFI has it: the polynomial of Ethernet, reflected.
///
/// ```
/// assert_eq!(partitions::crc32(b"123456789"), 0xcbf4_3926);
/// ```
pub fn crc32(bytes: &[u8]) -> u32 {
    Crc::new().add(bytes).value()
}
