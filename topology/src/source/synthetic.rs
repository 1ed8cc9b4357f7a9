//! hwloc's synthetic syntax: `pack:2 numa:1(memory=4GB) l3:1(size=20MB) core:4 pu:2`, each item a
//! kind of object and how many of it the one before holds.
//!
//! Kinds: `machine`, `group`, `package` (`pack`, `socket`), `die`, `numa` (`node`), `l1` to `l5`
//! (`l1i`, `l2d`…), `core`, `pu`. `[numa]` between two items hangs one node on each object of the
//! item before. Attributes: `memory=`, `size=`, `indexes=` with a list of numbers. Items without a
//! kind, and index interleavings such as `2*8:1*2`, are refused.
//!
//! Unlike hwloc, which gives every machine a node of 1 GB a node, nothing that the text does not say
//! is claimed: no `numa`, no nodes; no `memory=`, no memory.

use crate::claims::{CacheClaim, Claims, CpuClaim, CpuKey, KeyKind, NodeIds};
use crate::model::{CacheType, MAX_CPUS, MAX_NODES};
use crate::{NodeId, Source};
use alloc::vec::Vec;
use core::fmt;
use genode_args::number::size;

/// Why a synthetic description was refused; numbers count items from 1.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntheticError {
    /// The item is not `kind:count`, or its attributes are not closed.
    Syntax(usize),
    /// The kind is not known, or missing.
    Kind(usize),
    /// The count is not a number from 1 on, or the product is too large.
    Count(usize),
    /// An attribute is not known, or has no proper value.
    Attribute(usize),
    /// The item stands too far in or comes twice.
    Order(usize),
    /// The last item is not `pu`.
    NoPu,
}

impl fmt::Display for SyntheticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SyntheticError::Syntax(n) => {
                write!(f, "item {n}: write it as kind:count, as in core:4")
            }
            SyntheticError::Kind(n) => write!(
                f,
                "item {n}: kinds are machine, group, package, die, numa, l1 to l5, core, pu"
            ),
            SyntheticError::Count(n) => {
                write!(f, "item {n}: counts start at 1, and at most {MAX_CPUS} CPUs fit")
            }
            SyntheticError::Attribute(n) => {
                write!(f, "item {n}: attributes are memory=, size= and indexes=0,1,…")
            }
            SyntheticError::Order(n) => {
                write!(f, "item {n} stands inside an object that it cannot be part of")
            }
            SyntheticError::NoPu => f.write_str("the last item must be pu:count"),
        }
    }
}

impl core::error::Error for SyntheticError {}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Kind {
    Machine,
    Group,
    Package,
    Die,
    Numa,
    Cache(u8, CacheType),
    Core,
    Pu,
}

struct Level {
    kind: Kind,
    count: usize,
    size: Option<u64>,
    indexes: Vec<u32>,
    /// Hung on by brackets: not a level of its own.
    attached: bool,
}

fn kind(text: &str) -> Option<Kind> {
    let lower: Vec<u8> = text.bytes().map(|b| b.to_ascii_lowercase()).collect();
    Some(match lower.as_slice() {
        b"machine" => Kind::Machine,
        b"group" => Kind::Group,
        b"package" | b"pack" | b"socket" => Kind::Package,
        b"die" => Kind::Die,
        b"numa" | b"node" | b"numanode" => Kind::Numa,
        b"core" => Kind::Core,
        b"pu" => Kind::Pu,
        [b'l', n @ b'1'..=b'5', rest @ ..] => {
            let kind = match rest {
                b"i" | b"icache" => CacheType::Instruction,
                b"d" | b"dcache" => CacheType::Data,
                // hwloc takes a plain l1 for the data cache, others for unified ones
                b"" | b"cache" if *n == b'1' => CacheType::Data,
                b"" | b"cache" | b"u" | b"ucache" => CacheType::Unified,
                _ => return None,
            };
            Kind::Cache(n - b'0', kind)
        }
        _ => return None,
    })
}

/// Split at blanks outside parentheses.
fn items(text: &str) -> Vec<&str> {
    let mut depth = 0u32;
    let split = text.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c.is_ascii_whitespace() && depth == 0
    });
    split.filter(|s| !s.is_empty()).collect()
}

fn level(text: &str, n: usize) -> Result<Level, SyntheticError> {
    let (text, attached) = match text.strip_prefix('[') {
        Some(rest) => (rest.strip_suffix(']').ok_or(SyntheticError::Syntax(n))?, true),
        None => (text, false),
    };
    let (head, attributes) = match text.split_once('(') {
        Some((head, rest)) => (head, rest.strip_suffix(')').ok_or(SyntheticError::Syntax(n))?),
        None => (text, ""),
    };
    let (name, count) = match head.split_once(':') {
        Some((name, count)) => {
            let good = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
            let count = good.then(|| count.parse::<usize>().ok()).flatten();
            (name, count.filter(|c| (1..=MAX_CPUS).contains(c)).ok_or(SyntheticError::Count(n))?)
        }
        None if attached => (head, 1),
        None => return Err(SyntheticError::Syntax(n)),
    };
    let kind = kind(name).ok_or(SyntheticError::Kind(n))?;
    let mut level = Level { kind, count, size: None, indexes: Vec::new(), attached };
    for attribute in attributes.split_ascii_whitespace() {
        let bad = SyntheticError::Attribute(n);
        let (key, value) = attribute.split_once('=').ok_or(bad)?;
        match (key, kind) {
            ("memory", Kind::Numa) | ("size", Kind::Cache(..)) => {
                level.size = Some(size(value).ok_or(bad)?);
            }
            ("indexes", _) => {
                for part in value.split(',') {
                    let digits = part.bytes().all(|b| b.is_ascii_digit());
                    let index = part.parse::<u32>().ok().filter(|_| digits).ok_or(bad)?;
                    level.indexes.push(index);
                }
            }
            _ => return Err(bad),
        }
    }
    Ok(level)
}

/// Read a synthetic description.
pub fn parse(text: &str) -> Result<Claims, SyntheticError> {
    let levels: Vec<Level> = items(text)
        .into_iter()
        .enumerate()
        .map(|(i, t)| level(t, i + 1))
        .collect::<Result<_, _>>()?;
    if levels.last().is_none_or(|l| l.kind != Kind::Pu) {
        return Err(SyntheticError::NoPu);
    }
    check(&levels)?;

    let total: usize = levels.iter().filter(|l| !l.attached).map(|l| l.count).product();
    let mut claims = Claims::new(Source::Synthetic, NodeIds::Own, KeyKind::Os);
    claims.all_cpus = true;
    claims.cpus = (0..total).map(|_| CpuClaim::new(CpuKey::default())).collect();

    let mut outer = 1; // objects of the item before
    for (i, level) in levels.iter().enumerate() {
        let objects = if level.attached { outer } else { outer * level.count };
        if !level.indexes.is_empty() && level.indexes.len() != objects {
            return Err(SyntheticError::Attribute(i + 1));
        }
        let mut sorted = level.indexes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() != level.indexes.len() {
            return Err(SyntheticError::Attribute(i + 1));
        }
        let width = total / objects;
        apply(level, i + 1, objects, width, &mut claims)?;
        if !level.attached {
            outer = objects;
        }
    }
    renumber(&mut claims);
    Ok(claims)
}

fn check(levels: &[Level]) -> Result<(), SyntheticError> {
    let depth = |k: Kind| match k {
        Kind::Machine => 0,
        Kind::Group | Kind::Numa => 1,
        Kind::Package => 2,
        Kind::Die => 3,
        Kind::Cache(n, _) => 9 - n,
        Kind::Core => 10,
        Kind::Pu => 11,
    };
    let mut total = 1usize;
    for (i, level) in levels.iter().enumerate() {
        let n = i + 1;
        let before = levels.get(..i).unwrap_or(&[]);
        if level.attached {
            if level.kind != Kind::Numa || level.count != 1 || i == 0 {
                return Err(SyntheticError::Order(n));
            }
        } else {
            total = total.saturating_mul(level.count);
        }
        if total > MAX_CPUS {
            return Err(SyntheticError::Count(n));
        }
        let twice = before.iter().any(|l| l.kind == level.kind) && level.kind != Kind::Group;
        // nodes and groups may stand anywhere above the cores
        let free = |k: Kind| matches!(k, Kind::Numa | Kind::Group);
        let deeper = before.iter().any(|l| {
            depth(l.kind) > depth(level.kind) && !(free(level.kind) && depth(l.kind) < 10)
        });
        if twice || deeper || (level.kind == Kind::Machine && level.count != 1) {
            return Err(SyntheticError::Order(n));
        }
    }
    Ok(())
}

/// Put a level's objects over the CPUs: object `i` holds CPUs `i * width` to `(i + 1) * width - 1`.
fn apply(
    level: &Level,
    n: usize,
    objects: usize,
    width: usize,
    claims: &mut Claims,
) -> Result<(), SyntheticError> {
    let index = |i: usize| level.indexes.get(i).copied().unwrap_or(i as u32);
    match level.kind {
        Kind::Machine | Kind::Group => {}
        Kind::Numa => {
            if objects > MAX_NODES {
                return Err(SyntheticError::Count(n));
            }
            for i in 0..objects {
                let node = NodeId(index(i));
                if let Some(entry) = claims.mention(node) {
                    entry.usable = level.size;
                }
                for cpu in claims.cpus.iter_mut().skip(i * width).take(width) {
                    cpu.node = Some(node);
                }
            }
        }
        Kind::Cache(depth, kind) => {
            claims.caches.extend((0..objects).map(|i| CacheClaim {
                level: depth,
                kind,
                size: level.size,
                line: None,
                ways: None,
                cpus: (i * width..(i + 1) * width).map(|c| c as u32).collect(),
            }));
        }
        Kind::Package | Kind::Die | Kind::Core | Kind::Pu => {
            for (c, cpu) in claims.cpus.iter_mut().enumerate() {
                let object = (c / width) as u32;
                let p = cpu.position.get_or_insert_default();
                match level.kind {
                    Kind::Package => p.package = Some(index(c / width)),
                    Kind::Die => p.die = Some(object),
                    Kind::Core => p.core = Some(object),
                    _ => {
                        p.thread = Some(object % level.count as u32);
                        cpu.key = CpuKey::os(index(c / width));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Caches were put over CPUs by place; name those by number, as `indexes=` of `pu` may say.
fn renumber(claims: &mut Claims) {
    let names: Vec<u32> = claims.cpus.iter().filter_map(|c| c.key.os).collect();
    for cache in &mut claims.caches {
        for cpu in &mut cache.cpus {
            if let Some(name) = names.get(*cpu as usize) {
                *cpu = *name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Machine;

    #[test]
    fn every_kind_of_item_is_read() {
        let text =
            "pack:2 [numa(memory=4GB)] die:2 l3:1(size=20MB) l2:2(size=1MB) l1d:1 core:1 pu:2";
        let m = Machine::build(&[parse(text).unwrap()]).unwrap();
        assert_eq!((m.nodes().len(), m.cpus().len(), m.caches().len()), (2, 16, 4 + 8 + 8));
        assert_eq!(m.memory_of(NodeId(1)), Some(4 << 30));
        let p = m.cpus()[7].position.unwrap().value;
        assert_eq!((p.package, p.die, p.core, p.thread), (Some(0), Some(1), Some(3), Some(1)));
        assert_eq!(m.shared_caches(crate::CpuId(8), crate::CpuId(11)).count(), 1);
        assert!(m.conflicts().is_empty() && m.notes().is_empty());
    }

    #[test]
    fn indexes_name_cpus_and_nodes() {
        let m = Machine::build(&[parse("numa:2(indexes=3,7) pu:2(indexes=0,2,1,3)").unwrap()]);
        let m = m.unwrap();
        assert_eq!(m.node_of(crate::CpuId(2)), Some(NodeId(3)));
        assert_eq!(m.node_of(crate::CpuId(1)), Some(NodeId(7)));
    }

    #[test]
    fn bad_text_is_refused_with_the_item() {
        use SyntheticError::{Attribute, Count, Kind, NoPu, Order, Syntax};
        for (text, error) in [
            ("", NoPu),
            ("core:2", NoPu),
            ("2 2", Syntax(1)),
            ("core:0 pu:1", Count(1)),
            ("core:99999999999999999999 pu:1", Count(1)),
            ("pack:16384 core:16384 pu:2", Count(2)),
            ("thing:2 pu:2", Kind(1)),
            ("l9:2 pu:2", Kind(1)),
            ("pu:2(memory=1)", Attribute(1)),
            ("numa:2(memory=x) pu:2", Attribute(1)),
            ("numa:2(memory=1 pu:2", Syntax(1)),
            ("numa:2(indexes=0) pu:2", Attribute(1)),
            ("numa:2(indexes=4,4) pu:2", Attribute(1)),
            ("pu:2(indexes=1,1)", Attribute(1)),
            ("core:2 pack:2 pu:2", Order(2)),
            ("core:2 core:2 pu:2", Order(2)),
            ("l2:2 l3:2 pu:2", Order(2)),
            ("[numa] pu:2", Order(1)),
            ("core:2 numa:2 pu:2", Order(2)),
        ] {
            assert_eq!(parse(text).map(|_| ()), Err(error), "{text}");
        }
    }
}
