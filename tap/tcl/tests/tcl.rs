//! The interpreter against Tcl's own: every snippet of the corpus prints what tclsh 8.6 prints.
//!
//! The expected output was recorded from tclsh, and where tclsh is installed it is compared again,
//! so that the recording cannot age.

#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

mod beside;

use beside::{compare, ours, tclsh};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

#[test]
fn corpus() {
    let mut differing = 0;
    let mut files = 0;
    let mut compared = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "tcl") {
            continue;
        }
        files += 1;
        let expected = std::fs::read_to_string(path.with_extension("expected")).unwrap();
        differing += compare("interpreter", &path, &expected, &ours(&path));
        if let Some(output) = tclsh(&path) {
            compared += 1;
            differing += compare("tclsh", &path, &expected, &output);
        }
    }
    assert!(files >= 6, "only {files} files in the corpus");
    if compared == 0 {
        eprintln!("skipped the comparison with tclsh itself: tclsh is not installed");
    }
    assert_eq!(differing, 0, "lines differ");
}

/// Numbers that look random, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// Snippets with parts removed, doubled and exchanged end with a result or an error, never with a panic.
#[test]
fn mangled_scripts_do_no_harm() {
    let mut snippets: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "tcl") {
            let text = std::fs::read_to_string(&path).unwrap();
            snippets.extend(text.lines().filter(|l| l.len() > 4).map(str::to_owned));
        }
    }
    let run = move || {
        let mut numbers = Numbers(1);
        let mut errors = 0;
        for _ in 0..20_000 {
            let mut script: Vec<char> = snippets[numbers.below(snippets.len())].chars().collect();
            for _ in 0..=numbers.below(4) {
                let at = numbers.below(script.len());
                match numbers.below(4) {
                    0 if !script.is_empty() => {
                        script.remove(at);
                    }
                    1 => script.insert(
                        at,
                        *b"{}[]\"$\\;()#".map(char::from).get(numbers.below(11)).unwrap(),
                    ),
                    2 => script
                        .insert(at, ['é', '\u{1F600}', '\n', '\0', '-', '9'][numbers.below(6)]),
                    _ => {
                        let other = &snippets[numbers.below(snippets.len())];
                        let cut = numbers.below(other.chars().count());
                        script.truncate(at);
                        script.extend(other.chars().skip(cut));
                    }
                }
            }
            let script: String = script.into_iter().collect();
            let mut interp = tap_tcl::Interp::new();
            interp.define("t", |interp, words| {
                words.get(1).map_or_else(|| Ok(words[0].clone()), |script| interp.eval(script))
            });
            // an endless script ends
            let left = std::cell::Cell::new(3000);
            interp.on_interrupt(move || {
                left.set(left.get() - 1);
                left.get() < 0
            });
            errors += usize::from(interp.eval_file("mangled", &script).is_err());
        }
        errors
    };
    let thread = std::thread::Builder::new().stack_size(512 << 20).spawn(run).unwrap();
    let errors = thread.join().unwrap();
    assert!((1000..19_900).contains(&errors), "{errors} of 20000 failed: nothing was exercised");
}
