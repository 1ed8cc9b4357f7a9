//! Texts of types, names and values: most are short, and lie in the tree itself.

use alloc::{boxed::Box, string::String};
use core::{
    fmt::{self, Write},
    ops::Deref,
};

/// Bytes of a text that needs no memory of its own. With them, a word is as large as a `String`.
const SHORT: usize = 22;

/// A text that does not change.
#[derive(Clone)]
pub(super) enum Word {
    Short(heapless::String<SHORT, u8>),
    Long(Box<str>),
}

impl Word {
    /// The text that a value shows itself as. A `Display` that fails has said what it could.
    pub(super) fn of(value: impl fmt::Display) -> Self {
        let mut text = Text::default();
        let _ = write!(text, "{value}");
        if text.long.is_empty() {
            Self::Short(text.short)
        } else {
            Self::Long(text.long.into_boxed_str())
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        heapless::String::try_from(text).map_or_else(|_| Self::Long(text.into()), Self::Short)
    }
}

impl Default for Word {
    fn default() -> Self {
        Self::Short(heapless::String::new())
    }
}

impl Deref for Word {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(text) => text,
        }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialEq<str> for Word {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

/// A text that grows: it is in one of the two.
#[derive(Default)]
struct Text {
    short: heapless::String<SHORT, u8>,
    long: String,
}

impl Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.long.is_empty() {
            if self.short.push_str(piece).is_ok() {
                return Ok(());
            }
            self.long.push_str(&self.short);
        }
        self.long.push_str(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_its_text_whatever_its_length_and_its_pieces() {
        assert_eq!(size_of::<Word>(), size_of::<String>());
        let all = "abcdefghijklmnopqrstuvwxyzäöü";
        for end in (0..=all.len()).filter(|end| all.is_char_boundary(*end)) {
            let text = &all[..end];
            let word = Word::from(text);
            assert_eq!((&*word, matches!(word, Word::Short(_))), (text, end <= SHORT));
            assert_eq!(Word::of(text), word);
            for middle in (0..=end).filter(|middle| text.is_char_boundary(*middle)) {
                let (head, tail) = text.split_at(middle);
                assert_eq!(Word::of(format_args!("{head}{tail}")), word, "{middle} of {end}");
            }
            assert_ne!(word, *"abc?");
            assert_eq!(alloc::format!("{word:?}"), alloc::format!("{text:?}"));
        }
    }
}
