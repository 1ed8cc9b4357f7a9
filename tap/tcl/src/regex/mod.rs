//! Tcl's regular expressions.
//!
//! Where a match begins is found by the crate `regex`, if the expression means the same to it. Where it
//! ends and what its groups are differs from that crate and from all others: Tcl takes the longest
//! alternative, or the shortest whole if the expression's first quantifier is not greedy.
//! `syntax` reads an expression, `program` follows its states, `dissect` finds the groups.

mod class;
mod dissect;
mod program;
mod search;
mod syntax;

use crate::error::{Exception, fail};
use crate::memory;
use search::Search;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

pub use dissect::Groups;
pub use syntax::Flags;

/// Expressions that stay compiled; Tcl keeps as many.
const KEPT: usize = 30;

/// Bytes of the longest expression that stays compiled.
const LONGEST: usize = 1_000;

type Recent = (String, Flags, Rc<Search>);

thread_local! {
    static RECENT: RefCell<VecDeque<Recent>> = const { RefCell::new(VecDeque::new()) };
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    search: Rc<Search>,
}

fn within<T>(found: Result<T, program::TooMuch>) -> Result<T, Exception> {
    match found {
        Ok(found) => Ok(found),
        Err(program::TooMuch) => fail(
            "error while matching regular expression: it takes too many steps; use a simpler expression or a shorter text",
        ),
    }
}

impl Pattern {
    /// Compiles Tcl's syntax, unless the expression is among those compiled last.
    pub fn new(expression: &str, flags: Flags) -> Result<Self, Exception> {
        if let Some(known) = RECENT.with_borrow(|recent| {
            let same = |(text, with, _): &&Recent| text == expression && *with == flags;
            recent.iter().find(same).map(|(_, _, search)| Rc::clone(search))
        }) {
            return Ok(Self { search: known });
        }
        match Search::new(expression, flags) {
            Ok(search) => {
                let search = Rc::new(search);
                if expression.len() <= LONGEST {
                    RECENT.with_borrow_mut(|recent| {
                        recent.truncate(KEPT - 1);
                        recent.push_front((expression.to_owned(), flags, Rc::clone(&search)));
                    });
                }
                Ok(Self { search })
            }
            Err(why) => fail(format!("couldn't compile regular expression pattern: {why}")),
        }
    }

    /// Tells whether it matches anywhere in the text.
    ///
    /// # Errors
    /// The match takes too many steps.
    pub fn is_match(&self, text: &str) -> Result<bool, Exception> {
        Ok(self.find_end(text, 0)?.is_some())
    }

    /// True when more text can undo or prolong a match, because the expression looks at what follows.
    pub fn looks_at_end(&self) -> bool {
        self.search.looks_at_end
    }

    /// The end of the first match at or after `from`.
    ///
    /// # Errors
    /// The match takes too many steps, as it may with look-ahead and back references.
    pub fn find_end(&self, text: &str, from: usize) -> Result<Option<usize>, Exception> {
        within(self.search.find_end(text, from))
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.search.groups
    }

    /// The first match at or after `from` with its groups.
    pub fn captures_at(&self, text: &str, from: usize) -> Result<Option<Groups>, Exception> {
        within(self.search.captures_at(text, from))
    }

    /// Replaces every match as `regsub -all` does.
    pub fn replace_all(&self, text: &str, template: &str) -> Result<String, Exception> {
        Ok(self.replace(text, template, 0, true)?.0)
    }

    /// Replaces the first match at or after `from`, or all of them; counts the replacements.
    pub(crate) fn replace(
        &self,
        text: &str,
        template: &str,
        from: usize,
        all: bool,
    ) -> Result<(String, usize), Exception> {
        if all && from == 0 && self.search.is_empty && !template.contains(['&', '\\']) {
            // as in Tcl, the empty expression alone does not match at the end
            memory::afford(text.len() * (template.len() + 4))?;
            let pairs = text.chars().flat_map(|c| template.chars().chain([c]));
            return Ok((pairs.collect(), text.chars().count()));
        }
        let mut out = text[..from].to_owned();
        let (mut at, mut count) = (from, 0);
        while at <= text.len() {
            let Some(groups) = self.captures_at(text, at)? else { break };
            let (start, end) = groups[0].unwrap_or((at, at));
            count += 1;
            memory::afford(2 * (out.len() + (end - start + 1) * (template.len() + 1)))?;
            out.push_str(&text[at..start]);
            fill(template, text, &groups, &mut out);
            at = next_search(text, (start, end));
            // what an empty match steps over stays
            out.push_str(&text[end..at.min(text.len())]);
            if !all {
                break;
            }
        }
        out.push_str(&text[at.min(text.len())..]);
        Ok((out, count))
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
