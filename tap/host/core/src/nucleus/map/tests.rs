//! The bookkeeping against a model, and what hostile arguments do to it.
use std::collections::HashMap;

use genode_args::quota::Amount;

use super::page::Page;
use super::*;

const K: u64 = 4096;
const ALL: Rights = Rights::all();
const READ: Rights = Rights::empty();
const OWNER: OwnerId = OwnerId(1);
const PROC: ProcId = ProcId(7);
const MEMORY: ObjId = ObjId(100);

/// Maps 0 to `n` of 16 pages each, whose dataspaces are objects of the same number, and a process.
fn maps(n: u64) -> Maps {
    let mut maps = Maps::default();
    maps.open(OWNER, Amount::new(1 << 20, 100));
    for id in 0..n {
        maps.pay(OWNER).unwrap();
        maps.create(MapId(id), OWNER, (ObjId(50 + id), ObjId(id)), 16 * K);
    }
    maps.pages.insert(PROC, Page::silent());
    maps
}

fn memory(offset: u64, size: u64, rights: Rights) -> Region {
    Region { object: MEMORY, inner: None, offset: offset * K, size: size * K, rights }
}

fn nested(inner: u64, offset: u64, size: u64) -> Region {
    Region {
        object: ObjId(inner),
        inner: Some(MapId(inner)),
        offset: offset * K,
        size: size * K,
        rights: ALL,
    }
}

#[test]
fn regions_do_not_overlap_and_stay_within() {
    let mut maps = maps(1);
    let map = MapId(0);
    assert_eq!(maps.attach(map, memory(0, 4, ALL), Some(4 * K)), Ok(4 * K));
    for (at, size) in [(4, 1), (7, 1), (3, 2), (0, 16), (15, 2), (16, 1), (0, 17)] {
        let region = memory(0, size, ALL);
        assert_eq!(maps.attach(map, region, Some(at * K)), Err(AttachError::Conflict), "{at}");
    }
    let region = memory(0, 1, ALL);
    for at in [u64::MAX, u64::MAX - K + 1, 1 << 63] {
        assert_eq!(maps.attach(map, region, Some(at)), Err(AttachError::Conflict));
    }
    assert_eq!(maps.attach(map, memory(0, 0, ALL), Some(0)), Err(AttachError::Conflict));
    // The lowest place with room: in front, then behind.
    assert_eq!(maps.attach(map, memory(0, 3, ALL), None), Ok(0));
    assert_eq!(maps.attach(map, memory(0, 2, ALL), None), Ok(8 * K));
    assert_eq!(maps.attach(map, memory(0, 1, ALL), None), Ok(3 * K));
    assert_eq!(maps.attach(map, memory(0, 7, ALL), None), Err(AttachError::Conflict));
    maps.detach(map, 5 * K + 17);
    assert_eq!(maps.attach(map, memory(0, 4, ALL), None), Ok(4 * K));
    assert_eq!(maps.attach(MapId(9), region, None), Err(AttachError::Invalid));
}

#[test]
fn an_address_finds_the_whole_piece_that_it_lies_in() {
    let mut maps = maps(2);
    // Map 1: pages 2 to 6 are memory from page 10 on. Map 0: pages 8 to 12 are pages 4 to 8 of map 1.
    maps.attach(MapId(1), memory(10, 4, ALL), Some(2 * K)).unwrap();
    maps.attach(MapId(0), nested(1, 4, 4), Some(8 * K)).unwrap();
    let found = maps.find(MapId(0), 9 * K + 5, Access::Write, ALL);
    let start = 8 * K;
    let memory = Found::Memory { object: MEMORY, offset: 12 * K, start, size: 2 * K, rights: ALL };
    assert_eq!(found, memory);
    let hole = Found::Hole { map: MapId(1), at: 6 * K };
    assert_eq!(maps.find(MapId(0), 10 * K, Access::Read, READ), hole);
    let hole = Found::Hole { map: MapId(0), at: 12 * K };
    assert_eq!(maps.find(MapId(0), 12 * K, Access::Read, READ), hole);
    assert_eq!(maps.find(MapId(0), 8 * K, Access::Write, READ), Found::Never);
    maps.destroy(MapId(1));
    let hole = Found::Hole { map: MapId(0), at: 8 * K };
    assert_eq!(maps.find(MapId(0), 8 * K, Access::Read, READ), hole);
}

#[test]
fn nesting_ends() {
    let mut maps = maps(6);
    assert_eq!(maps.attach(MapId(0), nested(0, 0, 1), None), Err(AttachError::Invalid));
    for id in 0..3 {
        maps.attach(MapId(id), nested(id + 1, 0, 1), None).unwrap();
    }
    let deepest = Found::Hole { map: MapId(3), at: 0 };
    assert_eq!(maps.find(MapId(0), 0, Access::Read, READ), deepest);
    assert_eq!(maps.attach(MapId(3), nested(0, 0, 1), None), Err(AttachError::Invalid));
    // A fifth level, from below and from above.
    assert_eq!(maps.attach(MapId(3), nested(4, 0, 1), None), Err(AttachError::Invalid));
    assert_eq!(maps.attach(MapId(4), nested(0, 0, 1), None), Err(AttachError::Invalid));
    maps.detach(MapId(1), 0);
    assert_eq!(maps.attach(MapId(4), nested(0, 0, 1), None), Ok(0));
}

#[test]
fn what_is_detached_is_stale_in_every_view_of_it() {
    let mut maps = maps(2);
    maps.attach(MapId(1), memory(0, 8, ALL), Some(0)).unwrap();
    maps.attach(MapId(0), nested(1, 2, 4), Some(8 * K)).unwrap();
    let (direct, above, beside) = (ViewId(1), ViewId(2), ViewId(3));
    maps.view_open(direct, PROC, MapId(1), (K, 3 * K), ALL).unwrap();
    maps.view_open(above, PROC, MapId(0), (0, 0), ALL).unwrap();
    maps.view_open(beside, PROC, MapId(0), (0, 8 * K), ALL).unwrap();
    assert!(maps.is_settled(PROC, MapId(1)));
    maps.detach(MapId(1), 0);
    assert!(!maps.is_settled(PROC, MapId(1)));
    let mut told: Vec<_> = [maps.next_stale(PROC), maps.next_stale(PROC)].into_iter().collect();
    told.sort();
    assert_eq!(told, [Some((direct, 0, 3 * K)), Some((above, 8 * K, 4 * K))]);
    assert!(!maps.is_settled(PROC, MapId(1)), "the second is told but not done");
    assert_eq!(maps.next_stale(PROC), None);
    assert!(maps.is_settled(PROC, MapId(1)));
    // Two ranges become one around both.
    for at in [0, 3] {
        maps.attach(MapId(1), memory(at, 1, ALL), Some(at * K)).unwrap();
    }
    maps.detach(MapId(1), 3 * K);
    maps.detach(MapId(1), 0);
    maps.dataspace_gone(MEMORY);
    assert_eq!(maps.next_stale(PROC), Some((direct, 2 * K, K)));
}

#[test]
fn threads_wait_are_told_and_are_forgotten() {
    let mut maps = maps(2);
    maps.attach(MapId(0), nested(1, 0, 4), Some(0)).unwrap();
    let view = ViewId(1);
    maps.view_open(view, PROC, MapId(0), (K, 0), ALL).unwrap();
    let sigh = ObjId(77);
    assert!(!maps.set_sigh(MapId(1), Some(sigh)));
    let wait = |signal| Some(Asked::Wait { signal });
    assert_eq!(maps.fault(PROC, view, 5, Access::Write), wait(Some(sigh)));
    assert_eq!(maps.fault(PROC, view, 9, Access::Write), wait(None), "the same page again");
    assert_eq!(maps.waiting(MapId(1)), Some((Access::Write, K)));
    assert_eq!(maps.waiting(MapId(0)), None, "the hole is in the inner map");
    assert!(maps.set_sigh(MapId(1), Some(sigh)), "a handler that comes late hears of it");
    maps.attach(MapId(1), memory(5, 1, ALL), Some(K)).unwrap();
    assert_eq!(maps.waiting(MapId(1)), None);
    let piece = Asked::Map { start: 0, size: K, object: MEMORY, offset: 5 * K, rights: ALL };
    assert_eq!(maps.fault(PROC, view, 5, Access::Write), Some(piece));
    // Not in the view, not its process, not its view.
    assert_eq!(maps.fault(PROC, view, 15 * K, Access::Read), None);
    assert_eq!(maps.fault(PROC, view, u64::MAX, Access::Read), None);
    assert_eq!(maps.fault(ProcId(8), view, 0, Access::Read), None);
    assert_eq!(maps.fault(PROC, ViewId(2), 0, Access::Read), None);
    assert_eq!(maps.fault(PROC, view, 2 * K, Access::Read), wait(Some(sigh)));
    maps.process_gone(PROC);
    assert_eq!(maps.waiting(MapId(1)), None);
    maps.destroy(MapId(0));
    maps.destroy(MapId(1));
    assert!(maps.by_id.is_empty() && maps.users.is_empty());
}

#[test]
fn views_stay_within_their_map() {
    let mut maps = maps(1);
    let mut open = |offset, size| maps.view_open(ViewId(1), PROC, MapId(0), (offset, size), READ);
    assert_eq!(open(16 * K, 0), None);
    assert_eq!(open(17 * K, 0), None);
    assert_eq!(open(u64::MAX - K + 1, K), None);
    assert_eq!(open(K, 16 * K), None);
    assert_eq!(open(15 * K, 0), Some(K));
}

/// What each page of a map is: a page of memory, or a page of another map; and where its region starts.
#[derive(Default)]
struct Table {
    pages: HashMap<(u64, u64), (Option<u64>, u64)>,
    starts: HashMap<(u64, u64), u64>,
}

impl Table {
    /// Attaches pages of `inner`, or of memory, here and in `maps`, where nothing is in the way.
    fn attach(
        &mut self,
        maps: &mut Maps,
        (map, at): (u64, u64),
        inner: Option<u64>,
        (offset, size): (u64, u64),
    ) {
        let region = match inner {
            Some(inner) => nested(inner, offset, size),
            None => memory(offset, size, ALL),
        };
        let free = at + size <= 16 && (at..at + size).all(|p| !self.pages.contains_key(&(map, p)));
        let done = maps.attach(MapId(map), region, Some(at * K));
        assert_eq!(done.is_ok(), free, "{done:?}");
        if free {
            for page in 0..size {
                self.pages.insert((map, at + page), (inner, offset + page));
                self.starts.insert((map, at + page), at);
            }
        }
    }

    /// Detaches the region around a page here and in `maps`.
    fn detach(&mut self, maps: &mut Maps, (map, at): (u64, u64)) {
        maps.detach(MapId(map), at * K);
        if let Some(start) = self.starts.get(&(map, at)).copied() {
            let region =
                |(m, p): &(u64, u64)| self.starts.get(&(*m, *p)) == Some(&start) && *m == map;
            let pages: Vec<_> = self.pages.keys().filter(|k| region(k)).copied().collect();
            for page in pages {
                self.pages.remove(&page);
                self.starts.remove(&page);
            }
        }
    }

    /// A page of map 0 is in `maps` what it is here.
    fn assert_shows(&self, maps: &Maps, asked: u64) {
        let (mut map, mut page) = (0, asked);
        let found = maps.find(MapId(0), asked * K, Access::Write, ALL);
        loop {
            match self.pages.get(&(map, page)) {
                Some((Some(inner), inside)) => (map, page) = (*inner, *inside),
                Some((None, inside)) => {
                    let Found::Memory { offset, start, size, .. } = found else {
                        panic!("{found:?} at page {asked}")
                    };
                    assert!(start <= asked * K && asked * K < start + size);
                    assert_eq!(offset + asked * K - start, inside * K);
                    break;
                }
                None => {
                    assert_eq!(found, Found::Hole { map: MapId(map), at: page * K });
                    break;
                }
            }
        }
    }
}

/// Random operations: each address shows what a plain table of pages says, and nothing is left at the end.
#[test]
fn the_maps_agree_with_a_table_of_pages() {
    let mut seed = 42_u64;
    let mut random = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    let mut maps = maps(3);
    let mut table = Table::default();
    maps.view_open(ViewId(1), PROC, MapId(0), (0, 0), ALL).unwrap();
    for _ in 0..20_000 {
        let (map, at, size, offset) = (random(3), random(16), 1 + random(5), random(8));
        if random(2) == 0 {
            // Maps are attached in those of lower number only.
            let inner = (random(2) == 0 && map < 2).then_some(map + 1);
            table.attach(&mut maps, (map, at), inner, (offset, size));
        } else {
            table.detach(&mut maps, (map, at));
        }
        table.assert_shows(&maps, random(16));
    }
    for map in 0..3 {
        maps.destroy(MapId(map));
        maps.budget(OWNER).unwrap().give_map();
    }
    assert!(maps.budgets[&OWNER].idle(), "{:?}", maps.budgets[&OWNER]);
    assert!(maps.users.is_empty() && maps.by_id.is_empty());
    maps.process_gone(PROC);
    maps.close(OWNER);
    assert_eq!(maps.count(), 0);
}
