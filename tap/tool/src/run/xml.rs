//! Checks the syntax of configurations before anything is started.

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

/// Checks that the text is well-formed XML.
pub fn check(text: &str) -> Result<(), Malformed> {
    let options = roxmltree::ParsingOptions { allow_dtd: false, ..Default::default() };
    // white space in front of an XML declaration is what a run script's brace leaves there
    let lead = text.len() - text.trim_start().len();
    let skipped = text[..lead].matches('\n').count() as u32;
    match roxmltree::Document::parse_with_options(&text[lead..], options) {
        Ok(_) => Ok(()),
        Err(error) => {
            let at = error.pos();
            let line = at.row + skipped;
            let shown = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or("").trim();
            let reason = error.to_string();
            // the position is said in the script's lines
            let reason = reason.rsplit_once(" at ").map_or(reason.as_str(), |(r, _)| r);
            Err(Malformed { line, message: format!("{reason}, at: {shown}") })
        }
    }
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
        assert!(error.message.contains("start"), "{}", error.message);
        assert!(check("<config><start name=a/></config>").is_err());
        assert!(check("").is_err());
    }

    #[test]
    fn entities_are_not_expanded_from_a_dtd() {
        assert!(check("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>").is_err());
    }
}
