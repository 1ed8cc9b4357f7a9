//! The scripts in tclsh.

use super::{MOST_LINES, MOST_STEPS, PLATFORMS, STUBS, Trace, Tree, quoted, settings};
use crate::process::{Event, Running, ending, guarded};
use crate::signals::Interrupts;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const HARNESS: &str = include_str!("tclsh.tcl");

/// Time that tclsh may be silent: it says something with each script.
const SILENCE: Duration = Duration::from_mins(5);

/// The program, if it is installed.
pub(super) fn program() -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|dir| dir.join("tclsh"));
    found
        .find(|program| program.is_file())
        .ok_or_else(|| "tclsh is not installed (Debian: apt-get install tcl)".to_owned())
}

/// The script for tclsh: what is to be evaluated, and the harness.
fn script(tree: &Tree) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "set tree {}", quoted(&tree.root.to_string_lossy()));
    let _ = writeln!(text, "set stubs {}", quoted(STUBS));
    let _ = writeln!(text, "set most_lines {MOST_LINES}\nset most_steps {MOST_STEPS}");
    text.push_str("set scripts {}\nset platforms {}\n");
    for script in &tree.scripts {
        let _ = writeln!(text, "lappend scripts {}", quoted(&script.to_string_lossy()));
    }
    for platform in &PLATFORMS {
        let settings = quoted(&settings(tree, platform));
        let _ = writeln!(text, "lappend platforms {} {settings}", quoted(platform.name));
    }
    text.push_str(HARNESS);
    text
}

/// Evaluates all scripts on all platforms, in that order.
pub(super) fn traces(tree: &Tree, interrupts: &Interrupts) -> Result<Vec<Trace>, String> {
    let trouble = |what: &str, e: std::io::Error| format!("cannot {what} tclsh: {e}");
    let mut input = unnamed_file().map_err(|e| trouble("write the script for", e))?;
    input
        .write_all(script(tree).as_bytes())
        .and_then(|()| input.rewind())
        .map_err(|e| trouble("write the script for", e))?;
    let mut command = guarded(&program()?).map_err(|e| trouble("start", e))?;
    command.stdin(input);
    let mut running = Running::start_stdout(command).map_err(|e| trouble("start", e))?;
    let mut output = Vec::new();
    loop {
        match running.wait(Some(Instant::now() + SILENCE), interrupts) {
            Ok(Event::Output(bytes)) => output.extend_from_slice(&bytes),
            Ok(Event::Ended) => break,
            Ok(Event::Timeout) => return Err("tclsh said nothing for five minutes".to_owned()),
            Ok(Event::Interrupted) => return Err("interrupted".to_owned()),
            Err(e) => return Err(trouble("read from", e)),
        }
    }
    if !running.status().is_some_and(|status| status.success()) {
        return Err(format!("tclsh ended with {}", ending(running.status())));
    }
    Ok(read(&String::from_utf8_lossy(&output)))
}

/// A file that goes away with its descriptor.
fn unnamed_file() -> std::io::Result<File> {
    let path = std::env::temp_dir().join(format!("tap-scripts-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Reads the harness' output.
fn read(output: &str) -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    for line in output.split('\n').filter(|line| !line.is_empty()) {
        let (mark, text) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
        match (mark, traces.last_mut()) {
            ("=", _) => traces.push(Trace::default()),
            ("|", Some(trace)) => trace.lines.push(unescaped(text)),
            (".", Some(trace)) => trace.end = unescaped(text),
            _ => {}
        }
    }
    traces
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(if chars.next() == Some('n') { '\n' } else { '\\' }),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_becomes_traces() {
        let traces = read("=pc a.run\n|a \\\\ b\\nc\n.end\n=pc b.run\n.error x\\ny\n");
        assert_eq!(traces.len(), 2);
        assert_eq!(
            (traces[0].lines.as_slice(), traces[0].end.as_str()),
            (&["a \\ b\nc".to_owned()][..], "end")
        );
        assert_eq!(traces[1].end, "error x\ny");
    }
}
