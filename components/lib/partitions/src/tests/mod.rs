extern crate std;

mod gpt;
mod mbr;
mod write;

use std::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use write::*;

/// Reads an image's table; returns the notes too.
fn look_with(image: &mut Image, ignore: Ignore) -> (Result<Table, Error<()>>, Vec<Note>) {
    let mut notes = Vec::new();
    let read = super::read(image, ignore, &mut |note| notes.push(note));
    let read = read.map_err(|error| match error {
        Error::Disk(never) => match never {},
        Error::BlockSize(size) => Error::BlockSize(size),
        Error::Ambiguous => Error::Ambiguous,
        Error::Damaged => Error::Damaged,
        Error::Memory => Error::Memory,
    });
    (read, notes)
}

fn look(image: &mut Image) -> (Result<Table, Error<()>>, Vec<Note>) {
    look_with(image, Ignore::default())
}

fn ranges(table: &Table) -> Vec<(u32, u64, u64)> {
    table.partitions().iter().map(|p| (p.number, p.start, p.length)).collect()
}

/// Properties of each table, whatever the disk says.
fn check(table: &Table, image: &Image) {
    let mut by_start = ranges(table);
    assert!(by_start.is_sorted_by(|a, b| a.0 < b.0), "numbers");
    by_start.sort_by_key(|range| range.1);
    let mut free = 0;
    for (_, start, length) in by_start {
        assert!(start >= free && length > 0, "overlap");
        free = start + length;
    }
    assert!(free <= image.block_count(), "outside of the disk");
    assert!(image.reads < 20_000, "{} reads", image.reads);
}

#[test]
fn a_disk_without_a_table_is_one_partition() {
    let mut image = Image::new(512, 100);
    let (table, notes) = look(&mut image);
    let table = table.unwrap();
    assert_eq!((table.scheme, ranges(&table), notes), (Scheme::Disk, vec![(0, 0, 100)], vec![]));
    assert!(table.get(1).is_none() && table.get(0).is_some());
    assert_eq!(table.gap(&table.partitions()[0], 100), 0);
    // A boot sector of a file system has the signature of an MBR, and code where records are.
    image.put(446, b"some code or text of a boot sector");
    image.put(510, &[0x55, 0xaa]);
    assert_eq!(look(&mut image).0.unwrap().scheme, Scheme::Disk);
}

#[test]
fn blocks_of_a_strange_size_are_refused() {
    for block in [256, 520, 1 << 17] {
        assert_eq!(look(&mut Image::new(block, 4)).0, Err(Error::BlockSize(block)));
    }
    assert_eq!(look(&mut Image::new(512, 0)).0, Err(Error::BlockSize(512)));
    // The smallest disks: no table lies where there is nothing.
    for count in 1..4 {
        assert_eq!(look(&mut Image::new(512, count)).0.unwrap().scheme, Scheme::Disk);
    }
}

#[test]
fn a_root_sector_of_atari_is_read() {
    let mut image = Image::new(512, 1000);
    for (index, (kind, start, length)) in
        [(b"GEM", 2_u32, 98_u32), (b"XGM", 100, 100), (b"BGM", 200, 300), (b"LNX", 900, 101)]
            .into_iter()
            .enumerate()
    {
        let at = 0x1c6 + 12 * index;
        image.put(at, &[1]);
        image.put(at + 1, kind);
        image.put(at + 4, &start.to_be_bytes());
        image.put(at + 8, &length.to_be_bytes());
    }
    let (table, notes) = look(&mut image);
    let table = table.unwrap();
    assert_eq!((table.scheme, ranges(&table)), (Scheme::Ahdi, vec![(1, 2, 98), (3, 200, 300)]));
    assert_eq!(table.get(3).unwrap().kind, Kind::Ahdi(*b"BGM"));
    assert_eq!(notes, [Note::OutOfRange { number: 4 }]);
}

#[test]
fn file_systems_are_known() {
    let ext = |journal: u32, extents: u32, checksums: u32| {
        let mut begin = vec![0; PROBED];
        begin[1024 + 0x38..][..2].copy_from_slice(&[0x53, 0xef]);
        begin[1024 + 0x5c..][..4].copy_from_slice(&journal.to_le_bytes());
        begin[1024 + 0x60..][..4].copy_from_slice(&extents.to_le_bytes());
        begin[1024 + 0x64..][..4].copy_from_slice(&checksums.to_le_bytes());
        probe(&begin).unwrap().name()
    };
    assert_eq!([ext(0, 0, 0), ext(4, 0, 0), ext(4, 0x40, 0)], ["Ext2", "Ext3", "Ext3"]);
    assert_eq!([ext(4, 0x40, 0x400), ext(0, 0x40, 0x400)], ["Ext4", "Ext2"]);
    let fat = |mark: usize, name: &[u8], boot: &[u8]| {
        let mut begin = vec![0; 512];
        begin[mark] = 0x29;
        begin[82..82 + name.len()].copy_from_slice(name);
        begin[510..].copy_from_slice(boot);
        probe(&begin).map(FileSystem::name)
    };
    assert_eq!(fat(66, b"FAT32", &[0x55, 0xaa]), Some("FAT32"));
    assert_eq!(fat(38, b"", &[0x55, 0xaa]), Some("FAT16"));
    assert_eq!((fat(38, b"", &[0, 0]), fat(66, b"", &[0x55, 0xaa])), (None, None));
    assert_eq!(probe(&[&[0xe9][..], &[0; 511]].concat()), Some(FileSystem::Gemdos));
    assert_eq!(probe(&[0xe9; 100]), None);
}

#[test]
fn a_text_says_what_to_do() {
    for (text, end) in [
        (Error::<&str>::Ambiguous.to_string(), "ignore_gpt=\"yes\""),
        (Error::Disk("no such block").to_string(), "no such block"),
        (Error::<&str>::Damaged.to_string(), "ignore_gpt=\"yes\""),
        (Error::<&str>::BlockSize(1).to_string(), "512 to 65536 are allowed"),
        (Error::<&str>::Memory.to_string(), "donate more RAM"),
        (Note::Primary(Unfit::Entries).to_string(), "1024 of them at most"),
        (Note::FromBackup.to_string(), "repair the disk"),
        (Note::Loop { block: 7 }.to_string(), "block 7 comes again"),
    ] {
        assert!(text.ends_with(end), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Bytes here and there in a disk with tables: whatever is read lies within it.
    #[test]
    fn a_damaged_disk_gives_a_sound_table(
        gpt in any::<bool>(),
        seal in any::<bool>(),
        writes in prop::collection::vec((0..40_000_usize, any::<u8>()), 0..12),
        fields in prop::collection::vec((0..92_usize, any::<u8>()), 0..3),
    ) {
        let mut image = Image::new(512, 120);
        if gpt {
            let entries = (0..5).map(|index| {
                let first = 34 + index * 10;
                Entry { index: index as usize, first, last: first + 9, name: format!("{index}") }
            });
            image.gpt(USUAL, &entries.collect::<Vec<_>>());
        } else {
            mbr::with_logical(&mut image, &[(10, 5), (20, 9), (40, 3)]);
        }
        for (at, value) in writes {
            image.bytes[at] = value;
        }
        for (at, value) in fields {
            image.header(1)[at] = value;
        }
        if seal {
            image.seal(1);
        }
        if let Ok(table) = look(&mut image).0 {
            check(&table, &image);
        }
    }

    /// Bytes without any order.
    #[test]
    fn noise_gives_a_sound_table(
        bytes in prop::collection::vec(any::<u8>(), 512..4096),
        mbr in any::<bool>(),
    ) {
        let mut image = Image { bytes, block: 512, reads: 0 };
        if mbr {
            for record in 0..4 {
                image.bytes[446 + 16 * record] = 0;
            }
            image.put(510, &[0x55, 0xaa]);
        }
        if let Ok(table) = look(&mut image).0 {
            check(&table, &image);
        }
    }
}
