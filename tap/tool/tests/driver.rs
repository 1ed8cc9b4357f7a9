//! The driver against cores that behave, hang, crash, flood, and refuse to end: small shell scripts in the
//! place of core. What matters is that a script passes only if it should, and that no process is left.
#![allow(clippy::unwrap_used)] // a test reports by panicking

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

mod case;

use case::{Case, PATIENCE, SCRIPT, fails, impatient, passes, skips};

#[test]
fn a_system_that_behaves_passes() {
    let case = Case::new("behaves", "echo '[init -> test] test done'; exec sleep MARK", SCRIPT);
    let (output, text) = case.run();
    passes(&text, &output);
    assert!(text.starts_with("TAP version 14\n1..1\n# Subtest: behaves\n"), "{text}");
    assert!(text.contains("    # [init -> test] test done\n"), "{text}");
    case.assert_nothing_left();
}

#[test]
fn results_that_are_lost_are_an_error() {
    let case = Case::new("full_disk", "echo test done; exec sleep MARK", SCRIPT);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = case.command().stdout(full).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("cannot write the results to standard output"), "{complaint}");
    // a reader that went away is another matter
    let mut child = case.command().spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    case.assert_nothing_left();
}

#[test]
fn core_gets_the_boot_directory() {
    let core = "test \"$1\" = --boot && cat \"$2/config\" \"$2/data\" && echo test done";
    let script = SCRIPT.replace("build_boot", "install_boot_module data {some data}\nbuild_boot");
    let case = Case::new("boot_dir", core, &script);
    let (output, text) = case.run();
    passes(&text, &output);
    assert!(text.contains("# some data\n"), "{text}");
    assert!(text.contains("#  <config/> \n"), "{text}");
}

#[test]
fn a_machine_description_reaches_core() {
    let core = "test \"$3\" = --machine && cat \"$4\" && echo test done";
    let script = format!("append host_args {{ --machine machine.txt }}\n{SCRIPT}");
    let case = Case::new("machine", core, &script);
    fs::write(case.folder.join("machine.txt"), "two nodes\n").unwrap();
    let (output, text) = case.run();
    passes(&text, &output);
    assert!(text.contains("# two nodes\n"), "{text}");
}

#[test]
fn a_hanging_system_times_out() {
    let case = Case::new("hangs", "echo started; exec sleep MARK", &impatient());
    let since = Instant::now();
    let (output, text) = case.run();
    fails(&text, &output, "hangs.run:6: nothing matched within 10 s");
    assert!(since.elapsed() >= Duration::from_secs(10));
    // the failing system's log is shown
    assert!(text.contains("      log: |-\n        started\n"), "{text}");
    case.assert_nothing_left();
}

#[test]
fn a_line_that_does_not_come_is_told_with_who_waits() {
    let core = "trap 'echo \"[core] who waits: init sleeps; waits for an answer of server to call 2\"; \
                echo \"[core] who waits: 1 components in all\"' USR1\n\
                echo booted\nwhile :; do sleep 0.1; done # MARK";
    let case = Case::new("wonders", core, &impatient());
    let (output, text) = case.run();
    fails(&text, &output, "nothing matched within 10 s");
    assert!(text.contains("who_waits: |-"), "{text}");
    assert!(text.contains("init sleeps; waits for an answer of server to call 2\n"), "{text}");
}

/// A system whose awaited line can never come, as the only one that could print it has ended or
/// waits for ever.
#[test]
fn a_system_in_which_nothing_can_happen_ends_at_once() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("still");
    let _ = fs::create_dir_all(&folder);
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("../run/rs_hello.run");
    let hello = fs::read_to_string(hello).unwrap();
    let at = hello.find("run_genode_until").unwrap();
    let script = folder.join("never_comes.run");
    fs::write(&script, format!("{}run_genode_until {{never comes}} 600\n", &hello[..at])).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
    let output = command.args(["tap", "run"]).arg(&script).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = hello[..at].lines().count() + 1;
    let why = format!("never_comes.run:{line}: nothing matched, and nothing can happen any more");
    fails(&text, &output, &why);
    assert!(text.contains("      who_waits: |-\n        \"init\" sleeps"), "{text}");
    assert!(text.contains("waits for calls and signals"), "{text}");
    // By gdb, or the reason why not.
    assert!(text.contains("    # \"init\":\n") || text.contains("no calls: "), "{text}");
}

/// A client whose session nobody opens, since the server's program is missing.
#[test]
fn a_session_that_is_pending_is_told_with_who_is_to_open_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pending");
    let _ = fs::create_dir_all(&folder);
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("../run/rs_hello.run");
    let hello = fs::read_to_string(hello).unwrap();
    let at = hello.find("run_genode_until").unwrap();
    let server = "<start name=\"rs_hello_server\">";
    let missing = format!("{server} <binary name=\"missing\"/>");
    let script = folder.join("nobody_opens.run");
    let text = hello[..at].replacen(server, &missing, 1) + "run_genode_until {never comes} 600\n";
    fs::write(&script, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tap"));
    let output = command.args(["tap", "run"]).arg(&script).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    fails(&text, &output, "nothing matched, and nothing can happen any more");
    let pending = "waits for a session of Hello, for which \"init -> rs_hello_server\" is to act, \
                   which does not run [\"ep\"";
    assert!(text.contains(pending), "{text}");
}

#[test]
fn a_crashing_core_fails_the_script() {
    let case = Case::new("crashes", "sleep MARK & echo oops; kill -SEGV $$", SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "core ended before, with signal 11 (segmentation fault)");
    fails(&text, &output, "outlived core and was killed");
    case.assert_nothing_left();
}

#[test]
fn core_that_ends_early_fails_the_script() {
    let case = Case::new("ends_early", "echo no; exit 3", SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "core ended before, with exit value 3");
}

#[test]
fn a_match_counts_though_core_ends_at_once() {
    let case = Case::new("ends_after", "printf 'test done\\n'", SCRIPT);
    let (output, text) = case.run();
    passes(&text, &output);
}

#[test]
fn a_flooding_system_is_stopped() {
    let case = Case::new("floods", "exec yes flooding the log", &impatient());
    let (output, text) = {
        let mut command = case.command();
        let output = command.arg("--quiet").output().unwrap();
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (output, text)
    };
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (flood, slow) =
        (text.contains("MiB without a match"), text.contains("matched within 10 s"));
    assert!(flood || slow, "{text}");
    assert!(text.len() < 10_000, "the flood was copied into the result");
}

#[test]
fn a_match_is_found_in_a_flood() {
    let core = "yes noise | head -100000; echo test done; exec yes more noise";
    let case = Case::new("match_in_flood", core, SCRIPT);
    let output = case.command().arg("--quiet").output().unwrap();
    passes(&String::from_utf8(output.stdout.clone()).unwrap(), &output);
}

#[test]
fn core_that_ignores_sigterm_is_killed_and_reported() {
    let core = "trap '' TERM; echo test done; while :; do sleep MARK; done";
    let case = Case::new("ignores_term", core, SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "core did not end within 20 s of SIGTERM");
    case.assert_nothing_left();
}

#[test]
fn a_process_that_hides_in_its_own_session_is_found() {
    let core =
        "setsid sleep MARK >/dev/null 2>&1 & echo test done; trap 'exit 0' TERM; sleep 1 & wait";
    let case = Case::new("hides", core, SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "(sleep) outlived core and was killed");
    case.assert_nothing_left();
}

#[test]
fn missing_quota_fails_a_script_that_matched() {
    let core = "trap 'echo \"[core] accounts: RAM 4096 of 8192 bytes, caps 1 of 1, 0 processes left\"; kill $!; wait $!; exit 0' TERM; sleep MARK & echo test done; wait";
    let case = Case::new("accounts", core, SCRIPT);
    let (output, text) = case.run();
    fails(&text, &output, "of core's 8192 bytes of RAM only 4096 came back");
}

#[test]
fn a_component_cannot_fake_a_result() {
    let core = "echo 'ok 1 - fake'; echo '# 9 passed, 0 failed, 0 skipped'; printf '\\033[2J\\rok 2\\n'; exec sleep MARK";
    let case = Case::new("fakes", core, &impatient());
    let (output, text) = case.run();
    fails(&text, &output, "nothing matched");
    assert!(
        !text.lines().any(|l| l.starts_with("ok 1 - fake") || l.starts_with("    ok 1 - fake")),
        "{text}"
    );
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text}");
}

fn interrupted(signal: &str) {
    let case = Case::new(&format!("signal_{signal}"), "echo up; exec sleep MARK", SCRIPT);
    let child = case.command().spawn().unwrap();
    wait_for_core(&case);
    send(&child, signal);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("Bail out! interrupted"), "{text}");
    case.assert_nothing_left();
}

fn wait_for_core(case: &Case) {
    let end = Instant::now() + PATIENCE;
    while case.left() == 0 {
        assert!(Instant::now() < end, "core did not start");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn send(child: &Child, signal: &str) {
    let status =
        Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
    assert!(status.unwrap().success());
}

#[test]
fn ctrl_c_leaves_nothing() {
    interrupted("INT");
}

#[test]
fn sigterm_leaves_nothing() {
    interrupted("TERM");
}

#[test]
fn a_killed_tool_takes_core_along() {
    // a core that is killed takes its components along; the shell stands for both
    let case = Case::new("killed", "echo up; exec sleep MARK", SCRIPT);
    let mut child = case.command().spawn().unwrap();
    wait_for_core(&case);
    send(&child, "KILL");
    child.wait().unwrap();
    case.assert_nothing_left();
}

#[test]
fn an_endless_script_can_be_interrupted() {
    let case = Case::new("endless_script", "", "puts {it begins}\nwhile 1 {}");
    let mut child = case.command().spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("it begins")));
    send(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// Runs each script, which must fail with this reason.
fn all_fail(table: &[(&str, &str, &str)]) {
    for (name, script, why) in table {
        let case = Case::new(name, "echo xyz; exec sleep MARK", script);
        let (output, text) = case.run();
        fails(&text, &output, why);
        case.assert_nothing_left();
    }
}

#[test]
fn errors_name_file_and_line() {
    all_fail(&[
        (
            "unknown",
            "\n\nif 1 {\n\tset a 1\n\tnonsense a\n}",
            "unknown.run:5: invalid command name \"nonsense\"",
        ),
        (
            "starts",
            "exec ls",
            "starts.run:1: exec: \"ls\" is not available: run scripts start no programs",
        ),
        ("pipes", "exec cat x | sort", "pipes.run:1: exec: \"|\" is not available"),
        (
            "reads",
            "open /etc/passwd",
            "reads.run:1: couldn't open \"/etc/passwd\": a run script reads only",
        ),
        (
            "writes",
            "open /tmp/tap-writes w",
            "writes.run:1: couldn't open \"/tmp/tap-writes\": a run script writes only below",
        ),
        ("removes", "exec rm -rf [run_dir]/../x", "a run script writes only below"),
        ("climbs", "exec rm -rf [run_dir]/../..", "it ends in no name: leave out . and .."),
        ("copies", "file copy /etc/passwd [run_dir]/x", "copies.run:1: error copying"),
        (
            "selects",
            "catch {select_from_repositories no/such}",
            "selects.run:1: no/such is in no repository",
        ),
        ("in_proc", "proc p {} {\n\terror oops\n}\np", "in procedure \"p\", called at"),
        (
            "bad_xml",
            "create_boot_directory\ninstall_config {\n<config>\n\t<start>\n</config>}",
            "bad_xml.run:5: ",
        ),
        (
            "not_xml",
            "create_boot_directory\ninstall_config {config | x}",
            "not_xml.run:2: the configuration is not XML",
        ),
        ("option", "set output x\nunify_output {-x} y", "option.run:2: Genode's run tool takes"),
        ("unbalanced", "if 1 {", "unbalanced.run:1: missing close-brace"),
    ]);
}

#[test]
fn steps_out_of_order_or_with_bad_names_fail() {
    all_fail(&[
        ("no_dir", "install_config {<config/>}", "no_dir.run:1: call create_boot_directory first"),
        (
            "no_target",
            "build { core nosuch_thing }",
            "no_target.run:1: there is no target \"nosuch_thing\"",
        ),
        (
            "no_module",
            "build core\ncreate_boot_directory\nbuild_boot_image { core nosuch }",
            "no_module.run:3: not built: nosuch",
        ),
        (
            "bad_name",
            "create_boot_directory\ninstall_boot_module ../x y",
            "cannot name a boot module",
        ),
        (
            "no_core",
            "create_boot_directory\ninstall_config <config/>\nrun_genode_until {abc} 5",
            "core is not built",
        ),
        (
            "no_config",
            "build core\ncreate_boot_directory\nrun_genode_until {abc} 5",
            "call install_config first",
        ),
    ]);
}

#[test]
fn scripts_that_test_nothing_or_cannot_match_fail() {
    all_fail(&[
        (
            "any_output",
            "build core\ncreate_boot_directory\ninstall_config <config/>\nrun_genode_until {.*} 5",
            "it matches any output",
        ),
        (
            "bad_regex",
            "build core\nrun_genode_until {a(b} 5",
            "couldn't compile regular expression",
        ),
        ("nothing", "build core", "nothing was tested"),
        ("exit_1", "puts {does not work}\nexit 1", "the script ended with exit 1: does not work"),
        (
            "crlf",
            "build core\ncreate_boot_directory\ninstall_config <config/>\nrun_genode_until \"xyz\\n\" 1",
            "would match if lines ended in",
        ),
    ]);
}

#[test]
fn what_cannot_run_here_is_skipped_with_its_reason() {
    let table = [
        ("spec", "assert_spec arm_v6", "requires the spec \"arm_v6\""),
        ("assertion", "assert {[have_board pc]} {a PC}", "requires [have_board pc] (a PC)"),
        ("early_exit", "if {![have_spec nova]} { puts {needs NOVA}; exit 0 }", "needs NOVA"),
    ];
    for (name, script, why) in table {
        let case = Case::new(name, "", script);
        let (output, text) = case.run();
        skips(&text, &output, why);
    }
}

#[test]
fn output_is_filtered_and_compared() {
    let core = "printf '\\033[0m[init -> test] value 0x1f\\033[0m\\nnoise\\n\\n[init -> test] end\\ntest done\\n'; exec sleep MARK";
    let tail = "
grep_output {^\\[init -> test\\]}
unify_output {0x[0-9a-f]+} HEX
compare_output_to {
	[init -> test] value HEX
	[init -> test] GOOD
}
";
    let good = format!("{SCRIPT}{}", tail.replace("GOOD", "end"));
    let (output, text) = Case::new("compares", core, &good).run();
    passes(&text, &output);
    let bad = format!("{SCRIPT}{}", tail.replace("GOOD", "END"));
    let (output, text) = Case::new("differs", core, &bad).run();
    fails(&text, &output, "expected: '[init -> test] END'");
}

#[test]
fn a_script_can_wait_again_and_boot_again() {
    let core = "echo one; echo two; exec sleep MARK";
    let script = format!(
        "{}
run_genode_until {{one.*\\n}} 120
run_genode_until {{two.*\\n}} 120 [output_spawn_id]
run_genode_until {{one.*\\n}} 120
if {{[regexp -all one $output] != 2}} {{ exit 1 }}
",
        SCRIPT.replace("run_genode_until {test done.*\\n} 120", "")
    );
    let case = Case::new("again", core, &script);
    let (output, text) = case.run();
    passes(&text, &output);
    case.assert_nothing_left();
}

#[test]
fn wrong_usage_is_explained() {
    for args in [vec!["tap", "fly"], vec!["run"], vec!["run", "--fast", "x"], vec!["bench", "x"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap")).args(&args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("Usage:"), "{args:?}");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-tap"))
        .args(["run", "no_such_script"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no run script"));
}

#[test]
fn two_runs_of_a_script_take_turns() {
    let case = Case::new("turns", "echo test done; exec sleep MARK", SCRIPT);
    let first = case.command().spawn().unwrap();
    let second = case.command().spawn().unwrap();
    for child in [first, second] {
        let output = child.wait_with_output().unwrap();
        passes(&String::from_utf8(output.stdout.clone()).unwrap(), &output);
    }
    case.assert_nothing_left();
}
