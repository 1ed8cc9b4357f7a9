//! Cases from machines in the field that were once read wrongly, and what is right: `fixtures/cases`, and
//! variations of each.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "recordings are written as text, piece by piece"
)]

mod common;

use common::{fixtures, table};
use topology::place::{PlaceError, Policy};
use topology::source::acpi::{self, parse_madt, parse_srat};
use topology::source::sysfs::{self, Recorded};
use topology::source::this_machine::acpi_tables;
use topology::{CacheType, Claims, CpuId, Machine, NodeId, NodeKind, Note, Source, Subject};

fn folder(name: &str) -> (Vec<Claims>, Vec<String>) {
    acpi_tables(&fixtures().join("cases").join(name)).unwrap()
}

fn recorded(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(format!("cases/{name}.rec"))).unwrap()
}

fn sysfs_of(text: &str) -> Claims {
    sysfs::read(&Recorded::parse(text)).unwrap()
}

fn linux(text: &str) -> Machine {
    Machine::build(&[sysfs_of(text)]).unwrap()
}

fn cpus(m: &Machine, node: u32) -> String {
    m.cpus_of(NodeId(node)).unwrap().to_string()
}

// --- CPUs that may come -----------------------------------------------------------------------

#[test]
fn possible_cpus_of_the_srat_exist_where_the_madt_says_so() {
    let (claims, refused) = folder("qemu-maxcpus");
    assert_eq!(refused, Vec::<String>::new());
    for order in [claims.clone(), claims.iter().rev().cloned().collect()] {
        let m = Machine::build(&order).unwrap();
        assert_eq!(m.cpus().len(), 2);
        assert_eq!(m.conflicts(), []);
        assert!(m.notes().contains(&Note::PossibleCpus(Source::Srat, 4)), "{:?}", m.notes());
        for n in 1..=2 {
            for cpu in m.place(n, Policy::Spread, None, None).unwrap() {
                assert!(m.cpu(cpu).is_some());
            }
        }
        let too_many = m.place(3, Policy::Spread, None, None);
        assert_eq!(too_many, Err(PlaceError::TooFewCpus { have: 2 }));
    }
    // the SRAT alone: nobody says more
    let srat = claims.iter().find(|c| c.source == Source::Srat).unwrap().clone();
    assert_eq!(Machine::build(&[srat]).unwrap().cpus().len(), 6);
}

/// An SRAT with GIC or RISC-V entries of these UIDs, and a MADT of which the last is not enabled.
fn possible(kind: u8) -> [Vec<u8>; 2] {
    let (mut srat, mut madt) = (vec![0; 12], vec![0; 8]);
    for uid in 0..4u32 {
        let enabled = u32::from(uid < 3).to_le_bytes();
        if kind == 3 {
            srat.extend_from_slice(&[3, 18]);
            srat.extend_from_slice(&(uid / 2).to_le_bytes());
            srat.extend_from_slice(&uid.to_le_bytes());
            srat.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
            let mut gicc = vec![0u8; 80];
            (gicc[0], gicc[1]) = (11, 80);
            gicc[8..12].copy_from_slice(&uid.to_le_bytes());
            gicc[12..16].copy_from_slice(&enabled);
            gicc[68..72].copy_from_slice(&(uid * 0x100).to_le_bytes());
            madt.extend_from_slice(&gicc);
        } else {
            srat.extend_from_slice(&[7, 20, 0, 0]);
            srat.extend_from_slice(&(uid / 2).to_le_bytes());
            srat.extend_from_slice(&uid.to_le_bytes());
            srat.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0]);
            madt.extend_from_slice(&[24, 20, 1, 0]);
            madt.extend_from_slice(&enabled);
            madt.extend_from_slice(&u64::from(uid + 8).to_le_bytes());
            madt.extend_from_slice(&uid.to_le_bytes());
        }
    }
    [table(*b"SRAT", 3, &srat), table(*b"APIC", 5, &madt)]
}

#[test]
fn possible_cpus_of_other_processors_exist_likewise() {
    for kind in [3, 7] {
        let [srat, madt] = possible(kind);
        let claims = [parse_srat(&srat).unwrap(), parse_madt(&madt).unwrap()];
        let m = Machine::build(&claims).unwrap();
        assert_eq!((m.cpus().len(), cpus(&m, 1)), (3, "2".to_owned()), "structures {kind}");
        assert_eq!(m.notes(), [Note::PossibleCpus(Source::Srat, 1)]);
    }
}

#[test]
fn possible_cpus_exist_where_linux_has_them_online() {
    let [srat, _] = possible(3);
    let srat = parse_srat(&srat).unwrap();
    let mut online = Claims::new(Source::Sysfs, topology::NodeIds::Own, topology::KeyKind::Os);
    online.all_cpus = true;
    for n in 0..2 {
        let key = topology::CpuKey { os: Some(n), hardware: None, uid: Some(n) };
        online.cpus.push(topology::CpuClaim::new(key));
    }
    let m = Machine::build(&[online, srat]).unwrap();
    assert_eq!((m.cpus().len(), m.conflicts().len()), (2, 0));
    assert_eq!(m.notes(), [Note::PossibleCpus(Source::Srat, 2)]);
}

// --- memory that may come ---------------------------------------------------------------------

const MIB: u64 = 1 << 20;

#[test]
fn room_for_memory_is_no_memory() {
    let (claims, _) = folder("qemu-maxmem");
    let m = Machine::build(&claims).unwrap();
    assert_eq!(m.memory_of(NodeId(1)), Some(256 * MIB));
    let later: u64 = m.hotplug_ranges().iter().map(|r| r.size).sum();
    assert!(later > 200 << 30, "{later}");
    assert!(m.notes().contains(&Note::HotplugEmpty(later)), "{:?}", m.notes());
    let address = m.hotplug_ranges()[0].base;
    assert_eq!(m.node_of_address(address), None);
}

/// An SRAT with ranges of `(node, base, size, hotplug)` in MiB, and a CPU on node 0.
fn memory(ranges: &[(u32, u64, u64, bool)]) -> Claims {
    let mut body = vec![0; 12];
    body.extend_from_slice(&[0, 16, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for (node, base, size, hotplug) in ranges {
        body.extend_from_slice(&[1, 40]);
        body.extend_from_slice(&node.to_le_bytes());
        body.extend_from_slice(&[0; 2]);
        body.extend_from_slice(&(base * MIB).to_le_bytes());
        body.extend_from_slice(&(size * MIB).to_le_bytes());
        body.extend_from_slice(&[0; 4]);
        body.extend_from_slice(&(1 + 2 * u32::from(*hotplug)).to_le_bytes());
        body.extend_from_slice(&[0; 8]);
    }
    parse_srat(&table(*b"SRAT", 3, &body)).unwrap()
}

/// Memory blocks of 128 MiB: a node with `blocks`, and what the kernel can use of it.
fn blocks(blocks: &[u32], usable_mib: u64) -> String {
    let base = "sys/devices/system";
    let mut text = format!(
        "{base}/cpu/online\t0\n{base}/node/online\t0\n{base}/node/node0/cpulist\t0\n\
         proc/cpuinfo\tprocessor : 0\\napicid : 0\\n\n{base}/memory/block_size_bytes\t8000000\n\
         {base}/node/node0/meminfo\tNode 0 MemTotal: {} kB\n",
        usable_mib * 1024
    );
    for b in blocks {
        text += &format!("{base}/node/node0/memory{b}/x\t\n");
    }
    text
}

fn sizes(m: &Machine) -> (u64, u64) {
    let sum = |ranges: &[topology::MemoryRange]| ranges.iter().map(|r| r.size / MIB).sum();
    (sum(m.ranges()), sum(m.hotplug_ranges()))
}

#[test]
fn memory_that_may_come_is_what_others_say_is_there() {
    // firmware that marks just the room for more
    let room = memory(&[(0, 0, 256, false), (0, 1024, 1024, true), (1, 4096, 512, true)]);
    let m = Machine::build(std::slice::from_ref(&room)).unwrap();
    assert_eq!(sizes(&m), (256, 1536));
    assert_eq!(m.kind_of(m.node(NodeId(1)).unwrap()), NodeKind::Empty);
    assert_eq!(m.notes(), [Note::HotplugEmpty(1536 * MIB)]);
    // the kernel has part of it: two blocks have come
    let came = sysfs_of(&blocks(&[0, 1, 8, 9], 500));
    for (order, later) in [([room.clone(), came.clone()], 1280), ([came, room], 768)] {
        let m = Machine::build(&order).unwrap();
        assert_eq!(sizes(&m), (512, later));
        // a node that the kernel does not know has no name where its names come first
        let unknown = Note::UnknownNode(Source::Srat, NodeId(1));
        assert!(m.notes().iter().all(|n| *n == unknown && later == 768), "{:?}", m.notes());
        assert_eq!(m.conflicts(), []);
        assert_eq!(m.node_of_address(1024 * MIB), Some(NodeId(0)));
        assert_eq!(m.node_of_address(1280 * MIB), None);
    }
    // firmware that marks all memory, and nobody else says a word
    let all = memory(&[(0, 0, 1024, true), (1, 1024, 1024, true)]);
    let m = Machine::build(std::slice::from_ref(&all)).unwrap();
    assert_eq!(sizes(&m), (2048, 0));
    assert_eq!(m.notes(), [Note::HotplugFilled(2048 * MIB)]);
    assert_eq!(m.kind_of(m.node(NodeId(1)).unwrap()), NodeKind::MemoryOnly);
    // firmware that marks all but the lowest, and a kernel that counts more than that, without blocks
    let most = memory(&[(0, 0, 256, false), (0, 256, 768, true)]);
    let counted = sysfs_of(&blocks(&[], 900));
    let m = Machine::build(&[most, counted]).unwrap();
    assert_eq!(sizes(&m), (1024, 0));
    assert_eq!(m.conflicts(), []);
}

#[test]
fn described_room_for_memory_reads_back() {
    let m = Machine::build(&folder("qemu-maxmem").0).unwrap();
    let mut text = String::new();
    topology::render::description(&m, &mut text).unwrap();
    let again = common::described(&text);
    assert_eq!((sizes(&again), again.memory_of(NodeId(1))), (sizes(&m), m.memory_of(NodeId(1))));
}

// --- names of CPUs ----------------------------------------------------------------------------

#[test]
fn hardware_ids_tell_cpus_apart_where_uids_do_not() {
    let bytes = common::bytes("cases/uid-spaces/madt.bin");
    for claims in [parse_madt(&bytes).unwrap(), acpi::parse_as_nova(&bytes).unwrap()] {
        let m = Machine::build(&[claims]).unwrap();
        assert_eq!(m.cpus().len(), 4);
        assert_eq!(m.notes(), [Note::RepeatedUid(0), Note::RepeatedUid(1)]);
        assert_eq!(m.conflicts(), []);
    }
}

// --- cores --------------------------------------------------------------------------------------

fn core(m: &Machine, cpu: u32) -> String {
    m.core_siblings(CpuId(cpu)).map_or("-".to_owned(), |s| s.to_string())
}

#[test]
fn cores_are_what_the_siblings_say() {
    let m = linux(&recorded("core-id-reused"));
    assert_eq!([core(&m, 0), core(&m, 1)], ["0,2", "1,3"]);
    let mut tree = String::new();
    topology::render::text(&m, topology::render::TextOptions::default(), &mut tree).unwrap();
    assert_eq!((tree.matches("Core").count(), tree.matches("PU").count()), (2, 4), "{tree}");
    let m = linux(&recorded("siblings-only"));
    assert_eq!([core(&m, 0), core(&m, 1)], ["0,1", "0,1"]);
    // the name of newer kernels comes first, and masks serve where no list is
    let base = "sys/devices/system/cpu";
    let text = format!(
        "{base}/online\t0-3\n{base}/cpu0/topology/thread_siblings\t00000000,0000000c\n\
         {base}/cpu1/topology/core_cpus\t2\n{base}/cpu1/topology/core_id\t0\n\
         {base}/cpu2/topology/core_cpus_list\t2-3\n{base}/cpu2/topology/thread_siblings_list\t2\n\
         {base}/cpu3/topology/thread_siblings\t0000000c\n{base}/cpu0/topology/core_id\t0\n"
    );
    let m = linux(&text);
    // CPU 0 names a core without itself, so only its number is left, which is CPU 1's, too
    assert_eq!([core(&m, 2), core(&m, 3), core(&m, 1)], ["2,3", "2,3", "1"]);
}

// --- lists ------------------------------------------------------------------------------------

#[test]
fn a_list_may_end_with_a_nul() {
    let m = linux(&recorded("node-online-nul"));
    assert_eq!((m.nodes().len(), cpus(&m, 1)), (2, "1".to_owned()));
    assert_eq!(m.notes(), []);
    let ended = recorded("node-online-nul").replace("list\t", "list\t ").replace("\\n", "\\n\0");
    let m = linux(&ended);
    assert_eq!((m.nodes().len(), cpus(&m, 1), core(&m, 1)), (2, "1".to_owned(), "1".to_owned()));
    assert_eq!(m.notes(), []);
}

#[test]
fn every_list_that_is_not_understood_is_named() {
    let base = "sys/devices/system";
    let good = recorded("cpu-in-two-nodes");
    for (file, what) in [
        ("node/online", "list of online nodes"),
        ("node/node0/cpulist", "cpulist of node 0"),
        ("node/node1/cpumap", "cpumap of node 1"),
        ("node/node1/distance", "distance row of node 1"),
        ("cpu/present", "list of CPUs present"),
        ("cpu/cpu1/topology/core_cpus_list", "core_cpus_list of CPU 1"),
        ("cpu/cpu1/topology/thread_siblings_list", "thread_siblings_list of CPU 1"),
        ("cpu/cpu0/topology/core_cpus", "core_cpus mask of CPU 0"),
        ("cpu/cpu0/topology/thread_siblings", "thread_siblings mask of CPU 0"),
        ("cpu/cpu0/cache/index0/shared_cpu_list", "shared_cpu_list of a cache of CPU 0"),
        ("cpu/cpu0/cache/index0/shared_cpu_map", "shared_cpu_map of a cache of CPU 0"),
        ("cpu/cpu0/cache/index0/type", "type of a cache of CPU 0"),
        ("../cpu_core/cpus", "list of CPUs of the kind 0"),
        ("../../../proc/self/status", "list of allowed CPUs"),
    ] {
        let path = format!("{base}/{file}").replace("system/../", "");
        let path = path.replace("sys/devices/../../", "");
        // the siblings' list goes before the masks: take it away where a mask is looked at
        let mut text: String = good
            .lines()
            .filter(|l| !l.starts_with(&path))
            .filter(|l| !file.contains("cpu0/topology") || !l.contains("cpu0/topology/thread_sib"))
            .filter(|l| !file.contains("cpumap") || !l.contains("node1/cpulist"))
            .map(|l| format!("{l}\n"))
            .collect();
        let cache = format!("{base}/cpu/cpu0/cache/index0");
        text += &format!("{cache}/level\t1\n");
        if !file.ends_with("type") {
            text += &format!("{cache}/type\tData\n");
        }
        text += &format!("{path}\tCpus_allowed_list: 0-zebra\n");
        let notes: Vec<String> = linux(&text).notes().iter().map(ToString::to_string).collect();
        assert!(notes.iter().any(|n| n.contains(what)), "{path}: {notes:?}");
    }
}

// --- tables of which some are bad ---------------------------------------------------------------

#[test]
fn one_bad_value_or_table_takes_no_other_with_it() {
    let (claims, refused) = folder("hmat-overflow");
    assert_eq!(refused, Vec::<String>::new());
    let m = Machine::build(&claims).unwrap();
    assert!(!m.nodes().is_empty());
    assert!(
        m.notes().iter().any(|n| matches!(n, Note::Overflow(Source::Hmat, _))),
        "{:?}",
        m.notes()
    );

    // three tables, of which each in turn is bad
    let good = fixtures().join("cases/three-tables-one-bad");
    let dir = std::env::temp_dir().join(format!("topology-bad-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for bad in ["srat", "slit", "hmat"] {
        for name in ["srat", "slit", "hmat"] {
            let mut bytes = std::fs::read(good.join(format!("{name}.bin"))).unwrap();
            bytes[9] ^= u8::from(name == bad);
            std::fs::write(dir.join(format!("{name}.bin")), bytes).unwrap();
        }
        let (claims, refused) = acpi_tables(&dir).unwrap();
        assert_eq!((claims.len(), refused.len()), (2, 1), "{refused:?}");
        assert!(
            refused[0].contains(&format!("table {}: checksum", bad.to_uppercase())),
            "{refused:?}"
        );
        Machine::build(&claims).unwrap();
    }
    std::fs::write(dir.join("slit.bin"), b"SLIT").unwrap();
    std::fs::remove_file(dir.join("srat.bin")).unwrap();
    let none = acpi_tables(&dir).unwrap_err();
    std::fs::remove_dir_all(&dir).ok();
    assert!(none.contains("table SLIT") && none.contains("table HMAT"), "{none}");
}

// --- a CPU in two nodes -------------------------------------------------------------------------

#[test]
fn a_cpu_in_two_nodes_is_a_conflict_within_one_source() {
    let m = linux(&recorded("cpu-in-two-nodes"));
    let subjects: Vec<Subject> = m.conflicts().iter().map(|c| c.subject).collect();
    assert_eq!(subjects, [Subject::NodeOf(CpuId(0)), Subject::NodeOf(CpuId(1))]);
    assert!(m.conflicts().iter().all(|c| (c.kept.0, c.other.0) == (0, 1)));
    assert_eq!((cpus(&m, 0), cpus(&m, 1), m.cpus().len()), ("0,1".to_owned(), String::new(), 2));
    let mut body = vec![0; 12];
    for node in 0..2 {
        body.extend_from_slice(&[0, 16, node, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    let srat = parse_srat(&table(*b"SRAT", 3, &body)).unwrap();
    let m = Machine::build(&[srat]).unwrap();
    assert_eq!((m.cpus().len(), m.conflicts()[0].subject), (1, Subject::NodeOf(CpuId(0))));
}

// --- caches -------------------------------------------------------------------------------------

#[test]
fn caches_are_shared_as_the_mask_says_or_not_known() {
    let text = recorded("cache-map-only");
    let m = linux(&text);
    assert_eq!((m.caches().len(), m.caches()[0].cpus.to_string()), (1, "0-3".to_owned()));
    // 24 cores of four threads: masks of three words
    let mut many = String::from(
        "sys/devices/system/cpu/online	0-95
",
    );
    for cpu in 0..96u32 {
        let cache = format!("sys/devices/system/cpu/cpu{cpu}/cache/index0");
        let word = |n: u32| if cpu / 32 == n { 0xf << (cpu % 32 / 4 * 4) } else { 0u32 };
        let map = format!("{:08x},{:08x},{:08x}", word(2), word(1), word(0));
        many += &format!(
            "{cache}/level	1
{cache}/type	Data
{cache}/shared_cpu_map	{map}\n
"
        );
    }
    let m = linux(&many);
    assert_eq!(m.caches().len(), 24);
    assert!(m.caches().iter().all(|c| c.cpus.count() == 4));
    let neither: String =
        text.lines().filter(|l| !l.contains("shared_cpu_map")).map(|l| format!("{l}\n")).collect();
    let m = linux(&neither);
    assert_eq!(m.caches(), []);
    let missing =
        |n: &Note| matches!(n, Note::Missing(Source::Sysfs, what) if what.contains("share"));
    assert!(m.notes().iter().any(missing), "{:?}", m.notes());
}

// --- memory without CPUs ------------------------------------------------------------------------

#[test]
fn memory_without_cpus_stands_by_its_nearest_initiator() {
    let m = linux(&recorded("umf1289-spr-hbm"));
    let attached = |n| m.node(NodeId(n)).unwrap().attached_to.map(|a| a.value.0);
    assert_eq!(
        [attached(0), attached(1), attached(2), attached(3)],
        [None, None, Some(0), Some(1)]
    );
    assert_eq!(m.local_cpus(NodeId(2)).unwrap().to_string(), "0,1");
    // without initiators the distances tell, and without these nothing does
    let keep = |words: &'static [&'static str]| {
        let text = recorded("umf1289-spr-hbm");
        let keep = move |l: &&str| !words.iter().any(|w| l.contains(w));
        linux(&text.lines().filter(keep).map(|l| format!("{l}\n")).collect::<String>())
    };
    let far = keep(&["initiators"]);
    assert_eq!(far.local_cpus(NodeId(3)).unwrap().to_string(), "2,3");
    assert_eq!(keep(&["initiators", "distance"]).local_cpus(NodeId(3)), None);
    // a node with two equal initiators is local to both
    let text = recorded("umf1289-spr-hbm")
        + "sys/devices/system/node/node2/access0/initiators/node1/x\t\n\
           sys/devices/system/node/node2/access1/initiators/node1/x\t\n";
    assert_eq!(linux(&text).local_cpus(NodeId(2)).unwrap().to_string(), "0-3");
}

#[test]
fn hwloc_sees_the_memory_of_a_package_there() {
    let m = linux(&recorded("umf1289-spr-hbm"));
    let path = std::env::temp_dir().join(format!("topology-hbm-{}.xml", std::process::id()));
    let mut xml = String::new();
    topology::render::hwloc_xml(&m, topology::render::HwlocVersion::V2, &mut xml).unwrap();
    std::fs::write(&path, xml).unwrap();
    let output = std::process::Command::new("hwloc-calc")
        .args(["-i", path.to_str().unwrap(), "--local-memory", "--po", "pu:0"])
        .output();
    std::fs::remove_file(&path).ok();
    let Ok(output) = output else {
        println!("skipped: hwloc-calc is not installed (Debian package hwloc-nox)");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0,2");
}

// --- CPUID on some of the CPUs ------------------------------------------------------------------

/// `cpus` by kernel number, with an L3 for all of `shared`.
fn cached(source: Source, all: bool, cpus: &[u32], shared: &[u32]) -> Claims {
    let mut c = Claims::new(source, topology::NodeIds::Own, topology::KeyKind::Os);
    c.all_cpus = all;
    c.cpus = cpus.iter().map(|n| topology::CpuClaim::new(topology::CpuKey::os(*n))).collect();
    c.caches.push(topology::CacheClaim {
        level: 3,
        kind: CacheType::Unified,
        size: None,
        line: None,
        ways: None,
        cpus: shared.to_vec(),
    });
    c
}

#[test]
fn a_source_that_looked_at_some_cpus_says_nothing_of_the_others() {
    let all = cached(Source::Sysfs, true, &[0, 1, 2, 3], &[0, 1, 2, 3]);
    let some = cached(Source::Cpuid, false, &[0, 2], &[0, 2]);
    for order in [[all.clone(), some.clone()], [some, all.clone()]] {
        let m = Machine::build(&order).unwrap();
        assert_eq!((m.conflicts(), m.caches().len()), ([].as_slice(), 1));
        assert_eq!(m.caches()[0].cpus.to_string(), "0-3");
    }
    // of those it looked at, it does
    let split = cached(Source::Cpuid, false, &[0, 2], &[0]);
    let m = Machine::build(&[all, split]).unwrap();
    assert_eq!(m.conflicts()[0].subject, Subject::CacheSharing(CpuId(0), 3));
}
