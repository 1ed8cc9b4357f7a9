//! The table alone: the order of a request, limits, hand-over, and random use against a plain
//! model.
#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test reports by panicking")]

use cells::table::{Core, Got, Left, Table};
use cells::{CellId, POOL};

const A: CellId = CellId(1);
const B: CellId = CellId(2);

fn request(table: &Table, cell: CellId, n: u16, lent: &[u16]) -> Vec<Got> {
    let mut all = Vec::new();
    let count = table.request(cell, n, lent, |got| all.push(got));
    assert_eq!(all.len(), usize::from(count));
    all
}

#[test]
fn a_request_takes_its_own_then_borrows_then_reclaims() {
    let table = Table::new(&[A, A, B, POOL], 3);
    assert_eq!(request(&table, B, 3, &[3, 1]), [Got::Own(2), Got::Borrowed(3), Got::Borrowed(1)]);
    let got = request(&table, A, 9, &[0, 1, 2, 3]);
    assert_eq!(got, [Got::Own(0), Got::Asked { core: 1, from: B, stamp: 1 }]);
    assert_eq!(request(&table, A, 1, &[]), [], "it is wanted back already");
    assert_eq!(table.release(1, A), None, "it is not there yet");
    assert_eq!(table.release(1, B), Some(Left::To(A)));
    assert_eq!(table.release(1, A), Some(Left::Idle));
    assert_eq!((table.in_use(A), table.in_use(B)), (1, 2));
}

#[test]
fn force_is_for_the_user_that_was_asked() {
    let table = Table::new(&[A], 3);
    request(&table, B, 1, &[0]);
    let Some(Got::Asked { stamp, .. }) = table.want_back(0, A) else { panic!("not asked") };
    assert_eq!(table.force(0, B, stamp.wrapping_add(1)), None);
    assert_eq!(table.force(0, A, stamp), None);
    assert_eq!(table.force(0, B, stamp), Some(Left::To(A)));
    assert_eq!(table.force(0, B, stamp), None);
    assert_eq!((table.in_use(A), table.in_use(B)), (1, 0));
}

#[test]
fn a_new_owner_lets_the_user_stay_and_voids_the_wish_of_the_old_one() {
    let table = Table::new(&[A], 4);
    request(&table, B, 1, &[0]);
    table.want_back(0, A).unwrap();
    assert_eq!(table.set_owner(0, CellId(3)), Some(A));
    assert_eq!(table.set_owner(0, CellId(3)), None);
    let stays = Core { owner: CellId(3), current: Some(B), wanted: None, stamp: 1 };
    assert_eq!(table.get(0), Some(stays));
    assert_eq!(table.in_use(A), 0);
    table.want_back(0, CellId(3)).unwrap();
    table.set_owner(0, CellId(3));
    assert_eq!(table.release(0, B), Some(Left::To(CellId(3))));
}

#[test]
fn a_cell_that_is_gone_holds_nothing() {
    let table = Table::new(&[A, B, B], 3);
    request(&table, A, 2, &[1]);
    table.want_back(1, B).unwrap();
    request(&table, B, 1, &[]);
    let mut left = Vec::new();
    table.forget(B, |core, what| left.push((core, what)));
    assert_eq!(left, [(2, Left::Idle)]);
    assert_eq!(table.get(1).unwrap().wanted, None);
    assert_eq!((table.in_use(A), table.in_use(B)), (2, 0));
    assert!((1..3).all(|core| table.get(core).unwrap().owner == POOL));
}

#[test]
fn numbers_that_are_none_change_nothing() {
    let table = Table::new(&[A], 2);
    assert_eq!(table.get(1), None);
    assert_eq!(table.release(9, A), None);
    assert_eq!(table.set_owner(9, A), None);
    assert_eq!(request(&table, CellId(7), 1, &[0, 9]), [], "a cell without a limit has none");
    table.set_limit(CellId(7), 3);
    table.set_limit(A, 0);
    assert_eq!(request(&table, A, 1, &[]), []);
    assert_eq!(table.get(0).unwrap().current, None);
}

#[test]
fn random_use_keeps_each_core_with_one_user_and_each_count_right() {
    let mut random = fastrand::Rng::with_seed(5);
    let cells = 5u16;
    let owners: Vec<CellId> = (0..12).map(|n| CellId(n % cells)).collect();
    let table = Table::new(&owners, usize::from(cells));
    let all: Vec<u16> = (0..12).collect();
    let mut asked = 0;
    for _ in 0..20_000 {
        let (cell, core) = (CellId(random.u16(..cells)), random.u16(..12));
        match random.u8(..6) {
            0 | 1 => {
                let limit = random.u16(..14);
                table.set_limit(cell, limit);
                let before = table.in_use(cell);
                let got = request(&table, cell, random.u16(..4), &all);
                assert!(before + got.len() as u16 <= limit.max(before));
                asked += got.iter().filter(|g| matches!(g, Got::Asked { .. })).count();
            }
            2 | 3 => {
                let before = table.get(core).unwrap();
                let left = table.release(core, cell);
                assert_eq!(left.is_some(), before.current == Some(cell));
                assert!(left.is_none() || table.get(core).unwrap().current == before.wanted);
            }
            4 => drop(table.set_owner(core, cell)),
            _ if random.u8(..10) == 0 => table.forget(cell, |_, _| ()),
            _ => {}
        }
        for n in 0..cells {
            let words = all.iter().map(|core| table.get(*core).unwrap());
            let own = Some(CellId(n));
            let held = words.filter(|w| w.current == own || w.wanted == own).count();
            assert_eq!(usize::from(table.in_use(CellId(n))), held, "cell {n}");
        }
        for word in all.iter().map(|core| table.get(*core).unwrap()) {
            assert!(word.wanted.is_none() || word.current.is_some() && word.wanted != word.current);
            assert!(word.wanted.is_none_or(|cell| cell == word.owner));
        }
    }
    assert!(asked > 100, "only {asked} cores were wanted back");
}
