//! An archive whose bytes are anything.

use tar::{BLOCK, Decoder, Kind, MAX_PATH, Progress};

fn leads_down(path: &[u8]) -> bool {
    let down = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&0);
    path.is_empty() || path.split(|byte| *byte == b'/').all(down)
}

/// Makes the checksum of a header right.
fn seal(block: &mut [u8; BLOCK]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// Reads an archive. The first byte says whether checksums are made right, so that more than them
/// is looked at.
pub fn archive(bytes: &[u8]) {
    let Some((&how, archive)) = bytes.split_first() else { return };
    let size = archive.len() as u64;
    let mut decoder = Decoder::new(size);
    let mut last = None;
    while let Some(at) = decoder.next_block() {
        assert!(at + BLOCK as u64 <= size && last.is_none_or(|last| at > last), "it goes on");
        last = Some(at);
        let mut block: [u8; BLOCK] = archive[at as usize..][..BLOCK].try_into().unwrap();
        if how & 1 != 0 && block.iter().any(|byte| *byte != 0) {
            seal(&mut block);
        }
        match decoder.feed(&block) {
            Ok(Progress::Entry(entry)) => {
                assert!(entry.path.len() <= MAX_PATH && leads_down(&entry.path));
                assert!(entry.offset.checked_add(entry.size).is_some_and(|end| end <= size));
                assert!(entry.size == 0 || entry.kind == Kind::File);
                match entry.kind {
                    Kind::Link(target) => assert!(leads_down(&target)),
                    Kind::Symlink(target) => assert!(target.len() <= MAX_PATH),
                    Kind::File => assert!(!entry.path.is_empty()),
                    Kind::Directory => (),
                }
            }
            Ok(Progress::End) | Err(_) => assert_eq!(decoder.next_block(), None),
            Ok(_) => (),
        }
    }
}
