//! The machine as JSON, every fact with its source. Latencies are in picoseconds, bandwidths in MB/s,
//! sizes in bytes; what is not known is `null` or absent.

use crate::{CacheType, CpuKind, Fact, Machine, Source};
use core::fmt::{self, Display, Write};

struct Maybe<T>(Option<T>);

impl<T: Display> Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(v) => v.fmt(f),
            None => f.write_str("null"),
        }
    }
}

struct FactJson<T>(Option<Fact<T>>);

impl<T: Display> Display for FactJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Fact { value, source }) => {
                write!(f, "{{\"value\": {value}, \"source\": \"{source}\"}}")
            }
            None => f.write_str("null"),
        }
    }
}

struct Quoted<T>(T);

impl<T: Display> Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escape<'a, 'b>(&'a mut fmt::Formatter<'b>);
        impl Write for Escape<'_, '_> {
            fn write_str(&mut self, s: &str) -> fmt::Result {
                for c in s.chars() {
                    match c {
                        '"' => self.0.write_str("\\\"")?,
                        '\\' => self.0.write_str("\\\\")?,
                        c if (c as u32) < 0x20 => write!(self.0, "\\u{:04x}", c as u32)?,
                        c => self.0.write_char(c)?,
                    }
                }
                Ok(())
            }
        }
        f.write_char('"')?;
        write!(Escape(f), "{}", self.0)?;
        f.write_char('"')
    }
}

/// Write `name: [ items ]`, an item a line.
fn list<T>(
    out: &mut impl Write,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut dyn Write, T) -> fmt::Result,
) -> fmt::Result {
    write!(out, "  \"{name}\": [")?;
    let mut separator = "\n    ";
    for item in items {
        out.write_str(separator)?;
        each(out, item)?;
        separator = ",\n    ";
    }
    out.write_str("\n  ]")
}

/// Write the machine as JSON.
pub fn json(m: &Machine, out: &mut impl Write) -> fmt::Result {
    out.write_str("{\n  \"format\": 1,\n")?;
    list(out, "sources", m.sources(), |o, s: &Source| write!(o, "\"{s}\""))?;
    out.write_str(",\n")?;
    nodes(m, out)?;
    out.write_str(",\n")?;
    cpus(m, out)?;
    out.write_str(",\n")?;
    caches(m, out)?;
    out.write_str(",\n")?;
    ranges(m, out)?;
    out.write_str(",\n")?;
    distances(m, out)?;
    let source = Maybe(m.distance_source().map(Quoted));
    write!(out, ",\n  \"distance_source\": {source},\n")?;
    access(m, out)?;
    out.write_str(",\n")?;
    memory_caches(m, out)?;
    out.write_str(",\n")?;
    space(m, out)?;
    out.write_str(",\n")?;
    disagreements(m, out)?;
    out.write_str(",\n")?;
    list(out, "notes", m.notes(), |o, n| write!(o, "{}", Quoted(n)))?;
    out.write_str("\n}\n")
}

fn nodes(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "nodes", m.nodes(), |o, n| {
        write!(
            o,
            "{{\"id\": {}, \"source\": \"{}\", \"cpus\": \"{}\", \"usable\": {}, \"installed\": {}, \
             \"initiator\": {}, \"attached_to\": {}, \"allowed\": {}}}",
            n.id.value,
            n.id.source,
            n.cpus,
            FactJson(n.usable),
            Maybe(m.installed(n.id.value)),
            n.initiator.is_some(),
            FactJson(n.attached_to),
            m.is_node_allowed(n.id.value),
        )
    })
}

fn cpus(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "cpus", m.cpus(), |o, c| {
        let p = c.position.map(|p| p.value).unwrap_or_default();
        write!(
            o,
            "{{\"id\": {}, \"os_id\": {}, \"hardware_id\": {}, \"uid\": {}, \"node\": {}, \
             \"package\": {}, \"die\": {}, \"core\": {}, \"thread\": {}, \"position_source\": {}, \
             \"kind\": {}, \"offline\": {}, \"usable\": {}}}",
            c.id,
            FactJson(c.os_id),
            FactJson(c.hardware_id),
            FactJson(c.uid),
            FactJson(c.node),
            Maybe(p.package),
            Maybe(p.die),
            Maybe(p.core),
            Maybe(p.thread),
            Maybe(c.position.map(|p| Quoted(p.source))),
            Maybe(c.kind.map(|k| Quoted(match k.value {
                CpuKind::Performance => "performance",
                CpuKind::Efficiency => "efficiency",
            }))),
            c.offline.is_some(),
            m.is_usable(c),
        )
    })
}

fn caches(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "caches", m.caches(), |o, c| {
        let kind = match c.kind {
            CacheType::Data => "data",
            CacheType::Instruction => "instruction",
            CacheType::Unified => "unified",
        };
        write!(
            o,
            "{{\"level\": {}, \"type\": \"{kind}\", \"size\": {}, \"line\": {}, \"ways\": {}, \
             \"cpus\": \"{}\", \"source\": \"{}\"}}",
            c.level,
            Maybe(c.size),
            Maybe(c.line),
            Maybe(c.ways),
            c.cpus,
            c.source
        )
    })
}

fn ranges(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "ranges", m.ranges().iter().chain(m.hotplug_ranges()), |o, r| {
        write!(
            o,
            "{{\"node\": {}, \"base\": {}, \"size\": {}, \"hotplug\": {}, \"nonvolatile\": {}, \
             \"source\": \"{}\"}}",
            r.node, r.base, r.size, r.flags.hotplug, r.flags.nonvolatile, r.source
        )
    })
}

fn distances(m: &Machine, out: &mut impl Write) -> fmt::Result {
    let pairs = m.nodes().iter().flat_map(|a| m.nodes().iter().map(move |b| (a, b)));
    let told = pairs.filter_map(|(a, b)| {
        let (a, b) = (a.id.value, b.id.value);
        Some((a, b, m.distance(a, b)?))
    });
    list(out, "distances", told, |o, (a, b, d)| write!(o, "[{a}, {b}, {d}]"))
}

fn access(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "access", m.access_values(), |o, a| {
        write!(
            o,
            "{{\"initiator\": {}, \"target\": {}, \"level\": {}, \"kind\": \"{}\", \"value\": {}, \
             \"source\": \"{}\"}}",
            a.initiator, a.target, a.level, a.kind, a.value, a.source
        )
    })
}

fn memory_caches(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "memory_caches", m.memory_caches(), |o, c| {
        write!(
            o,
            "{{\"node\": {}, \"level\": {}, \"size\": {}, \"line\": {}, \"source\": \"{}\"}}",
            c.node, c.level, c.size, c.line, c.source
        )
    })
}

fn space(m: &Machine, out: &mut impl Write) -> fmt::Result {
    let space = m.space().map(|s| {
        alloc::format!(
            "{{\"width\": {}, \"height\": {}, \"source\": \"{}\"}}",
            s.value.width(),
            s.value.height(),
            s.source
        )
    });
    write!(out, "  \"space\": {}", Maybe(space))
}

fn disagreements(m: &Machine, out: &mut impl Write) -> fmt::Result {
    list(out, "disagreements", m.conflicts(), |o, c| {
        write!(
            o,
            "{{\"about\": {}, \"kept\": {}, \"kept_source\": \"{}\", \"other\": {}, \
             \"other_source\": \"{}\"}}",
            Quoted(c.subject),
            c.kept.0,
            c.kept.1,
            c.other.0,
            c.other.1
        )
    })
}
