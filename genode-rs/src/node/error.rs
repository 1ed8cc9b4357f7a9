//! What can be wrong with a text, and what a syntax cannot say.

use core::fmt;

use super::pos::Pos;

/// Why a text is no node tree, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// Where reading stopped.
    pub pos: Pos,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is nothing but white space.
    Empty,
    /// It is not UTF-8.
    Encoding,
    /// A character does not belong there.
    Syntax,
    /// A node is closed by another's tag.
    Mismatch,
    /// A node is not closed.
    Unclosed,
    /// An attribute is given twice.
    DuplicateAttribute,
    /// A name holds a character that names cannot have.
    Name,
    /// An XML reference other than `&lt; &gt; &amp; &quot; &apos; &#n;`.
    Reference,
    /// XML namespaces, document types: not part of Genode's configuration language.
    Unsupported,
    /// A control character.
    Control,
    /// An XML comment that holds `--`.
    Comment,
    /// A HID text does not start with a node type in lower case.
    NoType,
    /// A HID text has no line that starts with `-`.
    NoEnd,
    /// Nodes are nested too deep, see [`super::MAX_DEPTH`].
    TooDeep,
    /// There are too many nodes, see [`super::MAX_NODES`].
    TooMany,
    /// A node has too many attributes, see [`super::MAX_ATTRIBUTES`].
    TooManyAttributes,
    /// The text is too long, see [`super::MAX_SIZE`].
    TooLarge,
}

impl ParseError {
    pub(super) fn encoding(bytes: &[u8], error: core::str::Utf8Error) -> Self {
        let valid = core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let pos = genode_xml::Cursor::new(valid).position(valid.len()).into();
        Self { pos, kind: ParseErrorKind::Encoding }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ParseErrorKind as Kind;
        if !matches!(self.kind, Kind::Empty | Kind::TooLarge) {
            write!(f, "{}: ", self.pos)?;
        }
        f.write_str(match self.kind {
            Kind::Empty => "the text is empty; give at least '<config/>'",
            Kind::Encoding => "not UTF-8; save the file as UTF-8",
            Kind::Syntax => "unexpected character; check quotes and angle brackets before it",
            Kind::Mismatch => {
                "closing tag does not match the node that is open; close nodes in order"
            }
            Kind::Unclosed => "a node is not closed; add '/>' or its closing tag",
            Kind::DuplicateAttribute => "attribute given twice; remove one",
            Kind::Name => "not a valid name; use letters, digits, '_' and '-'",
            Kind::Reference => "unknown reference; write '&amp;' for a plain '&'",
            Kind::Unsupported => "a prefix without a namespace, or a document type: declare the one by xmlns, remove the other",
            Kind::Control => {
                "control character; remove it (tabs are allowed in HID comments and text only)"
            }
            Kind::Comment => "'--' inside of a comment; use a single '-'",
            Kind::NoType => "neither XML nor HID; start with '<' or with a node type in lower case",
            Kind::NoEnd => "no end marker; end the text with a line '-'",
            Kind::TooDeep => "nodes are nested too deep",
            Kind::TooMany => "too many nodes or attributes; use several texts",
            Kind::TooManyAttributes => "too many attributes of one node; use sub nodes instead",
            Kind::TooLarge => "the text is too long; use several",
        })
    }
}

impl core::error::Error for ParseError {}

/// Why a tree cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriteError {
    /// Where the node was read, if it was.
    pub pos: Pos,
    /// What cannot be written.
    pub kind: WriteErrorKind,
}

/// What a syntax cannot express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteErrorKind {
    /// A node type or attribute name with a character that the syntax does not allow.
    Name,
    /// An attribute value with a control character, in HID also with `|` or with spaces at its ends.
    Value,
    /// Text with a control character, in HID also a line with both `|` and a tab.
    Text,
    /// Nodes are nested too deep, see [`super::MAX_DEPTH`].
    TooDeep,
    /// The text would exceed a limit of [`Node::parse`](super::Node::parse) in that syntax.
    TooLarge,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use WriteErrorKind as Kind;
        write!(f, "{}: ", self.pos)?;
        f.write_str(match self.kind {
            Kind::Name => {
                "name cannot be written; start with a lower-case letter, go on with a-z 0-9 _ -"
            }
            Kind::Value => {
                "attribute value cannot be written; remove control characters, '|', outer spaces"
            }
            Kind::Text => "text cannot be written; remove control characters",
            Kind::TooDeep => "nodes are nested too deep",
            Kind::TooLarge => "the text would be too large to be read again; use several",
        })
    }
}

impl core::error::Error for WriteError {}
