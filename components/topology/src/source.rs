//! Where the server learns the machine: its configuration, core's `machine` ROM, or ACPI tables.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use genode::{
    node::{Node, Syntax},
    prelude::*,
    session::{io_mem::IoMemConnection, rom::RomConnection},
};
use topology::{
    Claims, Machine, Source, Space,
    source::{
        acpi::{self, MAX_TABLE, PhysicalMemory, Root},
        description, platform_info,
    },
};

/// Largest configuration or ROM that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 4 << 20;

/// A machine and the grid of its CPUs.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) machine: Machine,
    pub(crate) space: Space,
    /// Who told.
    pub(crate) source: &'static str,
}

/// Finds out what the machine is. An explicit description in the configuration is all that counts; else
/// the first of core's description and the firmware's tables that can be read.
pub(crate) fn find(env: Env, config: &Node) -> Result<Known, String> {
    if let Some(machine) = config.child("machine") {
        let text = machine.write(Syntax::Xml).map_err(|error| format!("<machine>: {error}"))?;
        let claims =
            description::parse(&text).map_err(|error| format!("config: <machine>: {error}"))?;
        return build(&[claims], "its configuration");
    }
    match config.attr("source") {
        Some("rom") => from_rom(env),
        Some("acpi") => from_acpi(env),
        None => from_rom(env)
            .or_else(|first| from_acpi(env).map_err(|second| format!("{first}; {second}"))),
        Some(other) => Err(format!(
            "config: source=\"{other}\" is unknown: use rom, acpi, or a <machine> node"
        )),
    }
}

fn build(claims: &[Claims], source: &'static str) -> Result<Known, String> {
    let machine = Machine::build(claims).map_err(|error| format!("{source}: {error}"))?;
    let space = machine.space_or_default().map_err(|error| format!("{source}: {error}"))?;
    for conflict in machine.conflicts() {
        warning!("sources disagree: {conflict}");
    }
    for note in machine.notes() {
        log!("note: {note}");
    }
    Ok(Known { machine, space, source })
}

fn text(env: Env, rom: &'static str) -> Result<String, String> {
    let mut session =
        RomConnection::open(env, rom).map_err(|error| format!("ROM \"{rom}\": {error}"))?;
    let bytes = session.read(MAX_TEXT).map_err(|error| format!("ROM \"{rom}\": {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("ROM \"{rom}\" is not text"))
}

/// The `machine` ROM of the host's core: a description of the real machine, or of the one that the user chose.
fn from_rom(env: Env) -> Result<Known, String> {
    let text = text(env, "machine")?;
    let claims = description::parse(&text).map_err(|error| format!("ROM \"machine\": {error}"))?;
    build(&[claims], "core")
}

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

/// Core's `platform_info` ROM, and the ACPI tables that it leads to.
fn from_acpi(env: Env) -> Result<Known, String> {
    let explain = |error: &dyn core::fmt::Display| format!("ROM \"platform_info\": {error}");
    let info = text(env, "platform_info")?;
    // XML in 26.02, as core's generator is fixed to it; other cores may write HID. The reader of the ROM knows XML.
    let node = Node::parse(info.as_bytes()).map_err(|error| explain(&error))?;
    let kernel = node.child("kernel").and_then(|kernel| kernel.attr("name"));
    let xml = node.write(Syntax::Xml).map_err(|error| explain(&error))?;
    let info = platform_info::parse(&xml).map_err(|error| explain(&error))?;
    let mut memory = Firmware { env, complaints: 0 };
    let root = match info.acpi {
        Some(root) => root,
        None => bios_root(&mut memory).ok_or_else(|| {
            explain(&"no ACPI tables are named, and no RSDP is found in the BIOS area")
        })?,
    };
    let tables = acpi::collect(&mut memory, root)
        .map_err(|error| format!("ACPI: {error}; the server needs a route to IO_MEM"))?;
    let (mut claims, refused) = tables.claims();
    for error in refused {
        warning!("ACPI: {error}");
    }
    if claims.is_empty() {
        return Err("ACPI: no table tells of CPUs or nodes".to_string());
    }
    if kernel == Some("hw") {
        claims.iter_mut().filter(|claims| claims.source == Source::Madt).for_each(number_as_hw);
    }
    if tables.srat.is_none() {
        log!("ACPI: no SRAT, so all CPUs are taken to be on one node");
        claims = claims.into_iter().map(Claims::one_node).collect();
    }
    claims.push(info.claims);
    build(&claims, "ACPI")
}

/// The root table by the RSDP in the BIOS area. Base-hw names no tables of ACPI 1.0 (an RSDP of revision 0, as QEMU's
/// BIOS makes it), and Genode's acpi driver looks there, too.
fn bios_root(memory: &mut Firmware) -> Option<Root> {
    let root = acpi::find_rsdp(&memory.read(BIOS_AREA, BIOS_AREA_SIZE)?)?;
    log!("ROM \"platform_info\" names no ACPI tables, the RSDP in the BIOS area does");
    Some(root)
}

/// Numbers CPUs as base-hw does on x86: the enabled ones in the order of their APIC ids, whatever the MADT's
/// order. Its `Cpu_pool` is sorted so, and the x-th of it is the CPU at x of the affinity space.
fn number_as_hw(madt: &mut Claims) {
    madt.cpus.sort_by_key(|cpu| cpu.key.hardware);
    acpi::number_in_order(madt);
}
