//! The genode driver against a makefile that answers as Genode's run tool does in each of its endings.
#![allow(clippy::unwrap_used)] // a test reports by panicking

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SUCCESS: &str = "Run script execution successful.";

fn have_make() -> bool {
    let there = Command::new("make").arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: GNU make is not installed (Debian: apt-get install make)");
    }
    there
}

/// A build directory whose `make run/rs_log` runs the given lines.
fn build_dir(name: &str, recipe: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("genode").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("etc")).unwrap();
    fs::create_dir_all(folder.join("base-linux")).unwrap();
    let conf = format!(
        "ifdef KERNEL\nREPOSITORIES += {}/base-$(KERNEL)\nendif\n",
        folder.canonicalize().unwrap().display()
    );
    fs::write(folder.join("etc/build.conf"), conf).unwrap();
    let mut makefile = "run/%:\n".to_owned();
    for line in recipe {
        makefile.extend(["\t@", line, "\n"]);
    }
    fs::write(folder.join("Makefile"), makefile).unwrap();
    folder
}

fn run(folder: &Path, more: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
        .args(["run", "log", "--genode"])
        .arg(folder)
        .args(more)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

#[test]
fn a_pass_and_what_make_was_given() {
    if !have_make() {
        return;
    }
    let recipe = [
        "echo genode build completed",
        "echo kernel=$(KERNEL) board=$(BOARD) name=$* extra=$(EXTRA)",
        "echo repositories: $(REPOSITORIES)",
        &format!("echo {SUCCESS}"),
    ];
    let folder = build_dir("passes", &recipe);
    let (output, text) = run(&folder, &["--board", "pc", "--make", "EXTRA=more"]);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("kernel=linux board=pc name=rs_log extra=more"), "{text}");
    let base = folder.canonicalize().unwrap().join("base-linux");
    let tap = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap();
    let repositories = format!("repositories: {} {}", base.display(), tap.display());
    assert!(text.contains(&repositories), "{text}");
    assert!(text.contains("# 1 passed, 0 failed, 0 skipped"), "{text}");
}

#[test]
fn what_a_script_is_given_comes_beside_the_build_directorys_own_options() {
    if !have_make() {
        return;
    }
    let recipe = ["printf '<%s>' $(RUN_OPT)", &format!("echo; echo {SUCCESS}")];
    let folder = build_dir("arguments", &recipe);
    let makefile = folder.join("Makefile");
    let text = fs::read_to_string(&makefile).unwrap();
    fs::write(&makefile, format!("RUN_OPT += --include own\n{text}")).unwrap();
    let (output, text) = run(&folder, &["--", "--what", "it's 5 $HOME"]);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("<--what><it's 5 $HOME><--include><own>"), "{text}");
}

#[test]
fn what_cannot_run_there_is_skipped_and_alone_is_a_failure() {
    if !have_make() {
        return;
    }
    let folder = build_dir("skips", &["echo This needs a PC."]);
    let (output, text) = run(&folder, &[]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("ok 1 - rs_log # SKIP This needs a PC."), "{text}");
    assert!(text.contains("nothing ran"), "{text}");

    let folder = build_dir("requires", &["echo \"Test requires '[have_spec arm]'\"; exit 1"]);
    let (_, text) = run(&folder, &[]);
    assert!(text.contains("# SKIP requires [have_spec arm]"), "{text}");
}

#[test]
fn a_step_that_is_left_out_is_told_and_counted() {
    if !have_make() {
        return;
    }
    let recipe = [
        "echo 'SKIP: a call of the dead: nobody answers'",
        "echo '[init -> client] SKIP: what a component says: is no result'",
        &format!("echo {SUCCESS}"),
    ];
    let (output, text) = run(&build_dir("leaves_out", &recipe), &[]);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("ok 1 - a call of the dead # SKIP nobody answers\n"), "{text}");
    let last = "# 1 passed, 0 failed, 0 skipped, 1 steps of the others skipped\n";
    assert!(text.ends_with(last), "{text}");
}

#[test]
fn results_say_on_what_and_how_it_went() {
    if !have_make() {
        return;
    }
    let recipe = [
        "echo 'SKIP: a call of the dead: nobody answers'",
        "case $* in rs_log) echo A reason.;; *) echo Error: no; exit 1;; esac",
    ];
    let folder = build_dir("results", &recipe);
    let file = folder.join("results.txt");
    let file_text = file.to_str().unwrap();
    let command = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
            .args(["test", "rs_[lh]*o*", "--genode"])
            .arg(&folder)
            .args(["--results", file_text])
            .args(more)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let complaint = command(&[]);
    assert!(!file.exists() && complaint.contains("VERSION"), "{complaint}");

    command(&["--tree", "genode 26.02 (mine)@0123abc", "--board", "pc"]);
    let text = fs::read_to_string(&file).unwrap();
    for line in [
        "# tree:    genode 26.02 (mine)\n# commit:  0123abc\n# kernel:  linux, board pc",
        "\nrs_log skip A reason.\n",
        "\nrs_hello fail Error: no\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let year = text.split("# date:    20").nth(1).unwrap();
    assert!(year.as_bytes()[2] == b'-', "{text}");
}

#[test]
fn a_failure_shows_reason_and_log() {
    if !have_make() {
        return;
    }
    let recipe = ["echo some output; echo 'Error: Test execution timed out'; exit 254"];
    let (output, text) = run(&build_dir("fails", &recipe), &[]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not ok 1 - rs_log"), "{text}");
    assert!(text.contains("Error: Test execution timed out"), "{text}");
    assert!(text.contains("        some output\n"), "{text}");
}

#[test]
fn a_process_that_outlives_the_run_tool_is_killed_and_reported() {
    if !have_make() {
        return;
    }
    let line = format!("setsid sleep 4321 >/dev/null 2>&1 & echo {SUCCESS}");
    let (output, text) = run(&build_dir("leaves", &[&line]), &[]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("1 processes outlived the run tool and were killed"), "{text}");
}

#[test]
fn a_folder_that_is_no_build_directory_is_explained() {
    let (output, text) = run(Path::new("/nonexistent"), &[]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("is no Genode build directory"), "{text}");
}

#[test]
fn a_crate_of_its_own_is_a_repository_in_front() {
    if !have_make() {
        return;
    }
    let recipe = [
        "echo repositories: $(REPOSITORIES)",
        "cat $(firstword $(REPOSITORIES))/src/$*/target.mk || true",
        "head -1 $(firstword $(REPOSITORIES))/run/$*.run || true",
        &format!("echo {SUCCESS}"),
    ];
    let folder = build_dir("outside", &recipe);
    let place = std::env::temp_dir().join(format!("cargo-tap-{}-genode", std::process::id()));
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).unwrap();
    let tap = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
            .args(args)
            .current_dir(&place)
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        text
    };
    tap(&["new", "counter"]);
    let build_dir = folder.to_str().unwrap();
    let text = tap(&["run", "counter", "--genode", build_dir]);
    let root = place.canonicalize().unwrap();
    let sdk_tap = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap();
    for expected in [
        format!("repositories: {}/target/tap-genode ", root.display()),
        format!(" {}\n", sdk_tap.display()),
        "TARGET      = counter\n".into(),
        "RS_PACKAGE  = counter\n".into(),
        format!("RS_MANIFEST = {}/Cargo.toml\n", root.display()),
        "RS_PROFILE ?= genode\n".into(),
        "# counter as the only child of init\n".into(),
    ] {
        assert!(text.contains(&expected), "{expected:?} is missing: {text}");
    }
    // a script of the SDK is none of the crate's
    let text = tap(&["run", "hello", "--genode", build_dir]);
    assert!(!text.contains("tap-genode"), "{text}");

    // without the profile, in a crate from before there was one
    let manifest = fs::read_to_string(place.join("Cargo.toml")).unwrap();
    fs::write(place.join("Cargo.toml"), manifest.replace("[profile.genode]", "[profile.other]"))
        .unwrap();
    let text = tap(&["run", "counter", "--genode", build_dir]);
    assert!(text.contains("RS_PROFILE ?= release\n"), "{text}");
    fs::remove_dir_all(&place).unwrap();
}
