//! A component's binary that is started by itself says how to run it.

use std::process::Command;

#[test]
fn a_component_without_a_system_says_how_to_run_it() {
    let run = Command::new(env!("CARGO_BIN_EXE_rs_hello_client")).output().unwrap();
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(told.contains("rs_hello_client is a component"), "{told}");
    assert!(told.contains("`cargo tap run NAME`"), "{told}");
    assert_eq!((run.status.code(), run.stdout), (Some(1), Vec::new()));
}
