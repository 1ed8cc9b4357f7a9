//! The machine as an indented tree, as lstopo prints it, and its numbers as tables.

use super::tree::{Kind, Object, tree};
use super::{Bytes, Thousandths};
use crate::{AccessKind, CacheType, Machine, NodeId, NodeKind};
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

/// How to print.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Colour by ANSI escape sequences.
    pub colour: bool,
    /// Name the source of each fact.
    pub sources: bool,
}

struct Printer<'a, W> {
    out: &'a mut W,
    machine: &'a Machine,
    options: TextOptions,
}

const BOLD: &str = "1";
const NODE: &str = "32";
const CACHE: &str = "36";
const CPU: &str = "33";
const WARN: &str = "31";
const DIM: &str = "2";

impl<W: Write> Printer<'_, W> {
    fn paint(&mut self, colour: &str, text: fmt::Arguments<'_>) -> fmt::Result {
        if self.options.colour {
            write!(self.out, "\x1b[{colour}m{text}\x1b[0m")
        } else {
            self.out.write_fmt(text)
        }
    }

    fn source(&mut self, source: crate::Source) -> fmt::Result {
        if self.options.sources { self.paint(DIM, format_args!(" [{source}]")) } else { Ok(()) }
    }

    fn head(&mut self, o: &Object) -> fmt::Result {
        match o.kind {
            Kind::Machine => {
                let total: u64 = self
                    .machine
                    .nodes()
                    .iter()
                    .filter_map(|n| self.machine.memory_of(n.id.value))
                    .sum();
                self.paint(BOLD, format_args!("Machine"))?;
                if total > 0 {
                    write!(self.out, " ({} total)", Bytes(total))?;
                }
                Ok(())
            }
            Kind::Group => self.paint(BOLD, format_args!("Group")),
            Kind::Package(n) => self.paint(BOLD, format_args!("Package #{n}")),
            Kind::Die(n) => self.paint(BOLD, format_args!("Die #{n}")),
            Kind::Core(n) => self.paint(BOLD, format_args!("Core #{n}")),
            Kind::Cache(i) => {
                let Some(c) = self.machine.caches().get(i) else { return Ok(()) };
                let letter = match c.kind {
                    CacheType::Data => "d",
                    CacheType::Instruction => "i",
                    CacheType::Unified => "",
                };
                self.paint(CACHE, format_args!("L{}{letter}", c.level))?;
                if let Some(size) = c.size {
                    write!(self.out, " ({})", Bytes(size))?;
                }
                self.source(c.source)
            }
            Kind::Pu(id) => {
                self.paint(CPU, format_args!("PU #{id}"))?;
                let Some(cpu) = self.machine.cpu(id) else { return Ok(()) };
                if let Some(kind) = cpu.kind {
                    write!(self.out, " ({})", kind.value.letter())?;
                }
                if cpu.offline.is_some() {
                    self.paint(WARN, format_args!(" offline"))?;
                } else if !self.machine.is_usable(cpu) {
                    self.paint(WARN, format_args!(" not allowed"))?;
                }
                if let (true, Some(f)) = (self.options.sources, cpu.os_id.or(cpu.hardware_id)) {
                    self.source(f.source)?;
                }
                Ok(())
            }
        }
    }

    fn memory(&mut self, node: NodeId, depth: usize) -> fmt::Result {
        write!(self.out, "{:1$}", "", depth * 2)?;
        for c in self.machine.memory_caches_of(node) {
            self.paint(CACHE, format_args!("MemCache L{}", c.level))?;
            write!(self.out, " ({})", Bytes(c.size))?;
            self.source(c.source)?;
            self.out.write_str(" + ")?;
        }
        self.paint(NODE, format_args!("NUMANode #{node}"))?;
        match self.machine.memory_of(node) {
            Some(m) => write!(self.out, " ({})", Bytes(m))?,
            None => self.out.write_str(" (memory not known)")?,
        }
        if let Some(n) = self.machine.node(node) {
            match self.machine.kind_of(n) {
                NodeKind::MemoryOnly => self.out.write_str(" memory only")?,
                NodeKind::InitiatorOnly => self.out.write_str(" initiator only")?,
                NodeKind::Empty => self.out.write_str(" empty")?,
                NodeKind::CpusOnly | NodeKind::CpusAndMemory => {}
            }
            self.source(n.id.source)?;
        }
        let later = self.machine.hotplug_ranges().iter().filter(|r| r.node == node);
        let later = later.fold(0u64, |sum, r| sum.saturating_add(r.size));
        if later > 0 {
            write!(self.out, ", {} may come", Bytes(later))?;
        }
        if !self.machine.is_node_allowed(node) {
            self.paint(WARN, format_args!(" not allowed"))?;
        }
        self.out.write_char('\n')
    }

    fn object(&mut self, o: &Object, depth: usize) -> fmt::Result {
        write!(self.out, "{:1$}", "", depth * 2)?;
        self.head(o)?;
        // a chain of single children goes on one line, as in lstopo
        let mut last = o;
        while let ([only], true) = (last.children.as_slice(), last.memory.is_empty()) {
            self.out.write_str(" + ")?;
            self.head(only)?;
            last = only;
        }
        self.out.write_char('\n')?;
        for node in &last.memory {
            self.memory(*node, depth + 1)?;
        }
        last.children.iter().try_for_each(|c| self.object(c, depth + 1))
    }
}

/// Print the tree, then what sources disagree about and what was odd in them.
pub fn text(machine: &Machine, options: TextOptions, out: &mut impl Write) -> fmt::Result {
    let tree = tree(machine);
    let mut p = Printer { out, machine, options };
    p.object(&tree.root, 0)?;
    if tree.left_out > 0 {
        let n = tree.left_out;
        p.paint(WARN, format_args!("{n} objects do not nest and are left out of the tree\n"))?;
    }
    for c in machine.conflicts() {
        p.paint(WARN, format_args!("disagreement: {c}"))?;
        p.out.write_char('\n')?;
    }
    for n in machine.notes() {
        writeln!(p.out, "note: {n}")?;
    }
    Ok(())
}

/// Print distances, latencies and bandwidths as tables, rows being initiators.
pub fn details(machine: &Machine, out: &mut impl Write) -> fmt::Result {
    let nodes = machine.nodes();
    let mut table = |title: fmt::Arguments<'_>,
                     value: &dyn Fn(NodeId, NodeId) -> Option<String>| {
        let digits = |v: &str| v.len() + 1;
        let values =
            nodes.iter().flat_map(|a| nodes.iter().filter_map(|b| value(a.id.value, b.id.value)));
        let ids = nodes.iter().map(|n| digits(&n.id.value.to_string())).max()?;
        let width = values.map(|v| digits(&v)).max()?.max(ids).max(6);
        Some((|| {
            writeln!(out, "{title}")?;
            write!(out, "{:>width$}", "")?;
            for b in nodes {
                write!(out, "{:>width$}", b.id.value.0)?;
            }
            writeln!(out)?;
            for a in nodes {
                write!(out, "{:>width$}", a.id.value.0)?;
                for b in nodes {
                    match value(a.id.value, b.id.value) {
                        Some(v) => write!(out, "{v:>width$}")?,
                        None => write!(out, "{:>width$}", "-")?,
                    }
                }
                writeln!(out)?;
            }
            Ok(())
        })())
    };
    if let Some(source) = machine.distance_source() {
        let value = |a, b| machine.distance(a, b).map(|d| d.to_string());
        table(format_args!("distance [{source}]"), &value).unwrap_or(Ok(()))?;
    }
    for kind in AccessKind::ALL {
        let value = |a, b| {
            let value = machine.access(a, b, 0, kind)?.value;
            Some(if kind.is_latency() { Thousandths(value).to_string() } else { value.to_string() })
        };
        let unit = if kind.is_latency() { "ns" } else { "MB/s" };
        table(format_args!("{kind} in {unit}"), &value).unwrap_or(Ok(()))?;
    }
    Ok(())
}
