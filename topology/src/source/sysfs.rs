//! Linux sysfs: `/sys/devices/system/{node,cpu,memory}`, and the APIC ids in `/proc/cpuinfo`.
//!
//! Node numbers are Linux's own, counted from 0 in the order in which the kernel met the proximity
//! domains; they are matched to those by the CPUs inside. A file that is missing or odd makes a fact
//! unknown, no more: only a machine without any CPU is refused.

use crate::claims::{
    AccessClaim, CacheClaim, Claims, CpuClaim, CpuKey, DistanceClaim, KeyKind, MemoryCacheClaim,
    NodeIds, RangeClaim,
};
use crate::model::{
    AccessKind, CacheType, CpuKind, MAX_CPUS, MAX_NODES, MAX_RANGES, Position, RangeFlags,
};
use crate::set::list_ranges;
use crate::source::number::{number, size};
use crate::{NodeId, Source};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A reader of files below the root directory.
pub trait Files {
    /// The content of a file such as `sys/devices/system/cpu/online`.
    fn read(&self, path: &str) -> Option<String>;
    /// The names in a directory, in any order; empty where there is none.
    fn list(&self, directory: &str) -> Vec<String>;
}

/// Why sysfs makes no machine.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SysfsError {
    /// `cpu/online` is missing or no list.
    NoCpus,
}

impl fmt::Display for SysfsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no sys/devices/system/cpu/online with a list of CPUs: is sysfs mounted?")
    }
}

impl core::error::Error for SysfsError {}

const BASE: &str = "sys/devices/system";

fn numbers(text: &str, limit: usize) -> Vec<u32> {
    let ranges = list_ranges(text, limit as u64).unwrap_or_default();
    // overlapping parts of a hostile list must not multiply
    let set: BTreeSet<u32> = ranges.into_iter().flat_map(|(a, b)| a..=b).collect();
    set.into_iter().collect()
}

struct Reader<'a, F> {
    files: &'a F,
}

impl<F: Files> Reader<'_, F> {
    fn text(&self, path: &str) -> Option<String> {
        self.files.read(&format!("{BASE}/{path}"))
    }

    fn number(&self, path: &str) -> Option<u64> {
        number(&self.text(path)?)
    }

    fn small(&self, path: &str) -> Option<u32> {
        // the kernel writes -1 where it does not know
        self.number(path).and_then(|n| u32::try_from(n).ok())
    }

    fn list(&self, path: &str) -> Vec<String> {
        self.files.list(&format!("{BASE}/{path}"))
    }
}

/// Read the running (or a recorded) Linux machine.
pub fn read(files: &impl Files) -> Result<Claims, SysfsError> {
    let r = Reader { files };
    let mut claims = Claims::new(Source::Sysfs, NodeIds::Own, KeyKind::Os);
    claims.all_cpus = true;
    let online = r.text("cpu/online").ok_or(SysfsError::NoCpus)?;
    let online = numbers(&online, MAX_CPUS);
    if online.is_empty() {
        return Err(SysfsError::NoCpus);
    }
    let kinds = kinds(files);
    let apic = apic_ids(files);
    for n in &online {
        let key = CpuKey { os: Some(*n), hardware: apic.get(n).copied(), uid: None };
        claims.cpus.push(CpuClaim {
            position: position(&r, *n),
            kind: kinds.get(n).copied(),
            ..CpuClaim::new(key)
        });
    }
    caches(&r, &online, &mut claims);
    nodes(&r, &mut claims);
    Ok(claims)
}

fn kinds(files: &impl Files) -> BTreeMap<u32, CpuKind> {
    let mut map = BTreeMap::new();
    for (name, kind) in [("core", CpuKind::Performance), ("atom", CpuKind::Efficiency)] {
        let list = files.read(&format!("sys/devices/cpu_{name}/cpus")).unwrap_or_default();
        map.extend(numbers(&list, MAX_CPUS).into_iter().map(|n| (n, kind)));
    }
    map
}

/// `processor` to `apicid`, on x86; empty elsewhere.
fn apic_ids(files: &impl Files) -> BTreeMap<u32, u32> {
    let text = files.read("proc/cpuinfo").unwrap_or_default();
    let mut map = BTreeMap::new();
    let mut cpu = None;
    for (key, value) in text.lines().filter_map(|l| l.split_once(':')) {
        let value = number(value).and_then(|n| u32::try_from(n).ok());
        match key.trim() {
            "processor" => cpu = value,
            "apicid" => {
                if let (Some(cpu), Some(id)) = (cpu, value) {
                    map.insert(cpu, id);
                }
            }
            _ => {}
        }
    }
    map
}

fn position<F: Files>(r: &Reader<'_, F>, cpu: u32) -> Option<Position> {
    let file = |name: &str| format!("cpu/cpu{cpu}/topology/{name}");
    let siblings = r.text(&file("thread_siblings_list"));
    let thread = siblings
        .map(|s| numbers(&s, MAX_CPUS))
        .and_then(|s| s.iter().position(|n| *n == cpu))
        .map(|i| i as u32);
    let p = Position {
        package: r.small(&file("physical_package_id")),
        die: r.small(&file("die_id")),
        core: r.small(&file("core_id")),
        thread,
    };
    (p != Position::default()).then_some(p)
}

fn caches<F: Files>(r: &Reader<'_, F>, online: &[u32], claims: &mut Claims) {
    let mut seen = BTreeSet::new();
    for cpu in online {
        for index in 0..16 {
            let file = |name: &str| r.text(&format!("cpu/cpu{cpu}/cache/index{index}/{name}"));
            let Some(level) = file("level").and_then(|t| number(&t)) else { break };
            let kind = match file("type").as_deref().map(str::trim) {
                Some("Data") => CacheType::Data,
                Some("Instruction") => CacheType::Instruction,
                Some("Unified") => CacheType::Unified,
                _ => continue,
            };
            let shared = file("shared_cpu_list").map(|s| numbers(&s, MAX_CPUS));
            let cpus = shared.unwrap_or_else(|| alloc::vec![*cpu]);
            let level = level.min(255) as u8;
            if !seen.insert((level, kind, cpus.first().copied(), cpus.len())) {
                continue;
            }
            let small = |name: &str| file(name).and_then(|t| number(&t)?.try_into().ok());
            claims.caches.push(CacheClaim {
                level,
                kind,
                size: file("size").and_then(|t| size(&t)).filter(|s| *s > 0),
                line: small("coherency_line_size"),
                ways: small("ways_of_associativity"),
                cpus,
            });
        }
    }
}

fn nodes<F: Files>(r: &Reader<'_, F>, claims: &mut Claims) {
    let Some(online) = r.text("node/online") else { return };
    let ids = numbers(&online, MAX_NODES);
    let mut home = BTreeMap::new();
    let mut values = Vec::with_capacity(ids.len() * ids.len());
    let block = r.text("memory/block_size_bytes");
    let block = block.and_then(|t| u64::from_str_radix(t.trim().trim_start_matches("0x"), 16).ok());
    for id in &ids {
        let Some(node) = claims.mention(NodeId(*id)) else { break };
        let meminfo = r.text(&format!("node/node{id}/meminfo")).unwrap_or_default();
        node.usable = meminfo.lines().find_map(|l| {
            let (_, value) = l.split_once("MemTotal:")?;
            size(value.trim().strip_suffix("kB")?).and_then(|k| k.checked_mul(1024))
        });
        let cpus = r.text(&format!("node/node{id}/cpulist")).unwrap_or_default();
        home.extend(numbers(&cpus, MAX_CPUS).into_iter().map(|cpu| (cpu, NodeId(*id))));
        let row = r.text(&format!("node/node{id}/distance")).unwrap_or_default();
        let row: Vec<u8> = row
            .split_ascii_whitespace()
            .map(|d| number(d).filter(|d| (10..=255).contains(d)).unwrap_or(0) as u8)
            .collect();
        values.extend((0..ids.len()).map(|i| row.get(i).copied().unwrap_or(0)));
        ranges(r, *id, block, claims);
        access(r, *id, &ids, claims);
    }
    for cpu in &mut claims.cpus {
        cpu.node = cpu.key.os.and_then(|n| home.get(&n).copied());
    }
    if values.iter().any(|v| *v != 0) {
        let nodes = ids.iter().map(|n| NodeId(*n)).collect();
        claims.distances = Some(DistanceClaim { nodes, values });
    }
}

/// Memory blocks of a node, adjacent ones as one range.
fn ranges<F: Files>(r: &Reader<'_, F>, node: u32, block: Option<u64>, claims: &mut Claims) {
    let Some(block) = block.filter(|b| *b > 0) else { return };
    let names = r.list(&format!("node/node{node}"));
    let mut blocks: Vec<u64> =
        names.iter().filter_map(|n| number(n.strip_prefix("memory")?)).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for b in blocks {
        match runs.last_mut() {
            Some((_, end)) if *end == b => *end += 1,
            _ => runs.push((b, b.saturating_add(1))),
        }
    }
    for (first, end) in runs {
        let (Some(base), Some(last)) = (first.checked_mul(block), end.checked_mul(block)) else {
            continue;
        };
        if claims.ranges.len() < MAX_RANGES {
            claims.ranges.push(RangeClaim {
                node: NodeId(node),
                base,
                size: last - base,
                flags: RangeFlags::default(),
            });
        }
    }
}

/// Latencies in ns and bandwidths in MB/s of a node's memory, for its best initiators; CPUs among
/// all initiators (`access1`) where the kernel tells them apart.
fn access<F: Files>(r: &Reader<'_, F>, node: u32, ids: &[u32], claims: &mut Claims) {
    let class = ["access1", "access0"]
        .map(|c| format!("node/node{node}/{c}/initiators"))
        .into_iter()
        .find(|dir| !r.list(dir).is_empty());
    if let Some(dir) = class {
        let names = r.list(&dir);
        let initiators: Vec<u32> = names
            .iter()
            .filter_map(|n| number(n.strip_prefix("node")?)?.try_into().ok())
            .filter(|n| ids.contains(n))
            .collect();
        for (name, kind) in [
            ("read_latency", AccessKind::ReadLatency),
            ("write_latency", AccessKind::WriteLatency),
            ("read_bandwidth", AccessKind::ReadBandwidth),
            ("write_bandwidth", AccessKind::WriteBandwidth),
        ] {
            let value = r.number(&format!("{dir}/{name}")).filter(|v| *v > 0);
            let unit = if kind.is_latency() { 1000 } else { 1 };
            let Some(value) = value.and_then(|v| v.checked_mul(unit)) else { continue };
            claims.access.extend(initiators.iter().map(|i| AccessClaim {
                initiator: NodeId(*i),
                target: NodeId(node),
                level: 0,
                kind,
                value,
            }));
        }
    }
    for level in 1..=3u8 {
        let dir = format!("node/node{node}/memory_side_cache/index{level}");
        let Some(size) = r.text(&format!("{dir}/size")).and_then(|t| size(&t)) else { continue };
        let line = r.number(&format!("{dir}/line_size")).unwrap_or(0).min(0xffff) as u16;
        let node = NodeId(node);
        claims.memory_caches.push(MemoryCacheClaim { node, level, size, line });
    }
}

/// A recorded tree: `path<TAB>content` a line, with `\n` and `\\` escaped in the content. Directories
/// are what the paths imply; an entry `path/` makes an empty one.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    files: BTreeMap<String, String>,
}

impl Recorded {
    /// Read a recording. Lines without a tab are skipped.
    pub fn parse(text: &str) -> Self {
        let unescape = |s: &str| {
            let mut out = String::with_capacity(s.len());
            let mut chars = s.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => match chars.next() {
                        Some('n') => out.push('\n'),
                        Some(other) => out.push(other),
                        None => {}
                    },
                    c => out.push(c),
                }
            }
            out
        };
        let files = text
            .lines()
            .filter_map(|l| l.split_once('\t'))
            .map(|(path, content)| (String::from(path), unescape(content)))
            .collect();
        Recorded { files }
    }
}

impl Files for Recorded {
    fn read(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let prefix = format!("{directory}/");
        let mut names: Vec<String> = self
            .files
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .filter_map(|(path, _)| path.get(prefix.len()..)?.split('/').next())
            .filter(|name| !name.is_empty())
            .map(String::from)
            .collect();
        names.dedup();
        names
    }
}

/// Files below a directory of the running system.
#[cfg(feature = "std")]
#[derive(Clone, Debug)]
pub struct Directory {
    root: std::path::PathBuf,
}

#[cfg(feature = "std")]
impl Directory {
    /// Files below `root`; `/` for the running machine.
    pub fn new(root: impl Into<std::path::PathBuf>) -> Self {
        Directory { root: root.into() }
    }
}

#[cfg(feature = "std")]
impl Files for Directory {
    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join(directory)) else { return Vec::new() };
        entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect()
    }
}
