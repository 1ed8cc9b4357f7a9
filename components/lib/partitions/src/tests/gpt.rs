use std::{format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;

fn entry(index: usize, first: u64, last: u64) -> Entry {
    Entry { index, first, last, name: format!("part {index}") }
}

fn disk() -> Image {
    let mut image = Image::new(512, 400);
    image.gpt(USUAL, &[entry(0, 34, 99), entry(5, 100, 100), entry(127, 300, 366)]);
    image
}

const FOUND: [(u32, u64, u64); 3] = [(1, 34, 66), (6, 100, 1), (128, 300, 67)];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_was_written_is_read(
        block in prop::sample::select(vec![512, 1024, 4096]),
        entries in prop::sample::select(vec![4_usize, 100, 128, 256, 1024]),
        entry_size in prop::sample::select(vec![128_usize, 256, 512, 4096]),
        lengths in prop::collection::vec((0..9_u64, 1..9_u64, "[a-zäß𝄞]{0,18}"), 0..40),
    ) {
        let layout = Layout { entries, entry_size };
        let arrays = 2 * (entries * entry_size).div_ceil(block);
        let mut image = Image::new(block, arrays + 700);
        let (mut free, last) = image.usable(layout);
        let mut written = vec![];
        for (index, (gap, length, name)) in lengths.into_iter().take(entries).enumerate() {
            let first = free + gap;
            free = first + length;
            if free <= last + 1 {
                written.push(Entry { index, first, last: free - 1, name });
            }
        }
        image.gpt(layout, &written);
        let (table, notes) = look(&mut image);
        let table = table.unwrap();
        prop_assert_eq!((table.scheme, notes), (Scheme::Gpt, vec![]));
        let expected: Vec<_> =
            written.iter().map(|e| (e.index as u32 + 1, e.first, e.last + 1 - e.first)).collect();
        prop_assert_eq!(ranges(&table), expected);
        for (found, written) in table.partitions().iter().zip(&written) {
            let Kind::Gpt { kind, guid, name } = &found.kind else { unreachable!() };
            prop_assert_eq!(kind.0, type_of(written.index));
            prop_assert_eq!(guid.0, [written.index as u8 ^ 0x5a; 16]);
            prop_assert_eq!(name, &written.name);
        }
        check(&table, &image);
    }
}

#[test]
fn a_copy_that_is_damaged_is_not_used() {
    let header = |byte: usize| move |image: &mut Image, place: u64| image.header(place)[byte] ^= 1;
    let array = |image: &mut Image, place: u64| {
        let at = if place == 1 { 2 * 512 } else { (place as usize - 32) * 512 };
        image.bytes[at + 5] ^= 1;
    };
    type Damage<'a> = &'a dyn Fn(&mut Image, u64);
    let cases: [(Damage<'_>, Unfit); 4] = [
        (&header(0), Unfit::Signature),
        (&header(60), Unfit::HeaderChecksum),
        (&header(16), Unfit::HeaderChecksum),
        (&array, Unfit::EntriesChecksum),
    ];
    for (damage, unfit) in cases {
        let mut image = disk();
        damage(&mut image, 399);
        let (table, notes) = look(&mut image);
        assert_eq!((&ranges(&table.unwrap())[..], notes), (&FOUND[..], vec![Note::Backup(unfit)]));
        let mut image = disk();
        damage(&mut image, 1);
        let (table, notes) = look(&mut image);
        assert_eq!(ranges(&table.unwrap()), FOUND);
        assert_eq!(notes, [Note::Primary(unfit), Note::FromBackup]);
        damage(&mut image, 399);
        let (table, _) = look(&mut image);
        if unfit == Unfit::Signature {
            // As if there had never been one: the whole disk, as Genode has it.
            assert_eq!(table.unwrap().scheme, Scheme::Disk);
        } else {
            assert_eq!(table, Err(Error::Damaged));
        }
    }
}

/// Changes a field of the first header, makes its checksum right, and tells what is found.
fn with_field(field: usize, bytes: &[u8]) -> Option<Unfit> {
    let mut image = disk();
    image.header(1)[field..field + bytes.len()].copy_from_slice(bytes);
    image.seal(1);
    let (table, notes) = look(&mut image);
    assert_eq!(ranges(&table.unwrap()), FOUND);
    notes.into_iter().find_map(|note| match note {
        Note::Primary(unfit) => Some(unfit),
        _ => None,
    })
}

#[test]
fn a_header_that_is_sealed_and_wrong_is_not_used() {
    let word = |value: u64| value.to_le_bytes();
    let half = |value: u32| value.to_le_bytes();
    for (field, bytes, unfit) in [
        (8, half(0x0001_0001), Unfit::Format),
        (12, half(91), Unfit::Format),
        (12, half(513), Unfit::Format),
        (12, half(u32::MAX), Unfit::Format),
        (80, half(0), Unfit::Entries),
        (80, half(MAX_ENTRIES + 1), Unfit::Entries),
        (80, half(u32::MAX), Unfit::Entries),
        (84, half(64), Unfit::Entries),
        (84, half(0), Unfit::Entries),
        (84, half(192), Unfit::Entries),
        (84, half(8192), Unfit::Entries),
        (88, half(7), Unfit::EntriesChecksum),
        (84, half(256), Unfit::Layout), // on usable blocks
    ] {
        assert_eq!(with_field(field, &bytes), Some(unfit), "{field} {bytes:?}");
    }
    for (field, value, unfit) in [
        (24, 2, Unfit::Place),
        (40, 0, Unfit::Layout),
        (40, 1, Unfit::Layout),
        (40, 33, Unfit::Layout), // an entry's block
        (40, 400, Unfit::Layout),
        (48, 400, Unfit::Layout),
        (48, u64::MAX, Unfit::Layout),
        (72, 0, Unfit::Layout),
        (72, 1, Unfit::Layout),
        (72, 3, Unfit::Layout),
        (72, 369, Unfit::Layout), // behind the disk's end
        (72, u64::MAX, Unfit::Layout),
    ] {
        assert_eq!(with_field(field, &word(value)), Some(unfit), "{field} {value}");
    }
    assert_eq!(with_field(56, &[7; 16]), None, "another disk's identifier is no fault");
}

#[test]
fn entries_are_checked() {
    let mut image = Image::new(512, 400);
    image.gpt(
        USUAL,
        &[
            entry(0, 33, 40),       // on the array
            entry(1, 300, 367),     // on the second array
            entry(2, 50, 49),       // ends before it begins
            entry(3, 60, u64::MAX), // no end
            entry(4, 0, u64::MAX),  // as many blocks as there are no number for
            entry(5, 100, 120),     // overlaps
            entry(6, 120, 130),     // overlaps
            entry(7, 131, 140),     // good
            entry(8, 366, 366),     // the last one
            entry(9, u64::MAX, 5),  // around
        ],
    );
    let (table, notes) = look(&mut image);
    assert_eq!(ranges(&table.unwrap()), [(8, 131, 10), (9, 366, 1)]);
    let out = |number| Note::OutOfRange { number };
    let overlap = |number| Note::Overlap { number };
    assert_eq!(notes, [out(1), out(2), out(3), out(4), out(5), out(10), overlap(6), overlap(7)]);
}

#[test]
fn copies_that_differ_are_told_and_the_first_counts() {
    let mut image = disk();
    let mut other = Image::new(512, 400);
    other.gpt(USUAL, &[entry(0, 34, 98)]);
    let at = (400 - 33) * 512;
    image.put(at, &other.bytes[at..]);
    let (table, notes) = look(&mut image);
    assert_eq!((ranges(&table.unwrap()).len(), notes), (3, vec![Note::CopiesDiffer]));
}

#[test]
fn the_second_copy_may_be_elsewhere() {
    // The disk has grown since.
    let mut image = disk();
    image.bytes.resize(600 * 512, 0);
    let (table, notes) = look(&mut image);
    let table = table.unwrap();
    assert_eq!((&ranges(&table)[..], notes), (&FOUND[..], vec![]));
    assert_eq!(table.gap(table.get(1).unwrap(), 600), 0);
    assert_eq!(table.gap(table.get(6).unwrap(), 600), 199);
    assert_eq!(table.gap(table.get(128).unwrap(), 600), 600 - 367);
}

#[test]
fn an_mbr_beside_it_decides() {
    let mut image = disk();
    // Hybrid: protective, and another record.
    image.record(0, 1, 0x83, 34, 10);
    assert_eq!(look(&mut image).0.unwrap().scheme, Scheme::Gpt);
    let mut image = disk();
    image.record(0, 0, 0x83, 34, 10);
    assert_eq!(look(&mut image).0, Err(Error::Ambiguous));
    let only = |image: &mut Image, mbr, gpt| {
        let (table, notes) = look_with(image, Ignore { mbr, gpt });
        (table.unwrap().scheme, notes)
    };
    assert_eq!(only(&mut image, true, false), (Scheme::Gpt, vec![]));
    assert_eq!(only(&mut image, false, true), (Scheme::Mbr, vec![]));
    let mut image = disk();
    assert_eq!(only(&mut image, false, true), (Scheme::Disk, vec![Note::Ignored]));
    image.bytes[..512].fill(0);
    let (table, notes) = look(&mut image);
    assert_eq!((table.unwrap().scheme, notes), (Scheme::Gpt, vec![Note::Unprotected]));
    // A GPT that is no more, and an MBR that is: the MBR counts.
    let mut image = disk();
    image.record(0, 0, 0x83, 34, 10);
    image.header(1)[60] ^= 1;
    image.header(399)[60] ^= 1;
    assert_eq!(look(&mut image).0.unwrap().scheme, Scheme::Mbr);
}

#[test]
fn a_name_without_letters_is_told_as_such() {
    let mut image = disk();
    // A high surrogate alone: the checksum of the entries must be right.
    for at in [2 * 512, 367 * 512] {
        image.put(at + 56, &[0x00, 0xd8, 0x41, 0x00, 0x00, 0x00]);
        let crc = crc32(&image.bytes[at..at + 128 * 128]);
        let place = if at == 1024 { 1 } else { 399 };
        image.header(place)[88..92].copy_from_slice(&crc.to_le_bytes());
        image.seal(place);
    }
    let (table, notes) = look(&mut image);
    let table = table.unwrap();
    assert_eq!(notes, []);
    let Kind::Gpt { name, .. } = &table.get(1).unwrap().kind else { unreachable!() };
    assert_eq!(*name, String::from("\u{fffd}A"));
}
