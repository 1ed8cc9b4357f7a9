//! ACPI tables as source: found by `platform_info` or in the BIOS area, read by IO_MEM, tied to the kernel's CPUs.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use genode::{prelude::*, session::io_mem::IoMemConnection};
use topology::{
    Claims, Source,
    source::{
        acpi::{self, CollectError, MAX_TABLE, PhysicalMemory, Root, Tables},
        platform_info::{Numbered, PlatformInfo},
    },
};

/// Where PC firmware other than UEFI leaves the RSDP (ACPI 6.5, 5.2.5.1).
const BIOS_AREA: u64 = 0xe_0000;
const BIOS_AREA_SIZE: usize = 0x2_0000;

/// Failed reads of physical memory that are told one by one; a root that leads nowhere must not flood the log.
const MAX_COMPLAINTS: u32 = 8;

/// Physical memory by IO_MEM sessions. One at a time: tables share pages, and core lends a page once.
struct Firmware {
    env: Env,
    complaints: u32,
}

impl Firmware {
    fn try_read(&self, address: u64, len: usize) -> Result<Vec<u8>, Error> {
        let memory = IoMemConnection::open(self.env, address, len)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|_| Error::OutOfRam)?;
        bytes.resize(len, 0);
        memory.read(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl PhysicalMemory for Firmware {
    fn read(&mut self, address: u64, len: usize) -> Option<Vec<u8>> {
        if len == 0 || len > MAX_TABLE {
            return None;
        }
        self.try_read(address, len)
            .inspect_err(|error| {
                if self.complaints < MAX_COMPLAINTS {
                    warning!("ACPI: IO_MEM of {len} bytes at {address:#x}: {error}");
                }
                self.complaints = self.complaints.saturating_add(1);
            })
            .ok()
    }
}

/// What the tables say, and what was refused.
pub(super) type Found = (Vec<Claims>, Vec<String>);

/// What the tables say, and `platform_info` with them. `before` is what more trusted sources said.
pub(super) fn read(env: Env, info: PlatformInfo, before: &[Claims]) -> Result<Found, String> {
    let mut memory = Firmware { env, complaints: 0 };
    let root = match info.acpi {
        Some(root) => root,
        None => bios_root(&mut memory).ok_or(
            "ACPI: ROM \"platform_info\" names no tables, and no RSDP is found in the BIOS area",
        )?,
    };
    let tables = acpi::collect(&mut memory, root).map_err(sentence)?;
    let (mut claims, refused) = tables.claims();
    let refused = refused.into_iter().map(sentence).collect();
    if claims.is_empty() && tables.madt.is_none() && tables.srat.is_none() {
        return Err("ACPI: no table tells of CPUs or nodes".to_string());
    }
    let numbered = number(&info, &tables, &mut claims);
    // by the MADT, which has both of their names, CPUs of TOPO and the TIP are found in the SRAT
    if let [first, second, ..] = claims.as_mut_slice()
        && !before.is_empty()
        && (first.source, second.source) == (Source::Srat, Source::Madt)
    {
        core::mem::swap(first, second);
    }
    let nodes_known = before.iter().any(|claims| claims.cpus.iter().any(|cpu| cpu.node.is_some()));
    if tables.srat.is_none() && !nodes_known {
        log!("ACPI: no SRAT, so all CPUs are taken to be on one node");
        claims = claims.into_iter().map(Claims::one_node).collect();
    }
    // Where nobody knows which CPU of the tables is which of the kernel's, those of the kernel are the machine's: sessions
    // speak of them. The tables' memory and distances remain.
    if numbered || info.claims.cpus.is_empty() {
        claims.push(info.claims);
    } else {
        claims.insert(0, info.claims);
    }
    Ok((claims, refused))
}

/// Says why tables are refused, and what to do about it.
fn sentence(error: CollectError) -> String {
    match error {
        CollectError::Unreadable(_) => format!("ACPI: {error}; is there a route to IO_MEM?"),
        _ => format!("ACPI: {error}"),
    }
}

/// Ties the MADT's CPUs to the kernel's numbers, and says how; whether that was possible.
fn number(info: &PlatformInfo, tables: &Tables, claims: &mut [Claims]) -> bool {
    let Some(madt) = claims.iter_mut().find(|claims| claims.source == Source::Madt) else {
        return false;
    };
    // read before by the same rules: what is refused has no claims here
    let Some(Ok((numbered, how))) = tables.madt.as_ref().map(|bytes| info.number(bytes)) else {
        return false;
    };
    *madt = numbered;
    match how {
        Numbered::InOrder => true,
        Numbered::ByPosition(cpu) => {
            warning!(
                "sources disagree: kernel CPU {cpu} cannot be where the MADT's order puts it; packages, cores and threads \
                 decide"
            );
            true
        }
        Numbered::Contradiction(cpu) => {
            warning!(
                "sources disagree: kernel CPU {cpu} cannot be where the MADT's order puts it; the tables' CPUs are left out"
            );
            false
        }
        Numbered::Unknown => {
            log!("ACPI: how this kernel numbers CPUs is not known, so their nodes are not");
            false
        }
    }
}

/// The root table by the RSDP in the BIOS area. Base-hw names no tables of ACPI 1.0 (an RSDP of revision 0, as QEMU's
/// BIOS makes it), and Genode's acpi driver looks there, too.
fn bios_root(memory: &mut Firmware) -> Option<Root> {
    let root = acpi::find_rsdp(&memory.read(BIOS_AREA, BIOS_AREA_SIZE)?)?;
    log!("ROM \"platform_info\" names no ACPI tables, the RSDP in the BIOS area does");
    Some(root)
}
