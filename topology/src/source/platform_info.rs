//! NOVA's `platform_info` ROM (Genode 24.11 and 26.02): package, core, thread and kind of each CPU,
//! the affinity space, and where the ACPI root table lies. base-hw's has the space and the root only.

use super::acpi::Root;
use super::element::Element;
use super::number::number;
use crate::claims::{Claims, CpuClaim, CpuKey, KeyKind, NodeIds, SpaceClaim};
use crate::model::{CpuKind, MAX_CPUS, Position};
use crate::{Note, Source};
use alloc::vec::Vec;
use core::fmt;

/// Why the ROM was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PlatformInfoError {
    /// The root node is not `platform_info`.
    NotPlatformInfo,
    /// More CPUs than [`MAX_CPUS`].
    TooManyCpus,
    /// A `cpu` node without a number where one must be; the line.
    BadCpu(u32),
}

impl fmt::Display for PlatformInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlatformInfoError::NotPlatformInfo => f.write_str("not a platform_info node"),
            PlatformInfoError::TooManyCpus => write!(f, "more than {MAX_CPUS} CPUs"),
            PlatformInfoError::BadCpu(line) => {
                write!(f, "line {line}: a cpu needs numbers as id, xpos and ypos")
            }
        }
    }
}

impl core::error::Error for PlatformInfoError {}

/// What the ROM tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformInfo {
    /// CPUs and space.
    pub claims: Claims,
    /// Where to look for ACPI tables: the XSDT where there is one.
    pub acpi: Option<Root>,
}

fn attribute(e: &impl Element, name: &str) -> Option<u32> {
    e.attribute(name).and_then(number).and_then(|n| u32::try_from(n).ok())
}

/// Read a `platform_info` node.
pub fn read<E: Element>(root: &E) -> Result<PlatformInfo, PlatformInfoError> {
    if root.name() != "platform_info" {
        return Err(PlatformInfoError::NotPlatformInfo);
    }
    let mut claims = Claims::new(Source::PlatformInfo, NodeIds::Own, KeyKind::Os);
    let mut acpi = None;
    let mut size = None;
    let mut result = Ok(());
    let mut places = Vec::new();
    root.each_child(&mut |child| match child.name() {
        "acpi" => {
            let address = |n| child.attribute(n).and_then(number).filter(|a| *a != 0);
            acpi = address("xsdt").map(Root::Xsdt).or(address("rsdt").map(Root::Rsdt));
        }
        "affinity-space" => {
            size = attribute(child, "width").zip(attribute(child, "height"));
        }
        "hardware" => child.each_child(&mut |cpus| {
            if cpus.name() == "cpus" {
                cpus.each_child(&mut |cpu| {
                    if result.is_ok() {
                        result = read_cpu(cpu, &mut claims, &mut places);
                    }
                });
            }
        }),
        _ => {}
    });
    result?;
    claims.all_cpus = !claims.cpus.is_empty();
    match size {
        Some((width, height)) if !places.is_empty() => {
            claims.space = Some(SpaceClaim { width, height, cpus: places });
        }
        Some((width, height)) => {
            // base-hw numbers CPUs along the one row of its space
            let row = (height == 1 && width as usize <= MAX_CPUS).then_some(width);
            for n in 0..row.unwrap_or(0) {
                claims.cpus.push(CpuClaim::new(CpuKey::os(n)));
                places.push((n, 0, n));
            }
            claims.all_cpus = row.is_some();
            claims.space = row.map(|_| SpaceClaim { width, height, cpus: places });
        }
        None => claims.notes.push(Note::Missing(Source::PlatformInfo, "the affinity space")),
    }
    Ok(PlatformInfo { claims, acpi })
}

fn read_cpu(
    cpu: &impl Element,
    claims: &mut Claims,
    places: &mut Vec<(u32, u32, u32)>,
) -> Result<(), PlatformInfoError> {
    if cpu.name() != "cpu" {
        return Ok(());
    }
    if claims.cpus.len() >= MAX_CPUS {
        return Err(PlatformInfoError::TooManyCpus);
    }
    let must = |name| attribute(cpu, name).ok_or_else(|| PlatformInfoError::BadCpu(cpu.line()));
    let id = must("id")?;
    places.push((must("xpos")?, must("ypos")?, id));
    claims.cpus.push(CpuClaim {
        position: Some(Position {
            package: attribute(cpu, "package"),
            die: None,
            core: attribute(cpu, "core"),
            thread: attribute(cpu, "thread"),
        }),
        kind: match cpu.attribute("cpu_type") {
            Some("P") => Some(CpuKind::Performance),
            Some("E") => Some(CpuKind::Efficiency),
            _ => None,
        },
        ..CpuClaim::new(CpuKey::os(id))
    });
    Ok(())
}

/// Read the ROM as XML text.
pub fn parse(text: &str) -> Result<PlatformInfo, super::description::DescriptionError> {
    let document = super::description::parse_xml(text)?;
    read(&document.root_element()).map_err(super::description::DescriptionError::PlatformInfo)
}
