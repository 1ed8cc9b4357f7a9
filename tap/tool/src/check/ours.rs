//! A script in our interpreter.

use super::{MOST_LINES, MOST_STEPS, Platform, STUBS, Trace, Tree, settings};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tap_tcl::{Access, Exception, Interp, Value, fail};

/// Evaluates a script with stubs on a platform.
pub(super) fn trace(tree: &Tree, script: &Path, platform: &Platform) -> Trace {
    let trace = Rc::new(RefCell::new(Trace::default()));
    let steps = Rc::new(Cell::new(0));
    let mut interp = Interp::new();
    define(&mut interp, tree, &trace);
    let counter = Rc::clone(&steps);
    interp.on_interrupt(move || {
        counter.set(counter.get() + 1);
        counter.get() > MOST_STEPS
    });
    let mut call = |text: &str| interp.eval(&Value::from(text));
    let prepared = call(&settings(tree, platform)).and_then(|_| call(STUBS));
    let outcome = prepared.and_then(|_| {
        steps.set(0);
        let words = [Value::from("real_source"), Value::from(script.to_string_lossy().as_ref())];
        interp.invoke(&words)
    });
    let mut trace = trace.borrow_mut();
    if trace.end.is_empty() {
        trace.end = match outcome {
            Err(Exception::Error(failure)) => format!("error {}", failure.message),
            Err(Exception::Abort) => "steps".to_owned(),
            Err(other @ (Exception::Exit(_) | Exception::Exhausted)) => format!("error {other}"),
            _ => "end".to_owned(),
        };
    }
    std::mem::take(&mut *trace)
}

/// Defines what the stubs call, and lets the script read the tree.
fn define(interp: &mut Interp, tree: &Tree, trace: &Rc<RefCell<Trace>>) {
    let record = Rc::clone(trace);
    interp.define("record_line", move |_, words| {
        let mut trace = record.borrow_mut();
        if trace.lines.len() >= MOST_LINES {
            "cut".clone_into(&mut trace.end);
            return Err(Exception::Abort);
        }
        trace.lines.push(words.get(1).map_or_else(String::new, ToString::to_string));
        Ok(Value::empty())
    });
    let record = Rc::clone(trace);
    interp.define("end_script", move |_, _| {
        "exit".clone_into(&mut record.borrow_mut().end);
        Err(Exception::Abort)
    });
    let root = tree.root.clone();
    interp.define("tree_text", move |_, words| {
        let path = words.get(1).map_or("", Value::as_str);
        match in_tree(&root, path).map(std::fs::read_to_string) {
            Some(Ok(text)) => Ok(Value::from(text)),
            _ => fail(format!("no file of the tree: {path}")),
        }
    });
    let root = tree.root.clone();
    interp.on_file(move |path, access| match in_tree(&root, path) {
        Some(place) if access == Access::Read => Ok(place),
        _ => Err("no such file or directory".to_owned()),
    });
}

/// The place of a file that is in the tree.
fn in_tree(root: &Path, path: &str) -> Option<PathBuf> {
    let place = Path::new(path).canonicalize().ok()?;
    (place.starts_with(root) && place.is_file()).then_some(place)
}
