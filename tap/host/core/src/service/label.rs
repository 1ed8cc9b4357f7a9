//! Session labels.

/// The part of a label after the last ` -> `.
pub(crate) fn last_element(label: &str) -> &str {
    label.rsplit_once(" -> ").map_or(label, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_last_element_is_what_a_rom_is_called() {
        assert_eq!(super::last_element("init -> hello -> config"), "config");
        assert_eq!(super::last_element("config"), "config");
        assert_eq!(super::last_element("a -> "), "");
    }
}
