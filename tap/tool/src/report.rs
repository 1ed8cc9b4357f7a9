//! Results as TAP, the Test Anything Protocol, version 14: a test point a script, with its steps as
//! a subtest. Output of components appears in comments only, so that no component can fake a result.

use crate::output;
use genode_args::shown::is_format;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Lines of a failing system's log that are shown.
pub const TAIL: usize = 25;

/// The end of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its pattern matched, and nothing else failed.
    Passed,
    /// It failed for this reason; the details are in its steps.
    Failed(String),
    /// It cannot run here for this reason.
    Skipped(String),
}

/// A style of printing.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Print the system's log while it runs.
    pub live: bool,
    /// Colours and progress, if stdout is a terminal.
    pub colour: bool,
}

/// Begins the line by which a script leaves a step out: `SKIP: what: why`.
pub const SKIP: &str = "SKIP: ";

#[derive(Debug)]
struct Subtest {
    points: usize,
    started: Instant,
    /// The steps that were left out, and why.
    skips: Vec<String>,
}

/// A script that ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The script.
    pub name: String,
    /// Its end.
    pub verdict: Verdict,
    /// Steps that it left out, and why.
    pub skips: Vec<String>,
}

/// The emulator of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emulator {
    /// Its program.
    pub program: String,
    /// The host's CPUs run what the machine runs, by Linux' KVM.
    pub kvm: bool,
}

impl Emulator {
    /// Reads the line in which Genode's run tool says that it starts one.
    pub fn spawned(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("spawn ")?.split_whitespace();
        let program = words.next().filter(|p| p.starts_with("qemu-system-"))?.to_owned();
        let kvm = words.any(|word| matches!(word, "kvm" | "-enable-kvm" | "accel=kvm"));
        Some(Self { program, kvm })
    }
}

/// Prints TAP and counts.
#[derive(Debug)]
pub struct Report {
    style: Style,
    terminal: bool,
    total: usize,
    points: usize,
    sub: Option<Subtest>,
    status_shown: bool,
    lost: Option<io::Error>,
    /// Scripts that passed.
    pub passed: usize,
    /// Scripts that failed.
    pub failed: usize,
    /// Scripts that could not run.
    pub skipped: usize,
    /// All of them, in order.
    pub outcomes: Vec<Outcome>,
    /// The emulator that one of them ran in.
    pub emulator: Option<Emulator>,
}

impl Report {
    /// Begins with the version and the number of scripts.
    pub fn begin(total: usize, style: Style) -> Self {
        let terminal = style.colour && io::stdout().is_terminal();
        let mut report = Self {
            style,
            terminal,
            total,
            points: 0,
            sub: None,
            status_shown: false,
            lost: None,
            passed: 0,
            failed: 0,
            skipped: 0,
            outcomes: Vec::new(),
            emulator: None,
        };
        report.put("TAP version 14\n");
        report.put(&format!("1..{total}\n"));
        report
    }

    /// Writes; the first error is kept for the end.
    fn put(&mut self, text: &str) {
        self.clear_status();
        if let Err(e) = output::write(text) {
            self.lost.get_or_insert(e);
        }
    }

    /// The error by which results were lost, if one was.
    pub fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
    }

    /// Shows what is being done, on a terminal only.
    pub fn status(&mut self, text: &str) {
        if self.terminal {
            let seconds = self.sub.as_ref().map_or(0, |s| s.started.elapsed().as_secs());
            let mut out = io::stdout().lock();
            // the cursor stays in front: what cargo or make print overwrites it
            let at = if self.total > 1 {
                format!("{} of {}: ", self.points + 1, self.total)
            } else {
                String::new()
            };
            let _ = write!(out, "\r\x1b[2K\x1b[2m… {at}{text} {seconds} s\x1b[0m\r");
            let _ = out.flush();
            self.status_shown = true;
        }
    }

    /// Removes the line that `status` shows.
    pub fn clear_status(&mut self) {
        if std::mem::take(&mut self.status_shown) {
            let mut out = io::stdout().lock();
            let _ = write!(out, "\r\x1b[2K").and_then(|()| out.flush());
        }
    }

    /// A script begins.
    pub fn script(&mut self, name: &str) {
        self.sub = Some(Subtest { points: 0, started: Instant::now(), skips: Vec::new() });
        self.put(&format!("# Subtest: {}\n", plain(name)));
    }

    fn word(&self, ok: bool) -> &'static str {
        match (ok, self.terminal) {
            (true, false) => "ok",
            (true, true) => "\x1b[32mok\x1b[0m",
            (false, false) => "not ok",
            (false, true) => "\x1b[31mnot ok\x1b[0m",
        }
    }

    /// A step of the script.
    pub fn step(&mut self, ok: bool, text: &str, took: Duration, details: &[(&str, String)]) {
        let number = match &mut self.sub {
            Some(sub) => {
                sub.points += 1;
                sub.points
            }
            None => return,
        };
        let line = format!("    {} {number} - {}\n", self.word(ok), escape(text));
        self.put(&line);
        self.put(&block("      ", took, details));
    }

    /// A line of the system's log.
    pub fn log(&mut self, line: &str) {
        if self.style.live {
            let shown = if self.terminal { coloured(line) } else { plain(line) };
            self.put(&format!("    # {shown}\n"));
        }
    }

    /// A line of the script itself or the tool.
    pub fn note(&mut self, text: &str) {
        for line in text.lines() {
            match line.strip_prefix(SKIP) {
                Some(step) => self.skipped_step(step),
                None => self.put(&format!("    # {}\n", plain(line))),
            }
        }
    }

    /// A step that the script leaves out: what it is, a colon, and why.
    pub fn skipped_step(&mut self, text: &str) {
        let Some(sub) = &mut self.sub else { return };
        sub.points += 1;
        sub.skips.push(plain(text.trim()));
        let number = sub.points;
        let (what, why) = text.split_once(": ").unwrap_or(("a step", text));
        let line = format!(
            "    {} {number} - {} # SKIP {}\n",
            self.word(true),
            escape(what.trim()),
            escape(why.trim())
        );
        self.put(&line);
    }

    /// The script ended.
    pub fn end_script(&mut self, name: &str, verdict: &Verdict) {
        self.points += 1;
        let (points, took, skips) = match self.sub.take() {
            Some(sub) => (sub.points, sub.started.elapsed(), sub.skips),
            None => (0, Duration::ZERO, Vec::new()),
        };
        self.outcomes.push(Outcome { name: name.to_owned(), verdict: verdict.clone(), skips });
        let (number, name) = (self.points, escape(name));
        match verdict {
            Verdict::Passed => {
                self.passed += 1;
                self.put(&format!("    1..{points}\n{} {number} - {name}\n", self.word(true)));
                self.put(&block("  ", took, &[]));
            }
            Verdict::Failed(why) => {
                self.failed += 1;
                self.put(&format!("    1..{points}\n{} {number} - {name}\n", self.word(false)));
                self.put(&block("  ", took, &[("message", why.clone())]));
            }
            Verdict::Skipped(why) => {
                self.skipped += 1;
                let why = escape(&why.replace('\n', " "));
                let plan = if points == 0 { "1..0 # SKIP".into() } else { format!("1..{points}") };
                let line =
                    format!("    {plan}\n{} {number} - {name} # SKIP {why}\n", self.word(true));
                self.put(&line);
            }
        }
    }

    /// Ends the stream early.
    pub fn bail_out(&mut self, why: &str) {
        self.put(&format!("Bail out! {}\n", plain(why)));
    }

    /// The numbers of scripts by verdict.
    pub fn summary(&self) -> String {
        let (passed, failed, skipped) = (self.passed, self.failed, self.skipped);
        let steps: usize = self
            .outcomes
            .iter()
            .filter(|o| !matches!(o.verdict, Verdict::Skipped(_)))
            .map(|o| o.skips.len())
            .sum();
        let steps = if steps > 0 {
            format!(", {steps} steps of the others skipped")
        } else {
            String::new()
        };
        format!("{passed} passed, {failed} failed, {skipped} skipped{steps}")
    }

    /// The last line.
    pub fn finish(&mut self) {
        let line = format!("# {}\n", self.summary());
        self.put(&line);
    }
}

/// A YAML block with duration and details.
fn block(indent: &str, took: Duration, details: &[(&str, String)]) -> String {
    let mut out = format!("{indent}---\n{indent}duration_ms: {}\n", took.as_millis());
    for (key, value) in details {
        let _ = writeln!(out, "{indent}{key}: |-");
        for line in value.lines() {
            let _ = writeln!(out, "{indent}  {}", plain(line));
        }
    }
    let _ = writeln!(out, "{indent}...");
    out
}

/// Descriptions must not look like directives.
fn escape(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// Removes colours and other control characters; what turns or hides others appears as its number.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            while chars.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
        } else if is_format(c) {
            out.extend(c.escape_unicode());
        } else if c == '\t' || !c.is_control() {
            out.push(c);
        }
    }
    out
}

/// Keeps colours, removes other control characters: a log must not move the cursor.
fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, sequence) = rest.split_at(at);
        out.push_str(&plain(before));
        let end = sequence[2..].find(|c: char| !(c.is_ascii_digit() || c == ';'));
        let end = end.map_or(sequence.len(), |e| e + 2);
        if sequence[end..].starts_with('m') {
            out.push_str(&sequence[..=end]);
        }
        // the final character is part of the sequence
        rest = sequence[end..].chars().next().map_or("", |c| &sequence[end + c.len_utf8()..]);
    }
    out.push_str(&plain(rest));
    out.push_str("\x1b[0m");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_output() {
        assert_eq!(plain("\x1b[31mred\x1b[0m\x07 \x1b[2Jx\r"), "red x");
        assert_eq!(plain("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(coloured("a\u{202e}b"), "a\\u{202e}b\x1b[0m");
        assert_eq!(coloured("\x1b[31mred\x1b[0m\x1b[2Jx\x07"), "\x1b[31mred\x1b[0mx\x1b[0m");
    }

    #[test]
    fn an_emulator_is_known_by_its_start() {
        let of = |kvm| Some(Emulator { program: "qemu-system-x86_64".into(), kvm });
        let line = "spawn qemu-system-x86_64 -display none -m 800 -cdrom x.iso";
        assert_eq!(Emulator::spawned(line), of(false));
        assert_eq!(Emulator::spawned(&format!("{line} -accel kvm -machine q35")), of(true));
        assert_eq!(Emulator::spawned("spawn ./core"), None);
        assert_eq!(Emulator::spawned("[init -> x] spawn qemu-system-x86_64"), None);
    }

    #[test]
    fn a_name_cannot_be_a_directive() {
        assert_eq!(escape("x # SKIP y"), "x \\# SKIP y");
    }
}
