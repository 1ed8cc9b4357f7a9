//! Evaluates a script in our interpreter and in tclsh, and compares what both print.

use std::cell::RefCell;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use tap_tcl::{Exception, Interp};

pub(crate) fn ours(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let path = path.to_owned();
    // as the tool does, with room for Tcl's 1000 levels
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(move || {
            let out = Rc::new(RefCell::new(String::new()));
            let mut interp = Interp::new();
            interp.on_file(|path, _| Ok(path.into()));
            let sink = Rc::clone(&out);
            // as of tclsh, what goes to stdout
            interp.on_print(move |to_stderr, text| {
                if !to_stderr {
                    sink.borrow_mut().push_str(text);
                }
            });
            match interp.eval_file(&path.display().to_string(), &text) {
                // a script may end itself
                Ok(_) | Err(Exception::Exit(0)) => {}
                Err(Exception::Error(failure)) => panic!("{failure}"),
                Err(other) => panic!("{other:?}"),
            }
            out.take()
        })
        .unwrap()
        .join()
        .unwrap()
}

pub(crate) fn tclsh(path: &Path) -> Option<String> {
    let output = Command::new("tclsh").arg(path).stderr(Stdio::inherit()).output().ok()?;
    assert!(output.status.success(), "tclsh fails on {}", path.display());
    Some(String::from_utf8(output.stdout).unwrap())
}

pub(crate) fn compare(what: &str, path: &Path, expected: &str, got: &str) -> usize {
    let mut differing = 0;
    let (mut want, mut have) = (expected.lines(), got.lines());
    for line in 1.. {
        match (want.next(), have.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                differing += 1;
                if differing < 60 {
                    eprintln!(
                        "{}: {what} line {line}\n  expected {a:?}\n  got      {b:?}",
                        path.display()
                    );
                }
            }
        }
    }
    differing
}
