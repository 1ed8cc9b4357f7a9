//! Provenance: every value in the model carries the name of the source that told it.

use core::fmt;

/// Who told a fact.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Source {
    /// ACPI System Resource Affinity Table.
    Srat = 1,
    /// ACPI System Locality Information Table.
    Slit = 2,
    /// ACPI Heterogeneous Memory Attribute Table.
    Hmat = 3,
    /// ACPI Multiple APIC Description Table.
    Madt = 4,
    /// The CPUID instruction.
    Cpuid = 5,
    /// Linux sysfs.
    Sysfs = 6,
    /// The topology information page of base-tukija.
    Tip = 7,
    /// A TOPO session.
    TopoSession = 8,
    /// NOVA's `platform_info` ROM.
    PlatformInfo = 9,
    /// A `<machine>` description, written by a person.
    Description = 10,
    /// A synthetic string, written by a person.
    Synthetic = 11,
}

impl Source {
    /// Every source, in the order of their numbers.
    pub const ALL: [Source; 11] = [
        Source::Srat,
        Source::Slit,
        Source::Hmat,
        Source::Madt,
        Source::Cpuid,
        Source::Sysfs,
        Source::Tip,
        Source::TopoSession,
        Source::PlatformInfo,
        Source::Description,
        Source::Synthetic,
    ];

    /// The source with number `n`, as the snapshot format counts them.
    pub fn from_number(n: u8) -> Option<Source> {
        Self::ALL.get(usize::from(n).checked_sub(1)?).copied()
    }

    /// Short name, as printed and written to JSON.
    pub fn name(self) -> &'static str {
        match self {
            Source::Srat => "SRAT",
            Source::Slit => "SLIT",
            Source::Hmat => "HMAT",
            Source::Madt => "MADT",
            Source::Cpuid => "CPUID",
            Source::Sysfs => "sysfs",
            Source::Tip => "TIP",
            Source::TopoSession => "TOPO",
            Source::PlatformInfo => "platform_info",
            Source::Description => "description",
            Source::Synthetic => "synthetic",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value and who told it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What was told.
    pub value: T,
    /// By whom.
    pub source: Source,
}

impl<T> Fact<T> {
    /// `value`, as told by `source`.
    pub fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }
}
