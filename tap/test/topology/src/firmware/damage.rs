//! Ways in which firmware's tables can be wrong, whether by mistake or in order to hurt their reader.

use alloc::{format, string::String, vec::Vec};

use crate::tables::Tables;

/// Offsets in the header of each table.
const LENGTH: usize = 4;
const REVISION: usize = 8;
const CHECKSUM: usize = 9;
/// Size of a table's header, of a SRAT's up to its first structure, and of an HMAT's.
const HEADER: usize = 36;
const SRAT_HEADER: usize = 48;
/// Where the tables are that no machine has.
const EXTRA: u64 = 0x1ffe_4004;

/// Sets the length and makes the sum of all bytes 0.
fn seal(table: &mut [u8]) {
    let length = table.len() as u32;
    set(table, LENGTH, &length.to_le_bytes());
    sum(table);
}

fn sum(table: &mut [u8]) {
    set(table, CHECKSUM, &[0]);
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    set(table, CHECKSUM, &[sum]);
}

fn set(table: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(target) = table.get_mut(at..at + bytes.len()) {
        target.copy_from_slice(bytes);
    }
}

/// A memory affinity structure of the SRAT.
fn memory_affinity(node: u32, base: u64, size: u64) -> Vec<u8> {
    let mut bytes = alloc::vec![1, 40];
    bytes.extend_from_slice(&node.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    bytes.extend_from_slice(&base.to_le_bytes());
    bytes.extend_from_slice(&size.to_le_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// A table of its own making.
fn table(signature: [u8; 4], revision: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = signature.to_vec();
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&[revision, 0]);
    bytes.resize(HEADER, b' ');
    bytes.extend_from_slice(body);
    seal(&mut bytes);
    bytes
}

/// An RSDP of ACPI 2 that leads to an XSDT with these entries.
fn xsdt(tables: &mut Tables, entries: &[u64]) {
    let body: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
    tables.tables.insert("XSDT", (EXTRA, table(*b"XSDT", 1, &body)));
    let mut rsdp = b"RSD PTR \0TEST  \x02\0\0\0\0\x24\0\0\0".to_vec();
    rsdp.extend_from_slice(&EXTRA.to_le_bytes());
    rsdp.extend_from_slice(&[0; 4]);
    for (covered, at) in [(20, 8), (36, 32)] {
        let sum = rsdp.iter().take(covered).fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
        set(&mut rsdp, at, &[sum]);
    }
    tables.rsdp = rsdp;
}

/// Moves a table that has grown into its neighbour, and tells the RSDT.
fn make_room(tables: &mut Tables, name: &'static str, size: usize) {
    let Some((address, bytes)) = tables.tables.get_mut(name) else { return };
    if bytes.len() <= size {
        return;
    }
    let old = core::mem::replace(address, EXTRA + 0x4000) as u32;
    let Some((_, rsdt)) = tables.tables.get_mut("RSDT") else { return };
    let mut entries = (HEADER..rsdt.len()).step_by(4);
    if let Some(at) = entries.find(|at| rsdt.get(*at..at + 4) == Some(&old.to_le_bytes()[..])) {
        set(rsdt, at, &((EXTRA + 0x4000) as u32).to_le_bytes());
        sum(rsdt);
    }
}

/// Damages the tables of a machine.
pub(crate) fn damage(tables: &mut Tables, kind: &str) -> Result<(), String> {
    let size = tables.tables.get("SRAT").map_or(0, |(_, bytes)| bytes.len());
    apply(tables, kind)?;
    make_room(tables, "SRAT", size);
    Ok(())
}

fn apply(tables: &mut Tables, kind: &str) -> Result<(), String> {
    let result = match kind {
        kind if kind.starts_with("srat-") => srat(tables, kind),
        kind if kind.starts_with("root-") => root(tables, kind),
        _ => other(tables, kind),
    };
    result.map_err(|why| match why {
        Wrong::NoTable(table) => format!("damage \"{kind}\": the machine has no {table}"),
        Wrong::Kind => format!("damage \"{kind}\" is unknown"),
    })
}

/// Why tables cannot be damaged.
#[derive(Clone, Copy)]
enum Wrong {
    NoTable(&'static str),
    Kind,
}

fn edit(
    tables: &mut Tables,
    name: &'static str,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<(), Wrong> {
    tables.tables.get_mut(name).map(|(_, bytes)| change(bytes)).ok_or(Wrong::NoTable(name))
}

fn addresses(tables: &Tables) -> Vec<u64> {
    tables.tables.values().map(|(address, _)| *address).collect()
}

/// Makes an XSDT that lists all tables.
fn list_all(tables: &mut Tables) {
    let addresses = addresses(tables);
    xsdt(tables, &addresses);
}

fn srat(tables: &mut Tables, kind: &str) -> Result<(), Wrong> {
    match kind {
        "srat-checksum" => edit(tables, "SRAT", |table| spoil_sum(table)),
        // ends within its last structure
        "srat-truncated" => edit(tables, "SRAT", |table| {
            table.truncate(table.len() - 7);
            seal(table);
        }),
        // says that it goes on where no memory is
        "srat-beyond" => {
            edit(tables, "SRAT", |table| set(table, LENGTH, &0x10_0000_u32.to_le_bytes()))
        }
        "srat-4g" => edit(tables, "SRAT", |table| set(table, LENGTH, &u32::MAX.to_le_bytes())),
        "srat-overlap" => edit(tables, "SRAT", |table| {
            table.extend_from_slice(&memory_affinity(1, 0x20_0000, 0x1000));
            seal(table);
        }),
        // a structure of no bytes, which a reader could go round in for ever
        "srat-zero-length" => edit(tables, "SRAT", |table| {
            set(table, SRAT_HEADER + 1, &[0]);
            sum(table);
        }),
        // memory of no bytes, which is odd and no harm
        "srat-empty-memory" => edit(tables, "SRAT", |table| {
            table.extend_from_slice(&memory_affinity(1, 0x7000_0000, 0));
            seal(table);
        }),
        "srat-wraps" => edit(tables, "SRAT", |table| {
            table.extend_from_slice(&memory_affinity(1, u64::MAX - 0xfff, 0x2000));
            seal(table);
        }),
        "srat-nodes" => edit(tables, "SRAT", |table| {
            // domains are one byte in revision 1
            set(table, REVISION, &[3]);
            for node in 0..2000_u32 {
                let base = (1 << 40) + (u64::from(node) << 20);
                table.extend_from_slice(&memory_affinity(node, base, 0x1000));
            }
            seal(table);
        }),
        _ => Err(Wrong::Kind),
    }
}

fn spoil_sum(table: &mut [u8]) {
    let wrong = table.get(CHECKSUM).map_or(0, |sum| sum.wrapping_add(1));
    set(table, CHECKSUM, &[wrong]);
}

/// Damages the table that lists the tables, or what leads to it.
fn root(tables: &mut Tables, kind: &str) -> Result<(), Wrong> {
    let srat_address = tables.tables.get("SRAT").map_or(0, |(address, _)| *address);
    match kind {
        "root-checksum" => edit(tables, "RSDT", |table| set(table, CHECKSUM, &[0x55]))?,
        // the XSDT lists itself, and nothing else
        "root-cycle" => xsdt(tables, &[EXTRA; 40]),
        "root-4g" => {
            list_all(tables);
            if let Some((_, xsdt)) = tables.tables.get_mut("XSDT") {
                set(xsdt, LENGTH, &u32::MAX.to_le_bytes());
            }
        }
        // more tables than any machine has
        "root-many" => xsdt(tables, &alloc::vec![srat_address; 5000]),
        // tables where no memory is
        "root-nowhere" => xsdt(tables, &[u64::MAX, 1 << 63, 0xffff_f000, u64::MAX - 4, 0]),
        // no RSDP
        "root-none" => tables.rsdp.clear(),
        _ => return Err(Wrong::Kind),
    }
    Ok(())
}

fn other(tables: &mut Tables, kind: &str) -> Result<(), Wrong> {
    match kind {
        // whole, by way of an XSDT
        "none-xsdt" => list_all(tables),
        // 2^32 localities a side
        "slit-4g" => edit(tables, "SLIT", |table| {
            set(table, HEADER, &(1_u64 << 32).to_le_bytes());
            sum(table);
        })?,
        "hmat-4g" => huge_hmat(tables),
        "madt-checksum" => edit(tables, "APIC", |table| spoil_sum(table))?,
        _ => return Err(Wrong::Kind),
    }
    Ok(())
}

/// Adds an HMAT of 2^32 - 1 initiators and as many targets.
fn huge_hmat(tables: &mut Tables) {
    let addresses = addresses(tables);
    let mut body = alloc::vec![0; 4];
    body.extend_from_slice(&[1, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0]);
    body.extend_from_slice(&[0xff; 8]);
    body.extend_from_slice(&[0; 4]);
    body.extend_from_slice(&1_u64.to_le_bytes());
    body.extend_from_slice(&[0; 8]);
    let hmat = table(*b"HMAT", 2, &body);
    tables.tables.insert("HMAT", (EXTRA + 0x2000, hmat));
    let with_hmat: Vec<u64> = addresses.into_iter().chain([EXTRA + 0x2000]).collect();
    xsdt(tables, &with_hmat);
}
