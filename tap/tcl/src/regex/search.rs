//! Where a match begins.

use super::class::Set;
use super::dissect::{self, Groups, Tree};
use super::program::{Compiler, Run, TooMuch};
use super::syntax::{self, Flags, Node, Place};
use ::regex::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::fmt::Write as _;

/// An expression that is ready to be searched for.
#[derive(Debug)]
pub(super) struct Search {
    tree: Tree,
    /// Finds where a match begins, in time linear in the text.
    finder: Option<Regex>,
    pub(super) groups: usize,
    pub(super) looks_at_end: bool,
    /// It is the empty expression.
    pub(super) is_empty: bool,
    /// It looks at the begin of the text, which is elsewhere to the finder when the search begins later.
    looks_at_begin: bool,
}

impl Search {
    pub(super) fn new(expression: &str, flags: Flags) -> Result<Self, String> {
        let syntax = syntax::read(expression, flags)?;
        let mut groups = HashMap::new();
        collect(&syntax.root, &mut groups);
        let nocase = syntax.flags.nocase;
        let mut compiler = Compiler { groups: &groups, nocase, used: 0 };
        let tree = dissect::build(&mut compiler, &syntax.root)?;
        let mut text = String::new();
        let translated = translate(&syntax.root, &mut text);
        let finder = if translated {
            let built =
                RegexBuilder::new(&text).case_insensitive(nocase).size_limit(4 << 20).build();
            built.ok()
        } else {
            None
        };
        let looks_at_end = has(&syntax.root, &|node| match node {
            Node::Look(..) => true,
            Node::Place(place) => {
                !matches!(place, Place::Begin | Place::SearchBegin | Place::LineBegin)
            }
            _ => false,
        });
        let looks_at_begin = has(&syntax.root, &|node| {
            matches!(node, Node::Place(Place::Begin | Place::SearchBegin))
        });
        let (groups, is_empty) = (syntax.groups, expression.is_empty());
        Ok(Self { tree, finder, groups, looks_at_end, is_empty, looks_at_begin })
    }

    pub(super) fn captures_at(&self, text: &str, from: usize) -> Result<Option<Groups>, TooMuch> {
        self.first(text, from, |run, at| self.tree.match_at(run, at, self.groups))
    }

    pub(super) fn find_end(&self, text: &str, from: usize) -> Result<Option<usize>, TooMuch> {
        self.first(text, from, |run, at| self.tree.end_at(run, at, self.groups))
    }

    /// What `attempt` finds at the first place where it finds something.
    fn first<T>(
        &self,
        text: &str,
        mut from: usize,
        attempt: impl Fn(&mut Run<'_>, usize) -> Result<Option<T>, TooMuch>,
    ) -> Result<Option<T>, TooMuch> {
        if from > text.len() {
            return Ok(None);
        }
        let mut run = Run::new(text, from);
        if let Some(finder) = &self.finder
            && (from == 0 || !self.looks_at_begin)
        {
            match finder.find_at(text, from) {
                Some(found) => from = found.start(),
                None => return Ok(None),
            }
        }
        loop {
            if let Some(found) = attempt(&mut run, from)? {
                return Ok(Some(found));
            }
            match text[from..].chars().next() {
                Some(c) => from += c.len_utf8(),
                None => return Ok(None),
            }
        }
    }
}

fn children(node: &Node) -> &[Node] {
    match node {
        Node::Chain(nodes) | Node::Choice(nodes) => nodes,
        Node::Repeat { inner, .. } | Node::Group(_, inner) | Node::Look(_, inner) => {
            std::slice::from_ref(inner)
        }
        _ => &[],
    }
}

fn collect(node: &Node, groups: &mut HashMap<usize, Node>) {
    if let Node::Group(number, inner) = node {
        groups.insert(*number, (**inner).clone());
    }
    for child in children(node) {
        collect(child, groups);
    }
}

/// True if the expression has a part for which `test` holds.
fn has(node: &Node, test: &dyn Fn(&Node) -> bool) -> bool {
    test(node) || children(node).iter().any(|child| has(child, test))
}

/// Writes an expression for the crate `regex`; false if it has what means something else there.
fn translate(node: &Node, out: &mut String) -> bool {
    match node {
        Node::Empty => true,
        Node::One(set) => {
            Set::translate(set, out);
            true
        }
        Node::Place(place) => {
            out.push_str(match place {
                Place::Begin => r"\A",
                Place::End => r"\z",
                Place::LineBegin => "(?m:^)",
                Place::LineEnd => "(?m:$)",
                // words are of other characters there
                _ => return false,
            });
            true
        }
        Node::Chain(pieces) => pieces.iter().all(|piece| translate(piece, out)),
        Node::Choice(branches) => {
            out.push_str("(?:");
            for (i, branch) in branches.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                if !translate(branch, out) {
                    return false;
                }
            }
            out.push(')');
            true
        }
        Node::Repeat { inner, min, max, .. } => {
            out.push_str("(?:");
            let good = translate(inner, out);
            out.push(')');
            let most = max.map_or_else(String::new, |max| max.to_string());
            // a String takes all
            let _ = write!(out, "{{{min},{most}}}");
            good
        }
        Node::Group(_, inner) => {
            out.push_str("(?:");
            let good = translate(inner, out);
            out.push(')');
            good
        }
        Node::Back(_) | Node::Look(..) => false,
    }
}
