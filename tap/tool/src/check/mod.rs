//! Compares what a tree's run scripts do in our interpreter with what they do in tclsh.
//!
//! Nothing is built or run: whatever reaches out of a script (the run tool's procedures, Expect's,
//! files, processes, the clock) is a stub that records its call, the same in both. The names of the
//! run tool's procedures are read from the tree. In tclsh each script has a safe interpreter of its
//! own.

mod ours;
mod theirs;
mod tree;

pub use tree::Tree;

use crate::signals::Interrupts;
use std::fmt::Write as _;

/// Stubs for both interpreters.
const STUBS: &str = include_str!("stubs.tcl");

/// Lines that a script may record. An endless script ends so in both, after the same line.
const MOST_LINES: usize = 3_000;

/// Commands that a script may take.
const MOST_STEPS: u64 = 300_000;

/// Answers of a platform to scripts that ask for it.
#[derive(Debug)]
pub struct Platform {
    /// Its name, which is the board's.
    pub name: &'static str,
    specs: &'static str,
    includes: &'static str,
    arguments: &'static str,
}

/// Platforms that scripts make different decisions for.
pub const PLATFORMS: [Platform; 3] = [
    Platform {
        name: "linux",
        specs: "linux x86 x86_64 64bit",
        includes: "power_on/linux log/linux boot_dir/linux",
        arguments: "--autopilot --include log/linux",
    },
    Platform {
        name: "pc",
        specs: "nova acpi framebuffer usb x86 x86_64 64bit",
        includes: "power_on/qemu log/qemu boot_dir/nova image/iso",
        arguments: "--include log/qemu",
    },
    Platform {
        name: "virt_qemu_arm_v8a",
        specs: "hw arm arm_64 arm_v8 arm_v8a 64bit",
        includes: "power_on/command log/serial boot_dir/hw load/tftp",
        arguments: "--autopilot",
    },
];

/// The acts of a script.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Calls of stubs, each as one line.
    pub lines: Vec<String>,
    /// The way it ended: `end`, `exit`, `cut` after too many lines, `steps` after too many
    /// commands, or `error` with the message.
    pub end: String,
}

impl Trace {
    /// The first line that differs, from 1, with both sides; the end counts as the last line.
    pub fn difference(&self, other: &Self) -> Option<(usize, String, String)> {
        // a script that took too many steps may have recorded more in one interpreter
        let cut = self.end == "steps" && other.end == "steps";
        let common = self.lines.iter().zip(&other.lines).take_while(|(a, b)| a == b).count();
        let whole = common == self.lines.len() && common == other.lines.len();
        if whole && self.end == other.end
            || cut && common == self.lines.len().min(other.lines.len())
        {
            return None;
        }
        let at = |trace: &Self| {
            let line = trace.lines.get(common).cloned();
            line.unwrap_or_else(|| format!("({})", trace.end))
        };
        Some((common + 1, at(self), at(other)))
    }
}

/// A script on a platform, in both interpreters.
#[derive(Debug)]
pub struct Compared {
    /// Its trace in ours.
    pub ours: Trace,
    /// Its trace in tclsh.
    pub theirs: Trace,
}

/// Evaluates all scripts on all platforms; for each script, a result for each platform.
pub fn compare(tree: &Tree, interrupts: &Interrupts) -> Result<Vec<Vec<Compared>>, String> {
    let mut theirs = theirs::traces(tree, interrupts)?.into_iter();
    let mut all = Vec::new();
    for script in &tree.scripts {
        let mut row = Vec::new();
        for platform in &PLATFORMS {
            if interrupts.seen() {
                return Err("interrupted".to_owned());
            }
            let Some(theirs) = theirs.next() else {
                return Err(format!("tclsh ended before {}", script.display()));
            };
            row.push(Compared { ours: ours::trace(tree, script, platform), theirs });
        }
        all.push(row);
    }
    Ok(all)
}

/// The commands that set what a platform answers, and the tree.
fn settings(tree: &Tree, platform: &Platform) -> String {
    let mut text = String::new();
    let root = tree.root.to_string_lossy();
    let list = |values: &[String]| {
        let values: Vec<tap_tcl::Value> =
            values.iter().map(|v| tap_tcl::Value::from(v.as_str())).collect();
        tap_tcl::list::format(&values).to_string()
    };
    for (name, value) in [
        ("genode_dir", root.as_ref()),
        ("board_var", platform.name),
        ("specs", platform.specs),
        ("include_list", platform.includes),
        ("argv", platform.arguments),
        ("run_name", "test"),
        ("repositories", &list(&tree.repositories)),
        ("tree_questions", &list(&tree.questions)),
        ("tree_procedures", &list(&tree.procedures)),
    ] {
        let _ = writeln!(text, "set {name} {}", quoted(value));
    }
    text
}

/// A word of a script for any text, in ASCII: read without regard to an encoding.
fn quoted(text: &str) -> String {
    let mut word = String::from("\"");
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '/' | '_' | '.' | '-' => word.push(c),
            c => {
                let _ = write!(word, "\\U{:08x}", u32::from(c));
            }
        }
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(lines: &[&str], end: &str) -> Trace {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Trace { lines, end: end.to_owned() }
    }

    #[test]
    fn the_first_difference_is_told() {
        let whole = trace(&["a", "b"], "end");
        assert_eq!(whole.difference(&whole), None);
        let told =
            |other: &Trace| whole.difference(other).map(|(line, a, b)| format!("{line} {a} {b}"));
        assert_eq!(told(&trace(&["a", "c"], "end")).as_deref(), Some("2 b c"));
        assert_eq!(told(&trace(&["a"], "end")).as_deref(), Some("2 b (end)"));
        assert_eq!(told(&trace(&["a", "b"], "exit")).as_deref(), Some("3 (end) (exit)"));
        // how far it came in too many steps is no difference, what it did is
        let long = trace(&["a", "b", "c"], "steps");
        assert_eq!(trace(&["a", "b"], "steps").difference(&long), None);
        assert!(trace(&["a", "x"], "steps").difference(&long).is_some());
        assert!(trace(&["a", "b"], "end").difference(&long).is_some());
    }

    #[test]
    fn words_are_quoted_in_ascii() {
        let text = "a {b}\n\"é\" $x [y] \\ \u{1F600};";
        let word = quoted(text);
        assert!(word.is_ascii() && !word.contains('\n'), "{word}");
        let read = tap_tcl::Interp::new().eval(&tap_tcl::Value::from(format!("set x {word}")));
        assert_eq!(read.map(|v| v.to_string()).ok().as_deref(), Some(text));
    }
}
