//! Root sectors of Atari's hard disks.

use alloc::vec::Vec;

use crate::{Kind, Note, Partition, Scheme, Table};

/// Makes the table of a root sector, if it has partitions of a known type.
pub(crate) fn table(block: &[u8], block_count: u64, note: &mut dyn FnMut(Note)) -> Option<Table> {
    let records = block.get(0x1c6..0x1f6)?.chunks_exact(12);
    let found: Vec<_> =
        (1..).zip(records).filter_map(|(number, record)| partition(number, record)).collect();
    let any = !found.is_empty();
    any.then(|| Table::checked(Scheme::Ahdi, None, found, (1, block_count), note))
}

fn partition(number: u32, record: &[u8]) -> Option<Partition> {
    let &[_, a, b, c, ref places @ ..] = record else { return None };
    let kind = [a, b, c];
    if ![*b"BGM", *b"GEM", *b"LNX"].contains(&kind) {
        return None;
    }
    let number_at = |at: usize| {
        let bytes = places.get(at..at + 4).unwrap_or_default();
        bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
    };
    let (start, length) = (number_at(0), number_at(4));
    (start > 0).then_some(Partition { number, start, length, kind: Kind::Ahdi(kind) })
}
