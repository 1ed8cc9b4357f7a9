//! The command line: help, mistakes, completion, and output that cannot be written.
#![allow(clippy::unwrap_used)] // a test reports by panicking

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn tap(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
    command.args(args).stdin(Stdio::null());
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The commands that the overview lists.
fn commands() -> Vec<String> {
    let (out, _) = texts(&tap(&["help"]).output().unwrap());
    let list = out.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_readme_has_a_row_for_each_command() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, table) = readme.split_once("| command | arguments and options |").unwrap();
    let table = table.split("\n\n").next().unwrap();
    let firsts: Vec<&str> = table.lines().filter_map(|row| row.split('|').nth(1)).collect();
    let commands = commands();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let begins = |first: &&str| {
            first.split('`').skip(1).step_by(2).any(|form| form.split(' ').next() == Some(&command))
        };
        assert!(firsts.iter().any(begins), "README.md has no row for {command}");
    }
}

#[test]
fn nothing_and_help_give_an_overview_with_examples() {
    // by itself, and as cargo calls a subcommand
    for args in [&[][..], &["tap"], &["tap", "help"], &["--help"], &["-h"]] {
        let output = tap(args).output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{args:?}");
        assert!(out.contains("Usage: cargo tap"), "{out}");
        assert!(out.contains("Examples:\n  cargo tap run hello"), "{out}");
        for command in ["run", "test", "new", "topo", "bench", "completions"] {
            assert!(out.contains(&format!("\n  {command} ")), "{command} is missing: {out}");
        }
    }
    let (out, _) = texts(&tap(&["tap", "--version"]).output().unwrap());
    assert_eq!(out, format!("cargo-tap {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn each_command_has_help() {
    for command in commands() {
        let command = command.as_str();
        for args in [["tap", command, "--help"], ["tap", "help", command]] {
            let output = tap(&args).output().unwrap();
            let (out, err) = texts(&output);
            assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{args:?}");
            assert!(out.contains(&format!("Usage: cargo tap {command}")), "{out}");
        }
    }
    let (out, _) = texts(&tap(&["run", "--help"]).output().unwrap());
    for option in ["--release", "--machine <FILE>", "--genode <BUILD_DIR>", "[-- <ARGS>...]"] {
        assert!(out.contains(option), "{option} is missing: {out}");
    }
}

#[test]
fn mistakes_end_with_2_and_a_suggestion() {
    for (args, suggestion) in [
        (&["rum", "hello"][..], "a similar subcommand exists: 'run'"),
        (&["run", "--relase", "x"], "a similar argument exists: '--release'"),
        (&["run", "x", "--genod", "y"], "a similar argument exists: '--genode'"),
        (&["bench", "sytem"], "'system'"),
        (&["topo", "--acpy", "x"], "a similar argument exists: '--acpi'"),
        (&["completions", "bsh"], "a similar value exists: 'bash'"),
        (&["run", "x", "more"], "unexpected argument 'more'"),
        (&["run"], "<NAME>"),
        (&["new"], "<NAME>"),
        (&["run", "x", "--results", "f"], "--genode <BUILD_DIR>"),
        (&["test", "--kernel", "hw"], "--genode <BUILD_DIR>"),
        (&["run", "x", "--genode", "y", "--make", "z"], "expected VAR=VALUE"),
    ] {
        let output = tap(args).output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(suggestion), "{args:?}: {err}");
    }
}

#[test]
fn a_misspelt_script_is_asked_about() {
    for (args, question) in [
        (["run", "helo"], "there is no run script \"helo\"; did you mean rs_hello?"),
        (["run", "rs_upgarde"], "there is no run script \"rs_upgarde\"; did you mean rs_upgrade?"),
        (["test", "singal"], "did you mean rs_signal?"),
    ] {
        let output = tap(&args).output().unwrap();
        let (_, err) = texts(&output);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(err.contains(question), "{args:?}: {err}");
    }
    let (_, err) = texts(&tap(&["run", "nothing_like_it"]).output().unwrap());
    assert!(err.contains("there are: rs_") && err.contains("rs_hello"), "{err}");
}

#[test]
fn topo_takes_its_sources_in_order() {
    let output = tap(&["tap", "topo", "--synthetic", "numa:2 core:2 pu:2"]).output().unwrap();
    let (out, _) = texts(&output);
    assert!(output.status.success() && out.contains("PU #7"), "{out}");
    // the first wins, and the other's number of CPUs is told as a disagreement or as more of them
    let of = |first: &str, second: &str| {
        let args = ["topo", "--synthetic", first, "--synthetic", second, "--sources"];
        texts(&tap(&args).output().unwrap()).0
    };
    assert_ne!(of("numa:1 pu:4", "numa:2 pu:2"), of("numa:2 pu:2", "numa:1 pu:4"));
}

#[test]
fn output_that_is_lost_is_an_error() {
    for (args, code) in [
        (&["help"][..], 1),
        (&["run", "--help"], 1),
        (&["completions", "fish"], 1),
        (&["topo", "--synthetic", "pu:1"], 2),
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = tap(args).stdout(full).output().unwrap();
        let (_, err) = texts(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
        assert!(err.contains("standard output: "), "{args:?}: {err}");
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a script of a shell on what `completions` prints for it, in the variable `c`'s file.
fn in_shell(shell: &str, script: &str) -> Option<String> {
    let (out, err) = texts(&tap(&["tap", "completions", shell]).output().unwrap());
    assert_eq!(err, "");
    let file = folder(shell).join("completion");
    fs::write(&file, out).unwrap();
    let file = file.to_str().unwrap();
    let mut command = Command::new(shell);
    command.args(["-c", &script.replace("FILE", &format!("'{file}'"))]);
    // no configuration of whoever runs the tests
    let home = folder(&format!("{shell}-home"));
    command.env("HOME", &home).env("XDG_CONFIG_HOME", &home).stdin(Stdio::null());
    let Ok(output) = command.output() else {
        eprintln!("skipped: {shell} is not installed (Debian: apt-get install {shell})");
        return None;
    };
    let (out, err) = texts(&output);
    assert!(output.status.success() && err.is_empty(), "{shell}: {out}{err}");
    Some(out)
}

#[test]
fn bash_completes_cargo_tap_and_leaves_cargo_alone() {
    let script = "
        _cargo() { COMPREPLY=(of cargo); }
        . FILE
        complete_line() {
            COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            local function=$(complete -p $1 | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            $function \"$1\" \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
            echo \"$*: ${COMPREPLY[*]}\"
        }
        complete_line cargo tap r
        complete_line cargo-tap r
        complete_line cargo tap run --rel
        complete_line cargo tap completions z
        complete_line cargo b
    ";
    let Some(out) = in_shell("bash", script) else { return };
    for line in [
        "cargo tap r: run\n",
        "cargo-tap r: run\n",
        "cargo tap run --rel: --release\n",
        "cargo tap completions z: zsh\n",
        "cargo b: of cargo\n",
    ] {
        assert!(out.contains(line), "{line} is missing: {out}");
    }
}

#[test]
fn fish_completes_cargo_tap() {
    let script = "
        source FILE
        complete -C 'cargo tap r'
        complete -C 'cargo-tap r'
        complete -C 'cargo tap run --rel'
    ";
    let Some(out) = in_shell("fish", script) else { return };
    let lines = |word: &str| out.lines().filter(|l| l.split('\t').next() == Some(word)).count();
    assert_eq!((lines("run"), lines("--release")), (2, 1), "{out}");
}

#[test]
fn zsh_gets_the_function_that_cargos_completion_calls() {
    let script = "
        autoload -U compinit; compinit -D
        source FILE
        whence -w _cargo-tap
        head -1 FILE
    ";
    let Some(out) = in_shell("zsh", script) else { return };
    assert_eq!(out, "_cargo-tap: function\n#compdef cargo-tap\n");
}

#[test]
fn cells_are_simulated_recorded_and_replayed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cells");
    fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).into_os_string().into_string().unwrap();
    let simulate = |args: &[&str]| {
        let output = tap(&[&["cells", "simulate"], args].concat()).output().unwrap();
        let (out, err) = texts(&output);
        (output.status.code(), out, err)
    };
    let (record, svg) = (path("record"), path("plot.svg"));
    let small = ["--steps", "40", "--cells", "5", "--cores", "8", "--nodes", "2"];
    let files = ["--record", &record, "--svg", &svg, "--policy", "load", "--policy", "bound"];
    let (code, table, err) = simulate(&[&small[..], &files].concat());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(table.contains("\nload ") && !table.contains("\nnuma "), "{table}");
    assert!(fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    let (code, again, _) = simulate(&["--replay", &record]);
    assert_eq!(code, Some(0));
    let row = |text: &str| text.lines().find(|l| l.starts_with("load")).unwrap()[..21].to_owned();
    assert_eq!(row(&again), row(&table));
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replacen("step 7", "step 8", 1)).unwrap();
    let (code, _, err) = simulate(&["--replay", &record]);
    assert!(code == Some(1) && err.contains("recorded \"step 8"), "{err}");
    let bad = path("bad.trace");
    fs::write(&bad, "cells-trace 1\nmachine 1 x 1\n").unwrap();
    let (code, _, err) = simulate(&["--trace", &bad]);
    assert!(code == Some(1) && err.contains("line 2, column 11: the number of cores"), "{err}");
}
