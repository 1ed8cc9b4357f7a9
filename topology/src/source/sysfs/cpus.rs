//! The CPUs of sysfs: which there are, where they sit, their kinds and caches, and which of them the
//! reading process may use.

use super::{Files, Parse, Ranges, Reader, count, list, mask, members, normal, rank};
use crate::claims::{AllowedClaim, CacheClaim, Claims, CpuClaim, CpuKey};
use crate::model::{CacheType, CpuKind, MAX_CPUS, MAX_NODES, Position};
use crate::{NodeId, Note, Source};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use genode_args::number::{size, unsigned};

/// CPUs in all caches together: each CPU in as many as any machine has levels and kinds.
const MAX_CACHE_MEMBERS: usize = 8 * MAX_CPUS;

/// Reads the CPUs that are online, and the numbers of those that are present and offline.
pub(super) fn read<F: Files>(r: &Reader<'_, F>, online: &Ranges, claims: &mut Claims) {
    let kinds = kinds(r);
    let apic = apic_ids(r.files);
    let places = positions(r, online);
    for (n, position) in members(online).zip(places) {
        let key = CpuKey { os: Some(n), hardware: apic.get(&n).copied(), uid: None };
        claims.cpus.push(CpuClaim {
            position: (position != Position::default()).then_some(position),
            kind: kinds.get(&n).copied(),
            ..CpuClaim::new(key)
        });
    }
    let present = r.set("cpu/present", list, MAX_CPUS, ("list of CPUs present, of", 0));
    for n in members(&present.unwrap_or_default()).filter(|n| rank(online, *n).is_none()) {
        claims.cpus.push(CpuClaim { offline: true, ..CpuClaim::new(CpuKey::os(n)) });
    }
    caches(r, online, claims);
}

fn kinds<F: Files>(r: &Reader<'_, F>) -> BTreeMap<u32, CpuKind> {
    let mut map = BTreeMap::new();
    for (name, kind) in [("core", CpuKind::Performance), ("atom", CpuKind::Efficiency)] {
        let Some(text) = r.files.read(&format!("sys/devices/cpu_{name}/cpus")) else { continue };
        let set = list(&text, MAX_CPUS);
        if set.is_none() {
            r.odd("list of CPUs of the kind", kind as u32);
        }
        map.extend(members(&set.unwrap_or_default()).map(|n| (n, kind)));
    }
    map
}

/// `processor` to `apicid`, on x86; empty elsewhere.
fn apic_ids(files: &impl Files) -> BTreeMap<u32, u32> {
    let text = files.read("proc/cpuinfo").unwrap_or_default();
    let mut map = BTreeMap::new();
    let mut cpu = None;
    for (key, value) in text.lines().filter_map(|l| l.split_once(':')) {
        let value = unsigned(value).and_then(|n| u32::try_from(n).ok());
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

/// What the kernel says of the place of a CPU: its package and die, its core's number, and the CPUs
/// of its core.
struct Told {
    scope: (Option<u32>, Option<u32>),
    core: Option<u32>,
    siblings: Option<Ranges>,
    thread: Option<u32>,
}

fn told<F: Files>(r: &Reader<'_, F>, cpu: u32) -> Told {
    let file = |name: &str| format!("cpu/cpu{cpu}/topology/{name}");
    let sets: [(&str, Parse, &'static str); 4] = [
        ("core_cpus_list", list, "core_cpus_list of CPU"),
        ("thread_siblings_list", list, "thread_siblings_list of CPU"),
        ("core_cpus", mask, "core_cpus mask of CPU"),
        ("thread_siblings", mask, "thread_siblings mask of CPU"),
    ];
    let mut siblings = None;
    for (name, parse, what) in sets {
        let set = r.set(&file(name), parse, MAX_CPUS, (what, cpu));
        // a core without the CPU itself is nobody's
        siblings = set.filter(|s| rank(s, cpu).is_some());
        if siblings.is_some() {
            break;
        }
    }
    Told {
        scope: (r.small(&file("physical_package_id")), r.small(&file("die_id"))),
        core: r.small(&file("core_id")),
        thread: siblings.as_ref().and_then(|s| rank(s, cpu)),
        siblings,
    }
}

/// Where the CPUs sit. A core is a set of siblings; it keeps its `core_id` unless an earlier core of
/// its die has it, and gets a number of its own then, or where the kernel tells none.
fn positions<F: Files>(r: &Reader<'_, F>, online: &Ranges) -> Vec<Position> {
    let all: Vec<Told> = members(online).map(|n| told(r, n)).collect();
    let mut taken = BTreeSet::new();
    let mut number_of = BTreeMap::new();
    // told numbers first, so that no made one takes the place of a told one
    for t in &all {
        match (&t.siblings, t.core) {
            (None, Some(id)) => {
                taken.insert((t.scope, id));
            }
            (Some(s), Some(id))
                if !number_of.contains_key(&(t.scope, s)) && taken.insert((t.scope, id)) =>
            {
                number_of.insert((t.scope, s), id);
            }
            _ => {}
        }
    }
    let mut next: BTreeMap<_, u32> = BTreeMap::new();
    for t in &all {
        let Some(s) = &t.siblings else { continue };
        number_of.entry((t.scope, s)).or_insert_with(|| {
            let next = next.entry(t.scope).or_default();
            while !taken.insert((t.scope, *next)) {
                *next += 1;
            }
            *next
        });
    }
    let core = |t: &Told| match &t.siblings {
        Some(s) => number_of.get(&(t.scope, s)).copied(),
        None => t.core,
    };
    let place = |t: &Told| {
        let ((package, die), core, thread) = (t.scope, core(t), t.thread);
        Position { package, die, core, thread }
    };
    all.iter().map(place).collect()
}

fn caches<F: Files>(r: &Reader<'_, F>, online: &Ranges, claims: &mut Claims) {
    let mut seen = BTreeSet::new();
    let mut unknown = false;
    let mut total = 0;
    for cpu in members(online) {
        for index in 0..16 {
            let path = |name: &str| format!("cpu/cpu{cpu}/cache/index{index}/{name}");
            let file = |name: &str| r.text(&path(name));
            let Some(level) = file("level").and_then(|t| unsigned(&t)) else { break };
            let kind = match file("type").as_deref().map(str::trim) {
                Some("Data") => CacheType::Data,
                Some("Instruction") => CacheType::Instruction,
                Some("Unified") => CacheType::Unified,
                Some(_) => {
                    r.odd("type of a cache of CPU", cpu);
                    continue;
                }
                None => continue,
            };
            let what = ("shared_cpu_list of a cache of CPU", cpu);
            let set = r.set(&path("shared_cpu_list"), list, MAX_CPUS, what).or_else(|| {
                let what = ("shared_cpu_map of a cache of CPU", cpu);
                r.set(&path("shared_cpu_map"), mask, MAX_CPUS, what)
            });
            let Some(shared) = set.filter(|s| !s.is_empty()) else {
                unknown = true;
                continue;
            };
            let level = level.min(255) as u8;
            let members_here = count(&shared);
            if total + members_here > MAX_CACHE_MEMBERS
                || seen.contains(&(level, kind, shared.clone()))
            {
                continue;
            }
            total += members_here;
            let small = |name: &str| file(name).and_then(|t| unsigned(&t)?.try_into().ok());
            claims.caches.push(CacheClaim {
                level,
                kind,
                size: file("size").and_then(|t| size(&t)).filter(|s| *s > 0),
                line: small("coherency_line_size"),
                ways: small("ways_of_associativity"),
                cpus: members(&shared).collect(),
            });
            seen.insert((level, kind, shared));
        }
    }
    if unknown {
        // which caches there are is not known without it: none is made up
        claims.notes.push(Note::Missing(Source::Sysfs, "which CPUs share some caches"));
    }
}

/// Reads what the process may use: the kernel's answer, which knows cpusets and the affinity mask.
pub(super) fn allowed<F: Files>(r: &Reader<'_, F>, claims: &mut Claims) {
    let Some(status) = r.files.read("proc/self/status") else { return };
    let line = |name: &str| status.lines().find_map(|l| l.strip_prefix(name));
    let set = |name: &str, limit, what| {
        let text = line(name)?;
        let set = list(text, limit);
        if set.is_none() {
            r.odd(what, 0);
        }
        set
    };
    let cpus = set("Cpus_allowed_list:", MAX_CPUS, "list of allowed CPUs, of");
    let nodes = set("Mems_allowed_list:", MAX_NODES, "list of allowed nodes, of");
    if cpus.is_some() || nodes.is_some() {
        let listed: Ranges =
            normal(claims.cpus.iter().filter_map(|c| c.key.os.map(|n| (n, n))).collect());
        claims.allowed = Some(AllowedClaim {
            cpus: cpus.map(|set| members(&set).filter(|n| rank(&listed, *n).is_some()).collect()),
            nodes: nodes.map(|set| members(&set).map(NodeId).collect()),
        });
    }
}
