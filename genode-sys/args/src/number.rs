//! Numbers as they stand in session arguments, in configurations, and in what people write.
//!
//! [`unsigned_prefix`] and [`bytes_prefix`] read what Genode's `ascii_to` reads
//! (`base/include/util/string.h`), so that a value means the same to components in either language;
//! but a number that exceeds 64 bits is none, while there it wraps. [`size`] and [`unsigned`] read
//! all of a text, as Linux and hwloc write sizes.

/// Returns the boolean that a word stands for, of those that Genode knows.
pub fn bool_word(word: &str) -> Option<bool> {
    match word {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Reads the number at the start of `text`, decimal or `0x`, and returns it with what follows it.
///
/// `None` without a digit, unless the text starts with `0x`, which is 0 in Genode.
pub fn unsigned_prefix(text: &str) -> Option<(u64, &str)> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, text.get(2..)?),
        _ => (10, text),
    };
    let count = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let (number, rest) = digits.split_at_checked(count)?;
    let mut value = 0_u64;
    for digit in number.chars() {
        value = value.checked_mul(u64::from(radix))?.checked_add(digit.to_digit(radix)?.into())?;
    }
    (count > 0 || radix == 16).then_some((value, rest))
}

/// Reads the number of bytes at the start of `text`, as [`unsigned_prefix`] does, with an optional
/// suffix `K`, `M` or `G` (`Number_of_bytes`).
pub fn bytes_prefix(text: &str) -> Option<(u64, &str)> {
    let (value, rest) = unsigned_prefix(text)?;
    match rest.strip_prefix(['K', 'M', 'G']) {
        Some(after) => Some((value.checked_mul(unit(rest.chars().next()?)?)?, after)),
        None => Some((value, rest)),
    }
}

/// Reads a whole text as a number, decimal or `0x` and without sign; white space around it is
/// skipped.
pub fn unsigned(text: &str) -> Option<u64> {
    let text = text.trim();
    let (value, rest) = unsigned_prefix(text)?;
    (rest.is_empty() && text.ends_with(|c: char| c.is_ascii_hexdigit())).then_some(value)
}

/// Reads a whole text as a number of bytes, as people and other programs write sizes: `48K`, `4GB`,
/// `4 GiB`, `32 kB`, `2T`, all by powers of 1024; white space around it is skipped.
pub fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (_, rest) = unsigned_prefix(text)?;
    let value = unsigned(text.strip_suffix(rest)?)?;
    let suffix = rest.trim_start();
    let prefix = suffix.strip_suffix("iB").or_else(|| suffix.strip_suffix('B')).unwrap_or(suffix);
    let mut letters = prefix.chars();
    match (letters.next(), letters.next()) {
        (None, _) => Some(value),
        (Some(letter), None) => value.checked_mul(unit(letter)?),
        _ => None,
    }
}

/// The power of 1024 that a letter stands for.
fn unit(letter: char) -> Option<u64> {
    let shift = match letter {
        'K' | 'k' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => return None,
    };
    Some(1 << shift)
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_ends_where_genode_ends_it() {
        assert_eq!(unsigned_prefix("12x"), Some((12, "x")));
        assert_eq!(unsigned_prefix("0x1fG"), Some((31, "G")));
        assert_eq!((unsigned_prefix("0xg"), unsigned_prefix("x")), (Some((0, "g")), None));
        assert_eq!(bytes_prefix("2Mé"), Some((2 << 20, "é")));
        assert_eq!((bytes_prefix("2T"), bytes_prefix("5k")), (Some((2, "T")), Some((5, "k"))));
        assert_eq!((bytes_prefix("K"), bytes_prefix("")), (None, None));
        assert_eq!(unsigned_prefix("18446744073709551616"), None);
        assert_eq!(
            (bytes_prefix("17179869183G"), bytes_prefix("17179869184G")),
            (Some((((1 << 34) - 1) << 30, "")), None)
        );
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(size("48K"), Some(48 << 10));
        assert_eq!(size("4GB"), Some(4 << 30));
        assert_eq!(size(" 4 GiB\n"), Some(4 << 30));
        assert_eq!(
            (size("0x10M"), size("2T"), size("32 kB")),
            (Some(16 << 20), Some(2 << 40), Some(32 << 10))
        );
        assert_eq!((size("7"), size("0")), (Some(7), Some(0)));
        assert_eq!((size("0x1B"), size("0x1KB"), size("32B")), (Some(27), Some(1024), Some(32)));
        for bad in
            ["", "K", "-1", "+1", "1.5G", "0x", "0xK", "99999999999T", "1Q", "1KK", "é", "1é"]
        {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_are_read_whole() {
        assert_eq!((unsigned(" 12\n"), unsigned("0xfF")), (Some(12), Some(255)));
        assert_eq!(unsigned("0xffffffffffffffff"), Some(u64::MAX));
        for bad in ["", "0x", "0X", "-1", "+1", "1 2", "1K", "18446744073709551616", "é"] {
            assert_eq!(unsigned(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back(n: u64, space in "[ \t]{0,2}") {
            prop_assert_eq!(unsigned(&format!("{space}{n}{space}")), Some(n));
            prop_assert_eq!(unsigned(&format!("{n:#x}")), Some(n));
            let (text, rest) = (format!("{n}{space},"), format!("{space},"));
            prop_assert_eq!(bytes_prefix(&text), Some((n, rest.as_str())));
        }

        #[test]
        fn both_readers_of_bytes_agree(n in 0_u64..1 << 34, letter in "[KMG]?") {
            let text = format!("{n}{letter}");
            prop_assert_eq!(bytes_prefix(&text), size(&text).map(|bytes| (bytes, "")));
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = (unsigned_prefix(&text), bytes_prefix(&text), unsigned(&text), size(&text));
        }
    }
}
