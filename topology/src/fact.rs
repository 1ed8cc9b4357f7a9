//! Provenance: every value in the model carries the name of the source that told it.

use core::fmt;

/// Declares the sources: number, and short name.
macro_rules! sources {
    ($(#[$doc:meta])* pub enum Source { $($(#[$its:meta])* $source:ident = $number:literal, $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Source {
            $($(#[$its])* $source = $number,)*
        }

        impl Source {
            /// Every source, in the order of their numbers.
            pub const ALL: [Source; [$($number),*].len()] = [$(Source::$source),*];

            /// Short name, as printed and written to JSON.
            pub fn name(self) -> &'static str {
                match self {
                    $(Source::$source => $name,)*
                }
            }
        }
    };
}

// Their numbers count up from 1, since a snapshot names a source by its place.
const _: () = {
    let mut n = 0;
    while n < Source::ALL.len() {
        assert!(Source::ALL[n] as usize == n + 1, "a source's number is its place in the list");
        n += 1;
    }
};

sources! {
    /// The source of a fact.
    pub enum Source {
        /// ACPI System Resource Affinity Table.
        Srat = 1, "SRAT";
        /// ACPI System Locality Information Table.
        Slit = 2, "SLIT";
        /// ACPI Heterogeneous Memory Attribute Table.
        Hmat = 3, "HMAT";
        /// ACPI Multiple APIC Description Table.
        Madt = 4, "MADT";
        /// The CPUID instruction.
        Cpuid = 5, "CPUID";
        /// Linux sysfs.
        Sysfs = 6, "sysfs";
        /// The topology information page of base-tukija.
        Tip = 7, "TIP";
        /// A TOPO session.
        TopoSession = 8, "TOPO";
        /// NOVA's `platform_info` ROM.
        PlatformInfo = 9, "platform_info";
        /// A `<machine>` description, written by a person.
        Description = 10, "description";
        /// A synthetic string, written by a person.
        Synthetic = 11, "synthetic";
    }
}

impl Source {
    /// The source with number `n`, as the snapshot format counts them.
    pub fn from_number(n: u8) -> Option<Source> {
        Self::ALL.get(usize::from(n).checked_sub(1)?).copied()
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
