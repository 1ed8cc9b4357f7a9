//! Sources into claims.

use crate::args::Source;
use std::io::Write;
use std::path::Path;
use topology::Claims;
use topology::source::sysfs::{Directory, Recorded};
use topology::source::this_machine::{acpi_tables, this_machine};
use topology::source::{description, synthetic, sysfs, tip};

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// Reads the sources, in this order. What cannot be read of this
/// machine or of ACPI tables is told on `err`, as long as a source is left.
pub(crate) fn claims(sources: &[Source], err: &mut dyn Write) -> Result<Vec<Claims>, String> {
    let mut all = Vec::new();
    for source in sources {
        match source {
            Source::Machine => {
                let (claims, problems) = this_machine();
                for p in problems {
                    writeln!(err, "topo: {p}").ok();
                }
                all.extend(claims);
            }
            Source::File(path) => {
                let claims = description::parse(&read_text(path)?);
                all.push(claims.map_err(|e| format!("{}: {e}", path.display()))?);
            }
            Source::Synthetic(text) => {
                all.push(synthetic::parse(text).map_err(|e| format!("--synthetic: {e}"))?);
            }
            // one bad table takes none of the good ones with it
            Source::Acpi(path) => match acpi_tables(path) {
                Ok((claims, refused)) => {
                    all.extend(claims);
                    for r in refused {
                        writeln!(err, "topo: warning: {r}").ok();
                    }
                }
                Err(e) if sources.len() == 1 => return Err(e),
                Err(e) => {
                    writeln!(err, "topo: warning: {e}").ok();
                }
            },
            Source::Sysfs(path) => {
                let claims = if path.is_dir() {
                    sysfs::read(&Directory::new(path))
                } else {
                    sysfs::read(&Recorded::parse(&read_text(path)?))
                };
                all.push(claims.map_err(|e| format!("{}: {e}", path.display()))?);
            }
            Source::Tip(path) => {
                let claims = tip::parse(&read(path)?);
                all.push(claims.map_err(|e| format!("{}: {e}", path.display()))?);
            }
        }
    }
    Ok(all)
}
