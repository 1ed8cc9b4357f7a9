//! Session labels: who asks for what.
//!
//! Each parent on the way puts its child's name in front, so a server can trust every part but the last. The rules are
//! those of Genode's `base/session_label.h`.

use core::fmt;

/// Size of a label with its terminating NUL (Genode's `Session_label`).
pub const CAPACITY: usize = 160;

/// What separates the parts of a label.
pub const SEPARATOR: &str = " -> ";

/// Why a label cannot be formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelError {
    /// It exceeds 159 characters.
    TooLong,
    /// It holds a control character.
    Control,
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the label exceeds 159 characters; shorten component names or override it in the route",
            Self::Control => "the label holds a control character; use printable characters",
        })
    }
}

impl core::error::Error for LabelError {}

/// A label of at most 159 bytes, kept in place.
#[derive(Clone, Copy)]
pub struct Label {
    buf: [u8; CAPACITY],
    len: u8,
}

impl Label {
    /// The label `s`.
    pub fn new(s: &str) -> Result<Self, LabelError> {
        let mut label = Self { buf: [0; CAPACITY], len: 0 };
        label.push_str(s)?;
        Ok(label)
    }

    /// `"<child> -> <label>"`: what a parent makes of its child's label. An empty label gives `"<child> -> "`.
    pub fn prefixed(child: &str, label: &str) -> Result<Self, LabelError> {
        let mut result = Self::new(child)?;
        result.push_str(SEPARATOR)?;
        result.push_str(label)?;
        Ok(result)
    }

    /// Appends a character.
    pub fn push(&mut self, c: char) -> Result<(), LabelError> {
        self.push_str(c.encode_utf8(&mut [0; 4]))
    }

    /// Appends `s`; on failure nothing is appended.
    pub fn push_str(&mut self, s: &str) -> Result<(), LabelError> {
        if s.bytes().any(|b| b < b' ' || b == 0x7f) {
            return Err(LabelError::Control);
        }
        let start = usize::from(self.len);
        let end = start + s.len();
        if end >= CAPACITY {
            return Err(LabelError::TooLong);
        }
        self.buf[start..end].copy_from_slice(s.as_bytes());
        self.len = end as u8;
        Ok(())
    }

    /// The whole label.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.buf[..usize::from(self.len)]).unwrap_or_default()
    }

    /// The part after the last separator, which the client itself chose; everything if there is none.
    pub fn last_element(&self) -> &str {
        last_element(self.as_str())
    }

    /// The part before the last separator, which the parents on the way vouch for; empty if there is none.
    pub fn prefix(&self) -> &str {
        prefix(self.as_str())
    }
}

/// [`Label::last_element`] of a label held as a string.
pub fn last_element(label: &str) -> &str {
    label.rsplit_once(SEPARATOR).map_or(label, |(_, last)| last)
}

/// [`Label::prefix`] of a label held as a string.
pub fn prefix(label: &str) -> &str {
    label.rsplit_once(SEPARATOR).map_or("", |(prefix, _)| prefix)
}

/// The label as the child `name` gave it, without the prefix that its parent added.
pub fn scoped<'a>(label: &'a str, name: &str) -> Option<&'a str> {
    label.strip_prefix(name)?.strip_prefix(SEPARATOR)
}

impl Default for Label {
    fn default() -> Self {
        Self { buf: [0; CAPACITY], len: 0 }
    }
}

impl PartialEq for Label {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Label {}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<&str> for Label {
    type Error = LabelError;
    fn try_from(s: &str) -> Result<Self, LabelError> {
        Self::new(s)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn prefixing() {
        assert_eq!(Label::prefixed("child", "x").unwrap().as_str(), "child -> x");
        assert_eq!(Label::prefixed("child", "").unwrap().as_str(), "child -> ");
        assert_eq!(Label::prefixed("c", &"x".repeat(154)).unwrap().as_str().len(), 159);
        assert_eq!(Label::prefixed("c", &"x".repeat(155)), Err(LabelError::TooLong));
        assert_eq!(Label::new("a\nb"), Err(LabelError::Control));
    }

    #[test]
    fn elements() {
        let l = Label::new("init -> vbox -> left").unwrap();
        assert_eq!((l.prefix(), l.last_element()), ("init -> vbox", "left"));
        let l = Label::new("child -> ").unwrap();
        assert_eq!((l.prefix(), l.last_element()), ("child", ""));
        let l = Label::new("plain").unwrap();
        assert_eq!((l.prefix(), l.last_element()), ("", "plain"));
        assert_eq!(scoped("vbox -> x", "vbox"), Some("x"));
        assert_eq!(scoped("vbox2 -> x", "vbox"), None, "a name is not a prefix of another's label");
        assert_eq!(scoped("vbox", "vbox"), None);
        assert_eq!((last_element("a -> b"), prefix("a -> b -> c")), ("b", "a -> b"));
    }

    #[test]
    fn labels_are_compared_and_shown_as_their_text() {
        let (mut a, b) = (Label::new("a -> b").unwrap(), Label::new("a -> c").unwrap());
        assert!(a != b && a == Label::try_from("a -> b").unwrap() && Label::default() != a);
        assert_eq!((a.to_string(), format!("{b:?}")), ("a -> b".into(), "\"a -> c\"".into()));
        assert_eq!(Label::try_from("a\nb"), Err(LabelError::Control));
        a.push('é').unwrap();
        assert_eq!(a.as_str(), "a -> bé");
        assert_eq!(a.push('\x7f'), Err(LabelError::Control));
        assert_eq!(a.push_str("\t"), Err(LabelError::Control));
        assert!(LabelError::TooLong.to_string().contains("159 characters; shorten"));
        assert!(LabelError::Control.to_string().contains("use printable characters"));
    }
}
