//! What several tests need: fixtures, and machines to test on.
#![allow(dead_code, reason = "each test binary uses some of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};
use std::process::Command;
use topology::source::acpi::{self, Tables};
use topology::source::sysfs::Recorded;
use topology::{Claims, Machine};

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The tables of an emulated machine.
pub(crate) fn tables(name: &str) -> Tables {
    let read =
        |table: &str| std::fs::read(fixtures().join(format!("acpi/{name}/{table}.bin"))).ok();
    Tables {
        madt: read("apic"),
        srat: read("srat"),
        slit: read("slit"),
        hmat: read("hmat"),
        ..Tables::default()
    }
}

pub(crate) fn acpi_claims(name: &str) -> Vec<Claims> {
    let (claims, refused) = tables(name).claims();
    assert_eq!(refused, [], "{name}");
    claims
}

/// As Linux numbers the CPUs of these machines, and as the description of each says.
pub(crate) fn acpi_machine(name: &str) -> Machine {
    let mut claims = acpi_claims(name);
    for c in &mut claims {
        if c.source == topology::Source::Madt {
            acpi::number_in_order(c);
        }
    }
    Machine::build(&claims).unwrap()
}

pub(crate) fn recorded(name: &str) -> Recorded {
    let text = std::fs::read_to_string(fixtures().join(format!("sysfs/{name}.txt"))).unwrap();
    Recorded::parse(&text)
}

pub(crate) fn described(text: &str) -> Machine {
    Machine::build(&[topology::source::description::parse(text).unwrap()]).unwrap()
}

pub(crate) fn synthetic(text: &str) -> Machine {
    Machine::build(&[topology::source::synthetic::parse(text).unwrap()]).unwrap()
}

/// Set the checksum of a table right.
pub(crate) fn sum(table: &mut [u8]) {
    table[9] = 0;
    table[9] = table.iter().fold(0u8, |s, b| s.wrapping_sub(*b));
}

/// An ACPI table with a right length and checksum.
pub(crate) fn table(signature: [u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let mut t = Vec::new();
    t.extend_from_slice(&signature);
    t.extend_from_slice(&(36 + body.len() as u32).to_le_bytes());
    t.extend_from_slice(&[revision, 0]);
    t.extend_from_slice(b"TEST  TOPOLOGY\0\0\0\0TEST\0\0\0\0");
    assert_eq!(t.len(), 36);
    t.extend_from_slice(body);
    sum(&mut t);
    t
}

/// What a renderer writes.
pub(crate) fn written(f: impl FnOnce(&mut String) -> std::fmt::Result) -> String {
    let mut out = String::new();
    f(&mut out).unwrap();
    out
}

/// What Debian's lstopo prints; `None`, and a line that says so, without it.
pub(crate) fn lstopo(args: &[&str]) -> Option<String> {
    for program in ["lstopo-no-graphics", "lstopo"] {
        let output = Command::new(program).args(args).env("HWLOC_XML_VERBOSE", "1").output();
        if let Ok(output) = output {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && errors.trim().is_empty(),
                "{program} {args:?}: {errors}"
            );
            return Some(String::from_utf8(output.stdout).unwrap());
        }
    }
    println!("skipped: lstopo is not installed (Debian package hwloc-nox)");
    None
}

/// A machine of two kinds of CPUs, memory-side caches, memory without CPUs, and nodes of one CPU.
pub(crate) fn rich() -> Machine {
    described(
        r#"<machine>
             <node id="0" memory="4G"><cpu id="0" kind="P"/></node>
             <node id="1" memory="4G"><cpu id="1" kind="E"/></node>
             <node id="2" memory="1G" attached="1"/>
             <node id="3" memory="8G"/>
             <memory-cache node="2" level="1" size="1G" line="64"/>
             <memory-cache node="2" level="2" size="2G" line="64"/>
             <distance from="0" to="3" value="20"/> <distance from="1" to="3" value="30"/>
             <access initiator="0" target="0" read_bandwidth="100" read_latency_ps="46600"/>
             <access initiator="1" target="0" read_bandwidth="204800" read_latency_ps="500"/>
           </machine>"#,
    )
}
