//! hwloc's XML. Version 2 is read by hwloc 2 and later, version 3 by hwloc 3.

use super::tree::{Kind, Object, tree};
use crate::{AccessKind, CacheType, CpuKind, CpuSet, Machine, NodeId};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};

/// Which XML format to write.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HwlocVersion {
    /// `version="2.0"`: what every hwloc since 2.0 reads, 3 included.
    V2,
    /// `version="3.0"`: facts about the topology itself stand behind the objects, and objects have
    /// ids.
    V3,
}

/// A set as hwloc writes it: 32-bit words, highest first.
struct Bitmap<'a>(&'a CpuSet);

impl Display for Bitmap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const COMMAS: &str = ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,";
        let halves = self.0.parts().flat_map(|(i, w)| {
            [(2 * i, w as u32), (2 * i + 1, (w >> 32) as u32)].into_iter().filter(|(_, h)| *h != 0)
        });
        let halves: Vec<(usize, u32)> = halves.collect();
        let mut above = halves.last().map_or(0, |(i, _)| *i);
        // as hwloc itself, nothing stands for a word of zeros unless it is the last
        let commas = |f: &mut fmt::Formatter<'_>, mut n: usize| {
            while n > 0 {
                let some = n.min(COMMAS.len());
                f.write_str(COMMAS.get(..some).unwrap_or(COMMAS))?;
                n -= some;
            }
            Ok(())
        };
        for (i, half) in halves.iter().rev() {
            commas(f, above - i)?;
            write!(f, "{half:#010x}")?;
            above = *i;
        }
        commas(f, above)?;
        if halves.first().is_none_or(|(i, _)| *i > 0) { f.write_str("0x0") } else { Ok(()) }
    }
}

/// Node numbers as a set: the same structure serves.
fn node_set(nodes: impl IntoIterator<Item = NodeId>) -> CpuSet {
    nodes.into_iter().map(|n| crate::CpuId(n.0)).collect()
}

struct Exporter<'a, W> {
    out: &'a mut W,
    machine: &'a Machine,
    version: HwlocVersion,
    next_index: u64,
    /// gp_index of each node's object.
    node_index: BTreeMap<NodeId, u64>,
}

impl<W: Write> Exporter<'_, W> {
    /// `<object` with what every object has; without the closing bracket.
    fn open(
        &mut self,
        kind: &str,
        os_index: Option<u32>,
        cpus: &CpuSet,
        nodes: &CpuSet,
        depth: usize,
    ) -> Result<u64, fmt::Error> {
        let index = self.next_index;
        self.next_index += 1;
        write!(self.out, "{:1$}<object type=\"{kind}\"", "", depth * 2)?;
        if let Some(n) = os_index {
            write!(self.out, " os_index=\"{n}\"")?;
        }
        let (mut allowed_cpus, mut allowed_nodes) = (CpuSet::new(), CpuSet::new());
        if depth == 1 {
            allowed_cpus = cpus.intersection(&self.machine.usable_cpus());
            let allowed = nodes.iter().filter(|n| self.machine.is_node_allowed(NodeId(n.0)));
            allowed_nodes = allowed.collect();
        }
        // hwloc takes no machine of which nothing may be used
        let or = |set, all| if CpuSet::is_empty(set) { Bitmap(all) } else { Bitmap(set) };
        let (allowed_cpus, allowed_nodes) = (or(&allowed_cpus, cpus), or(&allowed_nodes, nodes));
        let (cpus, nodes) = (Bitmap(cpus), Bitmap(nodes));
        write!(self.out, " cpuset=\"{cpus}\" complete_cpuset=\"{cpus}\"")?;
        if depth == 1 {
            write!(self.out, " allowed_cpuset=\"{allowed_cpus}\"")?;
        }
        write!(self.out, " nodeset=\"{nodes}\" complete_nodeset=\"{nodes}\"")?;
        if depth == 1 {
            write!(self.out, " allowed_nodeset=\"{allowed_nodes}\"")?;
        }
        write!(self.out, " gp_index=\"{index}\"")?;
        if self.version == HwlocVersion::V3 {
            write!(self.out, " id=\"obj{index}\"")?;
        }
        Ok(index)
    }

    fn object(&mut self, o: &Object, above: &CpuSet, depth: usize) -> fmt::Result {
        // an object's nodes are those above it, its own, and those below
        let mut reach = above.clone();
        reach.extend_from(&node_set(o.memory.iter().copied()));
        let mut nodes = reach.clone();
        nodes.extend_from(&below(o));
        let (name, index): (&str, Option<u32>) = match o.kind {
            Kind::Machine => ("Machine", Some(0)),
            Kind::Group => ("Group", None),
            Kind::Package(n) => ("Package", Some(n)),
            Kind::Die(n) => ("Die", Some(n)),
            Kind::Core(n) => ("Core", Some(n)),
            Kind::Pu(id) => ("PU", Some(id.0)),
            Kind::Cache(i) => (self.cache_name(i), None),
        };
        self.open(name, index, &o.cpus, &nodes, depth)?;
        if let Kind::Cache(i) = o.kind {
            self.cache(i)?;
        }
        if o.kind == Kind::Group {
            self.out.write_str(" kind=\"0\" subkind=\"0\"")?;
        }
        self.out.write_str(">\n")?;
        if o.kind == Kind::Machine && self.version == HwlocVersion::V2 {
            self.info(depth + 1)?;
        }
        for node in &o.memory {
            self.memory(*node, &o.cpus, depth + 1)?;
        }
        for child in &o.children {
            self.object(child, &reach, depth + 1)?;
        }
        writeln!(self.out, "{:1$}</object>", "", depth * 2)
    }

    /// A node inside its memory-side caches, the one nearest to the CPUs outside.
    fn memory(&mut self, node: NodeId, cpus: &CpuSet, depth: usize) -> fmt::Result {
        let set = node_set([node]);
        let caches: Vec<_> = self.machine.memory_caches_of(node).collect();
        for (i, c) in caches.iter().enumerate() {
            self.open("MemCache", None, cpus, &set, depth + i)?;
            writeln!(
                self.out,
                " cache_size=\"{}\" depth=\"{}\" cache_linesize=\"{}\" cache_associativity=\"0\" \
                 cache_type=\"0\">",
                c.size, c.level, c.line
            )?;
        }
        let index = self.open("NUMANode", Some(node.0), cpus, &set, depth + caches.len())?;
        self.node_index.insert(node, index);
        if let Some(bytes) = self.machine.memory_of(node) {
            write!(self.out, " local_memory=\"{bytes}\"")?;
        }
        self.out.write_str("/>\n")?;
        (0..caches.len())
            .rev()
            .try_for_each(|i| writeln!(self.out, "{:1$}</object>", "", (depth + i) * 2))
    }

    /// Kinds of CPUs, the faster the higher.
    fn cpu_kinds(&mut self) -> fmt::Result {
        for (kind, name, rank) in
            [(CpuKind::Efficiency, "Efficiency", 0), (CpuKind::Performance, "Performance", 1)]
        {
            let is = |c: &&crate::Cpu| c.kind.is_some_and(|k| k.value == kind);
            let set: CpuSet = self.machine.cpus().iter().filter(is).map(|c| c.id).collect();
            if !set.is_empty() {
                writeln!(
                    self.out,
                    "  <cpukind cpuset=\"{}\" forced_efficiency=\"{rank}\">\n    \
                     <info name=\"CoreType\" value=\"{name}\"/>\n  </cpukind>",
                    Bitmap(&set)
                )?;
            }
        }
        Ok(())
    }

    fn info(&mut self, depth: usize) -> fmt::Result {
        let pad = depth * 2;
        for s in self.machine.sources() {
            let name = super::Escaped(s.name());
            writeln!(self.out, "{:pad$}<info name=\"Backend\" value=\"{name}\"/>", "")?;
        }
        Ok(())
    }

    fn cache_name(&self, i: usize) -> &'static str {
        let Some(c) = self.machine.caches().get(i) else { return "L1Cache" };
        match (c.kind, c.level) {
            (CacheType::Instruction, 1) => "L1iCache",
            (CacheType::Instruction, 2) => "L2iCache",
            (CacheType::Instruction, _) => "L3iCache",
            (_, 1) => "L1Cache",
            (_, 2) => "L2Cache",
            (_, 3) => "L3Cache",
            (_, 4) => "L4Cache",
            _ => "L5Cache",
        }
    }

    fn cache(&mut self, i: usize) -> fmt::Result {
        let Some(c) = self.machine.caches().get(i) else { return Ok(()) };
        let kind = match c.kind {
            CacheType::Unified => 0,
            CacheType::Data => 1,
            CacheType::Instruction => 2,
        };
        // hwloc: 0 ways not known, -1 fully associative
        let ways = match c.ways {
            None => 0,
            Some(0) => -1,
            Some(n) => i64::from(n),
        };
        write!(
            self.out,
            " cache_size=\"{}\" depth=\"{}\" cache_linesize=\"{}\" cache_associativity=\"{ways}\" \
             cache_type=\"{kind}\"",
            c.size.unwrap_or(0),
            c.level,
            c.line.unwrap_or(0)
        )
    }

    /// hwloc takes whole matrices only.
    fn distances(&mut self) -> fmt::Result {
        let ids: Vec<NodeId> = self.machine.nodes().iter().map(|n| n.id.value).collect();
        let values: Option<Vec<u8>> =
            ids.iter().flat_map(|a| ids.iter().map(|b| self.machine.distance(*a, *b))).collect();
        let Some(values) = values.filter(|v| v.len() > 1) else { return Ok(()) };
        writeln!(
            self.out,
            "  <distances2 type=\"NUMANode\" nbobjs=\"{}\" kind=\"5\" name=\"NUMALatency\" indexing=\"os\">",
            ids.len()
        )?;
        self.array("indexes", ids.iter().map(|n| u64::from(n.0)))?;
        self.array("u64values", values.iter().map(|v| u64::from(*v)))?;
        self.out.write_str("  </distances2>\n")
    }

    fn array(&mut self, name: &str, values: impl Iterator<Item = u64>) -> fmt::Result {
        let values: Vec<u64> = values.collect();
        for line in values.chunks(10) {
            let mut text = alloc::string::String::new();
            for v in line {
                write!(text, "{v} ")?;
            }
            writeln!(self.out, "    <{name} length=\"{}\">{text}</{name}>", text.len())?;
        }
        Ok(())
    }

    /// Latencies in ns, bandwidths in MiB/s; hwloc has predefined names for the four.
    fn memory_attributes(&mut self) -> fmt::Result {
        for kind in AccessKind::ALL {
            let values: Vec<_> = self
                .machine
                .access_values()
                .iter()
                .filter(|a| a.level == 0 && a.kind == kind)
                .filter_map(|a| {
                    let from = self.machine.cpus_of(a.initiator).filter(|c| !c.is_empty())?;
                    let value = if kind.is_latency() {
                        a.value.div_ceil(1000)
                    } else {
                        (u128::from(a.value) * 1_000_000 / (1 << 20)) as u64
                    };
                    Some((*self.node_index.get(&a.target)?, value, Bitmap(from)))
                })
                .collect();
            if values.is_empty() {
                continue;
            }
            let (name, flags) = match kind {
                AccessKind::ReadLatency => ("ReadLatency", 6),
                AccessKind::WriteLatency => ("WriteLatency", 6),
                AccessKind::ReadBandwidth => ("ReadBandwidth", 5),
                AccessKind::WriteBandwidth => ("WriteBandwidth", 5),
            };
            writeln!(self.out, "  <memattr name=\"{name}\" flags=\"{flags}\">")?;
            for (index, value, from) in values {
                writeln!(
                    self.out,
                    "    <memattr_value target_obj_type=\"NUMANode\" target_obj_gp_index=\"{index}\" \
                     value=\"{value}\" initiator_cpuset=\"{from}\"/>"
                )?;
            }
            self.out.write_str("  </memattr>\n")?;
        }
        Ok(())
    }
}

fn below(o: &Object) -> CpuSet {
    let mut set = node_set(o.memory.iter().copied());
    for child in &o.children {
        set.extend_from(&below(child));
    }
    set
}

/// Write the machine as hwloc XML.
///
/// hwloc wants at least one node, and one a CPU: where the machine has none, a node 0 without memory
/// is written, as hwloc itself would assume. Nodes whose id is beyond hwloc's sets
/// ([`MAX_CPUS`](crate::MAX_CPUS)) cannot be written and are left out.
pub fn hwloc_xml(machine: &Machine, version: HwlocVersion, out: &mut impl Write) -> fmt::Result {
    let mut tree = tree(machine);
    keep_nodes(&mut tree.root);
    if below(&tree.root).is_empty() {
        tree.root.memory.push(NodeId(0));
    }
    let number = match version {
        HwlocVersion::V2 => "2.0",
        HwlocVersion::V3 => "3.0",
    };
    out.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    out.write_str("<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n")?;
    writeln!(out, "<topology version=\"{number}\">")?;
    let mut e = Exporter { out, machine, version, next_index: 1, node_index: BTreeMap::new() };
    e.object(&tree.root, &CpuSet::new(), 1)?;
    e.distances()?;
    e.memory_attributes()?;
    e.cpu_kinds()?;
    if version == HwlocVersion::V3 {
        e.info(1)?;
    }
    e.out.write_str("</topology>\n")
}

fn keep_nodes(o: &mut Object) {
    o.memory.retain(|n| (n.0 as usize) < crate::MAX_CPUS);
    o.children.iter_mut().for_each(keep_nodes);
}
