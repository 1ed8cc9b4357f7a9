//! One header block.

use alloc::vec::Vec;

use crate::BLOCK;

/// A header whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a>(&'a [u8; BLOCK]);

/// Bytes in front of the first zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Reads a number: octal digits between spaces, ended by a space or zero; or as GNU has it, the
/// bytes themselves behind a first bit that is set.
pub(crate) fn number(field: &[u8]) -> Option<i64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Two's complement, whose sign is the second bit.
        let begin = i64::from((first << 1) as i8 >> 1);
        return rest.iter().try_fold(begin, |value, &byte| {
            value.checked_mul(256).map(|value| value | i64::from(byte))
        });
    }
    let digits = text(field).trim_ascii();
    let digit = |byte: u8| matches!(byte, b'0'..=b'7').then(|| i64::from(byte - b'0'));
    digits.iter().try_fold(0_i64, |value, &byte| value.checked_mul(8)?.checked_add(digit(byte)?))
}

impl<'a> Header<'a> {
    /// Takes a block for a header, if its checksum is right: the sum of its bytes, those of the
    /// checksum itself as spaces. Old programs took the bytes as signed.
    pub(crate) fn new(block: &'a [u8; BLOCK]) -> Option<Self> {
        let sum = |of: fn(u8) -> i64| -> i64 {
            let outside = block[..148].iter().chain(&block[156..]);
            outside.map(|&byte| of(byte)).sum::<i64>() + 8 * i64::from(b' ')
        };
        let told = number(&block[148..156])?;
        let right = told == sum(i64::from) || told == sum(|byte| i64::from(byte as i8));
        right.then_some(Self(block))
    }

    pub(crate) const fn kind(self) -> u8 {
        self.0[156]
    }

    /// Returns the bytes behind it.
    pub(crate) fn size(self) -> Option<u64> {
        number(&self.0[124..136]).and_then(|size| u64::try_from(size).ok())
    }

    pub(crate) fn modified(self) -> Option<i64> {
        number(&self.0[136..148])
    }

    /// Returns the permissions; 0 if they make no sense, as nothing depends on them.
    pub(crate) fn mode(self) -> u32 {
        let mode = number(&self.0[100..108]).and_then(|mode| u32::try_from(mode).ok());
        mode.unwrap_or(0) & 0o7777
    }

    /// Tells whether GNU's sparse map goes on in further blocks.
    pub(crate) const fn map_goes_on(self) -> bool {
        self.0[482] != 0
    }

    pub(crate) fn link(self) -> &'a [u8] {
        text(&self.0[157..257])
    }

    /// Returns its path; ustar divides long ones.
    pub(crate) fn path(self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        let posix = &self.0[257..263] == b"ustar\0";
        let prefix = if posix { text(&self.0[345..500]) } else { &[] };
        let mut path = Vec::with_capacity(prefix.len() + 1 + name.len());
        if !prefix.is_empty() {
            path.extend_from_slice(prefix);
            path.push(b'/');
        }
        path.extend_from_slice(name);
        path
    }
}
