//! What the worst requests cost, in units of work.
use genode_args::quota::Amount;

use super::page::Page;
use super::*;

/// What is asked, and how.
type Request = (&'static str, fn(&mut Maps));

const K: u64 = 4096;
const ALL: Rights = Rights::all();
const OWNER: OwnerId = OwnerId(1);
pub(crate) const MEMORY: ObjId = ObjId(1 << 20);
/// Regions of each of three outer maps: together as many as there may be.
const OUTER: u64 = MAX_USES as u64 / 3;

/// Maps 0 to `n`, of 4096 pages each, whose dataspaces are objects of the same number.
fn maps(n: u64) -> Maps {
    let mut maps = Maps::default();
    maps.open(OWNER, Amount::new(1 << 40, 100_000));
    for id in 0..n {
        maps.pay(OWNER).unwrap();
        maps.create(MapId(id), OWNER, (ObjId((1 << 21) + id), ObjId(id)), MAX_REGIONS as u64 * K);
    }
    maps
}

fn page(of: ObjId, inner: Option<MapId>) -> Region {
    Region { object: of, inner, offset: 0, size: K, rights: ALL }
}

/// Opens views of a map until there are as many as there may be.
fn look_at(maps: &mut Maps, id: u64, process: ProcId) {
    for view in 0..256 {
        maps.pages.entry(process).or_insert_with(Page::silent);
        let view = ViewId((id << 32) + view);
        assert!(maps.view_open(view, process, MapId(id), (0, 0), ALL).is_some());
    }
    assert!(maps.view_open(ViewId(7), process, MapId(id), (0, 0), ALL).is_none());
}

/// A page in an inner map as often as that has room, which is in three outer ones as often as it may be.
fn crowd() -> Maps {
    crowd_of(MEMORY)
}

/// The same, with memory of a name.
pub(crate) fn crowd_of(memory: ObjId) -> Maps {
    let mut maps = maps(4);
    for at in 0..4000 {
        maps.attach(MapId(0), page(memory, None), Some(at * K)).unwrap();
    }
    // The lowest place that is free, beyond all of them.
    let (steps, attached) = work::of(|| maps.attach(MapId(0), page(memory, None), None));
    assert!(attached == Ok(4000 * K) && steps < work::MAX, "{steps}");
    for outer in 1..4 {
        for at in 0..OUTER {
            let inner = page(ObjId(0), Some(MapId(0)));
            let (steps, attached) = work::of(|| maps.attach(MapId(outer), inner, Some(at * K)));
            assert!(attached.is_ok() && steps < work::MAX, "{steps}");
        }
        look_at(&mut maps, outer, ProcId(0));
    }
    let mut more = |at| maps.attach(MapId(3), page(ObjId(0), Some(MapId(0))), Some(at * K));
    let last = 4000 + MAX_USES as u64 - 3 * OUTER;
    assert!((4000..last).all(|at| more(at) == Ok(at * K)), "as many as there may be");
    let more = more(last);
    assert_eq!(more, Err(AttachError::Conflict), "one dataspace in too many regions");
    maps
}

#[test]
fn what_is_attached_thousands_of_times_in_maps_in_maps_goes_at_once() {
    let all: [Request; 6] = [
        ("memory is freed", |maps| maps.dataspace_gone(MEMORY)),
        ("a page is detached", |maps| maps.detach(MapId(0), 17 * K)),
        ("the inner map is detached once", |maps| maps.detach(MapId(1), 17 * K)),
        ("the inner map goes", |maps| maps.destroy(MapId(0))),
        ("an outer map goes", |maps| maps.destroy(MapId(1))),
        ("somebody asks whether all is unmapped", |maps| {
            maps.is_settled(ProcId(0), MapId(0));
        }),
    ];
    for (what, request) in all {
        let mut maps = crowd();
        let (steps, ()) = work::of(|| request(&mut maps));
        assert!(steps > 0 && steps < work::MAX, "{what}: {steps} steps");
        println!("{what}: {steps} steps");
    }
}

#[test]
fn what_is_freed_is_stale_wherever_it_showed() {
    let mut maps = crowd();
    maps.dataspace_gone(MEMORY);
    let mut stale = 0;
    while let Some((_, start, size)) = maps.next_stale(ProcId(0)) {
        assert!(start == 0 && size >= OUTER * K, "{start} {size}");
        stale += 1;
    }
    assert_eq!(stale, 3 * 256, "every view of every map");
}

/// One map in as many as may be, each with as many views as may be: of the first four by one
/// process, which has as many as it may have.
pub(crate) fn many(first: ProcId) -> Maps {
    let count = MAX_RELATED as u64;
    let mut maps = maps(count);
    maps.attach(MapId(0), page(MEMORY, None), Some(0)).unwrap();
    for outer in 1..count {
        maps.attach(MapId(outer), page(ObjId(0), Some(MapId(0))), None).unwrap();
    }
    (0..4).for_each(|id| look_at(&mut maps, id, first));
    (4..count).for_each(|id| look_at(&mut maps, id, ProcId((1 << 40) + id / 4)));
    maps
}

/// As many maps below one as may be, each with as many waiting threads as are remembered, and a
/// process's view of the one.
pub(crate) fn waiters(process: ProcId) -> (Maps, ViewId) {
    let mut maps = maps(MAX_RELATED as u64);
    let (other, view) = (ProcId(1 << 40), ViewId(1));
    for process in [process, other] {
        maps.pages.insert(process, Page::silent());
    }
    for inner in 1..MAX_RELATED as u64 {
        maps.attach(MapId(0), page(ObjId(inner), Some(MapId(inner))), None).unwrap();
        let view = ViewId(1 + inner);
        maps.view_open(view, other, MapId(inner), (0, 0), ALL).unwrap();
        for at in 0..64 {
            assert!(matches!(
                maps.fault(other, view, at * K, Access::Read),
                Some(Asked::Wait { .. })
            ));
        }
    }
    maps.view_open(view, process, MapId(0), (0, 0), ALL).unwrap();
    (maps, view)
}

/// One map in many, each of which many processes look at.
#[test]
fn relatives_and_views_are_bounded_and_so_is_what_a_change_costs() {
    let count = MAX_RELATED as u64;
    let mut maps = maps(count + 2);
    maps.attach(MapId(0), page(MEMORY, None), Some(0)).unwrap();
    for outer in 1..count {
        let nested = page(ObjId(0), Some(MapId(0)));
        let (steps, attached) = work::of(|| maps.attach(MapId(outer), nested, None));
        assert!(attached.is_ok() && steps < work::MAX, "{steps}");
    }
    let nested = page(ObjId(0), Some(MapId(0)));
    assert_eq!(maps.attach(MapId(count), nested, None), Err(AttachError::Invalid));
    // Nor by a map between them, on either side.
    maps.attach(MapId(count), page(ObjId(count + 1), Some(MapId(count + 1))), None).unwrap();
    let between = page(ObjId(0), Some(MapId(0)));
    assert_eq!(maps.attach(MapId(count + 1), between, None), Err(AttachError::Invalid));
    (0..count).for_each(|id| look_at(&mut maps, id, ProcId(id / 4)));
    let all: [Request; 5] = [
        ("settled", |maps| {
            maps.is_settled(ProcId(0), MapId(0));
        }),
        ("attach", |maps| {
            maps.attach(MapId(0), page(MEMORY, None), Some(K)).unwrap();
        }),
        ("detach", |maps| maps.detach(MapId(0), 0)),
        ("a process ends", |maps| maps.process_gone(ProcId(3))),
        ("free", |maps| maps.dataspace_gone(MEMORY)),
    ];
    for (what, request) in all {
        let (steps, ()) = work::of(|| request(&mut maps));
        assert!(steps > 0 && steps < work::MAX, "{what}: {steps} steps");
        println!("{what}: {steps} steps");
    }
}

/// The widest nest: as many maps below as above, each below in each above by way of one map.
#[test]
fn a_nest_of_many_maps_is_checked_within_bounds() {
    let half = MAX_RELATED as u64 / 2;
    let mut maps = maps(2 * half + 2);
    let middle = MapId(0);
    for inner in 1..half {
        maps.attach(middle, page(ObjId(inner), Some(MapId(inner))), None).unwrap();
    }
    for outer in half..2 * half {
        let (steps, attached) =
            work::of(|| maps.attach(MapId(outer), page(ObjId(0), Some(middle)), None));
        assert!(attached.is_ok() && steps < work::MAX, "{steps}");
    }
    let (steps, ()) = work::of(|| maps.destroy(middle));
    assert!(steps < work::MAX, "{steps}");
}
