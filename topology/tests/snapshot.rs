//! Snapshots: what a view says is what its bytes say; what is not a snapshot is refused; and a reader
//! beside a writer sees one state or the other.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{acpi_machine, described, synthetic};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use topology::snapshot::{
    MAGIC, NONE, OwnedSnapshot, Shared, Snapshot, SnapshotError, publish, write,
};
use topology::view::{View, ViewPolicy};
use topology::{AccessKind, Affinity, CpuGrid, CpuId, Location, Machine, NodeId, Source, Space};
use zerocopy::{FromBytes, IntoBytes};

const OPEN: ViewPolicy = ViewPolicy { memory_only_nodes: true, physical_ranges: true };

fn viewed(m: &Machine, affinity: Affinity, policy: ViewPolicy) -> (CpuGrid, View) {
    let space = m.space_or_default().unwrap();
    let view = View::new(m, &space, affinity, policy).unwrap();
    (space, view)
}

fn agrees(m: &Machine, view: &View, s: &OwnedSnapshot) {
    let snapshot = s.snapshot();
    let rect = view.rect();
    assert_eq!(snapshot.size(), (rect.width, rect.height));
    for x in -1..=rect.width as i32 {
        for y in -1..=rect.height as i32 {
            let told = view.node_affinity_of(Location::cpu(x, y)).ok().map(|r| r.id.get());
            assert_eq!(s.node_of(x, y), told, "{x},{y}");
            assert_eq!(snapshot.node_of(x, y), told, "{x},{y}");
            let physical = snapshot.location(x, y).map(|l| l.physical.get()).filter(|p| *p != NONE);
            assert_eq!(physical, view.phys_id(Location::cpu(x, y)).ok(), "{x},{y}");
        }
    }
    assert_eq!(snapshot.cpu_nodes(), view.node_count());
    assert_eq!(snapshot.nodes().len(), view.nodes().len());
    for (i, a) in view.nodes().iter().enumerate() {
        let record = snapshot.nodes()[i];
        assert_eq!((record.native.get(), record.cpus.get()), (a.native.0, a.cpus));
        assert_eq!(snapshot.memory_of(i as u32), m.memory_of(a.native));
        assert_eq!(snapshot.neighbours(i as u32), view.neighbours(m, i as u32).unwrap());
        for (j, b) in view.nodes().iter().enumerate() {
            assert_eq!(snapshot.distance(i as u32, j as u32), m.distance(a.native, b.native));
            for kind in AccessKind::ALL {
                let told = m.access(a.native, b.native, 0, kind).map(|v| (v.value, v.source));
                assert_eq!(snapshot.access(i as u32, j as u32, kind), told);
            }
        }
    }
}

#[test]
fn a_snapshot_says_what_the_view_says() {
    for name in ["hmat", "memory-only", "sparse", "two-nodes", "sixty-four-nodes"] {
        for policy in [OPEN, ViewPolicy::default()] {
            let m = acpi_machine(name);
            let (_, view) = viewed(&m, Affinity::UNRESTRICTED, policy);
            let s = OwnedSnapshot::new(write(&m, &view, 7)).unwrap();
            assert_eq!(s.snapshot().generation(), 7);
            agrees(&m, &view, &s);
            assert_eq!(s.snapshot().ranges().is_empty(), !policy.physical_ranges, "{name}");
        }
    }
}

#[test]
fn nothing_outside_the_rectangle_is_in_the_bytes() {
    let m = described(
        r#"<machine>
             <node id="1" memory="1G"><range base="0x11111111000" size="4K"/><cpus ids="0-1" package="77"/></node>
             <node id="286331153" memory="2G"><range base="0x22222222000" size="4K"/><cpus ids="2-3" package="1145324612"/></node>
             <cache level="3" size="8M" cpus="0-3"/><cache level="2" size="1M" cpus="2"/>
             <distance from="1" to="286331153" value="99"/>
           </machine>"#,
    );
    let left = Affinity::new(Space::new(2, 1), Location::new(0, 0, 1, 1));
    let (_, view) = viewed(&m, left, OPEN);
    let words = write(&m, &view, 0);
    let bytes = words.as_bytes();
    for secret in [286_331_153u64, 1_145_324_612, 0x0222_2222_2000 >> 12] {
        let secret = (secret as u32).to_le_bytes();
        assert!(!bytes.windows(4).any(|w| w == secret), "{secret:x?}");
    }
    let s = Snapshot::parse(bytes).unwrap();
    assert_eq!((s.nodes().len(), s.ranges().len()), (1, 1));
    assert_eq!(s.shared_caches((0, 0), (1, 0)).len(), 1);
    assert_eq!(s.shared_caches((0, 0), (2, 0)), []);
}

#[test]
fn caches_and_positions_are_in_the_snapshot() {
    let m = synthetic("numa:2 l3:2(size=8MB) l2:2(size=1MB) core:1 pu:2");
    let right = Affinity::new(Space::new(2, 1), Location::new(1, 0, 1, 1));
    let (space, view) = viewed(&m, right, OPEN);
    let s = OwnedSnapshot::new(write(&m, &view, 1)).unwrap();
    let first = view.rect().x;
    for a in 0..8 {
        for b in 0..8 {
            let cpu = |x: i32| space.cpu_at(first + x, 0).unwrap();
            let told: Vec<_> = m.shared_caches(cpu(a), cpu(b)).map(|c| (c.level, c.size)).collect();
            let found: Vec<_> = s
                .snapshot()
                .shared_caches((a, 0), (b, 0))
                .iter()
                .map(|c| (c.level, c.size))
                .collect();
            assert_eq!(found, told, "{a} and {b}");
        }
    }
    let at = s.snapshot().location(3, 0).unwrap();
    let p = m.cpu(CpuId(first as u32 + 3)).unwrap().position.unwrap().value;
    assert_eq!((at.core.get(), u32::from(at.thread.get())), (p.core.unwrap(), p.thread.unwrap()));
    assert_eq!((at.package.get(), at.kind), (NONE, 0));
}

#[test]
fn what_is_no_snapshot_is_refused_with_the_reason() {
    let m = acpi_machine("hmat");
    let (_, view) = viewed(&m, Affinity::UNRESTRICTED, OPEN);
    let good = write(&m, &view, 1).as_bytes().to_vec();
    let refused = |b: &[u8]| Snapshot::parse(b).map(|_| ()).unwrap_err();
    assert_eq!(refused(&[]), SnapshotError::Truncated);
    assert_eq!(refused(&good[..good.len() - 1]), SnapshotError::Truncated);
    assert_eq!(refused(&vec![0; 4096]), SnapshotError::Magic);
    let with = |at: usize, bytes: &[u8], fix: bool| {
        let mut b = good.clone();
        b[at..at + bytes.len()].copy_from_slice(bytes);
        if fix {
            let sum = b[32..]
                .iter()
                .fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
            b[28..32].copy_from_slice(&sum.to_le_bytes());
        }
        refused(&b)
    };
    assert_eq!(with(16, &2u32.to_le_bytes(), true), SnapshotError::Version(2));
    assert_eq!(with(8, &1u64.to_le_bytes(), true), SnapshotError::Busy);
    assert_eq!(with(20, &u32::MAX.to_le_bytes(), true), SnapshotError::TooLarge);
    assert_eq!(with(20, &40u32.to_le_bytes(), true), SnapshotError::Truncated);
    assert_eq!(with(40, &9u32.to_le_bytes(), false), SnapshotError::Checksum);
    assert_eq!(with(40, &9u32.to_le_bytes(), true), SnapshotError::Record(1));
    for section in 0..7 {
        let at = 56 + 8 * section;
        // 2^32 - 1 records, an offset off the end, one off the grid, one inside the header
        assert_eq!(with(at + 4, &u32::MAX.to_le_bytes(), true), SnapshotError::Section(section));
        assert_eq!(with(at, &0xffff_fff8u32.to_le_bytes(), true), SnapshotError::Section(section));
        assert_eq!(with(at, &113u32.to_le_bytes(), true), SnapshotError::Section(section));
        assert_eq!(with(at, &8u32.to_le_bytes(), true), SnapshotError::Section(section));
    }
    // a location that names a node which is not there
    let locations = u32::from_le_bytes(good[64..68].try_into().unwrap()) as usize;
    assert_eq!(with(locations, &3u32.to_le_bytes(), true), SnapshotError::Record(1));
    // and one that contradicts the count of its node
    assert_eq!(with(locations, &1u32.to_le_bytes(), true), SnapshotError::Record(0));
    assert_eq!(good[..8], MAGIC);
}

proptest! {
    #[test]
    fn changed_bytes_do_no_harm(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        fix in any::<bool>(), cut in proptest::option::weighted(0.2, any::<proptest::sample::Index>()),
    ) {
        let m = acpi_machine("hmat");
        let (_, view) = viewed(&m, Affinity::UNRESTRICTED, OPEN);
        let mut b = write(&m, &view, 1).as_bytes().to_vec();
        for (at, value) in changes {
            let at = at.index(b.len());
            b[at] = value;
        }
        if let Some(cut) = cut {
            b.truncate(cut.index(b.len()));
        }
        if fix && b.len() > 32 {
            let sum = b[32..].iter().fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
            b[28..32].copy_from_slice(&sum.to_le_bytes());
        }
        if let Ok(s) = Snapshot::parse(&b) {
            let n = s.nodes().len() as u32;
            for x in -1..5 {
                for y in -1..2 {
                    prop_assert!(s.node_of(x, y).is_none_or(|id| id < n));
                    for other in -1..5 {
                        s.shared_caches((x, y), (other, 0));
                    }
                }
            }
            for id in [0, 1, 2, 3, u32::MAX] {
                for (other, _) in s.neighbours(id) {
                    prop_assert!(other < n);
                }
                s.distance(id, 0);
                s.access(id, 1, AccessKind::ReadLatency);
                s.memory_of(id);
            }
        }
    }
}

fn shared(words: usize) -> Vec<AtomicU64> {
    (0..words).map(|_| AtomicU64::new(0)).collect()
}

#[test]
fn publishing_and_loading() {
    let m = acpi_machine("two-nodes");
    let (_, view) = viewed(&m, Affinity::UNRESTRICTED, OPEN);
    let words = write(&m, &view, 1);
    let memory = shared(words.len() + 10);
    let memory = memory.as_slice();
    let reader = Shared::new(memory);
    assert_eq!(reader.load().unwrap_err(), SnapshotError::Truncated); // nothing there yet
    publish(memory, &words).unwrap();
    let s = reader.load().unwrap();
    agrees(&m, &view, &s);
    assert!(reader.is_current(&s));
    publish(memory, &write(&m, &view, 2)).unwrap();
    assert!(!reader.is_current(&s));
    assert_eq!(reader.load().unwrap().snapshot().generation(), 2);
    assert_eq!(publish(&memory[..4], &words), Err(SnapshotError::TooLarge));
    // a writer that died in the middle
    memory[1].fetch_or(1, Ordering::Relaxed);
    assert_eq!(reader.load().unwrap_err(), SnapshotError::Busy);
    // the next one repairs it
    publish(memory, &words).unwrap();
    assert_eq!(reader.load().unwrap().snapshot().generation(), 1);
    // a length that the memory does not have
    memory[2].store(u64::MAX, Ordering::Relaxed);
    assert_eq!(reader.load().unwrap_err(), SnapshotError::TooLarge);
}

#[test]
fn a_reader_beside_a_writer_sees_whole_states() {
    // two machines of different size take turns
    let machines = [synthetic("numa:4 pu:16"), synthetic("numa:2 pu:8")].map(|m| {
        let (_, view) = viewed(&m, Affinity::UNRESTRICTED, OPEN);
        (view.node_count(), write(&m, &view, view.node_count()))
    });
    let memory = shared(machines.iter().map(|(_, w)| w.len()).max().unwrap());
    let memory = memory.as_slice();
    publish(memory, &machines[0].1).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..2000 {
                publish(memory, &machines[i % 2].1).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        let mut loads = 0;
        while !done.load(Ordering::Acquire) || loads == 0 {
            match Shared::new(memory).load() {
                Ok(s) => {
                    let snapshot = s.snapshot();
                    assert_eq!(snapshot.generation(), snapshot.cpu_nodes());
                    assert_eq!(
                        snapshot.size().0,
                        snapshot.cpu_nodes() * if snapshot.cpu_nodes() == 4 { 16 } else { 8 }
                    );
                    loads += 1;
                }
                Err(e) => assert_eq!(e, SnapshotError::Busy),
            }
        }
    });
}

#[test]
fn the_bytes_are_the_format() {
    // written down once: a change here is a change of the format and needs a new version
    let m = described(
        r#"<machine><node id="7" memory="4K"><cpu id="3" package="1" core="2" thread="0" kind="E"/></node>
           <distance from="7" to="7" value="10"/></machine>"#,
    );
    let (_, view) = viewed(&m, Affinity::UNRESTRICTED, ViewPolicy::default());
    let words = write(&m, &view, 5);
    let mut expected: Vec<u8> = Vec::new();
    let mut put = |list: &[u32]| list.iter().for_each(|w| expected.extend(w.to_le_bytes()));
    put(&[u32::from_le_bytes(*b"TOPO"), u32::from_le_bytes(*b"SNAP"), 0, 0]);
    put(&[1, 168, 5, 0]); // version, length, generation, sum (below)
    put(&[1, 1, 1, 1, 1, 1]); // spaces, nodes with CPUs, flags
    put(&[112, 1, 136, 1, 160, 1, 168, 0, 168, 0, 168, 0, 168, 0]);
    put(&[7, 1, 0, NONE, 4096, 0]); // the node
    put(&[0, 3, 1, NONE, 2, u32::from(b'E') << 16 | 1 << 24]); // the location
    put(&[10, 0]); // the distance, padded
    let sum = expected[32..]
        .iter()
        .fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
    expected[28..32].copy_from_slice(&sum.to_le_bytes());
    assert_eq!(words.as_bytes(), expected);
    assert_eq!(<[u8; 8]>::read_from_prefix(words.as_bytes()).unwrap().0, MAGIC);
    assert_eq!(Source::from_number(6), Some(Source::Sysfs));
    assert_eq!(m.node(NodeId(7)).unwrap().id.source, Source::Description);
}
