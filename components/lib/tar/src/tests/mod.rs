extern crate std;

mod refusals;
mod write;

use std::{vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use write::*;

/// Content of an archive: entries with content, what is left out, and the error that ends it.
#[derive(Debug, PartialEq)]
struct Found {
    entries: Vec<(Entry, Vec<u8>)>,
    left_out: Vec<Unusable>,
    error: Option<Error>,
    ended: bool,
}

fn read(archive: &[u8]) -> Found {
    let mut decoder = Decoder::new(archive.len() as u64);
    let mut found = Found { entries: vec![], left_out: vec![], error: None, ended: false };
    let mut last = None;
    while let Some(at) = decoder.next_block() {
        assert!(last.is_none_or(|last| at > last), "it goes on");
        last = Some(at);
        let block = archive[at as usize..][..BLOCK].try_into().unwrap();
        match decoder.feed(block) {
            Ok(Progress::More) => (),
            Ok(Progress::Entry(entry)) => {
                let content = &archive[entry.offset as usize..][..entry.size as usize];
                found.entries.push((entry, content.to_vec()));
            }
            Ok(Progress::LeftOut { why, .. }) => found.left_out.push(why),
            Ok(Progress::End) => found.ended = true,
            Err(error) => found.error = Some(error),
        }
    }
    found
}

fn file(path: &str, content: &[u8]) -> Item {
    let (path, content) = (path.as_bytes().to_vec(), content.to_vec());
    Item { path, kind: b'0', link: vec![], content, mode: 0o644, modified: 7 }
}

fn archive(format: Format, items: &[Item]) -> Vec<u8> {
    let mut all: Vec<u8> = items.iter().filter_map(|one| item(format, one)).flatten().collect();
    all.resize(all.len() + 2 * BLOCK, 0);
    all
}

/// The kind that an entry has that was written as an item.
fn kind(item: &Item) -> Kind {
    match item.kind {
        b'5' => Kind::Directory,
        b'2' => Kind::Symlink(item.link.clone()),
        b'1' => Kind::Link(item.link.clone()),
        _ => Kind::File,
    }
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let name = prop::collection::vec(any::<u8>(), 1..60).prop_map(|mut name| {
        name.iter_mut().filter(|byte| matches!(**byte, b'/' | 0 | b'.')).for_each(|b| *b = b'x');
        name
    });
    let path = prop::collection::vec(name, 1..7).prop_map(|names| names.join(&b'/'));
    let kind = prop::sample::select(vec![b'0', b'0', b'0', b'5', b'2', b'1', 0, b'7']);
    let content = prop::collection::vec(any::<u8>(), 0..1600);
    let item = (path.clone(), kind, path, content, 0..0o10000_u32, -5_000_000_000..1_i64 << 33);
    let item = item.prop_map(|(path, kind, link, content, mode, modified)| {
        let file = matches!(kind, b'0' | 0 | b'7');
        let link = if matches!(kind, b'1' | b'2') { link } else { vec![] };
        Item { path, kind, link, content: if file { content } else { vec![] }, mode, modified }
    });
    prop::collection::vec(item, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_was_written_is_read(
        format in prop::sample::select(vec![Format::Ustar, Format::Gnu, Format::Pax]),
        items in items(),
    ) {
        let found = read(&archive(format, &items));
        prop_assert!(found.ended && found.error.is_none() && found.left_out.is_empty());
        let written: Vec<_> = items.iter().filter(|one| item(format, one).is_some()).collect();
        prop_assert_eq!(found.entries.len(), written.len());
        for ((entry, content), item) in found.entries.iter().zip(written) {
            prop_assert_eq!((&entry.path, &entry.kind), (&item.path, &kind(item)));
            prop_assert_eq!(content, &item.content);
            // Pax' times are written with a quarter, towards the past for those before 1970.
            let before = format == Format::Pax && item.modified < 0;
            let modified = item.modified - i64::from(before);
            prop_assert_eq!((entry.mode, entry.modified), (item.mode, modified));
        }
    }

    /// Whatever the bytes are, nothing lies outside, and no path leads out.
    #[test]
    fn anything_is_read_or_refused(
        items in items(),
        writes in prop::collection::vec((0..4000_usize, any::<u8>()), 0..6),
        cut in 0..4000_usize,
    ) {
        let mut bytes = archive(Format::Pax, &items);
        for (at, value) in writes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        for block in bytes.chunks_exact_mut(BLOCK) {
            if block[257..262] == *b"ustar" {
                seal(block);
            }
        }
        bytes.truncate(bytes.len().saturating_sub(cut));
        for (entry, _) in read(&bytes).entries {
            let names = entry.path.split(|byte| *byte == b'/');
            let down = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
            prop_assert!(entry.path.is_empty() || names.into_iter().all(down));
        }
    }
}

/// Archives that Python's tarfile made: a directory, a file, one with a long name, links.
#[test]
fn archives_of_others_are_read() {
    let long = [&b"d/"[..], &[b'n'; 90], b"/", &[b'm'; 90]].concat();
    for (name, bytes) in [
        ("ustar", &include_bytes!("../../tests/vectors/ustar.tar")[..]),
        ("gnu", include_bytes!("../../tests/vectors/gnu.tar")),
        ("pax", include_bytes!("../../tests/vectors/pax.tar")),
    ] {
        let found = read(bytes);
        assert!(found.ended && found.error.is_none(), "{name}: {found:?}");
        let entries: Vec<_> =
            found.entries.iter().map(|(e, c)| (&e.path[..], e.kind.clone(), &c[..])).collect();
        let content: Vec<u8> = (0..700_u32).map(|at| (at * 7) as u8).collect();
        assert_eq!(
            entries,
            [
                (&b"d"[..], Kind::Directory, &b""[..]),
                (b"d/hello", Kind::File, b"hello tar\n"),
                (&long, Kind::File, &content),
                (b"d/soft", Kind::Symlink(b"../d/hello".to_vec()), b""),
                (b"d/hard", Kind::Link(b"d/hello".to_vec()), b""),
                (b"d/empty", Kind::File, b""),
            ],
            "{name}"
        );
        assert!(found.entries.iter().all(|(entry, _)| entry.modified == 1_700_000_000), "{name}");
        assert_eq!(found.entries[1].0.mode, 0o640, "{name}");
    }
}
