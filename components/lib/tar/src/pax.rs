//! Records of extended headers.

use alloc::vec::Vec;

/// Values that hold for the next entry instead of its header's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extended {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<i64>,
    pub(crate) sparse: bool,
}

/// A key and its value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// Takes a record off the front: its length in decimal digits, a space, key, `=`, value, newline.
fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = bytes.iter().take(20).position(|&byte| byte == b' ')?;
    let len = decimal(&bytes[..space])?;
    let len = usize::try_from(len).ok().filter(|len| *len > space + 2 && *len <= bytes.len())?;
    let (record, rest) = bytes.split_at(len);
    let record = record[space + 1..].strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some(((&record[..equals], &record[equals + 1..]), rest))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let some = !digits.is_empty();
    let value = digits
        .iter()
        .try_fold(0_u64, |value, &byte| value.checked_mul(10)?.checked_add(digit(byte)?));
    value.filter(|_| some)
}

/// Reads seconds, which may have a sign and a fraction: rounded down.
fn seconds(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let whole = i64::try_from(decimal(&digits[..point])?).ok()?;
    let fraction = digits.get(point + 1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let below = sign < 0 && fraction.iter().any(|&byte| byte != b'0');
    Some(sign * whole - i64::from(below))
}

impl Extended {
    /// Reads the records of an extended header. A global one holds for the whole archive: only its
    /// time makes sense there.
    pub(crate) fn read(&mut self, mut bytes: &[u8], global: bool) -> Option<()> {
        while !bytes.is_empty() {
            let ((key, value), rest) = record(bytes)?;
            bytes = rest;
            // An empty value takes a former one back.
            let none = value.is_empty();
            match key {
                b"mtime" if none => self.modified = None,
                b"mtime" => self.modified = Some(seconds(value)?),
                _ if global => (),
                b"path" => self.path = (!none).then(|| value.to_vec()),
                b"linkpath" => self.link = (!none).then(|| value.to_vec()),
                b"size" if none => self.size = None,
                b"size" => self.size = Some(decimal(value)?),
                key if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => (),
            }
        }
        Some(())
    }
}
