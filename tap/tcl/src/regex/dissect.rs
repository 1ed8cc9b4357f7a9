//! What the groups of a match are, by the rules of Henry Spencer's engine in Tcl: each part is as long
//! as it can be (or as short, if it prefers that), the earlier parts first, while the whole stays as
//! it was found.

use super::program::{Compiler, Program, Run, TooMuch};
use super::syntax::Node;

/// What a part prefers to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Traits {
    long: bool,
    short: bool,
    /// Parts inside prefer different things.
    mixed: bool,
    captures: bool,
    back: bool,
}

impl Traits {
    fn is_messy(self) -> bool {
        self.mixed || self.captures || self.back
    }

    fn prefers(long: bool, short: bool) -> Self {
        Self { long, short, ..Self::default() }
    }

    /// Everything of both.
    fn with(self, other: Self) -> Self {
        Self {
            long: self.long || other.long,
            short: self.short || other.short,
            mixed: self.mixed || other.mixed,
            captures: self.captures || other.captures,
            back: self.back || other.back,
        }
    }

    /// As seen from outside: a conflict of preferences makes it mixed.
    fn up(self) -> Self {
        let mixed = self.mixed || (self.long && self.short);
        Self { long: false, short: false, mixed, ..self }
    }

    /// Of a whole that begins with `self` and goes on with `other`: the first preference counts.
    fn combine(self, other: Self) -> Self {
        let first = if self.long || self.short { self } else { other };
        Self { long: first.long, short: first.short, ..self.with(other).up() }
    }
}

/// A part of an expression with its automaton.
#[derive(Debug)]
pub(super) struct Tree {
    kind: Kind,
    program: Program,
    traits: Traits,
}

#[derive(Debug)]
enum Kind {
    Plain,
    Chain(Box<Tree>, Box<Tree>),
    Choice(Vec<Tree>),
    Iterate(Box<Tree>, u32, Option<u32>),
    Group(usize, Box<Tree>),
    Back(usize, u32, Option<u32>),
}

/// Byte ranges of the whole match and of the groups.
pub type Groups = Vec<Option<(usize, usize)>>;

/// Builds the tree of an expression.
pub(super) fn build(compiler: &mut Compiler<'_>, node: &Node) -> Result<Tree, String> {
    match node {
        Node::Choice(branches) => {
            let mut traits = Traits::prefers(true, false);
            let mut trees = Vec::new();
            for branch in branches {
                let tree = build(compiler, branch)?;
                traits = traits.with(traits.combine(tree.traits));
                trees.push(tree);
            }
            let kind = if traits.is_messy() { Kind::Choice(trees) } else { Kind::Plain };
            Ok(Tree { kind, program: compiler.program(node)?, traits })
        }
        Node::Chain(pieces) => chain(compiler, pieces),
        piece => chain(compiler, std::slice::from_ref(piece)),
    }
}

/// An atom without its quantifier, and what the quantifier prefers.
fn parts(piece: &Node) -> (&Node, u32, Option<u32>, Traits) {
    match piece {
        Node::Repeat { inner, min, max, short } => {
            let fixed = *max == Some(*min);
            (inner, *min, *max, Traits::prefers(!fixed && !short, !fixed && *short))
        }
        atom => (atom, 1, Some(1), Traits::default()),
    }
}

/// Traits of an atom.
fn atom_traits(node: &Node) -> Traits {
    match node {
        Node::Group(_, inner) => Traits { captures: true, ..atom_traits(inner) },
        Node::Back(_) => Traits { back: true, ..Traits::default() },
        Node::Choice(branches) => {
            let start = Traits::prefers(true, false);
            branches.iter().fold(start, |all, b| all.with(all.combine(atom_traits(b))))
        }
        Node::Chain(pieces) => chain_traits(pieces),
        Node::Repeat { .. } => {
            let (inner, _, _, prefers) = parts(node);
            prefers.combine(atom_traits(inner))
        }
        _ => Traits::default(),
    }
}

fn chain_traits(pieces: &[Node]) -> Traits {
    pieces.iter().fold(Traits::default(), |all, piece| all.combine(atom_traits(piece)))
}

fn plain(compiler: &mut Compiler<'_>, pieces: &[Node], traits: Traits) -> Result<Tree, String> {
    let program = compiler.program(&Node::Chain(pieces.to_vec()))?;
    Ok(Tree { kind: Kind::Plain, program, traits })
}

/// A run of pieces without groups that prefer the same, then the first other piece, then the rest.
fn chain(compiler: &mut Compiler<'_>, pieces: &[Node]) -> Result<Tree, String> {
    let mut run = Traits::default();
    let mut end = 0;
    for piece in pieces {
        let (atom, _, _, prefers) = parts(piece);
        let next = run.with(prefers).with(atom_traits(atom));
        if next.up().is_messy() {
            break;
        }
        run = next;
        end += 1;
    }
    let (before, rest) = pieces.split_at(end);
    let Some((piece, rest)) = rest.split_first() else { return plain(compiler, pieces, run) };
    let mut tree = quantified(compiler, piece)?;
    if !rest.is_empty() {
        let right = chain(compiler, rest)?;
        let traits = tree.traits.combine(right.traits);
        let program = compiler.program(&Node::Chain(pieces[end..].to_vec()))?;
        tree = Tree { kind: Kind::Chain(Box::new(tree), Box::new(right)), program, traits };
    }
    if before.is_empty() {
        return Ok(tree);
    }
    let left = plain(compiler, before, run)?;
    let traits = run.combine(tree.traits);
    let program = compiler.program(&Node::Chain(pieces.to_vec()))?;
    Ok(Tree { kind: Kind::Chain(Box::new(left), Box::new(tree)), program, traits })
}

/// A piece that has groups, back references, or parts that prefer different things.
fn quantified(compiler: &mut Compiler<'_>, piece: &Node) -> Result<Tree, String> {
    let (atom, min, max, prefers) = parts(piece);
    if let Node::Back(number) = atom {
        let traits = Traits { back: true, ..prefers };
        let program = compiler.program(piece)?;
        return Ok(Tree { kind: Kind::Back(*number, min, max), program, traits });
    }
    if max == Some(0) {
        return plain(compiler, &[], Traits::default());
    }
    let inner = self::atom(compiler, atom)?;
    if (min, max) == (1, Some(1)) {
        return Ok(inner);
    }
    let traits = prefers.combine(inner.traits);
    let program = compiler.program(piece)?;
    if min > 0 && !inner.traits.back {
        // only the last repetition's groups count
        let before = Node::Repeat {
            inner: Box::new(atom.clone()),
            min: min - 1,
            max: max.map(|max| max - 1),
            short: false,
        };
        let left = plain(compiler, &[before], Traits::prefers(traits.long, traits.short))?;
        return Ok(Tree { kind: Kind::Chain(Box::new(left), Box::new(inner)), program, traits });
    }
    Ok(Tree { kind: Kind::Iterate(Box::new(inner), min, max), program, traits })
}

fn atom(compiler: &mut Compiler<'_>, node: &Node) -> Result<Tree, String> {
    let Node::Group(number, inner) = node else {
        return match node {
            Node::Choice(_) | Node::Chain(_) | Node::Repeat { .. } => build(compiler, node),
            other => plain(compiler, std::slice::from_ref(other), atom_traits(other)),
        };
    };
    let tree = build(compiler, inner)?;
    let traits = Traits { captures: true, ..tree.traits };
    let program = compiler.program(inner)?;
    Ok(Tree { kind: Kind::Group(*number, Box::new(tree)), program, traits })
}

impl Tree {
    /// Where the match that begins at `begin` ends.
    pub(super) fn end_at(
        &self,
        run: &mut Run<'_>,
        begin: usize,
        groups: usize,
    ) -> Result<Option<usize>, TooMuch> {
        if self.traits.back {
            let found = self.match_at(run, begin, groups)?;
            return Ok(found.and_then(|groups| groups[0]).map(|(_, end)| end));
        }
        run.end(&self.program, begin, run.text.len(), self.traits.short)
    }

    /// The longest match that begins at `begin`, or the shortest, as the expression prefers.
    pub(super) fn match_at(
        &self,
        run: &mut Run<'_>,
        begin: usize,
        groups: usize,
    ) -> Result<Option<Groups>, TooMuch> {
        if !self.traits.back {
            let Some(end) = run.end(&self.program, begin, run.text.len(), self.traits.short)?
            else {
                return Ok(None);
            };
            let mut found = vec![None; groups + 1];
            self.dissect(run, begin, end, &mut found)?;
            found[0] = Some((begin, end));
            return Ok(Some(found));
        }
        // the automaton takes a back reference for what its group may match: the end may be wrong
        let mut ends = run.ends(&self.program, begin, run.text.len())?;
        if !self.traits.short {
            ends.reverse();
        }
        for end in ends {
            let mut found = vec![None; groups + 1];
            if self.dissect(run, begin, end, &mut found)? {
                found[0] = Some((begin, end));
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Finds the groups of a match that is `begin..end`; false if it is none after all.
    fn dissect(
        &self,
        run: &mut Run<'_>,
        begin: usize,
        end: usize,
        groups: &mut Groups,
    ) -> Result<bool, TooMuch> {
        match &self.kind {
            Kind::Plain => Ok(true),
            Kind::Group(number, inner) => {
                let good = inner.dissect(run, begin, end, groups)?;
                if good {
                    groups[*number] = Some((begin, end));
                }
                Ok(good)
            }
            Kind::Choice(branches) => {
                for branch in branches {
                    if branch.fits(run, begin, end)? && branch.dissect(run, begin, end, groups)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Kind::Chain(left, right) => {
                for middle in left.candidates(run, begin, end)? {
                    if right.fits(run, middle, end)?
                        && left.dissect(run, begin, middle, groups)?
                        && right.dissect(run, middle, end, groups)?
                    {
                        return Ok(true);
                    }
                    left.forget(groups);
                    right.forget(groups);
                }
                Ok(false)
            }
            Kind::Iterate(inner, min, max) => {
                if begin == end && *min == 0 {
                    return Ok(true);
                }
                let least = (*min as usize).max(1);
                let most = max.map_or(end - begin, |max| max as usize).max(least);
                inner.iterate(run, (begin, end), (least, most), groups)
            }
            Kind::Back(number, min, max) => Ok(groups[*number].is_some_and(|(from, to)| {
                repeats(&run.text[begin..end], &run.text[from..to], *min, *max)
            })),
        }
    }

    fn fits(&self, run: &mut Run<'_>, begin: usize, end: usize) -> Result<bool, TooMuch> {
        Ok(run.end(&self.program, begin, end, false)? == Some(end))
    }

    /// Where this part may end, the best first.
    fn candidates(
        &self,
        run: &mut Run<'_>,
        begin: usize,
        limit: usize,
    ) -> Result<Vec<usize>, TooMuch> {
        let mut ends = run.ends(&self.program, begin, limit)?;
        if !self.traits.short {
            ends.reverse();
        }
        Ok(ends)
    }

    /// The best end of this part that is worse than `last`, if that is given.
    fn next_end(
        &self,
        run: &mut Run<'_>,
        (begin, end): (usize, usize),
        last: Option<usize>,
    ) -> Result<Option<usize>, TooMuch> {
        let Some(last) = last else {
            return run.end(&self.program, begin, end, self.traits.short);
        };
        if self.traits.short {
            return run.end_after(&self.program, begin, last, end);
        }
        let shorter = run.text[begin..last].chars().next_back().map(|c| last - c.len_utf8());
        match shorter {
            Some(limit) => run.end(&self.program, begin, limit, false),
            None => Ok(None),
        }
    }

    /// Divides `begin..end` into at least `least` and at most `most` matches of this part.
    fn iterate(
        &self,
        run: &mut Run<'_>,
        (begin, end): (usize, usize),
        (least, most): (usize, usize),
        groups: &mut Groups,
    ) -> Result<bool, TooMuch> {
        // where the matches found so far end, beginning with the begin of the first
        let mut ends = vec![begin];
        // the last end that was tried after these
        let mut tried = None;
        loop {
            let from = ends[ends.len() - 1];
            let count = ends.len();
            match self.next_end(run, (from, end), tried)? {
                // one fewer, or a worse end of the one before
                None => {
                    tried = ends.pop();
                    if ends.is_empty() {
                        return Ok(false);
                    }
                }
                Some(next) if next == end && count >= least => {
                    ends.push(next);
                    if self.dissect_all(run, &ends, groups)? {
                        return Ok(true);
                    }
                    tried = ends.pop();
                }
                // an empty match only where so many are asked for
                Some(next)
                    if count >= most
                        || (next == from && (count >= least || least - count < end - next)) =>
                {
                    tried = Some(next);
                }
                Some(next) => {
                    ends.push(next);
                    tried = None;
                }
            }
        }
    }

    /// Finds the groups of matches that follow each other; the last one's count.
    fn dissect_all(
        &self,
        run: &mut Run<'_>,
        ends: &[usize],
        groups: &mut Groups,
    ) -> Result<bool, TooMuch> {
        // without back references each is a match for certain
        let first = if self.traits.back { 0 } else { ends.len().saturating_sub(2) };
        for pair in ends[first..].windows(2) {
            self.forget(groups);
            if !self.dissect(run, pair[0], pair[1], groups)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Forgets the groups inside of this part.
    fn forget(&self, groups: &mut Groups) {
        match &self.kind {
            Kind::Plain | Kind::Back(..) => {}
            Kind::Group(number, inner) => {
                groups[*number] = None;
                inner.forget(groups);
            }
            Kind::Choice(branches) => branches.iter().for_each(|branch| branch.forget(groups)),
            Kind::Chain(left, right) => {
                left.forget(groups);
                right.forget(groups);
            }
            Kind::Iterate(inner, ..) => inner.forget(groups),
        }
    }
}

/// Whether `text` is `piece` a number of times.
fn repeats(text: &str, piece: &str, min: u32, max: Option<u32>) -> bool {
    if piece.is_empty() || text.is_empty() {
        return text.is_empty() && (min == 0 || piece.is_empty());
    }
    let count = text.len() / piece.len();
    let bounds = min as usize..=max.map_or(usize::MAX, |max| max as usize);
    text.len().is_multiple_of(piece.len()) && bounds.contains(&count) && text == piece.repeat(count)
}
