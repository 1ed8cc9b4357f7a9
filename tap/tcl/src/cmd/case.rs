//! Upper and lower case, character by character as in Tcl: a text keeps its length.

/// The character in lower case.
pub(super) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The character in upper case; itself, if that would be several characters.
pub(super) fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// The text in lower case.
pub(super) fn lowered(text: &str) -> String {
    text.chars().map(lower).collect()
}
