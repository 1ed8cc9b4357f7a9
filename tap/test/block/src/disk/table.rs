//! Partition tables, as tools write them.

use alloc::{vec, vec::Vec};

use partitions::crc32;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 512;

/// Entries of a GPT, and blocks that they take.
const ENTRIES: usize = 128;
const ARRAY: u64 = (ENTRIES * 128 / BLOCK) as u64;

/// A disk's content.
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Image {
    pub(crate) fn new(blocks: u64) -> Self {
        Self(vec![0; blocks as usize * BLOCK])
    }

    fn put(&mut self, block: u64, at: usize, bytes: &[u8]) {
        let at = block as usize * BLOCK + at;
        if let Some(place) = self.0.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn record(&mut self, block: u64, index: usize, kind: u8, start: u64, length: u64) {
        let at = 446 + 16 * index;
        self.put(block, at + 4, &[kind]);
        self.put(block, at + 8, &(start as u32).to_le_bytes());
        self.put(block, at + 12, &(length as u32).to_le_bytes());
        self.put(block, 510, &[0x55, 0xaa]);
    }

    /// Writes a GPT with partitions of `(number, first, last)`.
    pub(crate) fn gpt(&mut self, partitions: &[(usize, u64, u64)]) {
        let last = (self.0.len() / BLOCK) as u64 - 1;
        let mut array = vec![0; ENTRIES * 128];
        for &(number, first, end) in partitions {
            let Some(entry) = array.chunks_exact_mut(128).nth(number - 1) else { continue };
            entry[..16].fill(0x11);
            entry[16..32].fill(number as u8);
            entry[32..40].copy_from_slice(&first.to_le_bytes());
            entry[40..48].copy_from_slice(&end.to_le_bytes());
            entry[56..64].copy_from_slice(b"p\0a\0r\0t\0");
        }
        self.record(0, 0, 0xee, 1, last);
        let crc = crc32(&array);
        for (place, other, at) in [(1, last, 2), (last, 1, last - ARRAY)] {
            self.put(at, 0, &array);
            let mut header = [0; 92];
            header[..12].copy_from_slice(b"EFI PART\0\0\x01\0");
            header[12] = 92;
            let words =
                [(24, place), (32, other), (40, 2 + ARRAY), (48, last - ARRAY - 1), (72, at)];
            for (field, value) in words {
                header[field..field + 8].copy_from_slice(&u64::to_le_bytes(value));
            }
            header[80..84].copy_from_slice(&(ENTRIES as u32).to_le_bytes());
            header[84..88].copy_from_slice(&128_u32.to_le_bytes());
            header[88..92].copy_from_slice(&crc.to_le_bytes());
            let sealed = crc32(&header);
            header[16..20].copy_from_slice(&sealed.to_le_bytes());
            self.put(place, 0, &header);
        }
    }

    /// Writes an MBR with a primary partition, and logical ones of `(first, length)`, whose records
    /// lie one block before them; the last record leads back to the first.
    pub(crate) fn mbr(&mut self, primary: (u64, u64), logical: &[(u64, u64)]) {
        let blocks = (self.0.len() / BLOCK) as u64;
        self.record(0, 0, 0x83, primary.0, primary.1);
        let Some(&(begin, _)) = logical.first() else { return };
        let begin = begin - 1;
        self.record(0, 1, 0x0f, begin, blocks - begin);
        for (index, &(first, length)) in logical.iter().enumerate() {
            self.record(first - 1, 0, 0x83, 1, length);
            let next = logical.get(index + 1).map_or(begin, |&(first, _)| first - 1);
            self.record(first - 1, 1, 0x05, next - begin, 1);
        }
    }
}
