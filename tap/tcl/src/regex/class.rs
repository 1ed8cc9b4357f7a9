//! Sets of characters.

use ::regex::Regex;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// A named class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class(usize);

/// Names, and the classes in the syntax of the crate `regex`, which knows Unicode.
const CLASSES: [(&str, &str); 14] = [
    ("digit", r"\p{Nd}"),
    ("space", r"\s"),
    ("word", r"\p{L}\p{Nd}_"),
    ("alnum", r"\p{L}\p{Nd}"),
    ("alpha", r"\p{L}"),
    ("blank", r" \t"),
    ("cntrl", r"\p{Cc}\p{Cf}"),
    ("graph", r"\p{L}\p{M}\p{N}\p{P}\p{S}"),
    ("lower", r"\p{Ll}"),
    ("print", r"\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}"),
    ("punct", r"\p{P}"),
    ("upper", r"\p{Lu}"),
    ("xdigit", "0-9A-Fa-f"),
    ("ascii", r"\x00-\x7f"),
];

static MATCHERS: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    CLASSES.iter().map(|(_, class)| Regex::new(&format!("^[{class}]$")).ok()).collect()
});

impl Class {
    pub(super) fn named(name: &str) -> Option<Self> {
        CLASSES.iter().position(|(known, _)| *known == name).map(Self)
    }

    /// Of `\d`, `\s`, `\w` and their opposites.
    pub(super) fn of_shorthand(letter: char) -> Option<Self> {
        match letter.to_ascii_lowercase() {
            'd' => Some(Self(0)),
            's' => Some(Self(1)),
            'w' => Some(Self(2)),
            _ => None,
        }
    }

    fn has(self, c: char) -> bool {
        let matcher = MATCHERS.get(self.0).and_then(Option::as_ref);
        matcher.is_some_and(|matcher| matcher.is_match(c.encode_utf8(&mut [0; 4])))
    }
}

/// True for the characters that words consist of.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() || c == '_' } else { Class(2).has(c) }
}

/// A set of characters.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    pub(super) ranges: Vec<(char, char)>,
    /// Classes, those with true being all but the class.
    pub(super) classes: Vec<(Class, bool)>,
    negated: bool,
    /// A negated set without the end of a line.
    no_newline: bool,
    /// Which ASCII characters are in it, once it is complete.
    ascii: Option<[bool; 128]>,
    nocase: bool,
}

impl Set {
    pub(super) fn of(c: char) -> Self {
        Self { ranges: vec![(c, c)], ..Self::default() }
    }

    /// All characters, or all but the end of a line.
    pub(super) fn any(no_newline: bool) -> Self {
        Self { negated: true, no_newline, ..Self::default() }
    }

    pub(super) fn empty(negated: bool, no_newline: bool) -> Self {
        Self { negated, no_newline: negated && no_newline, ..Self::default() }
    }

    pub(super) fn of_shorthand(letter: char, no_newline: bool) -> Self {
        let negated = letter.is_ascii_uppercase();
        let mut set = Self::empty(negated, no_newline);
        set.classes.extend(Class::of_shorthand(letter).map(|class| (class, false)));
        set
    }

    /// Decides about case, and looks up the ASCII characters once.
    pub(super) fn complete(&mut self, nocase: bool) {
        self.nocase = nocase;
        let mut ascii = [false; 128];
        for (code, slot) in (0u8..128).zip(&mut ascii) {
            *slot = self.holds(char::from(code));
        }
        self.ascii = Some(ascii);
    }

    pub(super) fn has(&self, c: char) -> bool {
        match &self.ascii {
            Some(ascii) if c.is_ascii() => ascii[c as usize],
            _ => self.holds(c),
        }
    }

    fn holds(&self, c: char) -> bool {
        let listed = |c: char| {
            self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
                || self.classes.iter().any(|(class, negated)| class.has(c) != *negated)
        };
        let mut found = listed(c);
        if self.nocase && !found {
            found = c.to_lowercase().chain(c.to_uppercase()).any(listed);
        }
        found != self.negated && !(self.no_newline && c == '\n')
    }

    /// Appends the set in the syntax of the crate `regex`.
    pub(super) fn translate(&self, out: &mut String) {
        if self.ranges.is_empty() && self.classes.is_empty() {
            out.push_str(match (self.negated, self.no_newline) {
                (true, false) => "(?s:.)",
                (true, true) => "[^\\n]",
                (false, _) => "[^\\x00-\\x{10FFFF}]",
            });
            return;
        }
        out.push_str(if self.negated { "[^" } else { "[" });
        for (first, last) in &self.ranges {
            // a String takes all
            let _ = write!(out, "\\x{{{:x}}}-\\x{{{:x}}}", u32::from(*first), u32::from(*last));
        }
        for (class, negated) in &self.classes {
            let _ = write!(out, "[{}{}]", if *negated { "^" } else { "" }, CLASSES[class.0].1);
        }
        out.push_str(if self.no_newline { "\\n]" } else { "]" });
    }
}
