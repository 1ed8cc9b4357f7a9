//! What can be wrong with a text.

use core::fmt;

use roxmltree::Error as E;

use crate::limits::{
    MAX_ATTRIBUTES, MAX_DEPTH, MAX_EQUALS, MAX_NAMESPACES, MAX_NODES, MAX_SIZE, MAX_TAGS,
};
use crate::position::{Cursor, Position, offset_of};

/// Why a text was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Line and column of the place.
    pub position: Position,
    /// The place in bytes from the text's start.
    pub offset: usize,
}

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A character does not belong there.
    Syntax,
    /// An element is closed by another's tag.
    Mismatch,
    /// An element is not closed, or there is none.
    Unclosed,
    /// An attribute is given twice.
    DuplicateAttribute,
    /// A name holds a character that names cannot have.
    Name,
    /// A reference other than `&lt; &gt; &amp; &quot; &apos; &#n;`.
    Reference,
    /// A character that XML cannot have.
    Control,
    /// A comment that holds `--`, or ends with `-`.
    Comment,
    /// A namespace that is not declared, or declared wrongly.
    Namespace,
    /// A document type.
    Doctype,
    /// More bytes than [`MAX_SIZE`].
    TooLarge,
    /// Elements deeper inside of each other than [`MAX_DEPTH`].
    TooDeep,
    /// More `<` than [`MAX_TAGS`].
    TooManyTags,
    /// More elements than [`MAX_NODES`].
    TooManyNodes,
    /// More attributes of one element than [`MAX_ATTRIBUTES`].
    TooManyAttributes,
    /// More `=` than [`MAX_EQUALS`].
    TooManyEquals,
    /// More declarations of namespaces than [`MAX_NAMESPACES`].
    TooManyNamespaces,
}

impl Error {
    pub(crate) fn at(kind: ErrorKind, text: &str, offset: usize) -> Self {
        Self { kind, position: Cursor::new(text).position(offset), offset }
    }

    /// An error in what stands behind `lead` bytes of `text`.
    pub(crate) fn of_tree(error: &E, text: &str, lead: usize) -> Self {
        let body = text.get(lead..).unwrap_or_default();
        let offset = match error {
            E::UnclosedRootNode | E::UnexpectedEndOfStream | E::NoRootNode => text.len(),
            E::DtdDetected => lead + body.find("<!DOCTYPE").unwrap_or(0),
            _ => {
                let at = error.pos();
                lead + offset_of(body, at.row, at.col)
            }
        };
        Self::at(ErrorKind::of(error), text, offset)
    }
}

impl ErrorKind {
    fn of(error: &E) -> Self {
        match error {
            E::UnexpectedCloseTag(..) | E::UnexpectedEntityCloseTag(_) => Self::Mismatch,
            E::UnclosedRootNode | E::UnexpectedEndOfStream | E::NoRootNode => Self::Unclosed,
            E::DuplicatedAttribute(..) => Self::DuplicateAttribute,
            E::UnknownEntityReference(..) | E::MalformedEntityReference(_) => Self::Reference,
            E::InvalidName(_) => Self::Name,
            E::NonXmlChar(..) => Self::Control,
            E::NodesLimitReached => Self::TooManyNodes,
            E::AttributesLimitReached => Self::TooManyEquals,
            E::NamespacesLimitReached => Self::TooManyNamespaces,
            E::UnknownNamespace(..)
            | E::DuplicatedNamespace(..)
            | E::InvalidXmlPrefixUri(_)
            | E::UnexpectedXmlUri(_)
            | E::UnexpectedXmlnsUri(_)
            | E::InvalidElementNamePrefix(_) => Self::Namespace,
            E::DtdDetected => Self::Doctype,
            E::InvalidComment(_) => Self::Comment,
            _ => Self::Syntax,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = |f: &mut fmt::Formatter<'_>, max: usize, what: &str, cure: &str| {
            write!(f, "more than {max} {what}: {cure}")
        };
        f.write_str(match self {
            Self::Syntax => "unexpected character; check quotes and angle brackets before it",
            Self::Mismatch => {
                "closing tag does not match the element that is open; close them in order"
            }
            Self::Unclosed => "an element is not closed; add '/>' or its closing tag",
            Self::DuplicateAttribute => "attribute given twice; remove one",
            Self::Name => "not a valid name; use letters, digits, '_' and '-'",
            Self::Reference => "unknown reference; write '&amp;' for a plain '&'",
            Self::Control => "control character; remove it",
            Self::Comment => "'--' inside of a comment; use a single '-'",
            Self::Namespace => "namespace not declared, or declared wrongly; leave prefixes out",
            Self::Doctype => "document types are not supported; remove it",
            Self::TooLarge => return limit(f, MAX_SIZE, "bytes", "use several texts"),
            Self::TooDeep => return limit(f, MAX_DEPTH, "nested elements", "flatten them"),
            Self::TooManyTags => return limit(f, MAX_TAGS, "tags", "use several texts"),
            Self::TooManyNodes => {
                return limit(f, MAX_NODES as usize, "elements", "use several texts");
            }
            Self::TooManyAttributes => {
                return limit(f, MAX_ATTRIBUTES, "attributes", "use elements inside instead");
            }
            Self::TooManyEquals => return limit(f, MAX_EQUALS, "'='", "use several texts"),
            Self::TooManyNamespaces => {
                return limit(f, MAX_NAMESPACES, "namespaces", "leave them out");
            }
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.kind)
    }
}

impl core::error::Error for Error {}
