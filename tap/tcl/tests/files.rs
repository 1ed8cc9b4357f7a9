//! Commands on files against Tcl's own, in a folder that this test alone uses.

#![allow(clippy::unwrap_used, clippy::panic)] // a test reports by panicking

mod beside;

use beside::{compare, ours, tclsh};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use tap_tcl::{Access, Interp, Value};

#[test]
fn files() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let script = tests.join("files.tcl");
    let expected = std::fs::read_to_string(tests.join("files.expected")).unwrap();
    let fresh = |name: &str| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::env::set_current_dir(&folder).unwrap();
    };
    fresh("files-ours");
    let mut differing = compare("interpreter", &script, &expected, &ours(&script));
    fresh("files-tclsh");
    match tclsh(&script) {
        Some(output) => differing += compare("tclsh", &script, &expected, &output),
        None => eprintln!("skipped the comparison with tclsh itself: tclsh is not installed"),
    }
    assert_eq!(differing, 0, "lines differ");
}

/// Evaluates a script that may touch one folder only.
fn within(folder: &Path, script: &str) -> (Result<String, String>, Vec<(String, Access)>) {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let mut interp = Interp::new();
    let (log, allowed) = (Rc::clone(&asked), folder.to_owned());
    interp.on_file(move |path, access| {
        log.borrow_mut().push((path.to_owned(), access));
        let place = allowed.join(path);
        if path.starts_with('/') { Err("only names are allowed".into()) } else { Ok(place) }
    });
    let result = interp.eval(&Value::from(script));
    (result.map(|v| v.to_string()).map_err(|e| e.to_string()), asked.take())
}

#[test]
fn each_file_is_asked_for() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files-asked");
    std::fs::create_dir_all(&folder).unwrap();
    let ask = |script: &str| within(&folder, script);
    let (result, asked) =
        ask("set f [open a w]; puts $f x; close $f; file copy -force a b; open b");
    assert_eq!(result.as_deref(), Ok("file4"));
    let expected =
        [("a", Access::Write), ("a", Access::Read), ("b", Access::Remove), ("b", Access::Read)];
    assert_eq!(asked, expected.map(|(path, access)| (path.to_owned(), access)));
    for (script, message) in [
        ("open /etc/passwd", "couldn't open \"/etc/passwd\": only names are allowed"),
        ("source /etc/passwd", "couldn't read file \"/etc/passwd\": only names are allowed"),
        ("file delete -force /", "error deleting \"/\": only names are allowed"),
        ("file mkdir /x", "can't create directory \"/x\": only names are allowed"),
        ("file copy /x a", "error copying \"/x\": only names are allowed"),
        ("file copy a /x", "error copying \"a\" to \"/x\": only names are allowed"),
        ("file rename a /x", "error renaming \"a\" to \"/x\": only names are allowed"),
        ("open |ls", "pipes to programs are not available"),
    ] {
        assert_eq!(ask(script).0, Err(message.to_owned()), "{script}");
    }
    // nobody to ask: nothing is changed
    for script in ["open a w", "open a", "file delete a", "file mkdir c", "file copy a c"] {
        let error = Interp::new().eval(&Value::from(script)).unwrap_err().to_string();
        assert!(error.contains("is not available"), "{script}: {error}");
    }
    assert!(folder.join("a").exists());
}

#[test]
fn what_scripts_do_with_files_is_bounded() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files-bounds");
    std::fs::create_dir_all(&folder).unwrap();
    let fails = |script: &str, why: &str| {
        let message = within(&folder, script).0.unwrap_err();
        assert!(message.contains(why), "{message}");
    };
    fails("close [open x w]; while 1 {open x}", "files are open: close some");
    // to the same file, so that the disk is not filled
    let write = "set s [string repeat x 1000000]; while 1 {set f [open x w]; puts $f $s; close $f}";
    fails(write, "more than 256 MiB");
    let long = |name: &str, bytes| {
        std::fs::File::create(folder.join(name)).unwrap().set_len(bytes).unwrap();
    };
    long("part", 50 << 20);
    fails("while 1 {file copy -force part y}", "more than 256 MiB");
    long("long", 1 << 30);
    fails("read [open long]", "values would take more than");
    fails("gets [open long]", "values would take more than");
    fails("file mkdir d; file copy d d/e", "into itself");
    fails("open .", "illegal operation on a directory");
    std::fs::create_dir_all(folder.join("deep").join("x/".repeat(120))).unwrap();
    fails("file copy deep deep2", "nested more than 100 deep");
}
