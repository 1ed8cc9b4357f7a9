//! SLIT: relative distances between proximity domains (ACPI 6.5, 5.2.17). Row and column numbers
//! are proximity domains.

use super::{AcpiError, Header, Table};
use crate::claims::{Claims, DistanceClaim, KeyKind, NodeIds};
use crate::conflict::Note;
use crate::model::MAX_NODES;
use crate::{NodeId, Source};
use zerocopy::little_endian::U64;

/// Read a SLIT.
pub fn parse(bytes: &[u8]) -> Result<Claims, AcpiError> {
    let table = Table::check(bytes, *b"SLIT")?;
    let count = table.at::<U64>(size_of::<Header>())?.get();
    if count > MAX_NODES as u64 {
        return Err(AcpiError::Matrix(count));
    }
    let n = count as usize;
    let first = size_of::<Header>() + size_of::<U64>();
    let (need, have) = (first + n * n, table.bytes.len());
    let values = table.bytes.get(first..need).ok_or(AcpiError::Truncated { need, have })?;

    let mut claims = Claims::new(Source::Slit, NodeIds::Proximity, KeyKind::Hardware);
    let mut values = values.to_vec();
    for (at, value) in values.iter_mut().enumerate().filter(|(_, v)| **v < 10) {
        let (a, b) = (NodeId((at / n) as u32), NodeId((at % n) as u32));
        // 0 to 9 are reserved; the model's 0 means "not told"
        if claims.notes.len() < 16 {
            claims.notes.push(Note::ReservedDistance(a, b, *value));
        }
        *value = 0;
    }
    let nodes = (0..n as u32).map(NodeId).collect();
    claims.distances = Some(DistanceClaim { nodes, values });
    Ok(claims)
}
