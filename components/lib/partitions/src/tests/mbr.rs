use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::*;

/// The extended partition that the tests have: from here on.
const EXTENDED: u32 = 50;

/// Writes an MBR with two primary partitions and logical ones of `(gap, length)`: after as many
/// blocks their record, then a block, then they.
pub(super) fn with_logical(image: &mut Image, logical: &[(u32, u32)]) -> Vec<(u32, u64, u64)> {
    let end = image.block_count() as u32;
    image.record(0, 0, 0x83, 2, 20);
    image.record(0, 1, 0x0f, EXTENDED, end - EXTENDED);
    image.record(0, 3, 0x0c, 30, 20);
    let mut expected = vec![(1, 2, 20), (4, 30, 20)];
    let mut record = EXTENDED;
    let mut free = EXTENDED;
    for (index, &(gap, length)) in logical.iter().enumerate() {
        let here = if index == 0 { EXTENDED } else { free + gap };
        if here + 2 + length > end {
            break;
        }
        if index > 0 {
            image.record(record.into(), 1, 0x05, here - EXTENDED, length + 2);
        }
        record = here;
        image.record(record.into(), 0, 0x07, 2, length);
        expected.push((5 + index as u32, u64::from(record) + 2, length.into()));
        free = here + 2 + length;
    }
    expected
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_written_is_read(
        block in prop::sample::select(vec![512, 1024, 4096]),
        logical in prop::collection::vec((0..5_u32, 1..30_u32), 0..20),
    ) {
        let mut image = Image::new(block, 400);
        let expected = with_logical(&mut image, &logical);
        let (table, notes) = look(&mut image);
        let table = table.unwrap();
        prop_assert_eq!(table.scheme, Scheme::Mbr);
        prop_assert_eq!(ranges(&table), expected);
        let quiet = notes.is_empty() || logical.is_empty();
        prop_assert!(quiet, "{:?}", notes);
        check(&table, &image);
    }
}

#[test]
fn types_are_told() {
    let mut image = Image::new(512, 200);
    with_logical(&mut image, &[(0, 9)]);
    let table = look(&mut image).0.unwrap();
    let kinds = [(1, 0x83), (4, 0x0c), (5, 0x07)];
    for (number, kind) in kinds {
        assert_eq!(table.get(number).unwrap().kind, Kind::Mbr(kind));
    }
    assert!(table.get(2).is_none(), "an extended partition is none to be used");
    assert_eq!((table.scheme.name(), table.usable), ("mbr", None));
}

#[test]
fn a_chain_that_goes_round_ends() {
    let mut image = Image::new(512, 300);
    with_logical(&mut image, &[(0, 10), (3, 10), (3, 10)]);
    // The last record leads to the first one, to itself, or outside.
    let last = u64::from(EXTENDED) + 2 * (3 + 12);
    let records = |image: &mut Image, to: u32| {
        image.record(last, 1, 0x05, to, 1);
        look(image)
    };
    for (to, note) in [
        (0, Note::Loop { block: 50 }),
        (30, Note::Loop { block: last }),
        (250, Note::BrokenChain { block: 300 }),
        (u32::MAX, Note::BrokenChain { block: 50 + u64::from(u32::MAX) }),
        (100, Note::BrokenChain { block: 150 }),
    ] {
        let (table, notes) = records(&mut image, to);
        assert_eq!((ranges(&table.unwrap()).len(), notes), (5, vec![note]), "{to}");
    }
}

#[test]
fn a_chain_without_end_is_cut() {
    let mut image = Image::new(512, 1000);
    let expected = with_logical(&mut image, &[(0, 1); 140]);
    let (table, notes) = look(&mut image);
    let kept = ranges(&table.unwrap());
    assert_eq!(expected.len(), 142);
    assert_eq!((kept.len(), notes), (2 + MAX_LOGICAL as usize, vec![Note::LongChain]));
}

#[test]
fn what_is_out_of_range_or_overlaps_is_left_out() {
    let mut image = Image::new(512, 100);
    image.record(0, 0, 0x83, 2, 10); // overlaps the next one
    image.record(0, 1, 0x83, 11, 10);
    image.record(0, 2, 0x83, 90, 11); // a block too many
    image.record(0, 3, 0x83, 30, 0); // empty
    let (table, notes) = look(&mut image);
    assert_eq!(ranges(&table.unwrap()), []);
    assert_eq!(
        notes,
        [
            Note::OutOfRange { number: 3 },
            Note::OutOfRange { number: 4 },
            Note::Overlap { number: 1 },
            Note::Overlap { number: 2 },
        ]
    );
    // Beside each other, and up to the last block.
    image.record(0, 1, 0x83, 12, 10);
    image.record(0, 2, 0x83, 90, 10);
    image.record(0, 3, 0x83, 0, 2); // the table itself
    let (table, notes) = look(&mut image);
    assert_eq!(ranges(&table.unwrap()), [(1, 2, 10), (2, 12, 10), (3, 90, 10)]);
    assert_eq!(notes, [Note::OutOfRange { number: 4 }]);
}

#[test]
fn one_that_is_around_others_is_left_out_with_them() {
    let mut image = Image::new(512, 100);
    image.record(0, 0, 0x83, 2, 90);
    image.record(0, 1, 0x83, 10, 5);
    image.record(0, 2, 0x83, 20, 5);
    image.record(0, 3, 0x83, 92, 8);
    let (table, _) = look(&mut image);
    assert_eq!(ranges(&table.unwrap()), [(4, 92, 8)]);
}

#[test]
fn a_logical_partition_stays_in_its_extended_one() {
    let mut image = Image::new(512, 300);
    image.record(0, 1, 0x05, 50, 100);
    image.record(50, 0, 0x83, 2, 98);
    assert_eq!(ranges(&look(&mut image).0.unwrap()), [(5, 52, 98)]);
    image.record(50, 0, 0x83, 2, 99);
    let (table, notes) = look(&mut image);
    assert_eq!((ranges(&table.unwrap()), notes), (vec![], vec![Note::OutOfRange { number: 5 }]));
    image.record(50, 0, 0x83, 0, 98);
    assert_eq!(ranges(&look(&mut image).0.unwrap()), [], "its record is not its own");
}

#[test]
fn two_extended_partitions_number_on() {
    let mut image = Image::new(512, 300);
    image.record(0, 0, 0x05, 50, 50);
    image.record(0, 1, 0x85, 100, 50);
    image.record(50, 0, 0x83, 1, 10);
    image.record(100, 0, 0x83, 1, 10);
    assert_eq!(ranges(&look(&mut image).0.unwrap()), [(5, 51, 10), (6, 101, 10)]);
}
