//! Glob patterns, as `string match`, `switch -glob` and `lsearch` use them.

/// True when the whole text matches: `*`, `?`, `[a-z]`, `\x`.
pub fn matches(pattern: &str, text: &str, nocase: bool) -> bool {
    let fold = |s: &str| -> Vec<char> {
        if nocase { s.chars().map(super::case::lower).collect() } else { s.chars().collect() }
    };
    let (pattern, text) = (fold(pattern), fold(text));
    let (mut p, mut t) = (0, 0);
    // where to go on when the rest does not match: after the last `*`, one character further
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        let step = match (pattern.get(p), text.get(t)) {
            (None, None) => return true,
            (Some(_), Some(&c)) => one(&pattern[p..], c),
            _ => None,
        };
        match (step, retry) {
            (Some(used), _) => {
                p += used;
                t += 1;
            }
            (None, Some((star, from))) if from < text.len() => {
                p = star;
                t = from + 1;
                retry = Some((star, from + 1));
            }
            _ => return false,
        }
    }
}

/// Matches one character; how much of the pattern it took.
fn one(pattern: &[char], c: char) -> Option<usize> {
    match pattern[0] {
        '?' => Some(1),
        '[' => {
            let mut i = 1;
            let mut hit = false;
            while i < pattern.len() && pattern[i] != ']' {
                let low = pattern[i];
                if pattern.get(i + 1) == Some(&'-') && i + 2 < pattern.len() {
                    let high = pattern[i + 2];
                    let (low, high) = if low <= high { (low, high) } else { (high, low) };
                    hit |= (low..=high).contains(&c);
                    i += 3;
                } else {
                    hit |= low == c;
                    i += 1;
                }
            }
            hit.then_some((i + 1).min(pattern.len()))
        }
        '\\' if pattern.len() > 1 => (pattern[1] == c).then_some(2),
        literal => (literal == c).then_some(1),
    }
}
