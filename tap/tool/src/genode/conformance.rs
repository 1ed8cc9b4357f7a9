//! The table that is kept of the tests of a Genode tree, with Genode's components and with ours.

use super::PORTS;
use crate::report::{Verdict, plain};
use std::fmt::Write as _;

/// Fewest sections that a test is told apart by; most others say when they begin and end, no more.
const SECTIONS: usize = 4;

/// Outcome of a test with one set of components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its end.
    pub verdict: Verdict,
    /// Sections that its log announced, in their order.
    sections: Vec<String>,
}

impl Outcome {
    /// Takes a test that ended so, and what its system logged.
    pub fn of(verdict: Verdict, log: &str) -> Self {
        Self { verdict: without_ports(verdict), sections: sections(log) }
    }

    fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Passed => "pass",
            Verdict::Failed(_) => "fail",
            Verdict::Skipped(_) => "skip",
        }
    }

    /// Says why the test did not pass, in one line.
    fn why(&self) -> &str {
        match &self.verdict {
            Verdict::Passed => "",
            Verdict::Failed(why) | Verdict::Skipped(why) => why.lines().next().unwrap_or_default(),
        }
    }

    /// Says of a section that it passed, that the test failed in it, or that it was not reached.
    fn section(&self, name: &str) -> &'static str {
        match self.sections.iter().position(|section| section == name) {
            None => "unreached",
            Some(at) if at + 1 < self.sections.len() || self.passed() => "pass",
            Some(_) => "fail",
        }
    }
}

/// Says of a test whose build needs third-party code that is not there that it does not run.
fn without_ports(verdict: Verdict) -> Verdict {
    match &verdict {
        Verdict::Failed(why) => match why.strip_prefix(PORTS) {
            Some(ports) => Verdict::Skipped(format!("its build needs ports:{ports}")),
            None => verdict,
        },
        _ => verdict,
    }
}

/// Finds what a log announces as `--- NAME ---`, behind a component's label; a name that comes
/// again is one section.
fn sections(log: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in log.lines() {
        let line = plain(line);
        let name = line.strip_prefix('[').and_then(|line| {
            line.split_once("] --- ")?.1.trim_end().strip_suffix(" ---").map(str::trim)
        });
        if let Some(name) = name
            && !name.is_empty()
            && !sections.iter().any(|section| section == name)
        {
            sections.push(name.to_owned());
        }
    }
    sections
}

/// A test, and how it went with either set of components.
#[derive(Debug)]
pub struct Row {
    /// The test package.
    pub package: String,
    /// With Genode's components; `None` if it was not tried.
    pub theirs: Option<Outcome>,
    /// With ours.
    pub ours: Outcome,
}

/// Makes the table of `rows`, the first of so many tests.
pub fn table(rows: &[Row], tests: usize) -> String {
    let theirs = rows.iter().filter(|r| r.theirs.as_ref().is_some_and(Outcome::passed)).count();
    let ours = rows.iter().filter(|r| r.ours.passed()).count();
    let skipped = rows.iter().filter(|r| matches!(r.ours.verdict, Verdict::Skipped(_))).count();
    let mut text = format!(
        "# result: of {} tests {theirs} pass with theirs, {ours} with ours, {skipped} do not run on their own\n",
        rows.len()
    );
    if rows.len() < tests {
        let _ = writeln!(text, "# not done: these are the first {} of {tests} tests", rows.len());
    }
    text.push_str(
        "# <test> <with theirs> <with ours> [why not]; sections of a test that has several are below it\n",
    );
    for row in rows {
        let (theirs, reason) = match (&row.theirs, row.ours.passed()) {
            (None, _) => ("unknown", row.ours.why()),
            (Some(theirs), true) => (theirs.word(), theirs.why()),
            (Some(theirs), false) => (theirs.word(), row.ours.why()),
        };
        let line = format!("{} {theirs} {} {reason}", row.package, row.ours.word());
        let _ = writeln!(text, "{}", line.trim_end());
        text.push_str(&section_lines(row));
    }
    text
}

/// Makes a line for each section of a test that has several.
fn section_lines(row: &Row) -> String {
    let mut names: Vec<&String> = Vec::new();
    for outcome in row.theirs.iter().chain([&row.ours]) {
        for name in &outcome.sections {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut text = String::new();
    if names.len() >= SECTIONS {
        for name in names {
            let theirs = row.theirs.as_ref().map_or("unknown", |theirs| theirs.section(name));
            let _ = writeln!(text, "  {theirs} {} {name}", row.ours.section(name));
        }
    }
    text
}

/// Returns 1 if a test passes with theirs and not with ours.
pub fn exit_value(rows: &[Row]) -> u8 {
    let failed = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Failed(_));
    let worse = |row: &Row| failed(&row.ours) && !row.theirs.as_ref().is_some_and(failed);
    u8::from(rows.iter().any(worse))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "[init] --- no\n[init -> a] \r\n[init -> a] --- one ---\r\n\
        \x1b[0m[init -> a] --- two: of four ---\x1b[0m\n--- of nobody ---\n[init -> a] --- one ---\n\
        [init -> a] ---  ---\n[init -> a] --- three ---\n[init -> a] --- four ---\n";

    fn failed() -> Outcome {
        Outcome::of(Verdict::Failed("line missing\nmore".into()), "")
    }

    fn passed() -> Outcome {
        Outcome::of(Verdict::Passed, "")
    }

    fn row(theirs: Outcome, ours: Outcome) -> Row {
        Row { package: "test-x".into(), theirs: Some(theirs), ours }
    }

    #[test]
    fn a_test_that_needs_ports_does_not_run() {
        let needs = Outcome::of(Verdict::Failed(format!("{PORTS} libc")), "");
        assert_eq!(needs.verdict, Verdict::Skipped("its build needs ports: libc".into()));
        assert_eq!(failed().verdict, Verdict::Failed("line missing\nmore".into()));
    }

    #[test]
    fn a_test_that_fails_with_ours_alone_fails_the_command() {
        assert_eq!(exit_value(&[row(passed(), failed())]), 1);
        assert_eq!(exit_value(&[row(failed(), failed())]), 0);
        assert_eq!(exit_value(&[row(failed(), passed())]), 0);
        let unknown = Row { package: "test-y".into(), theirs: None, ours: failed() };
        let rows = [row(passed(), failed()), row(failed(), passed()), unknown];
        let table = table(&rows, 3);
        assert!(table.contains("of 3 tests 1 pass with theirs, 1 with ours, 0 do not"), "{table}");
        assert!(table.contains("test-x pass fail line missing\n"), "{table}");
        assert!(table.contains("test-x fail pass line missing\n"), "{table}");
        assert!(table.contains("test-y unknown fail line missing\n"), "{table}");
        assert!(!table.contains("not done"), "{table}");
    }

    #[test]
    fn a_run_that_was_cut_short_says_so() {
        let table = table(&[row(passed(), passed())], 3);
        assert!(table.contains("# not done: these are the first 1 of 3 tests\n"), "{table}");
    }

    #[test]
    fn the_sections_of_a_test_are_told_apart() {
        assert_eq!(sections(LOG), ["one", "two: of four", "three", "four"]);
        let cut = LOG.find("[init -> a] --- three").unwrap();
        let ours = Outcome::of(Verdict::Failed("time is up".into()), &LOG[..cut]);
        let table = table(&[row(Outcome::of(Verdict::Passed, LOG), ours)], 1);
        let lines = "test-x pass fail time is up\n  pass pass one\n  pass fail two: of four\n  \
             pass unreached three\n  pass unreached four\n";
        assert!(table.ends_with(lines), "{table}");
    }

    #[test]
    fn beginning_and_end_are_no_sections() {
        let outcome =
            Outcome::of(Verdict::Passed, "[a] --- begin ---\n[a] --- x ---\n[a] --- end ---\n");
        let table = table(&[row(outcome.clone(), outcome)], 1);
        assert!(table.ends_with("test-x pass pass\n"), "{table}");
    }
}
