//! Output for people and programs: JSON and SVG that parse, descriptions that read back, XML that
//! Debian's lstopo opens with the same counts.
#![allow(clippy::format_push_string, reason = "machines are written as text, piece by piece")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{acpi_machine, described, lstopo, recorded, rich, synthetic, written};
use proptest::prelude::*;
use std::process::Command;
use topology::render::{self, HwlocVersion, TextOptions};
use topology::source::{description, sysfs};
use topology::{AccessKind, CacheType, Machine};

fn machines() -> Vec<(&'static str, Machine)> {
    let linux = Machine::build(&[sysfs::read(&recorded("recorded-vm")).unwrap()]).unwrap();
    let mut list = vec![("recorded-vm", linux)];
    for name in ["two-nodes", "hmat", "memory-only", "sparse", "eight-nodes", "sixty-four-nodes"] {
        list.push((name, acpi_machine(name)));
    }
    for text in [
        "pack:2 numa:1(memory=4GB) l3:2(size=20MB) l2:2(size=1MB) l1:1(size=32KB) core:1 pu:2",
        "numa:64 core:8 pu:2",
        "pack:2 die:2 [numa(memory=1GB)] core:2 pu:1",
        "core:4 pu:2",
    ] {
        list.push((text, synthetic(text)));
    }
    list.push(("rich", rich()));
    for name in ["umf1289-spr-hbm", "core-id-reused"] {
        let path = common::fixtures().join(format!("cases/{name}.rec"));
        let text = std::fs::read_to_string(path).unwrap();
        let claims = sysfs::read(&sysfs::Recorded::parse(&text)).unwrap();
        list.push((name, Machine::build(&[claims]).unwrap()));
    }
    list
}

#[test]
fn the_tree_is_indented_as_lstopo_does() {
    let m = synthetic("pack:2 [numa(memory=4GB)] l3:1(size=20MB) core:2 pu:2");
    let plain = written(|o| render::text(&m, TextOptions::default(), o));
    let expected = "\
Machine (8 GiB total)
  Package #0
    NUMANode #0 (4 GiB)
    L3 (20 MiB)
      Core #0
        PU #0
        PU #1
      Core #1
        PU #2
        PU #3
";
    assert!(plain.starts_with(expected), "{plain}");
    let colour = TextOptions { colour: true, sources: true };
    let painted = written(|o| render::text(&m, colour, o));
    assert!(painted.contains("\x1b[33mPU #0\x1b[0m\x1b[2m [synthetic]\x1b[0m"), "{painted}");
    let hmat = acpi_machine("hmat");
    let table = written(|o| render::details(&hmat, o));
    assert!(table.contains("     1    12     6    20\n"), "{table}");
    assert!(table.contains("read latency in ns"));
    let plain = written(|o| render::text(&hmat, TextOptions::default(), o));
    assert!(plain.contains("    NUMANode #2 (512 MiB) memory only\n"), "{plain}");
}

#[test]
fn disagreement_and_oddities_are_printed() {
    let claims =
        ["numa:2 pu:2", "numa:1 pu:4"].map(|t| topology::source::synthetic::parse(t).unwrap());
    let [a, mut b] = claims;
    b.source = topology::Source::Description;
    b.cpus[3].node = Some(topology::NodeId(5));
    b.mention(topology::NodeId(5)).unwrap();
    let m = Machine::build(&[a, b]).unwrap();
    let text = written(|o| render::text(&m, TextOptions::default(), o));
    assert!(
        text.contains("disagreement: node of CPU 2: synthetic says 1, description says 0"),
        "{text}"
    );
    // a cache across halves of two packages does not nest
    let m = described(
        "<machine><cpus ids='0-1' package='0'/><cpus ids='2-3' package='1'/><cache level='3' cpus='1-2'/></machine>",
    );
    let text = written(|o| render::text(&m, TextOptions::default(), o));
    assert!(text.contains("1 objects do not nest"), "{text}");
}

#[test]
fn json_has_every_fact_with_its_source() {
    for (name, m) in machines() {
        let text = written(|o| render::json(&m, o));
        let v: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
        let len = |key: &str| v[key].as_array().unwrap().len();
        assert_eq!(len("nodes"), m.nodes().len(), "{name}");
        assert_eq!(len("cpus"), m.cpus().len(), "{name}");
        assert_eq!(len("caches"), m.caches().len(), "{name}");
        assert_eq!(len("access"), m.access_values().len(), "{name}");
        assert_eq!(len("ranges"), m.ranges().len() + m.hotplug_ranges().len(), "{name}");
        for (i, cpu) in m.cpus().iter().enumerate() {
            let node = &v["cpus"][i]["node"];
            assert_eq!(node["value"].as_u64(), cpu.node.map(|n| u64::from(n.value.0)), "{name}");
            assert_eq!(node["source"].as_str(), cpu.node.map(|n| n.source.name()), "{name}");
        }
        for d in v["distances"].as_array().unwrap() {
            let id = |i: usize| topology::NodeId(d[i].as_u64().unwrap() as u32);
            assert_eq!(m.distance(id(0), id(1)).map(u64::from), d[2].as_u64(), "{name}");
        }
    }
}

#[test]
fn the_drawing_is_xml_with_a_box_for_each_object_inside_its_parent() {
    for (name, m) in machines() {
        let text = written(|o| render::svg(&m, o));
        let doc = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let number = |n: &roxmltree::Node<'_, '_>, a| {
            n.attribute(a).map_or(0, |v| v.parse::<u32>().unwrap())
        };
        let root = doc.root_element();
        let (w, h) = (number(&root, "width"), number(&root, "height"));
        let boxes: Vec<_> = doc.descendants().filter(|n| n.has_tag_name("rect")).collect();
        for b in &boxes {
            assert!(number(b, "x") + number(b, "width") <= w, "{name}");
            assert!(number(b, "y") + number(b, "height") <= h, "{name}");
        }
        let labels: Vec<&str> =
            doc.descendants().filter(|n| n.has_tag_name("text")).filter_map(|n| n.text()).collect();
        let count = |prefix: &str| labels.iter().filter(|l| l.starts_with(prefix)).count();
        if m.nodes().len() == 64 {
            // of equal neighbours two, the others counted, and the last
            let more: Vec<&&str> = labels.iter().filter(|l| l.contains(" × Group, ")).collect();
            let hidden: usize = more[0].split(' ').next().unwrap().parse().unwrap();
            assert!((60..=61).contains(&hidden), "{name}: {more:?}");
            assert_eq!(count("NUMANode "), 64 - hidden, "{name}");
            assert_eq!(count("PU ") * 64, m.cpus().len() * (64 - hidden), "{name}");
        } else {
            assert_eq!(count("PU "), m.cpus().len(), "{name}");
            assert_eq!(count("NUMANode "), m.nodes().len(), "{name}");
        }
        assert_eq!(boxes.len(), labels.len() + 1, "{name}"); // and the ground
    }
}

/// All that a description can hold; sources differ by design.
fn same(a: &Machine, b: &Machine, name: &str) {
    same_nodes_and_ranges(a, b, name);
    same_cpus_and_caches(a, b, name);
    same_access(a, b, name);
    assert_eq!(a.space().map(|s| &s.value), b.space().map(|s| &s.value), "{name}");
}

fn same_nodes_and_ranges(a: &Machine, b: &Machine, name: &str) {
    let nodes = |m: &Machine| -> Vec<_> {
        m.nodes()
            .iter()
            .map(|n| {
                (
                    n.id.value,
                    n.cpus.clone(),
                    n.usable.map(|u| u.value),
                    n.initiator.is_some(),
                    n.attached_to.map(|t| t.value),
                )
            })
            .collect()
    };
    assert_eq!(nodes(a), nodes(b), "{name}");
    let ranges = |m: &Machine| -> Vec<_> {
        let all = m.ranges().iter().chain(m.hotplug_ranges());
        all.map(|r| (r.node, r.base, r.size, r.flags)).collect()
    };
    assert_eq!(ranges(a), ranges(b), "{name}");
    let side = |m: &Machine| -> Vec<_> {
        m.memory_caches().iter().map(|c| (c.node, c.level, c.size, c.line)).collect()
    };
    assert_eq!(side(a), side(b), "{name}");
}

fn same_cpus_and_caches(a: &Machine, b: &Machine, name: &str) {
    let cpus = |m: &Machine| -> Vec<_> {
        m.cpus()
            .iter()
            .map(|c| {
                (
                    c.id,
                    c.hardware_id.map(|f| f.value),
                    c.uid.map(|f| f.value),
                    c.position.map(|f| f.value),
                    c.kind.map(|f| f.value),
                )
            })
            .collect()
    };
    assert_eq!(cpus(a), cpus(b), "{name}");
    let caches = |m: &Machine| -> Vec<_> {
        m.caches()
            .iter()
            .map(|c| (c.level, c.kind, c.size, c.line, c.ways, c.cpus.clone()))
            .collect()
    };
    assert_eq!(caches(a), caches(b), "{name}");
}

fn same_access(a: &Machine, b: &Machine, name: &str) {
    for x in a.nodes() {
        for y in a.nodes() {
            assert_eq!(
                a.distance(x.id.value, y.id.value),
                b.distance(x.id.value, y.id.value),
                "{name}"
            );
        }
    }
    let access = |m: &Machine| -> Vec<_> {
        m.access_values()
            .iter()
            .map(|v| (v.initiator, v.target, v.level, v.kind, v.value))
            .collect()
    };
    assert_eq!(access(a), access(b), "{name}");
}

#[test]
fn a_description_reads_back_to_the_same_machine() {
    for (name, m) in machines() {
        let text = written(|o| render::description(&m, o));
        let claims = description::parse(&text).unwrap_or_else(|e| panic!("{name}: {e}\n{text}"));
        same(&m, &Machine::build(&[claims]).unwrap(), name);
    }
}

proptest! {
    #[test]
    fn any_described_machine_reads_back(
        nodes in 1u32..5, per in 1u32..5, values in proptest::collection::vec(0u32..1000, 200),
    ) {
        let mut next = values.into_iter().cycle();
        let mut v = move |below: u32| next.next().unwrap() % below;
        let mut text = String::from("<machine>");
        for n in 0..nodes {
            text += &format!("<node id='{}' memory='{}M'>", n * 3, v(100));
            if v(2) == 0 {
                text += &format!("<range base='{n}G' size='{}M'/>", 1 + v(900));
            }
            for c in 0..per {
                let id = n * per + c;
                text += &format!("<cpu id='{id}' package='{}' core='{}' x='{id}' y='{}'/>", v(3), v(4), v(2));
            }
            text.push_str("</node>");
        }
        text += &format!("<cache level='2' size='{}K' cpus='0-{}'/>", 1 + v(100), v(nodes * per));
        for a in 0..nodes {
            for b in 0..nodes {
                if v(3) > 0 {
                    text += &format!("<distance from='{}' to='{}' value='{}'/>", a * 3, b * 3, 10 + v(246));
                }
                if v(3) == 0 {
                    text += &format!("<access initiator='{}' target='{}' read_latency_ps='{}'/>", a * 3, b * 3, 1 + v(999));
                }
            }
        }
        text.push_str("</machine>");
        let m = described(&text);
        let again = written(|o| render::description(&m, o));
        same(&m, &described(&again), &text);
        let xml = written(|o| render::hwloc_xml(&m, HwlocVersion::V2, o));
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let parsed = roxmltree::Document::parse_with_options(&xml, options);
        prop_assert!(parsed.is_ok());
        let json = written(|o| render::json(&m, o));
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&json);
        prop_assert!(parsed.is_ok());
    }
}

#[test]
fn lstopo_opens_the_xml_and_counts_the_same() {
    let dir = std::env::temp_dir().join(format!("topology-hwloc-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for (i, (name, m)) in machines().into_iter().enumerate() {
        let path = dir.join(format!("{i}.xml"));
        std::fs::write(&path, written(|o| render::hwloc_xml(&m, HwlocVersion::V2, o))).unwrap();
        let file = path.to_str().unwrap();
        let count = |kind: &str| -> Option<usize> {
            let text = lstopo(&["-i", file, "--only", kind, "--no-io", "--filter", "all:all"])?;
            Some(text.lines().count())
        };
        let Some(pus) = count("pu") else { return };
        assert_eq!(pus, m.cpus().len(), "{name}");
        // hwloc knows no machine without a node
        assert_eq!(count("numanode"), Some(m.nodes().len().max(1)), "{name}");
        let caches =
            |level, kind| m.caches().iter().filter(|c| (c.level, c.kind) == (level, kind)).count();
        assert_eq!(count("l3cache"), Some(caches(3, CacheType::Unified)), "{name}");
        assert_eq!(count("l2cache"), Some(caches(2, CacheType::Unified)), "{name}");
        assert_eq!(count("l1icache"), Some(caches(1, CacheType::Instruction)), "{name}");
        let cores: std::collections::BTreeSet<_> =
            m.cpus().iter().filter_map(|c| m.core_siblings(c.id)?.first()).collect();
        assert_eq!(count("core"), Some(cores.len()), "{name}");
        // distances come through whole
        let matrix = lstopo(&["-i", file, "--distances"]).unwrap();
        let ids = || m.nodes().iter().map(|n| n.id.value);
        let whole = ids().all(|a| ids().all(|b| m.distance(a, b).is_some()));
        if whole && m.nodes().len() > 1 {
            assert!(matrix.contains("NUMALatency"), "{name}: {matrix}");
        }
        // each CPU is local to the node that hwloc finds for it
        for cpu in m.cpus().iter().take(4) {
            let Some(node) = m.node_of(cpu.id) else { continue };
            let output = Command::new("hwloc-calc")
                .args(["-i", file, "--po", "-I", "numanode", &format!("pu:{}", cpu.id)])
                .output();
            let Ok(output) = output else { break };
            let text = String::from_utf8(output.stdout).unwrap();
            let ids: Vec<&str> = text.trim().split(',').collect();
            assert!(ids.contains(&node.to_string().as_str()), "{name}: CPU {} in {ids:?}", cpu.id);
        }
    }
    std::fs::remove_dir_all(&dir).ok();
}

#[test]
fn lstopo_sees_the_latencies() {
    let m = acpi_machine("hmat");
    let path = std::env::temp_dir().join(format!("topology-memattrs-{}.xml", std::process::id()));
    std::fs::write(&path, written(|o| render::hwloc_xml(&m, HwlocVersion::V2, o))).unwrap();
    let text = lstopo(&["-i", path.to_str().unwrap(), "--memattrs"]);
    std::fs::remove_file(&path).ok();
    let Some(text) = text else { return };
    for kind in ["ReadLatency", "WriteLatency", "ReadBandwidth", "WriteBandwidth"] {
        assert!(text.contains(kind), "{text}");
    }
    let value = m.access(topology::NodeId(1), topology::NodeId(2), 0, AccessKind::ReadLatency);
    assert_eq!(value.unwrap().value, 20_000);
    assert!(text.contains("NUMANode L#2") && text.contains("20"), "{text}");
}

/// With hwloc 3 itself, where the variable names its library (the wheel `pyhwloc` 3.0.1 has one; Debian 12 has hwloc 2.9).
#[test]
fn hwloc_3_opens_both_versions_and_counts_the_same() {
    let Ok(library) = std::env::var("HWLOC3_LIBRARY") else {
        println!("skipped: HWLOC3_LIBRARY names no libhwloc.so of version 3");
        return;
    };
    let dir = std::env::temp_dir().join(format!("topology-hwloc3-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (mut paths, mut expected) = (Vec::new(), vec!["version 3".to_owned()]);
    for (i, (_, m)) in machines().into_iter().enumerate() {
        for (v, version) in [HwlocVersion::V2, HwlocVersion::V3].into_iter().enumerate() {
            let path = dir.join(format!("{i}-{v}.xml")).to_str().unwrap().to_owned();
            std::fs::write(&path, written(|o| render::hwloc_xml(&m, version, o))).unwrap();
            let distinct = |f: &dyn Fn(&topology::Cpu) -> Option<topology::CpuId>| {
                let set: std::collections::BTreeSet<_> = m.cpus().iter().filter_map(f).collect();
                set.len()
            };
            let cores = distinct(&|c| m.core_siblings(c.id)?.first());
            let packages: std::collections::BTreeSet<_> =
                m.cpus().iter().filter_map(|c| c.position?.value.package).collect();
            let nodes = m.nodes();
            let whole = nodes.len() > 1
                && nodes
                    .iter()
                    .all(|a| nodes.iter().all(|b| m.distance(a.id.value, b.id.value).is_some()));
            let counts =
                [m.cpus().len(), nodes.len().max(1), cores, packages.len(), usize::from(whole)];
            let counts = counts.map(|n| n.to_string());
            expected.push(format!("{path} {}", counts.join(" ")));
            paths.push(path);
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hwloc3.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(library).args(&paths).env("HWLOC_XML_VERBOSE", "1");
    let output = python.output().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && err.is_empty(), "{out}{err}");
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    std::fs::remove_dir_all(&dir).ok();
}

#[test]
fn version_3_differs_where_hwloc_3_does() {
    let m = acpi_machine("two-nodes");
    let v3 = written(|o| render::hwloc_xml(&m, HwlocVersion::V3, o));
    assert!(
        v3.contains("<topology version=\"3.0\">") && v3.contains(" gp_index=\"1\" id=\"obj1\"")
    );
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let doc = roxmltree::Document::parse_with_options(&v3, options).unwrap();
    let infos: Vec<_> = doc.descendants().filter(|n| n.has_tag_name("info")).collect();
    assert!(
        !infos.is_empty() && infos.iter().all(|n| n.parent().unwrap().has_tag_name("topology"))
    );
    let v2 = written(|o| render::hwloc_xml(&m, HwlocVersion::V2, o));
    assert!(v2.contains("<topology version=\"2.0\">") && !v2.contains("id=\"obj1\""));
}
