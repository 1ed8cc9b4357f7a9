//! `cargo tap symbolize` as a command: what it reads, what it refuses.
#![allow(clippy::expect_used, reason = "tests")]

use std::io::Write;
use std::process::{Command, Stdio};

fn symbolize(args: &[&str], input: &str) -> (bool, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
        .arg("symbolize")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (out.status.success(), text(out.stdout), text(out.stderr))
}

/// The tool's own program has an entry whose name every linker gives.
#[test]
fn standard_input_becomes_standard_output() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-tap"));
    let folder = program.parent().and_then(std::path::Path::to_str).expect("a folder");
    let elf = std::fs::read(program).expect("the program");
    let entry = u64::from_le_bytes(elf[24..32].try_into().expect("eight bytes"));
    let input =
        format!("before\n[init -> x]   #0 cargo-tap+{entry:#x}\n[init]   #0 other+0x10\nafter");
    let (ok, out, err) = symbolize(&["--programs", folder], &input);
    assert!(ok, "{err}");
    let expected = format!(
        "before\n[init -> x]   #0 cargo-tap+{entry:#x}  _start\n[init]   #0 other+0x10\nafter\n"
    );
    assert_eq!(out, expected);
}

#[test]
fn what_is_not_there_is_named() {
    let (ok, _, err) = symbolize(&["--programs", "/no/such/folder"], "");
    assert!(!ok && err.contains("/no/such/folder is no folder of programs"), "{err}");
    let (ok, _, err) = symbolize(&["/no/such/log"], "");
    assert!(!ok && err.contains("cannot read /no/such/log"), "{err}");
}
