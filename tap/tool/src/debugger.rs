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

/// Lists the calls of a system's components to `say`, as each is known: of `most` components at
/// most, and within `limit`. `waits` is what core says of who waits for whom; the components in it
/// that wait for an answer come first, with their servers, and init last: the others wait for less
/// general reasons. What is left out is said, with how to see it.
pub fn all_calls(
    system: &RunningSystem,
    waits: &[String],
    most: usize,
    limit: Duration,
    say: &mut dyn FnMut(&str),
) {
    let begun = Instant::now();
    let components = match state::read(system) {
        Ok(state) => state.components,
        Err(why) => return say(&format!("no calls: {why}")),
    };
    let order = in_order(&components, waits);
    for (done, component) in order.iter().enumerate() {
        let late = begun.elapsed() > limit;
        if done >= most || late {
            let why =
                if late { format!(", {} s are over", limit.as_secs()) } else { String::new() };
            let left = order.len() - done;
            return say(&format!(
                "{left} components are left out{why}: while a system runs, cargo tap why --calls shows all, \
                 cargo tap gdb COMPONENT one"
            ));
        }
        match target(system, component).and_then(|target| calls(&target)) {
            Ok(calls) => {
                say(&format!("\"{}\":", component.label));
                for call in &calls {
                    say(&format!("  {call}"));
                }
            }
            // So it is with the others.
            Err(why) => return say(&format!("\"{}\": {why}", component.label)),
        }
    }
}

/// Sorts components: those that wait for an answer, each followed by whom it waits for, then those
/// that run, then the others, init last.
fn in_order<'a>(components: &'a [Component], waits: &[String]) -> Vec<&'a Component> {
    let answers = [
        "; waits for an answer of ",
        "; waits for a session of ",
        "; waits for the upgrade of a session",
        "; waits for the end of a session",
    ];
    let calls = |line: &str| answers.iter().filter_map(|what| line.find(what)).min();
    let mut first: Vec<&str> = Vec::new();
    for (line, at) in waits.iter().filter_map(|line| Some((line, calls(line)?))) {
        first.extend(line.split('"').nth(1));
        // Threads are named in brackets, components not.
        let told = line.get(at..).unwrap_or_default();
        first.extend(told.split('"').skip(1).step_by(2));
    }
    let running = waits.iter().filter(|line| line.contains("\" runs ("));
    first.extend(running.filter_map(|line| line.split('"').nth(1)));
    let place = |component: &&Component| {
        let known = first.iter().position(|label| *label == component.label);
        (known.unwrap_or(first.len()), component.label == "init")
    };
    let mut all: Vec<&Component> = components.iter().collect();
    all.sort_by_key(place);
    all
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
    fn who_waits_for_an_answer_comes_first_and_then_whom_it_waits_for() {
        let mut all = sample().components;
        let labels = ["init", "init -> a", "init -> b", "init -> c"];
        all.truncate(labels.len());
        for (component, label) in all.iter_mut().zip(labels) {
            component.label = label.into();
        }
        let order = |waits: &[&str]| {
            let waits: Vec<String> = waits.iter().map(|line| (*line).to_owned()).collect();
            let order = in_order(&all, &waits);
            order.iter().map(|c| c.label.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(order(&[]), ["a", "b", "c", "init"]);
        let waits = [
            "\"init\" sleeps (1 thread, 0 ms of CPU time so far); waits for calls and signals [\"ep\"]",
            "\"init -> a\" sleeps (1 thread, 0 ms of CPU time so far); waits for calls and signals [\"ep\"]",
            "\"init -> b\" sleeps (1 thread, 0 ms of CPU time so far); waits for a time [\"ep\"]; waits for an answer of \"init -> c\" to call 7 [\"worker\" for 3.1 s]",
            "\"init -> c\" sleeps (1 thread, 0 ms of CPU time so far); waits for another thread [\"ep\"]",
        ];
        assert_eq!(order(&waits), ["b", "c", "a", "init"]);
        let waits = [
            "\"init -> c\" sleeps (1 thread, 0 ms of CPU time so far); waits for a session of Foo, asked of \"init\" [\"ep\"]",
            "\"init -> b\" runs (1 thread, 900 ms of CPU time so far)",
        ];
        assert_eq!(order(&waits), ["c", "init", "b", "a"]);
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
