//! The output of a system, and the search for the pattern that a script waits for.
//!
//! Genode's run tool reads through a terminal, where lines end in CR LF, and so do they here: a
//! pattern that matches here matches there. The pattern is tried line by line: the end of a match does
//! not depend on how the output happened to be cut into pieces.

use std::collections::VecDeque;
use std::time::Instant;
use tap_tcl::Exception;
use tap_tcl::regex::Pattern;

/// Text in which a pattern is searched; a match cannot span more.
const WINDOW: usize = 256 << 10;

/// Output that a script may wait through; more is taken for a flood.
pub const FLOOD: usize = 64 << 20;

/// Collects output.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Bytes of an incomplete line or character.
    partial: Vec<u8>,
    /// Complete lines, with CR LF, in which nothing matched yet.
    pending: String,
    /// Start of the part of `pending` that is searched.
    searched: usize,
    /// The last lines, for messages.
    tail: VecDeque<String>,
    total: usize,
}

impl Transcript {
    /// Adds output; returns the lines that it completed.
    pub fn add(&mut self, bytes: &[u8]) -> Vec<String> {
        self.total = self.total.saturating_add(bytes.len());
        self.partial.extend_from_slice(bytes);
        let mut lines = Vec::new();
        let Some(end) = self.partial.iter().rposition(|&b| b == b'\n') else {
            // an endless line is cut, so that it cannot take all memory
            if self.partial.len() > WINDOW {
                lines.push(self.cut());
            }
            return lines;
        };
        let rest = self.partial.split_off(end + 1);
        let complete = std::mem::replace(&mut self.partial, rest);
        for line in complete[..end].split(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            lines.push(String::from_utf8_lossy(line).into_owned());
        }
        for line in &lines {
            self.remember(line);
        }
        lines
    }

    /// Takes the incomplete line, at the end of the output.
    pub fn finish(&mut self) -> Option<String> {
        if self.partial.is_empty() { None } else { Some(self.cut()) }
    }

    fn cut(&mut self) -> String {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.partial)).into_owned();
        self.remember(&line);
        line
    }

    fn remember(&mut self, line: &str) {
        if self.tail.len() == crate::report::TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(beginning(line));
    }

    /// The last lines, of long ones the beginning.
    pub fn tail(&self) -> String {
        let mut lines: Vec<&str> = self.tail.iter().map(String::as_str).collect();
        let partial = beginning(&String::from_utf8_lossy(&self.partial));
        if !partial.is_empty() {
            lines.push(&partial);
        }
        if lines.is_empty() { "(no output)".into() } else { lines.join("\n") }
    }

    /// True when more was printed than any script waits for.
    pub fn flooded(&self) -> bool {
        self.total > FLOOD
    }

    /// Bytes printed so far.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Adds complete lines to what is searched, and searches. On a match, returns all output up to
    /// its end; the rest remains for the next search.
    ///
    /// # Errors
    /// The match takes too many steps.
    pub fn search(
        &mut self,
        pattern: &Pattern,
        lines: &[String],
        until: Option<Instant>,
    ) -> Result<Option<String>, Exception> {
        let before = self.pending.len();
        for line in lines {
            self.pending.push_str(line);
            self.pending.push_str("\r\n");
        }
        // an expression that does not look at the text's end matches the whole if it matches a part
        if !pattern.looks_at_end() && pattern.find_end(&self.pending, self.searched)?.is_none() {
            self.slide();
            return Ok(None);
        }
        // without new lines it is a new pattern, for which all ends are new
        let mut end = if lines.is_empty() { self.searched } else { before };
        while let Some(length) = self.pending[end..].find('\n') {
            end += length + 1;
            // each of many lines may take its time
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(None);
            }
            if let Some(at) = pattern.find_end(&self.pending[..end], self.searched)? {
                return Ok(Some(self.take(at)));
            }
        }
        self.slide();
        Ok(None)
    }

    /// Searches with the incomplete line, as for a prompt.
    ///
    /// # Errors
    /// As [`Transcript::search`].
    pub fn search_partial(&mut self, pattern: &Pattern) -> Result<Option<String>, Exception> {
        if self.partial.is_empty() {
            return Ok(None);
        }
        let whole = format!("{}{}", self.pending, String::from_utf8_lossy(&self.partial));
        let Some(at) = pattern.find_end(&whole, self.searched)? else { return Ok(None) };
        if at > self.pending.len() {
            self.pending = whole;
            self.cut();
        }
        Ok(Some(self.take(at)))
    }

    fn take(&mut self, at: usize) -> String {
        let rest = self.pending.split_off(at);
        self.searched = 0;
        std::mem::replace(&mut self.pending, rest)
    }

    fn slide(&mut self) {
        if self.pending.len() - self.searched > WINDOW {
            let mut start = self.pending.len() - WINDOW / 2;
            while !self.pending.is_char_boundary(start) {
                start += 1;
            }
            self.searched = start;
        }
    }
}

/// Tells whether a pattern matches, as far as that can be told in time.
fn matches(pattern: &Pattern, text: &str) -> bool {
    pattern.is_match(text).unwrap_or(false)
}

/// Says what is wrong with a pattern that would pass, or fail, whatever the system does.
pub fn check(pattern: &Pattern) -> Result<(), &'static str> {
    if ["\u{1}\r\n", "\u{1}", ""].iter().any(|text| matches(pattern, text)) {
        return Err("it matches any output: name the line that proves success");
    }
    Ok(())
}

/// Advice for a pattern that did not match only because of the lines' ends.
pub fn advice(pattern: &Pattern, output: &str) -> Option<&'static str> {
    let plain = output.replace("\r\n", "\n");
    (!matches(pattern, output) && matches(pattern, &plain)).then_some(
        "it would match if lines ended in \\n, but the run tool reads a terminal, where they end in \\r\\n: write \".*\\n\" where a line ends",
    )
}

/// Bytes of a line that are shown again in a result.
const SHOWN: usize = 2000;

/// The beginning of a line that is too long to be shown again.
fn beginning(line: &str) -> String {
    match line.get(..line.floor_char_boundary(SHOWN)) {
        Some(start) if start.len() < line.len() => format!("{start}... ({} bytes)", line.len()),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn feed(pattern: &str, pieces: &[&str]) -> Option<String> {
        let pattern = Pattern::new(pattern, tap_tcl::regex::Flags::default()).unwrap();
        let mut transcript = Transcript::default();
        for piece in pieces {
            let lines = transcript.add(piece.as_bytes());
            if let Some(output) = transcript.search(&pattern, &lines, None).unwrap() {
                return Some(output);
            }
        }
        transcript.search_partial(&pattern).unwrap()
    }

    #[test]
    fn a_match_ends_at_the_same_place_however_the_output_arrives() {
        let whole = "a\ndone here\nmore\ndone again\n";
        for cut in 0..whole.len() {
            let found = feed("done.*\n", &[&whole[..cut], &whole[cut..]]);
            assert_eq!(found.unwrap(), "a\r\ndone here\r\n", "cut at {cut}");
        }
    }

    #[test]
    fn a_match_may_span_lines() {
        let found = feed("first.*second.*\n", &["first\nx\n", "second\nthird\n"]);
        assert_eq!(found.unwrap(), "first\r\nx\r\nsecond\r\n");
    }

    #[test]
    fn a_prompt_without_newline_is_found() {
        assert_eq!(feed("login: ", &["host login: "]).unwrap(), "host login: ");
    }

    #[test]
    fn lines_end_as_on_a_terminal() {
        assert_eq!(feed("done\n", &["done\n"]), None);
        let pattern = Pattern::new("done\n", tap_tcl::regex::Flags::default()).unwrap();
        assert!(advice(&pattern, "done\r\n").is_some());
    }

    #[test]
    fn the_second_search_begins_behind_the_first_match() {
        let pattern = Pattern::new("done.*\n", tap_tcl::regex::Flags::default()).unwrap();
        let mut transcript = Transcript::default();
        let lines = transcript.add(b"done 1\ndone 2\n");
        assert_eq!(transcript.search(&pattern, &lines, None).unwrap().unwrap(), "done 1\r\n");
        assert_eq!(transcript.search(&pattern, &[], None).unwrap().unwrap(), "done 2\r\n");
        assert_eq!(transcript.search(&pattern, &[], None).unwrap(), None);
    }

    #[test]
    fn patterns_that_prove_nothing_are_refused() {
        for pattern in [".*", ".*\n", "", "x*", "$"] {
            assert!(
                check(&Pattern::new(pattern, tap_tcl::regex::Flags::default()).unwrap()).is_err(),
                "{pattern}"
            );
        }
        assert!(
            check(&Pattern::new("child .* exited", tap_tcl::regex::Flags::default()).unwrap())
                .is_ok()
        );
    }

    #[test]
    fn an_endless_line_does_not_grow_for_ever() {
        let mut transcript = Transcript::default();
        for _ in 0..20 {
            transcript.add(&vec![b'x'; 64 << 10]);
        }
        assert!(transcript.partial.len() <= WINDOW + (64 << 10));
    }

    #[test]
    fn a_search_ends_with_its_time() {
        let pattern = Pattern::new("(?=done)done 2", tap_tcl::regex::Flags::default()).unwrap();
        let lines = ["done 1".to_owned(), "done 2".to_owned()];
        let mut transcript = Transcript::default();
        let late = Some(Instant::now());
        assert_eq!(transcript.search(&pattern, &lines, late).unwrap(), None);
        let later = Some(Instant::now() + std::time::Duration::from_hours(1));
        let found = transcript.search(&pattern, &[], later).unwrap();
        assert_eq!(found.as_deref(), Some("done 1\r\ndone 2"));
    }
}
