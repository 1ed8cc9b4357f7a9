//! Core's last words: whether all quota came back and all processes ended.
//!
//! When core ends, its own account must hold what it held at the beginning. It prints
//! `accounts: RAM 8192 of 8192 bytes, caps 100 of 100, 0 processes left`.

use tap_tcl::regex::{Flags, Pattern};

const LINE: &str =
    r"accounts: RAM (\d+) of (\d+) bytes, caps (\d+) of (\d+), (\d+) processes? left";

/// True for core's own line about its accounts. What a component prints begins with its label.
pub fn is_about(line: &str) -> bool {
    let line = crate::report::plain(line);
    line.strip_prefix("[core] ").is_some_and(|rest| rest.contains("accounts: "))
}

/// The complaints in core's line. There must be a line when one is `expected`.
pub fn problems(line: Option<&str>, expected: bool) -> Vec<String> {
    let Some(line) = line.map(crate::report::plain) else {
        return if expected {
            vec!["core ended without a word about its accounts".into()]
        } else {
            Vec::new()
        };
    };
    let pattern = Pattern::new(LINE, Flags::default()).ok();
    let Some(numbers) = pattern.and_then(|pattern| numbers(&pattern, &line)) else {
        return vec![format!("core's words about its accounts are not understood: {line}")];
    };
    let [ram, ram_limit, caps, cap_limit, processes] = numbers;
    let mut problems = Vec::new();
    if ram != ram_limit {
        problems.push(format!(
            "of core's {ram_limit} bytes of RAM only {ram} came back: a component or session leaks"
        ));
    }
    if caps != cap_limit {
        problems.push(format!(
            "of core's {cap_limit} capabilities only {caps} came back: a component or session leaks"
        ));
    }
    if processes != 0 {
        problems.push(format!("core left {processes} of its processes running"));
    }
    if problems.is_empty() && line.contains("Error: ") {
        problems.push(format!("core's accounts do not add up: {line}"));
    }
    problems
}

fn numbers(pattern: &Pattern, line: &str) -> Option<[u64; 5]> {
    let groups = pattern.captures_at(line, 0).ok().flatten()?;
    let mut numbers = [0; 5];
    for (number, group) in numbers.iter_mut().zip(&groups[1..]) {
        let (start, end) = (*group)?;
        *number = line[start..end].parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(line: &str) -> usize {
        assert!(is_about(line));
        problems(Some(line), true).len()
    }

    #[test]
    fn everything_must_come_back() {
        let good = "\x1b[0m[core] accounts: RAM 8192 of 8192 bytes, caps 10 of 10, 0 processes left\x1b[0m";
        assert_eq!(judge(good), 0);
        assert_eq!(judge(&good.replacen("8192", "4096", 1)), 1);
        assert_eq!(judge(&good.replace("caps 10", "caps 9")), 1);
        assert_eq!(judge(&good.replace("0 processes", "2 processes")), 1);
    }

    #[test]
    fn silence_is_a_problem_of_our_core_only() {
        assert_eq!(problems(None, true).len(), 1);
        assert!(problems(None, false).is_empty());
    }

    #[test]
    fn a_component_cannot_speak_for_core() {
        assert!(!is_about("[init -> x] accounts: RAM 1 of 1 bytes, caps 1 of 1, 0 processes left"));
        assert!(!is_about("[init -> x] [core] accounts: RAM 1 of 1 bytes"));
    }

    #[test]
    fn what_only_core_sees_is_a_problem() {
        let even =
            "accounts: RAM 1 of 1 bytes, caps 1 of 1, 0 processes left, 0 objects, 0 descriptors";
        assert_eq!(judge(&format!("[core] {even}")), 0);
        // as core's `balance.rs` writes it for an object, a descriptor, an account that is left
        for leak in
            [even, &even.replace("0 objects", "1 objects"), &even.replace("0 desc", "3 desc")]
        {
            assert_eq!(judge(&format!("[core] Error: {leak}")), 1);
        }
    }
}
