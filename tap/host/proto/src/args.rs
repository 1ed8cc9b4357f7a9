//! Session argument strings: `key=value, key="string"`.
//!
//! The first match wins. Numbers are decimal or 0x hex with an optional suffix K, M or G; anything else
//! reads as absent.

/// Value of `key`: without the quotes if it is a string, escapes left in place.
pub fn find<'a>(args: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = args;
    loop {
        rest = rest.trim_start_matches([' ', ',', '\t', '\n']);
        let (name, after) = rest.split_once('=')?;
        let value = after.trim_start();
        let (value, next) = match value.strip_prefix('"') {
            Some(quoted) => {
                let end = string_end(quoted)?;
                (quoted.get(..end)?, quoted.get(end + 1..)?)
            }
            None => match value.split_once(',') {
                Some((value, next)) => (value.trim_end(), next),
                None => (value.trim_end(), ""),
            },
        };
        if name.trim() == key {
            return Some(value);
        }
        rest = next;
    }
}

/// Position of the closing quote.
fn string_end(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    for (i, c) in quoted.char_indices() {
        match c {
            '"' if !escaped => return Some(i),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// Number of `key`, `default` if it is absent, malformed or negative.
pub fn number(args: &str, key: &str, default: u64) -> u64 {
    find(args, key).and_then(parse_number).unwrap_or(default)
}

/// A number with an optional suffix K, M or G.
pub fn parse_number(text: &str) -> Option<u64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (text.get(..text.len() - 1)?, 1 << 10),
        b'M' => (text.get(..text.len() - 1)?, 1 << 20),
        b'G' => (text.get(..text.len() - 1)?, 1 << 30),
        _ => (text, 1),
    };
    if !digits.as_bytes().first()?.is_ascii_hexdigit() {
        return None;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    value.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_may_hold_commas_and_quotes() {
        let args = r#"label="a, \"b\" -> c", ram_quota=8K, cap_quota=0x10, ram_quota=1"#;
        assert_eq!(find(args, "label"), Some(r#"a, \"b\" -> c"#));
        assert_eq!(number(args, "ram_quota", 0), 8192);
        assert_eq!(number(args, "cap_quota", 0), 16);
        assert_eq!(number(args, "cap", 7), 7);
    }

    #[test]
    fn junk_and_negatives_mean_the_default() {
        for text in ["-1", "", "K", "12x", "0x", "1k", "99999999999G", "+5"] {
            assert_eq!(parse_number(text), None, "{text}");
        }
        assert_eq!(number("ram_quota=-1", "ram_quota", 3), 3);
        assert_eq!(find("label=\"open", "label"), None);
        assert_eq!(find("", "x"), None);
    }
}
