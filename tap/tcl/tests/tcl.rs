//! The interpreter against Tcl's own: every snippet of the corpus prints what tclsh 8.6 prints.
//!
//! The expected output was recorded from tclsh, and where tclsh is installed it is compared again,
//! so that the recording cannot age.

#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

mod beside;

use beside::{compare, ours, tclsh};
use std::path::{Path, PathBuf};
use tap_tcl::{Interp, Value};

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

/// The interpreter must not know what its scripts are for: advice about that comes from its user.
#[test]
fn the_interpreter_knows_nothing_of_its_user() {
    let mut files = 0;
    for folder in ["src", "src/cmd"] {
        for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap()
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            for word in ["genode", "run script", "run tool", "boot", "install_", "cargo tap"] {
                assert!(!text.contains(word), "{} speaks of \"{word}\"", path.display());
            }
        }
    }
    assert!(files > 20, "{files} files");
}

#[test]
fn advice_comes_from_the_user() {
    let mut interp = Interp::new();
    interp.on_missing(|what| Some(format!("no {what} here")));
    for (script, message) in [
        ("nonsense", "invalid command name \"nonsense\": no nonsense here"),
        ("file delete x", "\"file delete\" is not available: no file delete here"),
        ("puts file1 x", "can not find channel named \"file1\": no puts channel here"),
    ] {
        let error = interp.eval(&Value::from(script)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

/// A snippet of the list of differences, and what it prints.
fn blocks(output: &str) -> Vec<(&str, &str)> {
    output.split("== ").skip(1).map(|block| block.split_once('\n').unwrap_or((block, ""))).collect()
}

/// Each difference from Tcl is written down with its reason, so that nothing else may.
#[test]
fn differences_are_those_that_are_listed() {
    let tests = folder().with_file_name("differences.tcl");
    let text = std::fs::read_to_string(&tests).unwrap();
    let recorded = |ending: &str| std::fs::read_to_string(tests.with_extension(ending)).unwrap();
    let (of_tcl, of_ours) = (recorded("tclsh"), recorded("ours"));
    let mut differing = compare("interpreter", &tests, &of_ours, &ours(&tests));
    match tclsh(&tests) {
        Some(output) => differing += compare("tclsh", &tests, &of_tcl, &output),
        None => eprintln!("skipped the comparison with tclsh itself: tclsh is not installed"),
    }
    assert_eq!(differing, 0, "lines differ from the record");
    let (theirs, own) = (blocks(&of_tcl), blocks(&of_ours));
    assert_eq!(theirs.len(), own.len());
    assert_eq!(text.lines().filter(|line| line.starts_with("t ")).count(), own.len());
    for (their, own) in theirs.iter().zip(&own) {
        assert_eq!(their.0, own.0);
        assert_ne!(their.1, own.1, "no difference any more: move it to the corpus");
    }
    // a reason stands above the first of each kind
    let reasons = text.lines().filter(|line| line.starts_with("# ")).count();
    assert!(reasons > 10, "{reasons} reasons");
}
