//! Writers of tables as partitioning tools leave them, and a disk that counts its reads.

extern crate std;

use std::{convert::Infallible, vec, vec::Vec};

use crate::{Disk, crc32};

/// A disk in memory.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) bytes: Vec<u8>,
    pub(super) block: usize,
    pub(super) reads: u64,
}

impl Disk for Image {
    type Error = Infallible;

    fn block_size(&self) -> usize {
        self.block
    }

    fn block_count(&self) -> u64 {
        (self.bytes.len() / self.block) as u64
    }

    fn read(&mut self, block: u64, into: &mut [u8]) -> Result<(), Infallible> {
        assert_eq!(into.len(), self.block);
        let at = usize::try_from(block).unwrap() * self.block;
        into.copy_from_slice(&self.bytes[at..at + self.block]);
        self.reads += 1;
        Ok(())
    }
}

/// An entry of a GPT.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) index: usize,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) name: std::string::String,
}

/// Settings of a GPT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) entries: usize,
    pub(super) entry_size: usize,
}

pub(super) const USUAL: Layout = Layout { entries: 128, entry_size: 128 };

pub(super) fn type_of(index: usize) -> [u8; 16] {
    let mut guid = [0xa5; 16];
    guid[..8].copy_from_slice(&(index as u64 + 1).to_le_bytes());
    guid
}

impl Image {
    pub(super) fn new(block: usize, count: usize) -> Self {
        Self { bytes: vec![0; block * count], block, reads: 0 }
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Writes a record of a boot record in a block, and its signature.
    pub(super) fn record(&mut self, block: u64, index: usize, kind: u8, start: u32, length: u32) {
        let base = block as usize * self.block;
        let at = base + 446 + 16 * index;
        self.put(at, &[0, 0, 2, 0, kind, 0xff, 0xff, 0xff]);
        self.put(at + 8, &start.to_le_bytes());
        self.put(at + 12, &length.to_le_bytes());
        self.put(base + 510, &[0x55, 0xaa]);
    }

    fn array(&self, layout: Layout) -> u64 {
        (layout.entries * layout.entry_size).div_ceil(self.block) as u64
    }

    /// Returns the blocks that a GPT with this layout leaves to partitions.
    pub(super) fn usable(&self, layout: Layout) -> (u64, u64) {
        let array = self.array(layout);
        (2 + array, self.block_count() - array - 2)
    }

    /// Writes a GPT: protective MBR, both headers and both arrays.
    pub(super) fn gpt(&mut self, layout: Layout, entries: &[Entry]) {
        let mut array = vec![0; self.array(layout) as usize * self.block];
        for entry in entries {
            let one = &mut array[entry.index * layout.entry_size..][..layout.entry_size];
            one[..16].copy_from_slice(&type_of(entry.index));
            one[16..32].copy_from_slice(&[entry.index as u8 ^ 0x5a; 16]);
            one[32..40].copy_from_slice(&entry.first.to_le_bytes());
            one[40..48].copy_from_slice(&entry.last.to_le_bytes());
            for (unit, letter) in one[56..].chunks_exact_mut(2).zip(entry.name.encode_utf16()) {
                unit.copy_from_slice(&letter.to_le_bytes());
            }
        }
        let last = self.block_count() - 1;
        let blocks = self.array(layout);
        let (first_usable, last_usable) = self.usable(layout);
        self.record(0, 0, 0xee, 1, last as u32);
        let crc = crc32(&array[..layout.entries * layout.entry_size]);
        for (place, other, at) in [(1, last, 2), (last, 1, last - blocks)] {
            self.put(at as usize * self.block, &array);
            let mut header = vec![0; 92];
            header[..8].copy_from_slice(b"EFI PART");
            header[8..12].copy_from_slice(&0x0001_0000_u32.to_le_bytes());
            header[12..16].copy_from_slice(&92_u32.to_le_bytes());
            for (field, value) in
                [(24, place), (32, other), (40, first_usable), (48, last_usable), (72, at)]
            {
                header[field..field + 8].copy_from_slice(&value.to_le_bytes());
            }
            header[56..72].fill(0xd1);
            header[80..84].copy_from_slice(&(layout.entries as u32).to_le_bytes());
            header[84..88].copy_from_slice(&(layout.entry_size as u32).to_le_bytes());
            header[88..92].copy_from_slice(&crc.to_le_bytes());
            self.put(place as usize * self.block, &header);
            self.seal(place);
        }
    }

    /// Returns where the header in a block begins.
    pub(super) fn header(&mut self, place: u64) -> &mut [u8] {
        &mut self.bytes[place as usize * self.block..][..92]
    }

    /// Makes the checksum of a header right.
    pub(super) fn seal(&mut self, place: u64) {
        self.header(place)[16..20].fill(0);
        let crc = crc32(self.header(place));
        self.header(place)[16..20].copy_from_slice(&crc.to_le_bytes());
    }
}
