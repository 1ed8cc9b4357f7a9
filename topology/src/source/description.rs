//! A machine described by a person, or written by [`render::description`](crate::render::description).
//!
//! ```xml
//! <machine>
//!   <space width="4" height="2"/>                          <!-- optional: the affinity space -->
//!   <node id="0" memory="4G">                              <!-- memory: usable bytes -->
//!     <range base="0x0" size="2G"/>                        <!-- hotplug="yes" nonvolatile="yes" -->
//!     <cpu id="0" package="0" die="0" core="0" thread="0" kind="P" hardware="0" x="0" y="0"/> <!-- offline="yes" -->
//!     <cpus ids="1-3"/>                                    <!-- shorthand: each a core of its own -->
//!   </node>
//!   <node id="1" memory="4G" initiator="yes"/>
//!   <cpu id="9"/>                                          <!-- a CPU whose node is not known -->
//!   <cache level="3" type="unified" size="32M" line="64" ways="16" cpus="0-3"/>
//!   <distance from="0" to="1" value="21" symmetric="yes"/> <!-- a node to itself is 10 -->
//!   <access initiator="0" target="1" level="0" read_latency_ps="120000" write_latency_ps="150000"
//!           read_bandwidth="9000" write_bandwidth="8000"/> <!-- MB/s -->
//!   <memory-cache node="1" level="1" size="1G" line="64"/>
//! </machine>
//! ```
//!
//! Or in one line: `<machine synthetic="numa:2(memory=4G) core:4 pu:2"/>`, to which distances, access
//! values and a space may be added inside. What is not known to the format is refused, with its line:
//! a misspelt attribute must not turn into a different machine.

use super::element::Element;
use super::platform_info::PlatformInfoError;
use super::synthetic::{self, SyntheticError};
use crate::claims::{
    AccessClaim, CacheClaim, Claims, CpuClaim, CpuKey, DistanceClaim, KeyKind, MemoryCacheClaim,
    NodeIds, RangeClaim, SpaceClaim,
};
use crate::merge::{BuildError, check_ranges};
use crate::model::{
    AccessKind, CacheType, CpuKind, MAX_CPUS, MAX_NODES, MAX_RANGES, Position, RangeFlags,
};
use crate::set::{CpuSet, ListError};
use crate::{NodeId, Source};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;
use genode_args::number::{size, unsigned};
use genode_xml::Document;

/// Why a description was refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescriptionError {
    /// Not XML, or beyond a limit of `genode-xml`.
    Xml(genode_xml::Error),
    /// The root node is not `machine`.
    NotMachine,
    /// An element on this line that does not belong there.
    Element(u32),
    /// An attribute on this line that its element does not have.
    UnknownAttribute(u32),
    /// The named attribute is missing on this line.
    Missing(u32, &'static str),
    /// The named attribute on this line has no proper value.
    Value(u32, &'static str),
    /// A list of CPUs on this line is wrong.
    List(u32, ListError),
    /// A node or CPU on this line was described before.
    Twice(u32),
    /// A distance, access value or memory cache names a node that is not described.
    UnknownNode(NodeId),
    /// The synthetic description is wrong.
    Synthetic(SyntheticError),
    /// The `platform_info` node is wrong.
    PlatformInfo(PlatformInfoError),
    /// Too much of something, or memory of two nodes at one address.
    Content(BuildError),
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use DescriptionError as E;
        match self {
            E::Xml(e) => e.fmt(f),
            E::NotMachine => f.write_str("the root element must be <machine>"),
            E::Element(line) => write!(f, "line {line}: an unknown element, or one out of place"),
            E::UnknownAttribute(line) => write!(f, "line {line}: an unknown attribute"),
            E::Missing(line, name) => write!(f, "line {line}: attribute {name} is missing"),
            E::Value(line, name) => write!(f, "line {line}: attribute {name} has no proper value"),
            E::List(line, e) => write!(f, "line {line}: {e}"),
            E::Twice(line) => write!(f, "line {line}: this was described before"),
            E::UnknownNode(n) => write!(f, "node {n} is referred to and not described"),
            E::Synthetic(e) => write!(f, "synthetic description: {e}"),
            E::PlatformInfo(e) => e.fmt(f),
            E::Content(e) => e.fmt(f),
        }
    }
}

impl core::error::Error for DescriptionError {}

/// Parse XML.
pub(crate) fn parse_xml(text: &str) -> Result<Document<'_>, DescriptionError> {
    Document::parse(text).map_err(DescriptionError::Xml)
}

/// Read a description from XML text.
pub fn parse(text: &str) -> Result<Claims, DescriptionError> {
    read(&parse_xml(text)?.root())
}

/// Read a description from a configuration node.
pub fn read<E: Element>(root: &E) -> Result<Claims, DescriptionError> {
    if root.name() != "machine" {
        return Err(DescriptionError::NotMachine);
    }
    only(root, &["synthetic"])?;
    let claims = match root.attribute("synthetic") {
        Some(text) => {
            let claims = synthetic::parse(text).map_err(DescriptionError::Synthetic)?;
            Claims { source: Source::Description, ..claims }
        }
        None => Claims::new(Source::Description, NodeIds::Own, KeyKind::Os),
    };
    let mut reader = Reader {
        seen_cpus: claims.cpus.iter().filter_map(|c| c.key.os).collect(),
        seen_nodes: claims.nodes.iter().map(|n| n.id).collect(),
        claims,
        cache_members: 0,
        size: None,
        places: Vec::new(),
        distances: BTreeMap::new(),
        late: BTreeSet::new(),
    };
    reader.claims.all_cpus = true;
    each(root, |child| reader.element(child))?;
    reader.finish()
}

/// Call `f` with each child until it fails.
fn each<E: Element>(
    parent: &E,
    mut f: impl FnMut(&E) -> Result<(), DescriptionError>,
) -> Result<(), DescriptionError> {
    let mut result = Ok(());
    parent.each_child(&mut |child| {
        if result.is_ok() {
            result = f(child);
        }
    });
    result
}

fn only<E: Element>(e: &E, names: &[&str]) -> Result<(), DescriptionError> {
    let mut known = true;
    e.each_attribute(&mut |name| known &= names.contains(&name));
    if known { Ok(()) } else { Err(DescriptionError::UnknownAttribute(e.line())) }
}

type Result<T, E = DescriptionError> = core::result::Result<T, E>;

fn optional<E: Element, T: TryFrom<u64>>(e: &E, name: &'static str) -> Result<Option<T>> {
    let Some(text) = e.attribute(name) else { return Ok(None) };
    let value = unsigned(text).and_then(|n| T::try_from(n).ok());
    // the line is costly to find: only for those who need it
    value.map(Some).ok_or_else(|| DescriptionError::Value(e.line(), name))
}

fn required<E: Element, T: TryFrom<u64>>(e: &E, name: &'static str) -> Result<T> {
    optional(e, name)?.ok_or_else(|| missing(e, name))
}

fn bytes<E: Element>(e: &E, name: &'static str) -> Result<Option<u64>> {
    let Some(text) = e.attribute(name) else { return Ok(None) };
    size(text).map(Some).ok_or_else(|| DescriptionError::Value(e.line(), name))
}

fn missing<E: Element>(e: &E, name: &'static str) -> DescriptionError {
    DescriptionError::Missing(e.line(), name)
}

fn yes<E: Element>(e: &E, name: &'static str) -> Result<bool> {
    match e.attribute(name) {
        None | Some("no" | "false") => Ok(false),
        Some("yes" | "true") => Ok(true),
        Some(_) => Err(DescriptionError::Value(e.line(), name)),
    }
}

/// CPUs in all caches together: each CPU in as many as any machine has levels and kinds.
const MAX_CACHE_MEMBERS: usize = 8 * MAX_CPUS;

struct Reader {
    claims: Claims,
    cache_members: usize,
    seen_cpus: BTreeSet<u32>,
    seen_nodes: BTreeSet<NodeId>,
    size: Option<(u32, u32)>,
    places: Vec<(u32, u32, u32)>,
    distances: BTreeMap<(NodeId, NodeId), u8>,
    /// Nodes that distances and the like refer to; they may be described further down.
    late: BTreeSet<NodeId>,
}

impl Reader {
    fn element<E: Element>(&mut self, e: &E) -> Result<()> {
        match e.name() {
            "space" => {
                only(e, &["width", "height"])?;
                if self.size.replace((required(e, "width")?, required(e, "height")?)).is_some() {
                    return Err(DescriptionError::Twice(e.line()));
                }
                Ok(())
            }
            "node" => self.node(e),
            "cpu" => self.cpu(e, None),
            "cpus" => self.cpus(e, None),
            "cache" => self.cache(e),
            "distance" => self.distance(e),
            "access" => self.access(e),
            "memory-cache" => {
                only(e, &["node", "level", "size", "line"])?;
                let node = self.reference(e, "node")?;
                let size = bytes(e, "size")?.ok_or_else(|| missing(e, "size"))?;
                let (level, line) = (required(e, "level")?, optional(e, "line")?.unwrap_or(0));
                self.claims.memory_caches.push(MemoryCacheClaim { node, level, size, line });
                Ok(())
            }
            _ => Err(DescriptionError::Element(e.line())),
        }
    }

    fn node<E: Element>(&mut self, e: &E) -> Result<()> {
        only(e, &["id", "memory", "initiator", "attached"])?;
        let id = NodeId(required(e, "id")?);
        if !self.seen_nodes.insert(id) {
            return Err(DescriptionError::Twice(e.line()));
        }
        let node = self.claims.mention(id);
        let node = node.ok_or(DescriptionError::Content(BuildError::TooManyNodes))?;
        node.usable = bytes(e, "memory")?;
        node.initiator = yes(e, "initiator")?;
        if let Some(to) = optional(e, "attached")? {
            self.late.insert(NodeId(to));
            self.claims.attached.push((id, NodeId(to)));
        }
        each(e, |child| match child.name() {
            "cpu" => self.cpu(child, Some(id)),
            "cpus" => self.cpus(child, Some(id)),
            "range" => self.range(child, id),
            _ => Err(DescriptionError::Element(child.line())),
        })
    }

    fn range<E: Element>(&mut self, e: &E, node: NodeId) -> Result<()> {
        only(e, &["base", "size", "hotplug", "nonvolatile"])?;
        let base = bytes(e, "base")?.ok_or_else(|| missing(e, "base"))?;
        let size = bytes(e, "size")?.ok_or_else(|| missing(e, "size"))?;
        if size == 0 || base.checked_add(size).is_none() {
            return Err(DescriptionError::Value(e.line(), "size"));
        }
        if self.claims.ranges.len() >= MAX_RANGES {
            return Err(DescriptionError::Content(BuildError::TooManyRanges));
        }
        let flags = RangeFlags { hotplug: yes(e, "hotplug")?, nonvolatile: yes(e, "nonvolatile")? };
        self.claims.ranges.push(RangeClaim { node, base, size, flags });
        Ok(())
    }

    fn new_cpu<E: Element>(&mut self, e: &E, id: u32) -> Result<()> {
        if id as usize >= MAX_CPUS {
            return Err(DescriptionError::Value(e.line(), "id"));
        }
        if self.seen_cpus.insert(id) { Ok(()) } else { Err(DescriptionError::Twice(e.line())) }
    }

    fn cpu<E: Element>(&mut self, e: &E, node: Option<NodeId>) -> Result<()> {
        only(
            e,
            &[
                "id", "package", "die", "core", "thread", "kind", "hardware", "uid", "x", "y",
                "offline",
            ],
        )?;
        let id = required(e, "id")?;
        self.new_cpu(e, id)?;
        let position = Position {
            package: optional(e, "package")?,
            die: optional(e, "die")?,
            core: optional(e, "core")?,
            thread: optional(e, "thread")?,
        };
        let kind = match e.attribute("kind") {
            None => None,
            Some("P") => Some(CpuKind::Performance),
            Some("E") => Some(CpuKind::Efficiency),
            Some(_) => return Err(DescriptionError::Value(e.line(), "kind")),
        };
        match (optional(e, "x")?, optional(e, "y")?) {
            (Some(x), Some(y)) => self.places.push((x, y, id)),
            (None, None) => {}
            (Some(_), None) => return Err(DescriptionError::Missing(e.line(), "y")),
            (None, Some(_)) => return Err(DescriptionError::Missing(e.line(), "x")),
        }
        let (hardware, uid) = (optional(e, "hardware")?, optional(e, "uid")?);
        self.claims.cpus.push(CpuClaim {
            key: CpuKey { os: Some(id), hardware, uid },
            node,
            position: (position != Position::default()).then_some(position),
            kind,
            offline: yes(e, "offline")?,
        });
        Ok(())
    }

    fn cpus<E: Element>(&mut self, e: &E, node: Option<NodeId>) -> Result<()> {
        only(e, &["ids", "package"])?;
        let package = optional(e, "package")?;
        for cpu in list(e, "ids")?.iter() {
            self.new_cpu(e, cpu.0)?;
            let position = package.map(|package| Position {
                package: Some(package),
                core: Some(cpu.0),
                thread: Some(0),
                die: None,
            });
            let key = CpuKey::os(cpu.0);
            self.claims.cpus.push(CpuClaim { node, position, ..CpuClaim::new(key) });
        }
        Ok(())
    }

    fn cache<E: Element>(&mut self, e: &E) -> Result<()> {
        only(e, &["level", "type", "size", "line", "ways", "cpus"])?;
        let kind = match e.attribute("type") {
            Some("data") => CacheType::Data,
            Some("instruction") => CacheType::Instruction,
            Some("unified") | None => CacheType::Unified,
            Some(_) => return Err(DescriptionError::Value(e.line(), "type")),
        };
        let cpus: Vec<u32> = list(e, "cpus")?.iter().map(|c| c.0).collect();
        // lists are short and what they mean is long
        self.cache_members += cpus.len().max(1);
        if self.cache_members > MAX_CACHE_MEMBERS {
            return Err(DescriptionError::Content(BuildError::TooManyCpus));
        }
        self.claims.caches.push(CacheClaim {
            level: required(e, "level")?,
            kind,
            size: bytes(e, "size")?,
            line: optional(e, "line")?,
            ways: optional(e, "ways")?,
            cpus,
        });
        Ok(())
    }

    /// A node named by an attribute; whether it is described is seen at the end.
    fn reference<E: Element>(&mut self, e: &E, name: &'static str) -> Result<NodeId> {
        let node = NodeId(required(e, name)?);
        self.late.insert(node);
        Ok(node)
    }

    fn distance<E: Element>(&mut self, e: &E) -> Result<()> {
        only(e, &["from", "to", "value", "symmetric"])?;
        let (from, to) = (self.reference(e, "from")?, self.reference(e, "to")?);
        let value: u8 = required(e, "value")?;
        if value < 10 {
            return Err(DescriptionError::Value(e.line(), "value"));
        }
        let again = yes(e, "symmetric")? && from != to;
        let twice = self.distances.insert((from, to), value).is_some()
            || again && self.distances.insert((to, from), value).is_some();
        if twice { Err(DescriptionError::Twice(e.line())) } else { Ok(()) }
    }

    fn access<E: Element>(&mut self, e: &E) -> Result<()> {
        const NAMES: [(&str, AccessKind); 4] = [
            ("read_latency_ps", AccessKind::ReadLatency),
            ("write_latency_ps", AccessKind::WriteLatency),
            ("read_bandwidth", AccessKind::ReadBandwidth),
            ("write_bandwidth", AccessKind::WriteBandwidth),
        ];
        let [a, b, c, d] = NAMES.map(|(name, _)| name);
        only(e, &["initiator", "target", "level", a, b, c, d])?;
        let (initiator, target) = (self.reference(e, "initiator")?, self.reference(e, "target")?);
        let level = optional(e, "level")?.unwrap_or(0);
        for (name, kind) in NAMES {
            if let Some(value) = optional(e, name)? {
                self.claims.access.push(AccessClaim { initiator, target, level, kind, value });
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Claims> {
        if let Some(node) = self.late.difference(&self.seen_nodes).next() {
            return Err(DescriptionError::UnknownNode(*node));
        }
        // refused here already, so that a description is good or bad by itself
        let notes = check_ranges(&self.claims.ranges).map_err(DescriptionError::Content)?;
        self.claims.notes.extend(notes);
        if !self.distances.is_empty() {
            let nodes: Vec<NodeId> = self.seen_nodes.iter().copied().collect();
            debug_assert!(nodes.len() <= MAX_NODES);
            let value = |a: NodeId, b: NodeId| {
                let told = self.distances.get(&(a, b)).copied();
                told.unwrap_or(if a == b { 10 } else { 0 })
            };
            let values = nodes.iter().flat_map(|a| nodes.iter().map(|b| value(*a, *b))).collect();
            self.claims.distances = Some(DistanceClaim { nodes, values });
        }
        match self.size {
            Some((width, height)) => {
                if self.places.is_empty() {
                    // column by column, in the order of the CPUs' numbers
                    let height = height.max(1);
                    let cpus = self.seen_cpus.iter().zip(0u32..);
                    self.places = cpus.map(|(c, i)| (i / height, i % height, *c)).collect();
                }
                self.claims.space = Some(SpaceClaim { width, height, cpus: self.places });
            }
            None if !self.places.is_empty() => {
                let side = |f: fn(&(u32, u32, u32)) -> u32| {
                    self.places.iter().map(f).max().unwrap_or(0).saturating_add(1)
                };
                let (width, height) = (side(|p| p.0), side(|p| p.1));
                self.claims.space = Some(SpaceClaim { width, height, cpus: self.places });
            }
            None => {}
        }
        Ok(self.claims)
    }
}

fn list<E: Element>(e: &E, name: &'static str) -> Result<CpuSet> {
    let text = e.attribute(name).ok_or_else(|| missing(e, name))?;
    CpuSet::from_list(text).map_err(|error| DescriptionError::List(e.line(), error))
}
