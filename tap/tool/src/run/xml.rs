//! Checks the syntax of configurations before anything is started.

use genode_xml::{Cursor, Document, ErrorKind, open_element};

/// True when the text is meant as XML.
pub fn looks_like_xml(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// Where and why a text is no well-formed XML.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Line in the text, counted from 1.
    pub line: u32,
    /// The reason, with the line's text.
    pub message: String,
}

/// Checks that the text is well-formed XML within the limits that components read by.
pub fn check(text: &str) -> Result<(), Malformed> {
    let Err(error) = Document::parse(text) else { return Ok(()) };
    let shown = |line: u32| {
        let line = text.lines().nth(line.saturating_sub(1) as usize);
        line.map_or("", str::trim)
    };
    let mut message = error.kind.to_string();
    if let ErrorKind::Mismatch | ErrorKind::Unclosed = error.kind
        && let Some((name, at)) = open_element(text, error.offset)
    {
        let opened = Cursor::new(text).position(at).line;
        message = format!("<{name}> is not closed, which is opened by: {}", shown(opened));
    }
    let line = error.position.line;
    let at = match shown(line) {
        "" => String::new(), // the end of the text
        shown => format!(", at: {shown}"),
    };
    Err(Malformed { line, message: message + &at })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_line_and_reason() {
        assert_eq!(check("\n<config>\n  <start name=\"a\"/>\n</config>\n"), Ok(()));
        let error = check("\n<config>\n  <start name=\"a\">\n</config>\n").unwrap_err();
        assert_eq!(error.line, 4);
        assert_eq!(
            error.message,
            "<start> is not closed, which is opened by: <start name=\"a\">, at: </config>"
        );
        let message = |text: &str| check(text).unwrap_err().message;
        let open = message("<config>\n<!-- <a> --><b>\n");
        assert_eq!(open, "<b> is not closed, which is opened by: <!-- <a> --><b>");
        assert!(check("<config><start name=a/></config>").is_err());
        assert!(check("").is_err());
    }

    #[test]
    fn entities_are_not_expanded_from_a_dtd() {
        assert!(check("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>").is_err());
    }
}
