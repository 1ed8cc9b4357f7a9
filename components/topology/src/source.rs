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
    Claims, Machine, Space,
    source::{
        acpi::{self, MAX_TABLE, PhysicalMemory},
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

/// Physical memory by IO_MEM sessions. One at a time: tables share pages, and core lends a page once.
struct Firmware(Env);

impl PhysicalMemory for Firmware {
    fn read(&mut self, address: u64, len: usize) -> Option<Vec<u8>> {
        if len == 0 || len > MAX_TABLE {
            return None;
        }
        let memory = IoMemConnection::open(self.0, address, len).ok()?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).ok()?;
        bytes.resize(len, 0);
        memory.read(0, &mut bytes).ok()?;
        Some(bytes)
    }
}

/// Core's `platform_info` ROM, and the ACPI tables that it leads to.
fn from_acpi(env: Env) -> Result<Known, String> {
    let info = text(env, "platform_info")?;
    // Core writes XML or, from 26.02 on, HID; the reader of the ROM knows XML.
    let node =
        Node::parse(info.as_bytes()).map_err(|error| format!("ROM \"platform_info\": {error}"))?;
    let xml = node.write(Syntax::Xml).map_err(|error| format!("ROM \"platform_info\": {error}"))?;
    let info =
        platform_info::parse(&xml).map_err(|error| format!("ROM \"platform_info\": {error}"))?;
    let root = info.acpi.ok_or_else(|| "ROM \"platform_info\" names no ACPI tables".to_string())?;
    let tables = acpi::collect(&mut Firmware(env), root)
        .map_err(|error| format!("ACPI: {error}; the server needs a route to IO_MEM"))?;
    let (mut claims, refused) = tables.claims();
    for error in refused {
        warning!("ACPI: {error}");
    }
    if claims.is_empty() {
        return Err("ACPI: no table tells of CPUs or nodes".to_string());
    }
    claims.push(info.claims);
    build(&claims, "ACPI")
}
