//! A system's output: lines that match, and lines that differ.

use std::fmt::Write as _;
use tap_tcl::Exception;
use tap_tcl::regex::Pattern;

/// Removes colours: `ESC [ ... m`.
pub fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        out.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('m') else {
            out.push_str(&rest[at..]);
            return out;
        };
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}

/// One newline between lines, no empty lines.
pub fn trimmed_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\r' || c == '\n' {
            if !out.ends_with('\n') {
                out.push('\n');
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The lines that match.
///
/// # Errors
/// A match takes too many steps.
pub fn grep(output: &str, pattern: &Pattern) -> Result<String, Exception> {
    let clean = trimmed_lines(&without_colours(output));
    let mut out = String::new();
    for line in clean.split('\n') {
        if pattern.is_match(line)? {
            out.push_str(line);
            out.push('\n');
        }
    }
    Ok(out)
}

/// Compares line by line, without white space at the lines' edges; describes what differs.
pub fn differences(output: &str, good: &str) -> Option<String> {
    let got: Vec<&str> = output.trim().lines().map(str::trim).collect();
    let want: Vec<&str> = good.trim().lines().map(str::trim).collect();
    let mut out = String::new();
    let mut count = 0;
    if good.trim().is_empty() {
        for line in got.iter().filter(|line| !line.is_empty()) {
            count += 1;
            let _ = write!(out, "\nunexpected: '{line}'");
        }
    }
    for (i, want) in want.iter().enumerate() {
        let line = got.get(i).copied().unwrap_or("");
        if line != *want {
            count += 1;
            let _ = write!(out, "\nline {i}\n  expected: '{want}'\n  got:      '{line}'");
        }
    }
    (count > 0).then(|| format!("{count} unexpected lines of output{out}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn greps_lines_without_colours() {
        let pattern =
            Pattern::new("^\\[init -> test\\]", tap_tcl::regex::Flags::default()).unwrap();
        let output = "x\r\n\r\n\x1b[0m[init -> test] a\x1b[0m\r\n[init -> test] b\r\n";
        assert_eq!(grep(output, &pattern).unwrap(), "[init -> test] a\n[init -> test] b\n");
    }

    #[test]
    fn names_the_lines_that_differ() {
        assert_eq!(differences("a\r\n b\n", "  a\n\tb"), None);
        assert_eq!(differences("a\nb\nsurplus", "a\nb"), None);
        let text = differences("a\nc", "a\nb").unwrap();
        assert!(text.contains("line 1\n  expected: 'b'\n  got:      'c'"), "{text}");
        assert!(differences("a", "a\nb").is_some());
        assert!(differences("a", "").is_some());
        assert_eq!(differences("", ""), None);
    }
}
