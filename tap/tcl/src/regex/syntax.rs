//! Tcl's advanced regular expressions as a tree.

use super::class::{Class, Set};

/// An expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Nothing.
    Empty,
    /// One character out of a set.
    One(Set),
    /// A place that has a property.
    Place(Place),
    /// One after the other.
    Chain(Vec<Node>),
    /// One of several.
    Choice(Vec<Node>),
    /// Repetitions; none for no upper bound. `short` for a non-greedy quantifier.
    Repeat { inner: Box<Node>, min: u32, max: Option<u32>, short: bool },
    /// A group that captures.
    Group(usize, Box<Node>),
    /// The text of a group again.
    Back(usize),
    /// Look-ahead: what follows matches, or does not.
    Look(bool, Box<Node>),
}

/// A property of a place between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The text's begin.
    Begin,
    /// Where the search begins.
    SearchBegin,
    /// The text's end.
    End,
    /// The begin of a line.
    LineBegin,
    /// The end of a line.
    LineEnd,
    /// The begin of a word.
    WordBegin,
    /// The end of a word.
    WordEnd,
    /// One of both.
    WordEdge,
    /// None of both.
    NoWordEdge,
}

/// How an expression is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Upper and lower case are the same.
    pub nocase: bool,
    /// `^` and `$` match at lines, too.
    pub line_anchors: bool,
    /// `.` and negated sets do not match the end of a line.
    pub line_stops: bool,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Syntax {
    pub(super) root: Node,
    pub(super) groups: usize,
    pub(super) flags: Flags,
}

/// Most repetitions that a bound may name.
const MOST: u32 = 255;
/// Deepest nesting of parentheses.
const DEPTH: usize = 200;

const BALANCE: &str = "parentheses () not balanced";
const BRACKETS: &str = "brackets [] not balanced";
const ESCAPE: &str = "invalid escape \\ sequence";
const OPERAND: &str = "quantifier operand invalid";

type Parsed<T> = Result<T, String>;
type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

struct Reader<'a> {
    chars: Chars<'a>,
    flags: Flags,
    expanded: bool,
    depth: usize,
    /// Groups opened so far, and which of them are closed.
    closed: Vec<bool>,
    in_look: bool,
}

/// Reads an expression; an error says in Tcl's words why it is none, or which feature is missing.
pub(super) fn read(expression: &str, flags: Flags) -> Parsed<Syntax> {
    if let Some(plain) = expression.strip_prefix("***=") {
        return Ok(literal(plain, flags));
    }
    let rest = match expression.strip_prefix("***:") {
        Some(rest) => rest,
        None if expression.starts_with("***") => return Err(OPERAND.into()),
        None => expression,
    };
    let mut reader = Reader {
        chars: rest.chars().peekable(),
        flags,
        expanded: false,
        depth: 0,
        closed: Vec::new(),
        in_look: false,
    };
    if let Some(plain) = reader.options(rest)? {
        return Ok(literal(plain, reader.flags));
    }
    let root = reader.choice()?;
    if reader.chars.peek().is_some() {
        return Err(BALANCE.into());
    }
    Ok(Syntax { root, groups: reader.closed.len(), flags: reader.flags })
}

fn literal(text: &str, flags: Flags) -> Syntax {
    let root = Node::Chain(text.chars().map(|c| Node::One(Set::of(c))).collect());
    Syntax { root, groups: 0, flags }
}

impl<'a> Reader<'a> {
    /// Takes `(?LETTERS)` at the beginning; returns the rest if that is plain text.
    fn options(&mut self, text: &'a str) -> Parsed<Option<&'a str>> {
        let Some(after) = text.strip_prefix("(?") else { return Ok(None) };
        let Some(close) = after.find(')').filter(|&close| close > 0) else { return Ok(None) };
        if !after[..close].bytes().all(|b| b.is_ascii_lowercase()) {
            return Ok(None);
        }
        let rest = &after[close + 1..];
        let mut plain = None;
        for option in after[..close].chars() {
            let flags = &mut self.flags;
            match option {
                'i' => flags.nocase = true,
                'c' => flags.nocase = false,
                'n' | 'm' => (flags.line_anchors, flags.line_stops) = (true, true),
                'p' => (flags.line_anchors, flags.line_stops) = (false, true),
                'w' => (flags.line_anchors, flags.line_stops) = (true, false),
                's' => (flags.line_anchors, flags.line_stops) = (false, false),
                'x' => self.expanded = true,
                't' => self.expanded = false,
                'q' => plain = Some(rest),
                'e' | 'b' => {
                    return Err(format!(
                        "embedded option \"{option}\" (POSIX expressions) is not supported: write the expression in Tcl's own syntax"
                    ));
                }
                _ => return Err("invalid embedded option".into()),
            }
        }
        self.chars = rest.chars().peekable();
        Ok(plain)
    }

    /// Skips what expanded syntax allows between tokens, and comments.
    fn blank(&mut self) {
        loop {
            if self.expanded {
                while self.chars.next_if(|c| c.is_whitespace()).is_some() {}
                if self.chars.next_if_eq(&'#').is_some() {
                    while self.chars.next_if(|c| *c != '\n').is_some() {}
                    continue;
                }
            }
            let mut ahead = self.chars.clone();
            if ahead.next() == Some('(') && ahead.next() == Some('?') && ahead.next() == Some('#') {
                for c in self.chars.by_ref() {
                    if c == ')' {
                        break;
                    }
                }
                continue;
            }
            return;
        }
    }

    fn choice(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("parentheses are nested more than {DEPTH} deep"));
        }
        let mut branches = vec![self.chain()?];
        while self.chars.next_if_eq(&'|').is_some() {
            branches.push(self.chain()?);
        }
        self.depth -= 1;
        match branches.len() {
            1 => Ok(branches.remove(0)),
            _ => Ok(Node::Choice(branches)),
        }
    }

    fn chain(&mut self) -> Parsed<Node> {
        let mut pieces = Vec::new();
        loop {
            self.blank();
            match self.chars.peek() {
                None | Some('|') => break,
                Some(')') if self.depth > 1 => break,
                Some(')') => return Err(BALANCE.into()),
                Some(_) => pieces.push(self.piece()?),
            }
        }
        Ok(match pieces.len() {
            0 => Node::Empty,
            1 => pieces.remove(0),
            _ => Node::Chain(pieces),
        })
    }

    fn piece(&mut self) -> Parsed<Node> {
        let before = self.closed.len();
        let atom = self.atom()?;
        self.blank();
        let Some((min, max)) = self.quantifier()? else { return Ok(atom) };
        if matches!(atom, Node::Place(_) | Node::Look(..)) {
            return Err(OPERAND.into());
        }
        let short = self.chars.next_if_eq(&'?').is_some();
        self.blank();
        if self.quantifier()?.is_some() {
            return Err(OPERAND.into());
        }
        if max == Some(0) {
            // nothing is left of its groups
            self.closed[before..].fill(false);
        }
        Ok(Node::Repeat { inner: Box::new(atom), min, max, short })
    }

    fn quantifier(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        let bounds = match self.chars.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                let mut ahead = self.chars.clone();
                ahead.next();
                if !ahead.peek().is_some_and(char::is_ascii_digit) {
                    return Ok(None);
                }
                self.chars = ahead;
                return self.bound().map(Some);
            }
            _ => return Ok(None),
        };
        self.chars.next();
        Ok(Some(bounds))
    }

    fn bound(&mut self) -> Parsed<(u32, Option<u32>)> {
        const INVALID: &str = "invalid repetition count(s)";
        let min = self.count()?.ok_or(INVALID)?;
        let max = match self.chars.next_if_eq(&',') {
            Some(_) => self.count()?,
            None => Some(min),
        };
        match self.chars.next() {
            Some('}') if max.is_none_or(|max| max >= min) => Ok((min, max)),
            Some(_) => Err(INVALID.into()),
            None => Err("braces {} not balanced".into()),
        }
    }

    fn count(&mut self) -> Parsed<Option<u32>> {
        let mut value = None;
        while let Some(d) = self.chars.next_if(char::is_ascii_digit) {
            let next = value.unwrap_or(0) * 10 + (d as u32 - '0' as u32);
            if next > MOST {
                return Err("invalid repetition count(s)".into());
            }
            value = Some(next);
        }
        Ok(value)
    }

    fn atom(&mut self) -> Parsed<Node> {
        let Some(c) = self.chars.next() else { return Ok(Node::Empty) };
        match c {
            '(' => self.group(),
            '[' => self.bracket(),
            '\\' => self.escape(),
            '.' => Ok(Node::One(Set::any(self.flags.line_stops))),
            '^' if self.flags.line_anchors => Ok(Node::Place(Place::LineBegin)),
            '^' => Ok(Node::Place(Place::Begin)),
            '$' if self.flags.line_anchors => Ok(Node::Place(Place::LineEnd)),
            '$' => Ok(Node::Place(Place::End)),
            '*' | '+' | '?' => Err(OPERAND.into()),
            '{' if self.chars.peek().is_some_and(char::is_ascii_digit) => Err(OPERAND.into()),
            plain => Ok(Node::One(Set::of(plain))),
        }
    }

    fn group(&mut self) -> Parsed<Node> {
        let mut number = None;
        let mut look = None;
        if self.chars.next_if_eq(&'?').is_some() {
            match self.chars.next() {
                Some(':') => {}
                Some('=') => look = Some(true),
                Some('!') => look = Some(false),
                _ => return Err(OPERAND.into()),
            }
        } else if !self.in_look {
            self.closed.push(false);
            number = Some(self.closed.len());
        }
        let outer = self.in_look;
        self.in_look |= look.is_some();
        let inner = Box::new(self.choice()?);
        self.in_look = outer;
        if self.chars.next() != Some(')') {
            return Err(BALANCE.into());
        }
        Ok(match (number, look) {
            (Some(number), _) => {
                self.closed[number - 1] = true;
                Node::Group(number, inner)
            }
            (None, Some(positive)) => Node::Look(positive, inner),
            // a chain of its own: what is quantified is all of it
            _ => Node::Chain(vec![*inner]),
        })
    }

    fn escape(&mut self) -> Parsed<Node> {
        let Some(c) = self.chars.next() else { return Err(ESCAPE.into()) };
        if let Some(c) = escaped(c, &mut self.chars)? {
            return Ok(Node::One(Set::of(c)));
        }
        let place = match c {
            'd' | 's' | 'w' | 'D' | 'S' | 'W' => {
                return Ok(Node::One(Set::of_shorthand(c, self.flags.line_stops)));
            }
            'm' => Place::WordBegin,
            'M' => Place::WordEnd,
            'y' => Place::WordEdge,
            'Y' => Place::NoWordEdge,
            'A' => Place::SearchBegin,
            'Z' => Place::End,
            '1'..='9' => return self.back(c),
            _ => return Err(ESCAPE.into()),
        };
        Ok(Node::Place(place))
    }

    /// Reads `\N`; several digits are a group's number if there are so many groups.
    fn back(&mut self, first: char) -> Parsed<Node> {
        let mut number = first as usize - '0' as usize;
        let mut ahead = self.chars.clone();
        let mut value = number;
        while let Some(d) = ahead.next_if(char::is_ascii_digit) {
            value = value.saturating_mul(10).saturating_add(d as usize - '0' as usize);
            if value > self.closed.len() {
                break;
            }
            number = value;
            self.chars = ahead.clone();
        }
        if self.in_look {
            return Err(
                "a back reference in a look-ahead is not supported: compare the parts in the script"
                    .into(),
            );
        }
        match self.closed.get(number.wrapping_sub(1)) {
            Some(true) => Ok(Node::Back(number)),
            _ => Err("invalid backreference number".into()),
        }
    }

    fn bracket(&mut self) -> Parsed<Node> {
        for (name, place) in [("[:<:]]", Place::WordBegin), ("[:>:]]", Place::WordEnd)] {
            let mut ahead = self.chars.clone();
            if name.chars().all(|c| ahead.next() == Some(c)) {
                self.chars = ahead;
                return Ok(Node::Place(place));
            }
        }
        let negated = self.chars.next_if_eq(&'^').is_some();
        let mut set = Set::empty(negated, self.flags.line_stops);
        let mut first = true;
        loop {
            match self.chars.peek() {
                None => return Err(BRACKETS.into()),
                Some(']') if !first => {
                    self.chars.next();
                    return Ok(Node::One(set));
                }
                _ => {}
            }
            first = false;
            let begin = match self.bracket_item()? {
                Item::One(c) => c,
                Item::Class(class, negated) => {
                    set.classes.push((class, negated));
                    continue;
                }
            };
            // a range needs its sign; before the end it is a character
            let mut ahead = self.chars.clone();
            if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
                self.chars.next();
                match self.bracket_item()? {
                    Item::One(end) if begin <= end => set.ranges.push((begin, end)),
                    _ => return Err("invalid character range".into()),
                }
            } else {
                set.ranges.push((begin, begin));
            }
        }
    }

    fn bracket_item(&mut self) -> Parsed<Item> {
        match self.chars.next() {
            None => Err(BRACKETS.into()),
            Some('[') if self.chars.peek().is_some_and(|c| matches!(c, ':' | '.' | '=')) => {
                self.named()
            }
            Some('\\') => {
                let c = self.chars.next().ok_or(BRACKETS)?;
                match escaped(c, &mut self.chars)? {
                    Some(c) => Ok(Item::One(c)),
                    None => Class::of_shorthand(c)
                        .map(|class| Item::Class(class, c.is_ascii_uppercase()))
                        .ok_or_else(|| ESCAPE.to_owned()),
                }
            }
            Some(c) => Ok(Item::One(c)),
        }
    }

    /// `[:alpha:]`, `[.x.]`, `[=x=]`
    fn named(&mut self) -> Parsed<Item> {
        let kind = self.chars.next().unwrap_or(':');
        let mut name = String::new();
        loop {
            match self.chars.next() {
                Some(c) if c == kind && self.chars.peek() == Some(&']') => {
                    self.chars.next();
                    break;
                }
                Some(c) => name.push(c),
                None => return Err(BRACKETS.into()),
            }
        }
        let mut chars = name.chars();
        match (kind, chars.next(), chars.next()) {
            (':', ..) => Class::named(&name)
                .map(|class| Item::Class(class, false))
                .ok_or_else(|| "invalid character class".to_owned()),
            (_, Some(c), None) => Ok(Item::One(c)),
            _ => Err("invalid collating element".into()),
        }
    }
}

enum Item {
    One(char),
    Class(Class, bool),
}

/// Reads `\xHH`, `\uHHHH` and the like.
fn code(chars: &mut Chars<'_>, least: usize, most: usize) -> Parsed<char> {
    let mut value = 0u32;
    let mut digits = 0;
    while digits < most {
        let Some(d) = chars.peek().and_then(|c| c.to_digit(16)) else { break };
        chars.next();
        value = (value << 4) | d;
        digits += 1;
    }
    match char::from_u32(value) {
        Some(c) if digits >= least => Ok(c),
        _ => Err(ESCAPE.into()),
    }
}

/// The character that an escape stands for, if it is one.
fn escaped(c: char, chars: &mut Chars<'_>) -> Parsed<Option<char>> {
    Ok(Some(match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'B' => '\\',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' => code(chars, 1, 2)?,
        'u' => code(chars, 4, 4)?,
        'U' => code(chars, 8, 8)?,
        '0' => '\0',
        'c' => match chars.next() {
            Some(c) if c.is_ascii() => char::from(c as u8 & 0x1f),
            _ => return Err(ESCAPE.into()),
        },
        c if c.is_ascii_alphanumeric() => return Ok(None),
        other => other,
    }))
}
