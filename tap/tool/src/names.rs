//! Names that are nearly right.

/// A name without our prefix and without signs between words.
fn core(name: &str) -> String {
    name.strip_prefix("rs_").unwrap_or(name).replace(['_', '-'], "")
}

/// Finds up to three of `names` that are most like `wanted`, the best first.
pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let target = core(wanted);
    let most = 2.max(target.len() / 3);
    let mut scored: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| {
            let it = core(name);
            let begins = target.len() > 2 && it.starts_with(&target);
            (if begins { 1 } else { strsim::osa_distance(&it, &target) }, name)
        })
        .filter(|(edits, name)| *edits <= most && *edits < core(name).len())
        .collect();
    scored.sort_unstable();
    scored.dedup();
    scored.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// The question for a message, if there are such names: `did you mean a or b?`
pub fn did_you_mean(near: &[String]) -> Option<String> {
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first() {
        let names = ["rs_hello", "rs_hello_cpp", "rs_timer", "rs_log", "mine"];
        let near = |wanted| nearest(wanted, names);
        assert_eq!(near("helo"), ["rs_hello"]);
        assert_eq!(near("hello-cp"), ["rs_hello_cpp", "rs_hello"]);
        assert_eq!(near("tmier"), ["rs_timer"]);
        assert_eq!(near("tim"), ["rs_timer"]);
        assert!(near("something_else").is_empty());
        assert_eq!(did_you_mean(&near("helo")).as_deref(), Some("did you mean rs_hello?"));
        assert_eq!(did_you_mean(&[]), None);
    }
}
