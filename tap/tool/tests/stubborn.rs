//! The driver against cores that do not let themselves be read, ended, or found, and scripts that
//! leave while one runs: each run ends, with a reason, and leaves no process.
#![allow(clippy::unwrap_used)] // a test reports by panicking

mod case;

use case::{Case, SCRIPT, fails, impatient};

#[test]
fn core_that_closes_its_output_is_not_waited_for_without_end() {
    let core = "echo up; exec >/dev/null 2>&1; exec sleep MARK";
    let case = Case::new("closes", core, &impatient());
    let (output, text) = case.run();
    assert_eq!(output.status.code(), Some(1), "{text}");
    case.assert_nothing_left();
}

#[test]
fn core_that_stops_itself_is_ended() {
    let core = "sleep MARK & echo up; kill -STOP $$; wait";
    let case = Case::new("stops", core, &impatient());
    let (output, text) = case.run();
    fails(&text, &output, "nothing matched within 10 s");
    case.assert_nothing_left();
}

#[test]
fn core_that_starts_a_process_anew_as_often_as_it_is_killed_leaves_none() {
    let core = "setsid sh -c 'trap \"\" TERM HUP INT; while :; do sleep MARK; done' >/dev/null 2>&1 & \
                echo test done; trap 'exit 0' TERM; sleep 1 & wait";
    let case = Case::new("respawns", core, SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "outlived core and was killed");
    case.assert_nothing_left();
}

#[test]
fn a_line_without_end_is_no_memory_without_end() {
    let core = "while :; do printf 'no line ends here, and no word matches '; done";
    let case = Case::new("one_line", core, &impatient());
    let output = case.command().arg("--quiet").output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.len() < 100_000, "the line was copied into the result");
    case.assert_nothing_left();
}

#[test]
fn a_script_that_ends_itself_while_core_runs_leaves_nothing() {
    let core = "echo started; exec sleep MARK";
    for (name, end) in [("exits", "exit 0"), ("errs", "error {enough of it}")] {
        let script = SCRIPT.replace("test done", "started") + end;
        let case = Case::new(name, core, &script);
        let (_, text) = case.run();
        assert!(text.contains("# "), "{text}");
        case.assert_nothing_left();
    }
}

#[test]
fn processes_that_daemonise_twice_are_found() {
    let core = "setsid sh -c 'setsid sleep MARK >/dev/null 2>&1 & exit 0' >/dev/null 2>&1 & \
                echo test done; trap 'exit 0' TERM; sleep 1 & wait";
    let case = Case::new("daemon", core, SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "outlived core and was killed");
    case.assert_nothing_left();
}
