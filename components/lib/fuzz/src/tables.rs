//! A disk whose bytes are anything.

use partitions::{Disk, Ignore, Table, crc32, read};

/// Blocks of the disk.
const BLOCKS: u64 = 64;

/// The disk: the bytes, and zeros behind them.
struct Bytes<'a> {
    content: &'a [u8],
    block: usize,
    /// Makes the checksums of headers right, so that more than them is looked at.
    seal: bool,
    reads: u32,
}

impl Bytes<'_> {
    fn plain(&self, block: u64) -> Vec<u8> {
        let at = block as usize * self.block;
        let rest = self.content.get(at..).unwrap_or_default();
        let mut bytes = rest[..rest.len().min(self.block)].to_vec();
        bytes.resize(self.block, 0);
        bytes
    }

    /// The checksum of the entries that a header names.
    fn entries(&self, header: &[u8]) -> u32 {
        let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap());
        let size = u64::from(number(80)).saturating_mul(number(84).into()).min(1 << 16);
        let blocks = size.div_ceil(self.block as u64);
        let all: Vec<_> = (0..blocks)
            .map(|block| u64::from(number(72)).saturating_add(block))
            .filter(|block| *block < BLOCKS)
            .flat_map(|block| self.plain(block))
            .collect();
        crc32(&all[..all.len().min(size as usize)])
    }
}

impl Disk for Bytes<'_> {
    type Error = ();

    fn block_size(&self) -> usize {
        self.block
    }

    fn block_count(&self) -> u64 {
        BLOCKS
    }

    fn read(&mut self, block: u64, into: &mut [u8]) -> Result<(), ()> {
        assert!(block < BLOCKS && into.len() == self.block, "a block that the disk has not");
        self.reads += 1;
        let mut bytes = self.plain(block);
        if self.seal && bytes.starts_with(b"EFI PART") {
            let entries = self.entries(&bytes);
            bytes[88..92].copy_from_slice(&entries.to_le_bytes());
            bytes[16..20].fill(0);
            let size = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
            let crc = crc32(&bytes[..size.min(self.block)]);
            bytes[16..20].copy_from_slice(&crc.to_le_bytes());
        }
        into.copy_from_slice(&bytes);
        Ok(())
    }
}

/// Tells what must hold of any table.
fn sound(table: &Table) {
    let mut free = 0;
    let mut by_start: Vec<_> = table.partitions().iter().collect();
    assert!(by_start.is_sorted_by_key(|partition| partition.number));
    by_start.sort_by_key(|partition| partition.start);
    for partition in by_start {
        assert!(partition.length > 0 && partition.start >= free, "overlap");
        free = partition.end();
        assert_eq!(table.get(partition.number), Some(partition));
        let _ = table.gap(partition, BLOCKS);
    }
    assert!(free <= BLOCKS, "beyond the disk");
}

/// Reads the table of a disk with these bytes. The first one says how.
pub fn partitions(bytes: &[u8]) {
    let Some((&how, content)) = bytes.split_first() else { return };
    let block = if how & 1 == 0 { 512 } else { 1024 };
    let mut disk = Bytes { content, block, seal: how & 2 != 0, reads: 0 };
    let ignore = Ignore { mbr: how & 4 != 0, gpt: how & 8 != 0 };
    let mut notes = 0;
    if let Ok(table) = read(&mut disk, ignore, &mut |_| notes += 1) {
        sound(&table);
    }
    // Two copies of entries, and a chain of records.
    assert!(disk.reads <= 400 && notes < 3000, "{} reads, {notes} notes", disk.reads);
}
