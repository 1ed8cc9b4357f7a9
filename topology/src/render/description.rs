//! The machine as a `<machine>` description, which [`source::description`](crate::source::description)
//! reads back to the same machine.

use crate::{Access, AccessKind, CacheType, Cpu, CpuId, Machine, Node};
use alloc::collections::BTreeMap;
use core::fmt::{self, Display, Write};

struct Attribute<T>(&'static str, Option<T>);

impl<T: Display> Display for Attribute<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.1 {
            Some(v) => write!(f, " {}=\"{v}\"", self.0),
            None => Ok(()),
        }
    }
}

fn flag(name: &'static str, set: bool) -> Attribute<&'static str> {
    Attribute(name, set.then_some("yes"))
}

/// Where the CPUs are in the affinity space.
type Places = BTreeMap<CpuId, (u32, u32)>;

/// Write the machine as a description.
pub fn description(m: &Machine, out: &mut impl Write) -> fmt::Result {
    out.write_str("<machine>\n")?;
    if let Some(space) = m.space() {
        let (w, h) = (space.value.width(), space.value.height());
        writeln!(out, "  <space width=\"{w}\" height=\"{h}\"/>")?;
    }
    let places: Places = m.space().map_or_else(Places::new, |s| s.value.places().collect());
    for n in m.nodes() {
        node(m, &places, n, out)?;
    }
    for c in m.cpus().iter().filter(|c| c.node.is_none()) {
        cpu(&places, c, out)?;
    }
    caches(m, out)?;
    distances(m, out)?;
    access(m, out)?;
    for c in m.memory_caches() {
        writeln!(
            out,
            "  <memory-cache node=\"{}\" level=\"{}\" size=\"{}\" line=\"{}\"/>",
            c.node, c.level, c.size, c.line
        )?;
    }
    out.write_str("</machine>\n")
}

/// A node with its memory and its CPUs.
fn node(m: &Machine, places: &Places, node: &Node, out: &mut impl Write) -> fmt::Result {
    writeln!(
        out,
        "  <node id=\"{}\"{}{}{}>",
        node.id.value,
        Attribute("memory", node.usable.map(|u| u.value)),
        flag("initiator", node.initiator.is_some()),
        Attribute("attached", node.attached_to.map(|a| a.value)),
    )?;
    let later = m.hotplug_ranges().iter().filter(|r| r.node == node.id.value);
    for r in m.ranges_of(node.id.value).chain(later) {
        writeln!(
            out,
            "    <range base=\"{:#x}\" size=\"{:#x}\"{}{}/>",
            r.base,
            r.size,
            flag("hotplug", r.flags.hotplug),
            flag("nonvolatile", r.flags.nonvolatile),
        )?;
    }
    for c in node.cpus.iter().filter_map(|c| m.cpu(c)) {
        out.write_str("  ")?;
        cpu(places, c, out)?;
    }
    out.write_str("  </node>\n")
}

fn caches(m: &Machine, out: &mut impl Write) -> fmt::Result {
    for c in m.caches() {
        let kind = match c.kind {
            CacheType::Data => "data",
            CacheType::Instruction => "instruction",
            CacheType::Unified => "unified",
        };
        writeln!(
            out,
            "  <cache level=\"{}\" type=\"{kind}\"{}{}{} cpus=\"{}\"/>",
            c.level,
            Attribute("size", c.size),
            Attribute("line", c.line),
            Attribute("ways", c.ways),
            c.cpus
        )?;
    }
    Ok(())
}

/// Equal distances there and back take one line.
fn distances(m: &Machine, out: &mut impl Write) -> fmt::Result {
    for (i, a) in m.nodes().iter().map(|n| n.id.value).enumerate() {
        for (j, b) in m.nodes().iter().map(|n| n.id.value).enumerate() {
            let Some(d) = m.distance(a, b) else { continue };
            let both = i != j && m.distance(b, a) == Some(d);
            if !both || i < j {
                let symmetric = flag("symmetric", both);
                writeln!(out, "  <distance from=\"{a}\" to=\"{b}\" value=\"{d}\"{symmetric}/>")?;
            }
        }
    }
    Ok(())
}

/// The up to four values of an initiator, target and level stand in one line; the model has them side
/// by side.
fn access(m: &Machine, out: &mut impl Write) -> fmt::Result {
    let key = |a: &Access| (a.initiator, a.target, a.level);
    for group in m.access_values().chunk_by(|a, b| key(a) == key(b)) {
        let Some(first) = group.first() else { continue };
        write!(
            out,
            "  <access initiator=\"{}\" target=\"{}\" level=\"{}\"",
            first.initiator, first.target, first.level
        )?;
        for a in group {
            let name = match a.kind {
                AccessKind::ReadLatency => "read_latency_ps",
                AccessKind::WriteLatency => "write_latency_ps",
                AccessKind::ReadBandwidth => "read_bandwidth",
                AccessKind::WriteBandwidth => "write_bandwidth",
            };
            write!(out, "{}", Attribute(name, Some(a.value)))?;
        }
        out.write_str("/>\n")?;
    }
    Ok(())
}

fn cpu(places: &Places, c: &Cpu, out: &mut impl Write) -> fmt::Result {
    let at = places.get(&c.id);
    let p = c.position.map(|p| p.value).unwrap_or_default();
    writeln!(
        out,
        "  <cpu id=\"{}\"{}{}{}{}{}{}{}{}{}{}/>",
        c.id,
        Attribute("package", p.package),
        Attribute("die", p.die),
        Attribute("core", p.core),
        Attribute("thread", p.thread),
        Attribute("kind", c.kind.map(|k| k.value.letter())),
        Attribute("hardware", c.hardware_id.map(|f| f.value)),
        Attribute("uid", c.uid.map(|f| f.value)),
        Attribute("x", at.map(|a| a.0)),
        Attribute("y", at.map(|a| a.1)),
        flag("offline", c.offline.is_some()),
    )
}
