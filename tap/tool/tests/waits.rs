//! Broken systems in which a component waits for ever, with the real core: the run ends, and says
//! who waits for whom. And what a component says that is no part of a system at all.
#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A start node of a component that does as `how` says, and is routed to `server`.
fn start(name: &str, how: &str, server: &str) -> String {
    format!(
        "<start name=\"{name}\"> <binary name=\"rs_broken\"/> <resource name=\"RAM\" quantum=\"2M\"/>
        <config how=\"{how}\"/> <provides> <service name=\"Fragile\"/> </provides>
        <route> <service name=\"Fragile\"> <child name=\"{server}\"/> </service>
        <any-service> <parent/> </any-service> </route> </start>"
    )
}

/// Runs a system until a line matches, for some seconds at most. Returns whether it came, and what
/// the run says.
fn run(name: &str, starts: &[String], pattern: &str, seconds: u32) -> (bool, String) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("waits");
    fs::create_dir_all(&folder).unwrap();
    let script = folder.join(format!("{name}.run"));
    let starts = starts.concat();
    let text = format!(
        "create_boot_directory
build {{ core lib/ld init rs_broken }}
install_config {{
<config>
    <parent-provides>
        <service name=\"LOG\"/> <service name=\"PD\"/> <service name=\"CPU\"/> <service name=\"ROM\"/>
    </parent-provides>
    <default caps=\"100\"/>
    {starts}
</config>
}}
build_boot_image [build_artifacts]
run_genode_until {{{pattern}.*\\n}} {seconds}
"
    );
    fs::write(&script, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
    let output = command.args(["tap", "run"]).arg(&script).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text)
}

/// Runs a system of which a line is awaited that does not come. Returns what the run says.
fn fails(name: &str, starts: &[String], seconds: u32) -> String {
    let (success, text) = run(name, starts, "answered: 42", seconds);
    assert!(!success, "{text}");
    text
}

/// The line of the report about a component.
fn about<'t>(text: &'t str, component: &str) -> &'t str {
    let start = format!("        \"init -> {component}\" ");
    text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn a_server_that_hangs_in_a_call() {
    let starts = [start("server", "hangs_in_call", "nobody"), start("client", "calls", "server")];
    let text = fails("hangs", &starts, 600);
    assert!(text.contains("nothing can happen any more"), "{text}");
    let waits = about(&text, "client");
    assert!(waits.contains("waits for an answer of \"init -> server\" to call"), "{waits}");
}

#[test]
fn servers_that_wait_in_a_circle() {
    let starts = [
        start("one", "relays", "two"),
        start("two", "relays", "one"),
        start("client", "calls", "one"),
    ];
    let text = fails("circle", &starts, 600);
    assert!(text.contains("nothing can happen any more"), "{text}");
    assert!(about(&text, "client").contains("waits for an answer of \"init -> one\""), "{text}");
    assert!(about(&text, "one").contains("waits for an answer of \"init -> two\""), "{text}");
}

/// The number before a unit, behind a text.
fn milliseconds(line: &str, behind: &str) -> u64 {
    let rest = line.split(behind).nth(1).unwrap_or_else(|| panic!("no {behind}: {line}"));
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// Asserts that core told of a call of "client" that waits for "server", by its own times: whoever
/// waits is told of when the time has come, however long the machine needs for it.
fn is_told(text: &str, waits: &str) {
    let start = format!("    # [core] long wait: \"init -> client\" {waits}: it waited ");
    let told: Vec<&str> = text.lines().filter(|line| line.starts_with(&start)).collect();
    assert_eq!(told.len(), 1, "{text}");
    assert!(milliseconds(told[0], "it waited ") >= 500, "{told:?}");
    assert!(milliseconds(told[0], "\"init -> server\" ran ") >= 400, "{told:?}");
    assert!(told[0].contains("cargo tap why --calls shows where"), "{told:?}");
}

#[test]
fn a_server_that_loops_in_a_call() {
    let server = || start("server", "loops_in_call", "nobody");
    let starts = [server(), start("client", "calls", "server")];
    let (told, text) = run("loops", &starts, "long wait: ", 600);
    assert!(told, "{text}");
    is_told(&text, "waits for an answer of \"init -> server\" to call 0");
    // A function that answers later is no better if it loops before it returns.
    let starts = [server(), start("client", "asks", "server")];
    let (told, text) = run("loops_in_start", &starts, "long wait: ", 600);
    assert!(told, "{text}");
    is_told(&text, "waits for an answer of \"init -> server\" to call 1");
    // Nor is a server that loops before it serves: its client waits for the session.
    let starts = [start("server", "loops", "nobody"), start("client", "calls", "server")];
    let (told, text) = run("loops_before", &starts, "long wait: ", 600);
    assert!(told, "{text}");
    is_told(&text, "waits for a session of Fragile, for which \"init -> server\" is to act");
}

/// Known facts are said first, and which calls led there afterwards, of those who matter first.
#[test]
fn the_verdict_comes_before_the_calls() {
    let starts = [start("server", "loops_in_call", "nobody"), start("client", "calls", "server")];
    let text = fails("late", &starts, 2);
    assert!(text.contains("nothing matched within 2 s"), "{text}");
    assert!(about(&text, "client").contains("waits for an answer of \"init -> server\""), "{text}");
    assert!(about(&text, "server").contains(" runs "), "{text}");
    if Command::new("gdb").arg("--version").output().is_err() {
        return println!("SKIP: the calls: gdb is not installed");
    }
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what}: {text}"));
    let verdict = at("message: |-");
    let order = [verdict, at("who_waits: |-"), at("    # \"init -> client\":")];
    assert!(order.is_sorted() && at("    # \"init -> server\":") < at("    # \"init\":"), "{text}");
}

/// The binary of a component says how to run it, to whoever starts it in a shell.
#[test]
fn a_component_in_a_shell_says_how_to_run_it() {
    fails("ended_too", &[start("server", "panics_in_call", "nobody")], 600);
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let program = target.parent().unwrap().join("tap/ended_too/genode/rs_broken");
    let output = Command::new("sh").args(["-c", "exec \"$0\""]).arg(program).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("rs_broken is a component and runs inside of a system"), "{said}");
    assert!(said.contains("`cargo tap run NAME`") && output.stdout.is_empty(), "{said}");
}

/// A client whose server ended is told so, and the run ends with it, long before its time.
#[test]
fn a_server_that_ended_before() {
    let starts = [start("server", "panics_in_call", "nobody"), start("client", "calls", "server")];
    let text = fails("ended", &starts, 600);
    assert!(text.contains("the object is gone: its server exited, crashed"), "{text}");
    assert!(text.contains("nothing can happen any more"), "{text}");
}
