//! Core's `platform_info` ROM: which kernel it is, and where the ACPI root table lies; of NOVA also package, core, thread
//! and kind of each CPU, and the affinity space (24.11 and 26.02 with the location of each CPU, the fork's 22.08
//! without). base-hw's has the size of the space and the root only.
//!
//! The ROM names CPUs by the kernel's numbers and the MADT by APIC ids; [`PlatformInfo::number`] ties them.

use super::acpi::{self, AcpiError, Root};
use super::element::Element;
use crate::claims::{Claims, CpuClaim, CpuKey, KeyKind, NodeIds, SpaceClaim};
use crate::model::{CpuKind, MAX_CPUS, Position};
use crate::{Note, Source};
use alloc::vec::Vec;
use core::fmt;
use genode_args::number::unsigned;

/// Why the ROM was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
                write!(
                    f,
                    "line {line}: a cpu needs a number as id, and as xpos and ypos if it has them"
                )
            }
        }
    }
}

impl core::error::Error for PlatformInfoError {}

/// A kernel, by the way in which it numbers CPUs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// base-hw: by APIC id.
    Hw,
    /// NOVA: by the MADT's order.
    Nova,
    /// The fork's base-tukija: a NOVA, with the topology information page in every component.
    Tukija,
    /// One whose numbers nobody here knows.
    Other,
}

/// How the MADT's CPUs got the kernel's numbers.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Numbered {
    /// In the order that the kernel is known to follow; where `platform_info` tells packages, cores and threads,
    /// they agree with the APIC ids.
    InOrder,
    /// By packages, cores and threads, which NOVA takes from APIC ids: the order says otherwise for this kernel CPU.
    ByPosition(u32),
    /// Not at all: the order contradicts the position of this kernel CPU, and positions are not all known and distinct.
    Contradiction(u32),
    /// Not at all: nobody knows how this kernel counts.
    Unknown,
}

/// What the ROM tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformInfo {
    /// Which kernel it is.
    pub kernel: Kernel,
    /// CPUs and space.
    pub claims: Claims,
    /// Where to look for ACPI tables: the XSDT where there is one.
    pub acpi: Option<Root>,
}

fn attribute(e: &impl Element, name: &str) -> Option<u32> {
    e.attribute(name).and_then(unsigned).and_then(|n| u32::try_from(n).ok())
}

/// Read a `platform_info` node.
pub fn read<E: Element>(root: &E) -> Result<PlatformInfo, PlatformInfoError> {
    if root.name() != "platform_info" {
        return Err(PlatformInfoError::NotPlatformInfo);
    }
    let mut claims = Claims::new(Source::PlatformInfo, NodeIds::Own, KeyKind::Os);
    let mut acpi = None;
    let mut kernel = Kernel::Other;
    let mut size = None;
    let mut result = Ok(());
    let mut places = Vec::new();
    root.each_child(&mut |child| match child.name() {
        "kernel" => {
            kernel = match child.attribute("name") {
                Some("hw") => Kernel::Hw,
                Some("nova") => Kernel::Nova,
                Some("tukija") => Kernel::Tukija,
                _ => Kernel::Other,
            };
        }
        "acpi" => {
            let address = |n| child.attribute(n).and_then(unsigned).filter(|a| *a != 0);
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
    let listed = !claims.cpus.is_empty();
    match size {
        // who lists CPUs without locations leaves open where in the space they are
        Some(_) if listed && places.len() < claims.cpus.len() => {
            claims.notes.push(Note::Missing(Source::PlatformInfo, "the location of each CPU"));
        }
        Some((width, height)) if listed => {
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
    Ok(PlatformInfo { kernel, claims, acpi })
}

impl PlatformInfo {
    /// Whether CPUs are listed without their locations, as the fork's NOVA of 22.08 does, whose core has TOPO.
    pub fn lists_cpus_without_locations(&self) -> bool {
        self.claims.space.is_none() && self.claims.cpus.iter().any(|cpu| cpu.position.is_some())
    }

    /// The CPUs of a MADT with the kernel's numbers, and how they were found.
    pub fn number(&self, madt: &[u8]) -> Result<(Claims, Numbered), AcpiError> {
        match self.kernel {
            Kernel::Hw => {
                let mut claims = acpi::parse_madt(madt)?;
                acpi::number_as_hw(&mut claims);
                Ok((claims, Numbered::InOrder))
            }
            Kernel::Nova | Kernel::Tukija => {
                let mut claims = acpi::parse_as_nova(madt)?;
                let Some(odd) = self.contradicts(&claims) else {
                    return Ok((claims, Numbered::InOrder));
                };
                let how = if self.number_by_position(&mut claims) {
                    Numbered::ByPosition(odd)
                } else {
                    claims.cpus.iter_mut().for_each(|cpu| cpu.key.os = None);
                    Numbered::Contradiction(odd)
                };
                Ok((claims, how))
            }
            Kernel::Other => Ok((acpi::parse_madt(madt)?, Numbered::Unknown)),
        }
    }

    /// The listed CPUs by package, core and thread, with the kernel's number of each.
    fn positions(&self) -> Vec<([Option<u32>; 3], u32)> {
        let place = |p: Position| [p.package, p.core, p.thread];
        let listed = self.claims.cpus.iter();
        let mut list: Vec<_> =
            listed.filter_map(|cpu| Some((place(cpu.position?), cpu.key.os?))).collect();
        list.sort_unstable();
        list
    }

    /// The first kernel CPU, by position, whose APIC id does not rise with the positions.
    fn contradicts(&self, madt: &Claims) -> Option<u32> {
        let mut last = None;
        self.positions().into_iter().map(|(_, os)| os).find(|os| {
            // numbers are in order: the n-th CPU has number n
            let id = madt.cpus.get(*os as usize).and_then(|cpu| cpu.key.hardware);
            let rises = id.is_some() && last < id;
            last = id;
            !rises
        })
    }

    /// Number by rank among positions, if each CPU has its own; whether that was possible.
    fn number_by_position(&self, madt: &mut Claims) -> bool {
        let positions = self.positions();
        let known = positions.iter().all(|(place, _)| place.iter().all(Option::is_some));
        let distinct = positions.is_sorted_by(|(a, _), (b, _)| a < b);
        if !known || !distinct || positions.len() != madt.cpus.len() {
            return false;
        }
        madt.cpus.sort_by_key(|cpu| cpu.key.hardware);
        for (cpu, (_, os)) in madt.cpus.iter_mut().zip(positions) {
            cpu.key.os = Some(os);
        }
        true
    }
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
    if cpu.attribute("xpos").is_some() || cpu.attribute("ypos").is_some() {
        places.push((must("xpos")?, must("ypos")?, id));
    }
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
    read(&document.root()).map_err(super::description::DescriptionError::PlatformInfo)
}
