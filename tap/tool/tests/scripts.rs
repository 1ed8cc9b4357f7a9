//! `cargo tap scripts --check`: a small tree whose scripts behave alike, and one that does not.
#![allow(clippy::unwrap_used)] // a test reports by panicking

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A tree with a run tool and run scripts.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, scripts: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        let tree = Self(root);
        tree.file(
            "tool/run/run",
            "proc build {targets} { error \"never called\" }\n##\n\tproc have_thing {} {}\n",
        );
        tree.file("tool/run/boot_dir/x", "proc run_boot_dir {binaries} { exec rm -rf / }\n");
        tree.file("repos/os/run/common.inc", "set common [file tail [info script]]\n");
        tree.file("repos/os/src/text", "first\nsecond é\n");
        for (name, text) in scripts {
            tree.file(&format!("repos/os/run/{name}.run"), text);
        }
        tree
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn check(&self, more: &[&str]) -> (Output, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
        let output = command.args(["tap", "scripts", "--check"]).arg(&self.0).args(more).output();
        let output = output.unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        (output, out, err)
    }
}

fn no_tclsh() -> bool {
    let missing = Command::new("tclsh").arg("/dev/null").output().is_err();
    if missing {
        eprintln!("skipped: tclsh is not installed (Debian: apt-get install tcl)");
    }
    missing
}

/// The row of a script in the table.
fn row<'t>(table: &'t str, name: &str) -> &'t str {
    let wanted = format!("repos/os/run/{name}.run ");
    table.lines().find(|line| line.starts_with(&wanted)).unwrap_or_default()
}

const ALIKE: &[(&str, &str)] = &[
    ("plain", "build { core init }\nif {[have_thing]} { puts [run_boot_dir x] }\n"),
    ("sources", "source [select_from_repositories run/common.inc]\nputs $common\n"),
    (
        "reads",
        "set fd [open [genode_dir]/repos/os/src/text]\nwhile {[gets $fd line] >= 0} { puts $line }\nclose $fd\nputs [exec cat [genode_dir]/repos/os/src/text]\n",
    ),
    (
        "writes",
        "set fd [open [run_dir]/genode/x w]\nputs $fd {a b}\nclose $fd\nfile delete -force /\nexec rm -rf /\n",
    ),
    ("exits", "catch { exit 3 }\nputs never\n"),
    ("platform", "if {[have_board linux]} { puts linux } else { puts other; exit 1 }\n"),
    ("endless", "while 1 { puts again }\n"),
    ("silent", "while 1 { catch { incr i } }\n"),
    ("fails", "expr {1 +}\n"),
    (
        "outside",
        "if {[catch { source /etc/passwd } m]} { puts $m }\nsocket localhost 1\nopen /etc/passwd\n",
    ),
    (
        "expects",
        "spawn make x\nset id $spawn_id\nexpect {\n\t-i $id -re \"a.*b\" { puts found }\n\ttimeout { exit -2 }\n}\n",
    ),
    ("random", "puts [expr {int(rand() * 1000000)}]\nputs [clock seconds]\n"),
];

#[test]
fn scripts_that_behave_alike_are_counted() {
    if no_tclsh() {
        return;
    }
    let tree = Tree::new("scripts-alike", ALIKE);
    let (output, out, err) = tree.check(&["-v"]);
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    let cells =
        |name: &str| row(&out, name).split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    assert_eq!(cells("plain"), ["4 end"; 3].join(" "));
    assert_eq!(cells("sources"), ["2 end"; 3].join(" "));
    assert_eq!(cells("reads"), ["6 end"; 3].join(" "));
    assert_eq!(cells("writes"), ["5 end"; 3].join(" "));
    assert_eq!(cells("exits"), ["1 exit"; 3].join(" "));
    assert_eq!(cells("platform"), "1 end 2 exit 2 exit");
    assert_eq!(cells("endless"), ["3000 cut"; 3].join(" "));
    assert_eq!(cells("silent"), ["0 steps"; 3].join(" "));
    assert_eq!(cells("fails"), ["0 error"; 3].join(" "));
    assert_eq!(cells("outside"), ["4 error"; 3].join(" "));
    assert_eq!(cells("expects"), ["3 end"; 3].join(" "));
    assert_eq!(cells("random"), ["2 end"; 3].join(" "));
    let summary = format!("# {0} of {0} scripts behave as in tclsh, 2 of all", ALIKE.len());
    assert!(out.contains(&summary), "{out}");
    // without -v, only what differs
    let (output, out, _) = tree.check(&["exit"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(row(&out, "exits").is_empty() && out.contains("# 1 of 1 scripts"), "{out}");
}

#[test]
fn a_script_that_differs_is_shown_with_the_place() {
    if no_tclsh() {
        return;
    }
    let scripts = [
        ("same", "puts [expr {2 ** 10}]\n"),
        // integers have 64 bit here
        ("large", "puts first\nif {[have_board pc]} { puts [expr {2 ** 70}] }\n"),
        ("shell", "namespace eval a {}\n"),
    ];
    let tree = Tree::new("scripts-differ", &scripts);
    let (output, out, _) = tree.check(&[]);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(row(&out, "same").is_empty(), "{out}");
    let row = row(&out, "large").split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    assert_eq!(row, "1 end differs 1 end", "{out}");
    let place = "  pc, call 2\n    ours:  (error integer value too large to represent)\n    tclsh: puts | 1180591620717411303424\n";
    assert!(out.contains(place), "{out}");
    assert!(out.contains("# 1 of 3 scripts behave as in tclsh, 0 of all end with an error on each platform, 2 differ"), "{out}");
}

#[test]
fn nothing_compared_is_a_failure_with_a_reason() {
    let tree = Tree::new("scripts-nothing", &[("a", "")]);
    for (arguments, why) in [
        (&["nosuch"][..], "matches \"nosuch\""),
        (&[], "tclsh is not installed (Debian: apt-get install tcl)"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
        command.args(["tap", "scripts", "--check"]).arg(&tree.0).args(arguments);
        let output = command.env("PATH", "/nonexistent").output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.contains("nothing was compared: ") && err.contains(why), "{err}");
    }
    let (output, _, err) = Tree(tree.0.join("repos")).check(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("is no Genode tree: it has no tool/run/run"), "{err}");
}
