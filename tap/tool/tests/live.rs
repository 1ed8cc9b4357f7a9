//! Looks at a system that runs in another terminal, with the tool.
#![allow(clippy::unwrap_used)] // a test reports by panicking

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A run of hello that goes on until it is dropped.
struct Live {
    name: &'static str,
    run: Child,
}

fn tool(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-tap")).arg("tap").args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Live {
    /// Starts a system, and waits until its server serves and its client has ended.
    fn start(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live");
        let _ = fs::create_dir_all(&folder);
        let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("../run/rs_hello.run");
        let hello = fs::read_to_string(hello).unwrap();
        let at = hello.find("run_genode_until").unwrap();
        let script = folder.join(format!("{name}.run"));
        fs::write(&script, format!("{}run_genode_until forever\n", &hello[..at])).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
        command.args(["tap", "run"]).arg(&script).stdout(Stdio::null());
        let live = Self { name, run: command.spawn().unwrap() };
        let begun = Instant::now();
        loop {
            let output = tool(&["top", "--json", name]);
            let text = stdout(&output);
            if text.contains("rs_hello_server") && !text.contains("rs_hello_client") {
                return live;
            }
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(begun.elapsed() < Duration::from_mins(10), "{text}{error}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let run = i32::try_from(self.run.id()).ok().and_then(Pid::from_raw);
        let _ = run.map(|run| kill_process(run, Signal::INT));
        let _ = self.run.wait();
    }
}

#[test]
fn top_tree_why_and_gdb_tell_of_a_system_that_runs() {
    let live = Live::start("rs_live");
    let json: Value = serde_json::from_slice(&tool(&["top", "--json", "live"]).stdout).unwrap();
    assert_eq!(json["system"], live.name);
    let components = json["components"].as_array().unwrap();
    let labels: Vec<&str> = components.iter().filter_map(|c| c["label"].as_str()).collect();
    assert_eq!(labels, ["init", "init -> rs_hello_server"]);
    let server = &components[1];
    // Of the 100 capabilities of its configuration, its environment took some.
    let caps = |part: &str| server["caps"][part].as_u64().unwrap();
    assert!(0 < caps("used") && caps("used") < caps("limit") && caps("limit") < 100, "{server}");
    assert_eq!(server["parent"], "init");
    assert!(server["ram"]["used"].as_u64() > Some(4096) && server["threads"] == 1, "{server}");
    assert_eq!(server["core_sessions"]["PD"], 1);
    let pid = server["pid"].as_u64().unwrap();
    let same = tool(&["tree", "--json", "live"]).stdout;
    assert_eq!(serde_json::from_slice::<Value>(&same).unwrap()["components"][1]["pid"], pid);

    let top = stdout(&tool(&["top", "live"]));
    assert!(top.starts_with("  CPU%") && top.contains(" init -> rs_hello_server\n"), "{top}");
    let tree = stdout(&tool(&["tree", "--once", "live"]));
    assert!(tree.starts_with("init  ") && tree.contains("\n└ rs_hello_server  "), "{tree}");

    let why = stdout(&tool(&["why", "live"]));
    let server = why.lines().find(|line| line.contains("\"init -> rs_hello_server\"")).unwrap();
    assert!(
        server.contains("; waits for calls and signals (") && server.contains("[\"ep\""),
        "{why}"
    );

    debugged();
    let none = tool(&["gdb", "nobody", "--system", "live"]);
    let none = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(none.contains("no component \"nobody\" runs; there are \"init\""), "{none}");
}

/// gdb has the symbols of the component's program, and the component goes on afterwards.
fn debugged() {
    if Command::new("gdb").arg("--version").output().is_err() {
        println!("SKIP: gdb on a component: gdb is not installed");
        return;
    }
    if cargo_tap::debugger::forbidden().is_some() {
        println!("SKIP: gdb on a component: Linux permits to attach to own children only");
        return;
    }
    let batch = ["-batch", "-ex", "bt", "-ex", "info sharedlibrary"];
    let args = [&["gdb", "hello_server", "--system", "live", "--"][..], &batch].concat();
    let output = tool(&args);
    let text = stdout(&output);
    assert!(text.contains("serve.rs:") && text.contains("rs_host_start"), "{text}");
    assert!(text.contains("libc.so"), "{text}");
    let calls = stdout(&tool(&["why", "--calls", "live"]));
    assert!(calls.contains("  \"init -> rs_hello_server\":\n"), "{calls}");
    assert!(calls.contains("genode_host_rt::entrypoint::serve"), "{calls}");
    let state = tool(&["top", "--json", "live"]);
    assert!(stdout(&state).contains("rs_hello_server"), "it goes on");
}
