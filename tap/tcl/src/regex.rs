//! Tcl's regular expressions, matched by the crate `regex`.

use crate::error::{Exception, fail};
use crate::translate::translate;
use ::regex::{Regex, RegexBuilder};

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    anchored_end: bool,
}

/// Byte ranges of the whole match and of the groups.
pub type Groups = Vec<Option<(usize, usize)>>;

impl Pattern {
    /// Compiles Tcl syntax. With `lines`, `^` and `$` match at lines and `.` stops at their ends.
    pub fn new(expression: &str, nocase: bool, lines: bool) -> Result<Self, Exception> {
        let wrong = |why: &str| {
            format!(
                "couldn't compile regular expression pattern: {why}\nin pattern \"{expression}\""
            )
        };
        let translated = match translate(expression) {
            Ok(translated) => translated,
            Err(why) => return fail(wrong(&why)),
        };
        let built = RegexBuilder::new(&translated.text)
            .case_insensitive(nocase || translated.nocase)
            .multi_line(lines || translated.lines)
            .dot_matches_new_line(!(lines || translated.lines))
            .size_limit(4 << 20)
            .build();
        match built {
            Ok(regex) => Ok(Self { regex, anchored_end: translated.anchored_end }),
            Err(::regex::Error::CompiledTooBig(_)) => {
                fail(wrong("it is too large: use smaller repetition counts"))
            }
            Err(error) => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or("").trim_start_matches("error: ");
                fail(wrong(last))
            }
        }
    }

    /// True when it matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// True when more text can undo a match, because the expression looks at the text's end.
    pub fn looks_at_end(&self) -> bool {
        self.anchored_end
    }

    /// The end of the first match at or after `from`.
    pub fn find_end(&self, text: &str, from: usize) -> Option<usize> {
        self.regex.find_at(text, from).map(|m| m.end())
    }

    /// The first match at or after `from` with its groups.
    pub fn captures_at(&self, text: &str, from: usize) -> Option<Groups> {
        if from > text.len() {
            return None;
        }
        let captures = self.regex.captures_at(text, from)?;
        Some(captures.iter().map(|g| g.map(|g| (g.start(), g.end()))).collect())
    }

    /// Replaces every match as `regsub -all` does.
    #[must_use]
    pub fn replace_all(&self, text: &str, template: &str) -> String {
        self.replace(text, template, 0, true).0
    }

    /// Replaces the first match at or after `from`, or all of them; counts the replacements.
    pub(crate) fn replace(
        &self,
        text: &str,
        template: &str,
        from: usize,
        all: bool,
    ) -> (String, usize) {
        let mut out = text[..from].to_owned();
        let (mut at, mut copied, mut count) = (from, from, 0);
        while let Some(groups) = self.captures_at(text, at) {
            let (start, end) = groups[0].unwrap_or((at, at));
            count += 1;
            out.push_str(&text[copied..start]);
            fill(template, text, &groups, &mut out);
            copied = end;
            at = next_search(text, (start, end));
            if !all || at > text.len() {
                break;
            }
            // what an empty match stepped over stays
            out.push_str(&text[copied..at]);
            copied = at;
        }
        out.push_str(&text[copied.min(text.len())..]);
        (out, count)
    }
}

/// The offset to search from next: behind this match, and further after an empty one.
pub(crate) fn next_search(text: &str, (start, end): (usize, usize)) -> usize {
    if end > start {
        return end;
    }
    end + text[end..].chars().next().map_or(1, char::len_utf8)
}

/// Appends the template, its `&` and `\N` replaced by the match and its groups.
fn fill(template: &str, text: &str, groups: &[Option<(usize, usize)>], out: &mut String) {
    let group = |n: usize, out: &mut String| {
        if let Some((start, end)) = groups.get(n).copied().flatten() {
            out.push_str(&text[start..end]);
        }
    };
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        match c {
            '&' => group(0, out),
            '\\' => match chars.next() {
                Some(d) if d.is_ascii_digit() => group(d as usize - '0' as usize, out),
                Some(literal @ ('&' | '\\')) => out.push(literal),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
}
