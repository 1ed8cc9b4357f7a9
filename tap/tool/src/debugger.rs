//! gdb on components: with the program that a component's process executes, which has no file.

use crate::host::running::RunningSystem;
use crate::state::{self, Component};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Time for the calls of one component: gdb reads symbols first.
const CALLS: Duration = Duration::from_secs(20);

/// A component that gdb can attach to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its process.
    pub pid: i32,
    /// The file of its program, with symbols.
    pub program: PathBuf,
}

/// Finds the one component that is meant by a name: a label, the end of one, or that without `rs_`.
///
/// # Errors
/// The labels that there are, or that are meant.
pub fn component<'a>(all: &'a [Component], name: &str) -> Result<&'a Component, String> {
    if let Some(exact) = all.iter().find(|c| c.label == name) {
        return Ok(exact);
    }
    let ends = |c: &&Component| {
        let last = c.label.rsplit(" -> ").next().unwrap_or_default();
        last == name
            || last.strip_prefix("rs_") == Some(name)
            || c.label.ends_with(&format!(" -> {name}"))
    };
    let found: Vec<&Component> = all.iter().filter(ends).collect();
    let labels = |of: &[&Component]| {
        let quoted: Vec<String> = of.iter().map(|c| format!("\"{}\"", c.label)).collect();
        quoted.join(", ")
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let all: Vec<&Component> = all.iter().collect();
            Err(format!("no component \"{name}\" runs; there are {}", labels(&all)))
        }
        several => Err(format!("\"{name}\" is one of several: name {}", labels(several))),
    }
}

/// Finds a component's program among the system's boot modules.
///
/// # Errors
/// What is missing.
pub fn target(system: &RunningSystem, component: &Component) -> Result<Target, String> {
    let pid = component.pid;
    let exe = std::fs::read_link(format!("/proc/{pid}/exe"));
    let exe = exe.map_err(|e| format!("cannot look at \"{}\": {e}", component.label))?;
    let module = module(&exe).ok_or_else(|| {
        format!("\"{}\" does not execute a ROM module: {}", component.label, exe.display())
    })?;
    let program = system.run_dir.join("genode").join(module);
    if !program.is_file() {
        return Err(format!("there is no boot module {}", program.display()));
    }
    Ok(Target { pid, program })
}

/// The name of the ROM module of which a process executes a copy in memory.
fn module(exe: &Path) -> Option<&str> {
    exe.to_str()?.strip_prefix("/memfd:")?.strip_suffix(" (deleted)")
}

/// gdb, attached to a component. What it is to do comes before it attaches.
pub fn gdb(target: &Target) -> Command {
    let mut gdb = Command::new("gdb");
    // The process executes a nameless copy of the file.
    gdb.args(["-q", "-iex", "set exec-file-mismatch off", "-iex", "set debuginfod enabled off"]);
    gdb.arg(&target.program).arg("-p").arg(target.pid.to_string());
    gdb
}

/// Tells why gdb may not attach here, if that is known.
pub fn forbidden() -> Option<String> {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok()?;
    let scope: u32 = scope.trim().parse().ok()?;
    (scope > 0).then(|| {
        format!(
            "kernel.yama.ptrace_scope is {scope}: Linux permits to attach to own children only, \
             `sudo sysctl kernel.yama.ptrace_scope=0` to all own processes"
        )
    })
}

/// Lists the calls of each thread of a component, the innermost first.
///
/// # Errors
/// Why there are none: gdb is missing, is not permitted, or takes too long.
pub fn calls(target: &Target) -> Result<Vec<String>, String> {
    let mut gdb = gdb(target);
    gdb.args(["-batch", "-ex", "set print frame-arguments none", "-ex", "thread apply all bt 40"]);
    gdb.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = gdb.spawn().map_err(|e| format!("no calls: cannot start gdb: {e}"))?;
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        stdout.map(|mut out| out.read_to_end(&mut text));
        text
    });
    let end = Instant::now() + CALLS;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > end {
            // gdb lets the component go on when it is ended.
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let text = reader.join().unwrap_or_default();
    let frames = frames(&String::from_utf8_lossy(&text));
    if frames.is_empty() {
        let why = forbidden().unwrap_or_else(|| "gdb could not attach, or took too long".into());
        return Err(format!("no calls: {why}"));
    }
    Ok(frames)
}

/// Lists the calls of a system's components, init last: the others wait for less general reasons.
/// What takes longer than `limit` is left out, and said.
pub fn all_calls(system: &RunningSystem, limit: Duration) -> Vec<String> {
    let begun = Instant::now();
    let components = match state::read(system) {
        Ok(state) => state.components,
        Err(why) => return vec![format!("no calls: {why}")],
    };
    let mut lines = Vec::new();
    let (init, others): (Vec<_>, Vec<_>) = components.iter().partition(|c| c.label == "init");
    for component in others.into_iter().chain(init) {
        if begun.elapsed() > limit {
            lines.push(format!("the rest is left out: {} s are over", limit.as_secs()));
            break;
        }
        match target(system, component).and_then(|target| calls(&target)) {
            Ok(calls) => {
                lines.push(format!("\"{}\":", component.label));
                lines.extend(calls.into_iter().map(|call| format!("  {call}")));
            }
            Err(why) => {
                lines.push(format!("\"{}\": {why}", component.label));
                break; // so it is with the others
            }
        }
    }
    lines
}

/// The lines of threads and calls in what gdb prints.
fn frames(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in text.lines() {
        if let Some(thread) = line.strip_prefix("Thread ") {
            // `1 (Thread 0x7f… (LWP 7) "name"):`
            let name = thread.split('"').nth(1).unwrap_or_default();
            out.push(format!("thread \"{name}\":"));
        } else if line.starts_with('#') {
            let mut line = line.to_owned();
            if let (Some(from), Some(to)) = (line.find(" 0x"), line.find(" in ")) {
                line.replace_range(from + 1..to + 4, "");
            }
            out.push(format!("  {}", without_hash(&line)));
        }
    }
    out
}

/// A line without the hash at the end of a Rust function's name.
fn without_hash(line: &str) -> String {
    let hash = |at: &usize| {
        let digits = line.get(at + 3..at + 19).unwrap_or_default();
        digits.len() == 16 && digits.bytes().all(|c| c.is_ascii_hexdigit())
    };
    match line.match_indices("::h").map(|(at, _)| at).find(hash) {
        Some(at) => [line.get(..at), line.get(at + 19..)].into_iter().flatten().collect(),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::sample;

    #[test]
    fn a_component_is_named_as_short_as_it_is_clear() {
        let mut all = sample().components;
        let pid = |all: &[Component], name| component(all, name).map(|c| c.pid);
        assert_eq!(pid(&all, "init -> server"), Ok(11));
        assert_eq!(pid(&all, "server"), Ok(11));
        assert_eq!(pid(&all, "sub -> client"), Ok(13));
        assert!(pid(&all, "serve").is_err_and(|e| e.contains("\"init -> sub -> client\"")));
        all[1].label = "init -> client".into();
        let several =
            "\"client\" is one of several: name \"init -> client\", \"init -> sub -> client\"";
        assert_eq!(pid(&all, "client"), Err(several.into()));
        assert_eq!(pid(&all, "init -> client"), Ok(11));
        all[0].label = "init -> rs_x".into();
        assert_eq!(pid(&all, "x"), Ok(10));
    }

    #[test]
    fn the_program_of_a_nameless_copy_is_its_module() {
        assert_eq!(module(Path::new("/memfd:rs_hello (deleted)")), Some("rs_hello"));
        assert_eq!(module(Path::new("/usr/bin/cat")), None);
    }

    #[test]
    fn frames_are_told_without_addresses() {
        let text = "warning: x\n\nThread 2 (Thread 0x7f00 (LWP 9) \"worker\"):\n\
                    #0  0x00007f in read () from /lib/libc.so.6\n\
                    #1  rs_x::main::h2ed1bdc64357fa85 (env=...) at src/main.rs:7\n[Inferior 1 detached]\n";
        let expected = [
            "thread \"worker\":",
            "  #0  read () from /lib/libc.so.6",
            "  #1  rs_x::main (env=...) at src/main.rs:7",
        ];
        assert_eq!(frames(text), expected);
        assert!(frames("ptrace: Operation not permitted.\n").is_empty());
    }
}
