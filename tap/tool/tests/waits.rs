//! Broken systems in which a component waits for ever, with the real core: the run ends, and says
//! who waits for whom.
#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

use std::fs;
use std::path::Path;
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

/// Runs a system of which a line is awaited that does not come, for some seconds at most. Returns
/// what the run says.
fn fails(name: &str, starts: &[String], seconds: u32) -> String {
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
run_genode_until {{answered: 42.*\\n}} {seconds}
"
    );
    fs::write(&script, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
    let output = command.args(["tap", "run"]).arg(&script).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stdout).into_owned()
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

#[test]
fn a_server_that_loops_in_a_call() {
    let starts = [start("server", "loops_in_call", "nobody"), start("client", "calls", "server")];
    let text = fails("loops", &starts, 10);
    assert!(text.contains("nothing matched within 10 s"), "{text}");
    assert!(about(&text, "client").contains("waits for an answer of \"init -> server\""), "{text}");
    assert!(about(&text, "server").contains(" runs "), "{text}");
}

/// A client whose server ended is told so, and the run ends with it, long before its time.
#[test]
fn a_server_that_ended_before() {
    let starts = [start("server", "panics_in_call", "nobody"), start("client", "calls", "server")];
    let text = fails("ended", &starts, 600);
    assert!(text.contains("the object is gone: its server exited, crashed"), "{text}");
    assert!(text.contains("nothing can happen any more"), "{text}");
}
