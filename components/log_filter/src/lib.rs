//! The filter of `rs_log_filter`: which lines of a client are passed on.
//!
//! It opens no sessions and knows no time: whoever calls says what the time is.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

use alloc::{string::String, vec::Vec};

use genode::node::Node;

/// A pattern: all parts that it has must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Pattern {
    prefix: Option<String>,
    suffix: Option<String>,
    contains: Option<String>,
}

impl Pattern {
    fn matches(&self, line: &[u8]) -> bool {
        let all = |part: &Option<String>, test: &dyn Fn(&[u8]) -> bool| {
            part.as_ref().is_none_or(|part| test(part.as_bytes()))
        };
        all(&self.prefix, &|part| line.starts_with(part))
            && all(&self.suffix, &|part| line.ends_with(part))
            && all(&self.contains, &|part| {
                part.is_empty() || line.windows(part.len()).any(|window| window == part)
            })
    }
}

/// A pattern, and whether its lines are passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    pattern: Pattern,
    pass: bool,
}

/// Lines that a client may write in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    /// Lines in a second.
    lines: u64,
    /// Lines at once after a silence.
    burst: u64,
}

/// The rules of a `<policy>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    list: Vec<Rule>,
    /// Lines that no rule matches.
    otherwise: bool,
    rate: Option<Rate>,
}

/// Largest rate and burst, in lines.
const MAX_LINES: u64 = 1_000_000;

fn lines(node: &Node, name: &str) -> Result<Option<u64>, String> {
    match node.attr_checked::<u64>(name) {
        Ok(Some(0 | MAX_LINES..)) => {
            Err(alloc::format!("{name} is not between 1 and {}", MAX_LINES - 1))
        }
        Ok(lines) => Ok(lines),
        Err(error) => Err(alloc::format!("{error}")),
    }
}

impl Rules {
    /// Reads a policy.
    ///
    /// # Errors
    /// Says what is wrong, for people: a rule that is none, a number out of range.
    pub fn read(policy: &Node) -> Result<Self, String> {
        let mut list = Vec::new();
        for child in policy.children() {
            let pass = match child.tag() {
                "pass" => true,
                "drop" => false,
                other => {
                    return Err(alloc::format!("{}: <{other}>: use pass or drop", child.pos()));
                }
            };
            let part = |name| child.attr(name).map(String::from);
            let (prefix, suffix, contains) = (part("prefix"), part("suffix"), part("contains"));
            let pattern = Pattern { prefix, suffix, contains };
            if pattern == Pattern::default() {
                let tag = child.tag();
                return Err(alloc::format!(
                    "{}: <{tag}> has no prefix, suffix or contains",
                    child.pos()
                ));
            }
            list.push(Rule { pattern, pass });
        }
        let otherwise = match policy.attr("otherwise") {
            None | Some("pass") => true,
            Some("drop") => false,
            Some(other) => {
                return Err(alloc::format!("otherwise=\"{other}\": use pass or drop"));
            }
        };
        let (rate, burst) = (lines(policy, "rate")?, lines(policy, "burst")?);
        if rate.is_none() && burst.is_some() {
            return Err("burst needs a rate".into());
        }
        let rate = rate.map(|lines| Rate { lines, burst: burst.unwrap_or(lines) });
        Ok(Self { list, otherwise, rate })
    }

    /// Tells whether the time matters.
    pub const fn needs_time(&self) -> bool {
        self.rate.is_some()
    }

    /// Tells whether a line is wanted: by the first rule that matches.
    fn wants(&self, line: &[u8]) -> bool {
        let rule = self.list.iter().find(|rule| rule.pattern.matches(line));
        rule.map_or(self.otherwise, |rule| rule.pass)
    }
}

/// Treatment of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is passed on, behind a line that tells of `lost` ones if there are any.
    Pass {
        /// Lines that were too many since the last one.
        lost: u64,
    },
    /// It is left out.
    Drop,
}

/// Parts of a line that are saved for later, of a thousand: milliseconds and lines in a second.
const PARTS: u64 = 1000;

/// The filter of one client.
#[derive(Clone, Debug)]
pub struct Filter {
    rules: Rules,
    /// Thousandths of lines that may be passed at once.
    saved: u64,
    /// Time of the last look, in milliseconds.
    last: Option<u64>,
    lost: u64,
}

impl Filter {
    /// Makes the filter of a new client.
    pub const fn new(rules: Rules) -> Self {
        Self { rules, saved: 0, last: None, lost: 0 }
    }

    /// Takes a line at a time in milliseconds, which does not go back.
    pub fn take(&mut self, now: u64, line: &[u8]) -> Verdict {
        if !self.rules.wants(line) {
            return Verdict::Drop;
        }
        let Some(Rate { lines, burst }) = self.rules.rate else { return Verdict::Pass { lost: 0 } };
        let full = burst * PARTS;
        self.saved = match self.last {
            None => full,
            Some(last) => {
                let more = now.saturating_sub(last).saturating_mul(lines);
                full.min(self.saved.saturating_add(more))
            }
        };
        self.last = Some(now);
        if let Some(left) = self.saved.checked_sub(PARTS) {
            self.saved = left;
            Verdict::Pass { lost: core::mem::take(&mut self.lost) }
        } else {
            self.lost = self.lost.saturating_add(1);
            Verdict::Drop
        }
    }

    /// Takes the number of lines that were too many and of which nobody was told yet.
    pub fn take_lost(&mut self) -> u64 {
        core::mem::take(&mut self.lost)
    }
}

/// Makes the line that tells of lost ones.
pub fn told(lost: u64) -> String {
    alloc::format!("({lost} lines were too many and are left out)")
}

#[cfg(test)]
mod tests;
