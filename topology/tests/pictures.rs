//! What is drawn where, what is told instead of drawn, and what a picture of a large machine costs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{acpi_machine, lstopo, rich, synthetic, written};
use topology::Machine;
use topology::render::{self, HwlocVersion, TextOptions};

#[test]
fn kinds_caches_and_small_values_are_drawn_and_told() {
    let m = rich();
    let tree = written(|o| render::text(&m, TextOptions::default(), o));
    let expected = "\
Machine (17 GiB total)
  Group
    NUMANode #0 (4 GiB)
    NUMANode #3 (8 GiB) memory only
    PU #0 (P)
  Group
    NUMANode #1 (4 GiB)
    MemCache L1 (1 GiB) + MemCache L2 (2 GiB) + NUMANode #2 (1 GiB) memory only
    PU #1 (E)
";
    assert_eq!(tree, expected);
    let numbers = written(|o| render::details(&m, o));
    assert!(numbers.contains("46.6") && numbers.contains("0.5"), "{numbers}");
    let svg = written(|o| render::svg(&m, o));
    for label in
        [">0.1<", ">205<", ">46.6<", ">0.5<", ">PU 0 P<", ">PU 1 E<", ">MemCache L1  1 GiB<"]
    {
        assert!(svg.contains(label), "{label}: {svg}");
    }
}

/// Boxes of a drawing by label: x, y, width, height.
fn boxes(svg: &str) -> Vec<(String, [u32; 4])> {
    let doc = roxmltree::Document::parse(svg).unwrap();
    let number =
        |n: &roxmltree::Node<'_, '_>, a| n.attribute(a).map_or(0, |v| v.parse::<u32>().unwrap());
    let rects = doc
        .descendants()
        .filter(|n| n.has_tag_name("rect") && n.attribute("class") != Some("ground"));
    let texts = doc.descendants().filter(|n| n.has_tag_name("text"));
    texts
        .zip(rects)
        .map(|(t, r)| {
            let at = ["x", "y", "width", "height"].map(|a| number(&r, a));
            (t.text().unwrap_or("").to_owned(), at)
        })
        .collect()
}

#[test]
fn no_node_is_inside_a_pu_and_memory_is_near_its_cpus() {
    let all = boxes(&written(|o| render::svg(&rich(), o)));
    let find = |label: &str| all.iter().find(|(l, _)| l.starts_with(label)).unwrap().1;
    let inside = |a: [u32; 4], b: [u32; 4]| {
        a[0] >= b[0] && a[1] >= b[1] && a[0] + a[2] <= b[0] + b[2] && a[1] + a[3] <= b[1] + b[3]
    };
    let groups: Vec<[u32; 4]> = all.iter().filter(|(l, _)| l == "Group").map(|(_, b)| *b).collect();
    assert_eq!(groups.len(), 2);
    for (node, cpu, group) in
        [("NUMANode 0", "PU 0", 0), ("NUMANode 3", "PU 0", 0), ("NUMANode 2", "PU 1", 1)]
    {
        assert!(!inside(find(node), find(cpu)), "{node}");
        assert!(inside(find(node), groups[group]) && inside(find(cpu), groups[group]), "{node}");
    }
    assert!(inside(find("NUMANode 2"), find("MemCache L2")));
    assert!(inside(find("MemCache L2"), find("MemCache L1")));
}

#[test]
fn tables_of_many_nodes_are_told_instead_of_dropped() {
    let svg = written(|o| render::svg(&acpi_machine("sixty-four-nodes"), o));
    let told = "Distances (SLIT): 10 to 202 between 64 nodes, too many for a table";
    assert!(svg.contains(told), "{svg}");
}

#[test]
fn lstopo_sees_memory_caches_and_kinds() {
    let path = std::env::temp_dir().join(format!("topology-rich-{}.xml", std::process::id()));
    std::fs::write(&path, written(|o| render::hwloc_xml(&rich(), HwlocVersion::V2, o))).unwrap();
    let file = path.to_str().unwrap();
    let kinds = lstopo(&["-i", file, "--cpukinds"]);
    let caches = lstopo(&["-i", file, "--only", "memcache", "--filter", "all:all"]);
    std::fs::remove_file(&path).ok();
    let (Some(kinds), Some(caches)) = (kinds, caches) else { return };
    assert_eq!(caches.lines().count(), 2, "{caches}");
    assert!(kinds.contains("efficiency 0") && kinds.contains("efficiency 1"), "{kinds}");
    assert!(kinds.contains("CoreType = Performance"), "{kinds}");
}

/// CPU time of this thread in nanoseconds: what others do beside does not show.
#[cfg(target_os = "linux")]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere there is no such clock")]
fn cpu_time() -> Option<u64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

#[cfg(not(target_os = "linux"))]
fn cpu_time() -> Option<u64> {
    None
}

/// Eight times the CPUs may take 24 times as long, since hwloc's sets grow; what is quadratic takes 64
/// times as long.
#[test]
fn every_format_takes_near_linear_time() {
    type Format = (&'static str, fn(&Machine, &mut String) -> std::fmt::Result);
    let formats: [Format; 6] = [
        ("text", |m, o| render::text(m, TextOptions::default(), o)),
        ("svg", |m, o| render::svg(m, o)),
        ("json", |m, o| render::json(m, o)),
        ("hwloc", |m, o| render::hwloc_xml(m, HwlocVersion::V2, o)),
        ("hwloc 3", |m, o| render::hwloc_xml(m, HwlocVersion::V3, o)),
        ("description", |m, o| render::description(m, o)),
    ];
    for shape in ["core:N pu:1", "pack:4 [numa] l3:8 core:N pu:2"] {
        let [small, large] = [2048, 16384].map(|cpus| {
            let cores = if shape.starts_with("pack") { cpus / 64 } else { cpus };
            synthetic(&shape.replace('N', &cores.to_string()))
        });
        assert_eq!((small.cpus().len(), large.cpus().len()), (2048, 16384));
        for (name, write) in formats {
            let measure = |m: &Machine| {
                // the least of three runs
                (0..3)
                    .filter_map(|_| {
                        let start = cpu_time()?;
                        let mut out = String::new();
                        write(m, &mut out).unwrap();
                        Some(cpu_time()? - start)
                    })
                    .min()
            };
            let (Some(a), Some(b)) = (measure(&small), measure(&large)) else {
                println!("skipped: CPU time of a thread is read on Linux only");
                return;
            };
            println!("{shape} as {name}: {} µs, {} µs", a / 1000, b / 1000);
            assert!(b < 24 * a.max(1_000_000), "{shape} as {name}: {a} ns, {b} ns");
        }
    }
}
