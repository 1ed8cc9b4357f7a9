//! Run scripts mean to our interpreter what they mean to tclsh 8.6.

#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

#[path = "../../tcl/tests/beside/mod.rs"]
mod beside;

use beside::{compare, ours, tclsh};
use std::path::{Path, PathBuf};

/// Evaluates our run scripts, and the one that `cargo tap new` makes, with recording commands in both
/// interpreters, for each target.
#[test]
fn run_scripts_mean_the_same_to_tclsh() {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR"));
    let prelude = tool.join("tests/run_tool.prelude");
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(tool.join("../run"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "run"))
        .collect();
    scripts.push(tool.join("src/new/templates/component.run.in"));
    let mut differing = 0;
    for script in &scripts {
        for (board, specs) in [("host", "host 64bit x86 x86_64"), ("linux", "linux x86_64 64bit")] {
            // a fresh run directory for each interpreter
            let run_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("run_dir");
            let fresh = || {
                let _ = std::fs::remove_dir_all(&run_dir);
                std::fs::create_dir_all(run_dir.join("genode")).unwrap();
            };
            let text = format!(
                "set run_dir {{{}}}; set board {board}; set specs {{{specs}}}; source {}; source {}; puts {{evaluated}}; real_exit 0",
                run_dir.display(),
                prelude.display(),
                script.display()
            );
            let name = script.file_name().unwrap().to_str().unwrap();
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.{board}.tcl"));
            std::fs::write(&file, text).unwrap();
            fresh();
            let Some(expected) = tclsh(&file) else {
                eprintln!("skipped: tclsh is not installed (Debian: apt-get install tcl)");
                return;
            };
            fresh();
            let got = ours(&file);
            assert!(got.contains("run_genode_until") || !got.contains("evaluated"), "{got}");
            differing += compare("script", script, &expected, &got);
        }
    }
    assert_eq!(differing, 0, "lines differ");
}
