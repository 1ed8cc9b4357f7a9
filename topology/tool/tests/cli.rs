//! The command line tool, run in this process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn run(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let line = ["topo"].iter().chain(args);
    let code = topo::run(line, &mut out, &mut err, false);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn fixture(path: &str) -> String {
    fixtures().join(path).to_str().unwrap().to_string()
}

#[test]
fn each_source_prints_a_tree() {
    let synthetic = run(&["--synthetic", "numa:2 core:2 pu:2"]);
    assert_eq!(synthetic.0, 0, "{}", synthetic.2);
    assert!(synthetic.1.contains("PU #7") && !synthetic.1.contains('\x1b'));
    let (code, out, err) = run(&["--acpi", &fixture("acpi/hmat"), "--tree", "--numbers"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("NUMANode #2") && out.contains("read bandwidth in MB/s"), "{out}");
    let one = run(&["--acpi", &fixture("acpi/hmat/srat.bin")]);
    assert!(one.0 == 0 && one.1.contains("NUMANode #2"));
    let both = run(&["--acpi", &fixture("acpi/sparse"), "--sysfs", &fixture("sysfs/sparse.txt")]);
    assert!(both.0 == 0 && both.1.contains("NUMANode #7") && !both.1.contains("disagreement"));
    let wrong =
        run(&["--acpi", &fixture("acpi/two-nodes"), "--sysfs", &fixture("sysfs/asymmetric.txt")]);
    assert!(wrong.1.contains("disagreement: "), "{}", wrong.1);
    let colour = run(&["--synthetic=pu:1", "--colour=always"]);
    assert!(colour.1.contains("\x1b[1mMachine"));
}

#[test]
fn files_are_written_and_a_written_description_is_read() {
    let dir = std::env::temp_dir().join(format!("topology-cli-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let at = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let (code, out, err) = run(&[
        "--acpi",
        &fixture("acpi/two-nodes"),
        "--svg",
        &at("m.svg"),
        "--json",
        &at("m.json"),
        "--hwloc-xml",
        &at("m.xml"),
        "--hwloc3-xml",
        &at("m3.xml"),
        "--description",
        &at("m.machine"),
    ]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    for (name, start) in
        [("m.svg", "<svg "), ("m.json", "{"), ("m.xml", "<?xml"), ("m3.xml", "<?xml")]
    {
        let text = std::fs::read_to_string(dir.join(name)).unwrap();
        assert!(text.starts_with(start), "{name}");
    }
    let again = run(&["--file", &at("m.machine")]);
    assert!(again.0 == 0 && again.1.contains("NUMANode #1"), "{}", again.2);
    let piped = run(&["--file", &at("m.machine"), "--description", "-"]);
    assert_eq!(piped.1, std::fs::read_to_string(dir.join("m.machine")).unwrap());
    std::fs::remove_dir_all(&dir).ok();
}

#[test]
fn mistakes_end_with_code_2_and_a_reason() {
    for (args, reason) in [
        (&["--synthetic", "x:1"][..], "item 1: kinds are"),
        (&["--file", "/nonexistent"], "/nonexistent: "),
        (&["--acpi", "/nonexistent"], "/nonexistent: "),
        (&["--tip", "/dev/null"], "truncated: 8 bytes needed, 0 there"),
        (&["--sysfs", "/dev/null"], "is sysfs mounted?"),
        (&["--synthetic", "pu:1", "--json", "/nonexistent/file"], "/nonexistent/file: "),
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.starts_with("topo: ") && err.contains(reason), "{args:?}: {err}");
    }
    let slit = run(&["--acpi", &fixture("acpi/iasl/slit.bin")]);
    assert!(slit.0 == 2 && slit.2.contains("tells of a CPU or a node"), "{}", slit.2);
}

#[test]
fn a_bad_table_is_named_and_the_good_ones_are_shown() {
    let (code, out, err) = run(&["--acpi", &fixture("cases/hmat-overflow")]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("note: HMAT: ") && out.contains("NUMANode #0"), "{out}");

    let dir = std::env::temp_dir().join(format!("topology-cli-bad-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for name in ["srat", "slit", "hmat"] {
        let from = fixtures().join(format!("cases/three-tables-one-bad/{name}.bin"));
        let mut bytes = std::fs::read(from).unwrap();
        bytes[9] ^= u8::from(name == "hmat");
        std::fs::write(dir.join(format!("{name}.bin")), bytes).unwrap();
    }
    let (code, out, err) = run(&["--acpi", dir.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("NUMANode #0"), "{out}");
    assert!(err.starts_with("topo: warning: ") && err.contains("table HMAT: checksum"), "{err}");

    // files of their own likewise; nothing usable at all ends with code 2
    let file = |name: &str| dir.join(format!("{name}.bin")).to_str().unwrap().to_string();
    let (code, out, err) = run(&["--acpi", &file("hmat"), "--acpi", &file("srat")]);
    assert!(code == 0 && out.contains("NUMANode #0"), "{err}");
    assert!(err.contains("warning: ") && err.contains("hmat.bin: checksum"), "{err}");
    let (code, out, err) = run(&["--acpi", &file("hmat")]);
    std::fs::remove_dir_all(&dir).ok();
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("hmat.bin: checksum"), "{err}");
}

#[test]
fn wrong_usage_is_explained() {
    for (args, reason) in [
        (&["--nonsense"][..], "unexpected argument '--nonsense'"),
        (&["--synthetik", "pu:1"], "a similar argument exists: '--synthetic'"),
        (&["--svg"], "a value is required for '--svg <FILE>'"),
        (&["--colour", "mauve"], "[possible values: auto, always, never]"),
        (&["machine.xml"], "unexpected argument 'machine.xml'"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.starts_with("error: ") && err.contains(reason), "{args:?}: {err}");
    }
    let (code, out, err) = run(&["--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for part in ["Sources (", "--synthetic <TEXT>", "Outputs (", "--hwloc-xml <FILE>", "Examples:"]
    {
        assert!(out.contains(part), "{part} is missing: {out}");
    }
    assert!(run(&["--version"]).1.starts_with("topo "));
}

#[test]
fn the_first_source_wins() {
    let (slit, sysfs) = (fixture("acpi/two-nodes"), fixture("sysfs/asymmetric.txt"));
    let one = run(&["--acpi", &slit, "--sysfs", &sysfs, "--numbers"]);
    let other = run(&["--sysfs", &sysfs, "--acpi", &slit, "--numbers"]);
    assert_eq!((one.0, other.0), (0, 0), "{} {}", one.2, other.2);
    assert_ne!(one.1, other.1);
}
