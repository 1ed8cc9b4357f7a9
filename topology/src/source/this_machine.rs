//! Sources of the running Linux machine: sysfs, the ACPI tables that the kernel shows, CPUID.

use crate::Claims;
use crate::source::sysfs::Directory;
use crate::source::{acpi, sysfs};
use std::format;
use std::path::Path;
use std::string::{String, ToString};
use std::vec::Vec;

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Tables in the files of a folder, or one file; in a folder, other files are skipped. Tables that
/// are refused are named with the reason beside the claims of the good ones; an error means that
/// none is good.
pub fn acpi_tables(path: &Path) -> Result<(Vec<Claims>, Vec<String>), String> {
    let about = |path: &Path, e: &dyn core::fmt::Display| format!("{}: {e}", path.display());
    if !path.is_dir() {
        let claims = acpi::parse_table(&read(path)?).map_err(|e| about(path, &e))?;
        return Ok(([claims].into(), Vec::new()));
    }
    let mut tables = acpi::Tables::default();
    let entries = std::fs::read_dir(path).map_err(|e| about(path, &e))?;
    for entry in entries.filter_map(Result::ok).filter(|e| e.path().is_file()) {
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        let slot = match acpi::signature(&bytes) {
            Some([b'A', b'P', b'I', b'C']) => &mut tables.madt,
            Some([b'S', b'R', b'A', b'T']) => &mut tables.srat,
            Some([b'S', b'L', b'I', b'T']) => &mut tables.slit,
            Some([b'H', b'M', b'A', b'T']) => &mut tables.hmat,
            _ => continue,
        };
        *slot = Some(bytes);
    }
    let (claims, refused) = tables.claims();
    let refused: Vec<String> = refused.iter().map(|e| about(path, e)).collect();
    if !claims.is_empty() {
        return Ok((claims, refused));
    }
    let none = || about(path, &"no MADT, SRAT, SLIT or HMAT in there");
    Err(if refused.is_empty() { none() } else { refused.join("\n") })
}

/// What can be read on this machine, and why the rest cannot.
pub fn this_machine() -> (Vec<Claims>, Vec<String>) {
    let mut claims = Vec::new();
    let mut problems = Vec::new();
    match sysfs::read(&Directory::new("/")) {
        Ok(c) => claims.push(c),
        Err(e) => problems.push(e.to_string()),
    }
    let tables = Path::new("/sys/firmware/acpi/tables");
    if tables.join("SRAT").exists() || tables.join("APIC").exists() {
        match acpi_tables(tables) {
            Ok((c, refused)) => {
                claims.extend(c);
                problems.extend(refused);
            }
            Err(e) => problems.push(e),
        }
    }
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    {
        // on a thread of its own: reading moves the thread from CPU to CPU
        let read = std::thread::spawn(crate::source::cpuid::read_machine).join();
        match read.ok().flatten() {
            Some(c) => claims.push(c),
            None => problems.push("the kernel does not let a thread visit all CPUs".to_string()),
        }
    }
    (claims, problems)
}
