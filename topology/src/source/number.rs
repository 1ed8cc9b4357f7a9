//! Numbers as people write them: decimal or 0x hex, and sizes with K, M, G or T.

/// A number with an optional suffix that multiplies by a power of 1024.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = match text.strip_suffix("iB").or_else(|| text.strip_suffix('B')) {
        // in 0x1B the B is a digit
        Some(rest) if !rest.starts_with("0x") || rest.ends_with(['K', 'k', 'M', 'G', 'T']) => rest,
        _ => text,
    };
    let shift = match text.bytes().last()? {
        b'K' | b'k' => 10,
        b'M' => 20,
        b'G' => 30,
        b'T' => 40,
        _ => 0,
    };
    let digits = if shift == 0 { text } else { text.get(..text.len() - 1)?.trim_end() };
    number(digits)?.checked_mul(1 << shift)
}

/// A decimal or 0x hexadecimal number, no sign.
pub(crate) fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    let clean = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    clean.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{number, size};

    #[test]
    fn sizes() {
        assert_eq!(size("48K"), Some(48 << 10));
        assert_eq!(size("4GB"), Some(4 << 30));
        assert_eq!(size("4 GiB"), Some(4 << 30));
        assert_eq!(size("0x10M"), Some(16 << 20));
        assert_eq!(size("7"), Some(7));
        assert_eq!((size("0x1B"), size("0x1KB"), size("32B")), (Some(27), Some(1024), Some(32)));
        for bad in ["", "K", "-1", "+1", "1.5G", "0x", "99999999999T", "1Q", "é"] {
            assert_eq!(size(bad), None, "{bad}");
        }
        assert_eq!(number("0xffffffffffffffff"), Some(u64::MAX));
        assert_eq!(number("18446744073709551616"), None);
    }
}
