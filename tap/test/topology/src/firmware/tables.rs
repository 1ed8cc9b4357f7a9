//! Tables that firmware leaves in memory.

use alloc::{collections::BTreeMap, vec::Vec};

/// Tables of one machine, each with its physical address.
pub(crate) struct Tables {
    pub(crate) rsdp: Vec<u8>,
    /// By signature, as `RSDT` or `SRAT`.
    pub(crate) tables: BTreeMap<&'static str, (u64, Vec<u8>)>,
}

macro_rules! fixture {
    ($machine:literal, $file:literal) => {
        include_bytes!(concat!(
            "../../../../../topology/tests/fixtures/acpi/",
            $machine,
            "/",
            $file
        ))
        .to_vec()
    };
}

/// The tables of an emulated machine, where its firmware put them (`addresses.txt` beside them).
pub(crate) fn tables(machine: &str) -> Option<Tables> {
    Some(match machine {
        "two-nodes" => Tables {
            rsdp: fixture!("two-nodes", "rsdp.bin"),
            tables: BTreeMap::from([
                ("RSDT", (0x1ffe_267c, fixture!("two-nodes", "rsdt.bin"))),
                ("APIC", (0x1ffe_23b0, fixture!("two-nodes", "apic.bin"))),
                ("SRAT", (0x1ffe_2498, fixture!("two-nodes", "srat.bin"))),
                ("SLIT", (0x1ffe_25e8, fixture!("two-nodes", "slit.bin"))),
            ]),
        },
        "hmat" => Tables {
            rsdp: fixture!("hmat", "rsdp.bin"),
            tables: BTreeMap::from([
                ("RSDT", (0x3ffe_25e3, fixture!("hmat", "rsdt.bin"))),
                ("APIC", (0x3ffe_223f, fixture!("hmat", "apic.bin"))),
                ("SRAT", (0x3ffe_2307, fixture!("hmat", "srat.bin"))),
                ("HMAT", (0x3ffe_243f, fixture!("hmat", "hmat.bin"))),
            ]),
        },
        _ => return None,
    })
}
