//! Core's last word: whether all quota came back.
//!
//! When every component has ended, core's own account must hold what it held at the beginning. Core says so
//! in a line, and says what is missing otherwise.

/// Begins the line in which core tells what its accounts miss.
const MISSING: &str = "Error: accounts";

/// What core complains about in the lines that it printed while it ended.
pub fn problems(last_words: &[String]) -> Vec<String> {
    last_words
        .iter()
        .map(|line| crate::report::plain(line))
        .filter(|line| line.trim_start().starts_with(MISSING))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_problems() {
        let lines =
            ["\x1b[31mError: accounts miss 4096 bytes of RAM\x1b[0m".to_owned(), "bye".into()];
        assert_eq!(problems(&lines), ["Error: accounts miss 4096 bytes of RAM"]);
        assert!(problems(&lines[1..]).is_empty());
    }
}
