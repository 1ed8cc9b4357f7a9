//! Expressions as automata: where matches that begin at a place can end.
//!
//! All states that can be reached are followed at once, a character at a time: the time is bounded by
//! the text's length times the number of states, whatever the expression.

use super::class::{Set, is_word};
use super::syntax::{Node, Place};
use std::collections::HashMap;
use std::rc::Rc;

/// Most states of one expression, with all copies that repetitions make.
const STATES: usize = 20_000;

#[derive(Debug, Clone)]
enum State {
    One(Rc<Set>, usize),
    Split(usize, usize),
    Place(Place, usize),
    Look(bool, Rc<Program>, usize),
    End,
}

/// An automaton.
#[derive(Debug)]
pub(super) struct Program {
    states: Vec<State>,
    start: usize,
}

/// Compiles nodes; back references become what their group may match.
#[derive(Debug)]
pub(super) struct Compiler<'s> {
    pub(super) groups: &'s HashMap<usize, Node>,
    pub(super) nocase: bool,
    /// States made so far, of all programs.
    pub(super) used: usize,
}

impl Compiler<'_> {
    pub(super) fn program(&mut self, node: &Node) -> Result<Program, String> {
        let mut states = vec![State::End];
        let start = self.compile(node, 0, &mut states)?;
        Ok(Program { states, start })
    }

    fn push(&mut self, state: State, states: &mut Vec<State>) -> Result<usize, String> {
        self.used += 1;
        if self.used > STATES {
            return Err("it is too large: use smaller repetition counts".into());
        }
        states.push(state);
        Ok(states.len() - 1)
    }

    /// Adds states that match `node` and go on at `next`; returns the first of them.
    fn compile(
        &mut self,
        node: &Node,
        next: usize,
        states: &mut Vec<State>,
    ) -> Result<usize, String> {
        match node {
            Node::Empty => Ok(next),
            Node::One(set) => {
                let mut set = set.clone();
                set.complete(self.nocase);
                self.push(State::One(Rc::new(set), next), states)
            }
            Node::Place(place) => self.push(State::Place(*place, next), states),
            Node::Chain(pieces) => {
                let mut next = next;
                for piece in pieces.iter().rev() {
                    next = self.compile(piece, next, states)?;
                }
                Ok(next)
            }
            Node::Choice(branches) => {
                let mut entry = None;
                for branch in branches.iter().rev() {
                    let begin = self.compile(branch, next, states)?;
                    entry = Some(match entry {
                        None => begin,
                        Some(other) => self.push(State::Split(begin, other), states)?,
                    });
                }
                Ok(entry.unwrap_or(next))
            }
            Node::Repeat { inner, min, max, .. } => self.repeat(inner, *min, *max, next, states),
            Node::Group(_, inner) => self.compile(inner, next, states),
            Node::Back(number) => match self.groups.get(number) {
                Some(group) => self.compile(group, next, states),
                None => Ok(next),
            },
            Node::Look(positive, inner) => {
                let program = Rc::new(self.program(inner)?);
                self.push(State::Look(*positive, program, next), states)
            }
        }
    }

    fn repeat(
        &mut self,
        inner: &Node,
        min: u32,
        max: Option<u32>,
        next: usize,
        states: &mut Vec<State>,
    ) -> Result<usize, String> {
        let mut entry = next;
        match max {
            None => {
                let again = self.push(State::Split(next, next), states)?;
                let begin = self.compile(inner, again, states)?;
                states[again] = State::Split(begin, next);
                entry = again;
            }
            Some(max) => {
                for _ in min..max {
                    let begin = self.compile(inner, entry, states)?;
                    entry = self.push(State::Split(begin, next), states)?;
                }
            }
        }
        for _ in 0..min {
            entry = self.compile(inner, entry, states)?;
        }
        Ok(entry)
    }
}

/// States to follow, each once.
struct Active {
    list: Vec<usize>,
    seen: Vec<bool>,
}

impl Active {
    fn new(states: usize) -> Self {
        Self { list: Vec::new(), seen: vec![false; states] }
    }

    fn clear(&mut self) {
        for state in self.list.drain(..) {
            self.seen[state] = false;
        }
    }
}

/// A text, and how much work was done on it.
#[derive(Debug)]
pub(super) struct Run<'t> {
    pub(super) text: &'t str,
    /// Where the search began.
    from: usize,
    work: u64,
}

/// Most steps of one match.
const WORK: u64 = 20_000_000;

/// A match took too many steps.
#[derive(Debug)]
pub(super) struct TooMuch;

impl<'t> Run<'t> {
    pub(super) fn new(text: &'t str, from: usize) -> Self {
        Self { text, from, work: 0 }
    }

    fn step(&mut self, steps: usize) -> Result<(), TooMuch> {
        self.work += steps as u64 + 1;
        if self.work > WORK { Err(TooMuch) } else { Ok(()) }
    }

    /// The places where matches that begin at `begin` end, in ascending order, up to `limit`.
    pub(super) fn ends(
        &mut self,
        program: &Program,
        begin: usize,
        limit: usize,
    ) -> Result<Vec<usize>, TooMuch> {
        let mut ends = Vec::new();
        self.follow(program, begin, limit, |end| {
            ends.push(end);
            true
        })?;
        Ok(ends)
    }

    /// The last of them, or the first.
    pub(super) fn end(
        &mut self,
        program: &Program,
        begin: usize,
        limit: usize,
        short: bool,
    ) -> Result<Option<usize>, TooMuch> {
        let mut found = None;
        self.follow(program, begin, limit, |end| {
            found = Some(end);
            !short
        })?;
        Ok(found)
    }

    /// The first of them behind `last`.
    pub(super) fn end_after(
        &mut self,
        program: &Program,
        begin: usize,
        last: usize,
        limit: usize,
    ) -> Result<Option<usize>, TooMuch> {
        let mut found = None;
        self.follow(program, begin, limit, |end| {
            found = Some(end).filter(|end| *end > last);
            found.is_none()
        })?;
        Ok(found)
    }

    /// Calls `on_end` for each place where a match ends, as long as it returns true.
    fn follow(
        &mut self,
        program: &Program,
        begin: usize,
        limit: usize,
        mut on_end: impl FnMut(usize) -> bool,
    ) -> Result<(), TooMuch> {
        let mut now = Active::new(program.states.len());
        let mut next = Active::new(program.states.len());
        let mut at = begin;
        let text = self.text;
        let mut rest = text[begin..limit.max(begin)].chars();
        self.add(program, program.start, at, &mut now)?;
        loop {
            self.step(now.list.len())?;
            if now.seen[0] && !on_end(at) {
                return Ok(());
            }
            if now.list.is_empty() {
                return Ok(());
            }
            let Some(c) = rest.next() else { return Ok(()) };
            at += c.len_utf8();
            next.clear();
            for state in &now.list {
                if let State::One(set, target) = &program.states[*state]
                    && set.has(c)
                {
                    self.add(program, *target, at, &mut next)?;
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
    }

    /// Adds a state, and those that are reached from it without a character.
    fn add(
        &mut self,
        program: &Program,
        state: usize,
        at: usize,
        active: &mut Active,
    ) -> Result<(), TooMuch> {
        let mut stack = vec![state];
        while let Some(state) = stack.pop() {
            if std::mem::replace(&mut active.seen[state], true) {
                continue;
            }
            active.list.push(state);
            match &program.states[state] {
                State::Split(a, b) => stack.extend([*a, *b]),
                State::Place(place, next) if self.holds(at, *place) => stack.push(*next),
                State::Look(positive, inner, next) => {
                    let limit = self.text.len();
                    if self.end(inner, at, limit, true)?.is_some() == *positive {
                        stack.push(*next);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a place has a property.
    fn holds(&self, at: usize, place: Place) -> bool {
        let text = self.text;
        let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
        // as in Tcl, what lies before the search's begin is no word
        let words = || (at > self.from && before.is_some_and(is_word), after.is_some_and(is_word));
        match place {
            // a search that begins behind the end of a line begins at a line's begin
            Place::Begin => at == 0 || (at == self.from && before == Some('\n')),
            Place::SearchBegin => at == self.from,
            Place::End => at == text.len(),
            Place::LineBegin => at == 0 || before == Some('\n'),
            Place::LineEnd => at == text.len() || after == Some('\n'),
            Place::WordBegin => words() == (false, true),
            Place::WordEnd => words() == (true, false),
            Place::WordEdge => words().0 != words().1,
            Place::NoWordEdge => words().0 == words().1,
        }
    }
}
