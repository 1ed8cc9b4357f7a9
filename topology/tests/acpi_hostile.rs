//! Hostile ACPI tables: truncated, overlapping, lengths of zero, matrices of 2^32 entries. Each is
//! refused with its reason.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;

use common::{bytes, table, tables};
use topology::source::acpi::{AcpiError, parse_hmat, parse_slit, parse_srat};
use topology::{BuildError, Machine, NodeId, Note};

const SRAT_LEAD: [u8; 12] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn srat_of(structures: &[&[u8]]) -> Vec<u8> {
    let mut body = SRAT_LEAD.to_vec();
    for s in structures {
        body.extend_from_slice(s);
    }
    table(*b"SRAT", 3, &body)
}

fn memory(node: u32, base: u64, size: u64) -> Vec<u8> {
    let mut s = vec![1, 40];
    s.extend_from_slice(&node.to_le_bytes());
    s.extend_from_slice(&[0; 2]);
    s.extend_from_slice(&base.to_le_bytes());
    s.extend_from_slice(&size.to_le_bytes());
    s.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    s
}

#[test]
fn hostile_srats_are_refused_with_the_reason() {
    let refused = |s: &[&[u8]]| parse_srat(&srat_of(s)).unwrap_err();
    // lengths of zero and one, which would never end or split the header
    assert_eq!(refused(&[&[1, 0]]), AcpiError::ShortStructure { offset: 48, kind: 1, length: 0 });
    assert_eq!(refused(&[&[0, 1]]), AcpiError::ShortStructure { offset: 48, kind: 0, length: 1 });
    // shorter than its type
    assert_eq!(
        refused(&[&[1, 8, 0, 0, 0, 0, 0, 0]]),
        AcpiError::ShortStructure { offset: 48, kind: 1, length: 8 }
    );
    // beyond the table, and half a header
    assert_eq!(
        refused(&[&[1, 200, 0]]),
        AcpiError::LongStructure { offset: 48, kind: 1, length: 200 }
    );
    assert_eq!(refused(&[&[7]]), AcpiError::ShortStructure { offset: 48, kind: 7, length: 0 });
    // overlapping memory of two nodes; of one node it is only odd
    let overlap = BuildError::OverlappingMemory { at: 0x800, first: NodeId(0), second: NodeId(1) };
    let (a, b) = (memory(0, 0, 0x1000), memory(1, 0x800, 0x1000));
    assert_eq!(refused(&[&a, &b]), AcpiError::Content(overlap));
    assert_eq!(refused(&[&b, &a]), AcpiError::Content(overlap));
    let same = parse_srat(&srat_of(&[&a, &memory(0, 0x800, 0x1000)])).unwrap();
    assert_eq!(same.notes, [Note::RepeatedMemory(0x800)]);
    assert_eq!(Machine::build(&[same]).unwrap().installed(NodeId(0)), Some(0x1800));
    // an end beyond 2^64
    assert_eq!(
        refused(&[&memory(0, u64::MAX, 2)]),
        AcpiError::Content(BuildError::BadRange(u64::MAX))
    );
    // zero bytes of memory: noted, no range
    let empty = parse_srat(&srat_of(&[&memory(3, 0x1000, 0)])).unwrap();
    assert_eq!((empty.notes, empty.ranges), (vec![Note::EmptyRange(NodeId(3))], vec![]));
    // more nodes than any machine has
    let many: Vec<Vec<u8>> = (0..2000).map(|i| memory(i, u64::from(i) << 12, 0x1000)).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    assert_eq!(refused(&many), AcpiError::Content(BuildError::TooManyNodes));
}

#[test]
fn hostile_headers_are_refused_with_the_reason() {
    let good = bytes("acpi/two-nodes/srat.bin");
    assert_eq!(parse_srat(&[]), Err(AcpiError::Truncated { need: 36, have: 0 }));
    let mut b = good.clone();
    b[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(parse_srat(&b), Err(AcpiError::TooLarge(u32::MAX)));
    b[4..8].copy_from_slice(&0u32.to_le_bytes());
    assert!(matches!(parse_srat(&b), Err(AcpiError::Truncated { .. })));
    let mut b = good.clone();
    b[9] = b[9].wrapping_add(3);
    assert_eq!(parse_srat(&b), Err(AcpiError::Checksum(3)));
    assert_eq!(parse_slit(&good), Err(AcpiError::Signature(*b"SRAT")));
    assert!(matches!(parse_srat(&table(*b"SRAT", 3, &[0; 4])), Err(AcpiError::Truncated { .. })));
    // what follows the table in the buffer does not matter
    let mut b = good.clone();
    b.extend_from_slice(&[0xff; 100]);
    assert_eq!(parse_srat(&b), parse_srat(&good));
}

#[test]
fn matrices_of_four_billion_entries_are_refused() {
    let slit = |n: u64, bytes: usize| {
        let mut body = n.to_le_bytes().to_vec();
        body.resize(8 + bytes, 10);
        parse_slit(&table(*b"SLIT", 1, &body))
    };
    assert_eq!(slit(1 << 32, 0), Err(AcpiError::Matrix(1 << 32)));
    assert_eq!(slit(u64::MAX, 64), Err(AcpiError::Matrix(u64::MAX)));
    assert_eq!(slit(65536, 64), Err(AcpiError::Matrix(65536)));
    assert_eq!(slit(9, 80), Err(AcpiError::Truncated { need: 125, have: 124 }));
    assert!(slit(9, 81).is_ok());

    let hmat = |rows: u32, columns: u32| {
        let mut body = vec![0; 4];
        body.extend_from_slice(&[1, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0]);
        body.extend_from_slice(&rows.to_le_bytes());
        body.extend_from_slice(&columns.to_le_bytes());
        body.extend_from_slice(&[0; 4]);
        body.extend_from_slice(&1u64.to_le_bytes());
        body.extend_from_slice(&[0; 8]);
        parse_hmat(&table(*b"HMAT", 2, &body))
    };
    assert_eq!(hmat(u32::MAX, u32::MAX), Err(AcpiError::Matrix(u64::from(u32::MAX))));
    assert_eq!(hmat(1, 1 << 16), Err(AcpiError::Matrix(1 << 16)));
    assert!(matches!(hmat(64, 64), Err(AcpiError::Truncated { .. })));
    let zero_length = table(*b"HMAT", 2, &[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        parse_hmat(&zero_length),
        Err(AcpiError::ShortStructure { offset: 40, kind: 1, length: 0 })
    );
}

#[test]
fn domains_of_an_old_srat_have_one_byte() {
    let mut lapic = vec![0u8, 16, 2, 5, 1, 0, 0, 0, 0, 0x99, 0x99, 0x99, 0, 0, 0, 0];
    let mut body = SRAT_LEAD.to_vec();
    body.append(&mut lapic);
    let old = parse_srat(&table(*b"SRAT", 1, &body)).unwrap();
    assert_eq!(old.cpus[0].node, Some(NodeId(2)));
    assert_eq!(old.notes, [Note::WideDomain(0x9999_9902)]);
    let new = parse_srat(&table(*b"SRAT", 2, &body)).unwrap();
    assert_eq!(new.cpus[0].node, Some(NodeId(0x9999_9902)));
}

#[test]
fn a_refused_table_is_refused_alone() {
    let mut t = tables("hmat");
    t.hmat.as_mut().unwrap()[9] ^= 1;
    let (claims, refused) = t.claims();
    assert_eq!(claims.len(), 2);
    assert_eq!(refused.len(), 1);
    assert!(refused[0].to_string().starts_with("table HMAT: checksum"), "{}", refused[0]);
}
