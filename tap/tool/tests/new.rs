//! `cargo tap new`: what it makes runs as it is.
#![allow(clippy::unwrap_used)] // a test reports by panicking

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An empty folder outside of the workspace, where `target/` is not; removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cargo-tap-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

fn tap(folder: &Path, args: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
        .arg("tap")
        .args(args)
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

#[test]
fn a_crate_of_its_own_runs_by_the_same_command() {
    let folder = Folder::new("outside");
    let (output, text) = tap(&folder, &["new", "my_first"]);
    assert!(output.status.success(), "{text}");
    assert!(folder.join("src/main.rs").is_file(), "not made in the empty folder itself: {text}");
    let alias = fs::read_to_string(folder.join(".cargo/config.toml")).unwrap();
    assert!(alias.contains("--package cargo-tap --"), "{alias}");
    // kept between runs of the tests, so that the crate's dependencies are built once
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-target");
    let config = format!("{alias}\n[build]\ntarget-dir = \"{}\"\n", target.display());
    fs::write(folder.join(".cargo/config.toml"), config).unwrap();

    let (output, text) = tap(&folder, &["run", "my_first"]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("[init -> my_first] hello from my_first"), "{text}");
    assert!(text.contains("# 1 passed, 0 failed, 0 skipped"), "{text}");

    let (output, text) = tap(&folder, &["test"]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("ok 1 - my_first"), "{text}");

    // what does not compile is a failure of the build step
    let source = folder.join("src/main.rs");
    fs::write(&source, fs::read_to_string(&source).unwrap() + "\nnonsense\n").unwrap();
    let (output, text) = tap(&folder, &["run", "my_first"]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("not ok 1 - build core lib/ld init my_first"), "{text}");

    // a second component in a folder that is not empty gets a folder of its own
    let (output, text) = tap(&folder, &["new", "second"]);
    assert!(output.status.success(), "{text}");
    assert!(folder.join("second/run/second.run").is_file(), "{text}");
    let (output, text) = tap(&folder, &["new", "second"]);
    assert!(!output.status.success() && text.contains("exists"), "{text}");
}

#[test]
fn an_interface_with_server_and_client_runs_as_it_is_made() {
    let folder = Folder::new("rpc");
    let (output, text) = tap(&folder, &["new", "--rpc", "./tick_tock"]);
    assert!(output.status.success(), "{text}");
    let folder = Folder(folder.join("tick_tock"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-target");
    let alias = format!("[build]\ntarget-dir = \"{}\"\n", target.display());
    fs::write(folder.join(".cargo/config.toml"), alias).unwrap();
    let (output, text) = tap(&folder, &["run", "tick_tock"]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("[init -> tick_tock_client] add(5) returned 7"), "{text}");
}

#[test]
fn a_git_dependency_is_written_as_such() {
    let folder = Folder::new("git");
    let (output, text) = tap(&folder, &["new", "remote", "--git", "https://example.org/sdk.git"]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("cargo install --locked --git https://example.org/sdk.git cargo-tap"));
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("genode = { git = \"https://example.org/sdk.git\" }"), "{manifest}");
    assert!(!folder.join(".cargo").exists());
}

/// A workspace that looks like the SDK's to the tool.
const MANIFEST: &str = r#"[workspace]
members = [
    "genode-rs",
    "tap/host/core",
]

[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
license = "MIT OR Apache-2.0"
publish = false

[workspace.dependencies]
genode = { path = "genode-rs" }

[workspace.lints]
"#;

#[test]
fn inside_the_workspace_names_get_the_prefix() {
    let folder = Folder::new("inside");
    let core = folder.join("tap/host/core");
    fs::create_dir_all(core.join("src")).unwrap();
    fs::create_dir_all(folder.join("components")).unwrap();
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    let manifest = "[package]\nname = \"rs_host_core\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    fs::write(core.join("Cargo.toml"), manifest).unwrap();
    fs::write(core.join("src/main.rs"), "fn main() {}\n").unwrap();
    let sdk = folder.join("genode-rs");
    fs::create_dir_all(sdk.join("src")).unwrap();
    fs::write(sdk.join("Cargo.toml"), manifest.replace("rs_host_core", "genode")).unwrap();
    fs::write(sdk.join("src/lib.rs"), "").unwrap();
    let (output, text) = tap(&folder.join("components"), &["new", "clock"]);
    assert!(output.status.success(), "{text}");
    for file in [
        "components/clock/Cargo.toml",
        "components/clock/src/main.rs",
        "tap/run/rs_clock.run",
        "tap/src/rs_clock/target.mk",
    ] {
        let made = fs::read_to_string(folder.join(file)).unwrap();
        assert!(made.contains("rs_clock"), "{file}: {made}");
    }
    let (output, text) = tap(&folder, &["new", "--rpc", "tick_tock"]);
    assert!(output.status.success(), "{text}");
    for (file, part) in [
        ("components/tick_tock/src/lib.rs", "pub trait TickTock"),
        ("components/tick_tock/src/client.rs", "use rs_tick_tock::TickTock;"),
        ("components/tick_tock/Cargo.toml", "name = \"rs_tick_tock_server\""),
        ("tap/src/rs_tick_tock_server/target.mk", "RS_PACKAGE = rs_tick_tock\n"),
        ("tap/run/rs_tick_tock.run", "<service name=\"TickTock\"/>"),
    ] {
        let made = fs::read_to_string(folder.join(file)).unwrap();
        assert!(made.contains(part), "{file}: {made}");
    }
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("    \"components/clock\",\n    \"components/tick_tock\",\n"),
        "{manifest}"
    );
    let (output, text) = tap(&folder, &["new", "rs_clock"]);
    assert!(!output.status.success() && text.contains("exists"), "{text}");
    let (output, text) = tap(&folder, &["new", "Bad-Name"]);
    assert!(!output.status.success() && text.contains("cannot name a component"), "{text}");
    // a package of that name would make all others unusable
    let before = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, reason) in [("host_core", "rs_host_core exists"), ("init", "the platform supplies")]
    {
        let (output, text) = tap(&folder, &["new", name]);
        assert!(!output.status.success() && text.contains(reason), "{text}");
    }
    assert_eq!(fs::read_to_string(folder.join("Cargo.toml")).unwrap(), before);
}

#[test]
fn names_that_cannot_work_are_refused_with_the_reason() {
    let folder = Folder::new("names");
    for (args, reason) in [
        (&["new", "genode"][..], "a crate of the SDK has it"),
        (&["new", "genode_args"], "a crate of the SDK has it"),
        (&["new", "rs_hello"], "a crate of the SDK has it"),
        (&["new", "rs_init"], "run scripts need"),
        (&["new", "talc"], "cargo could not tell them apart"),
        (&["new", "core"], "the platform supplies"),
        (&["new", "./timer"], "the platform supplies"),
        (&["new", "build"], "cargo builds into"),
        (&["new", "fn"], "keyword"),
        (&["new", "--rpc", "session"], "need the name Session"),
    ] {
        let (output, text) = tap(&folder, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        assert!(text.contains("cannot name a component") && text.contains(reason), "{text}");
    }
    assert_eq!(fs::read_dir(&*folder).unwrap().count(), 0, "something was made");
}

/// A cargo that writes down how it is called, builds nothing, and is cargo otherwise.
const RECORDING: &str = r#"#!/bin/sh
echo "$1 in $CARGO_TARGET_DIR: $*" >> "$RECORD"
[ "$1" = build ] || exec "$REAL_CARGO" "$@"
"#;

#[test]
fn a_relative_target_folder_is_the_users() {
    let folder = Folder::new("target");
    let (output, text) = tap(&folder, &["new", "./mine"]);
    assert!(output.status.success(), "{text}");
    let (crate_folder, cargo) = (folder.join("mine"), folder.join("cargo"));
    fs::write(&cargo, RECORDING).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    // only the SDK's part is built
    fs::write(crate_folder.join("run/mine.run"), "build { core init }\n").unwrap();
    let record = folder.join("record");
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
        .args(["tap", "run", "mine"])
        .current_dir(&crate_folder)
        .env("REAL_CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .env("CARGO", &cargo)
        .env("RECORD", &record)
        .env("CARGO_TARGET_DIR", "tgt")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let record = fs::read_to_string(record).unwrap();
    let target = crate_folder.canonicalize().unwrap().join("tgt");
    let calls = record.lines().filter(|l| l.contains(&format!(" in {}: ", target.display())));
    assert_eq!(calls.count(), record.lines().count(), "{record}{text}");
    let build = record.lines().find(|l| l.starts_with("build")).unwrap();
    assert!(build.contains(&format!("--target-dir {} ", target.display())), "{build}");
    assert!(target.join("tap/mine").is_dir(), "{text}");
}
