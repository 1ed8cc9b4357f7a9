//! Where facts come from: one module a source. Each takes bytes or text that may be hostile and
//! yields [`Claims`](crate::Claims) or a reason why not.
//!
//! | module | reads | given |
//! |---|---|---|
//! | [`acpi`] | RSDP, RSDT, XSDT, MADT, SRAT, SLIT, HMAT | bytes, or a reader of physical memory |
//! | [`cpuid`] | leaves 4, 0xB, 0x1F, 0x8000001D, 0x8000001E | a reader of leaves |
//! | [`sysfs`] | `/sys/devices/system` | a reader of files |
//! | [`tip`] | base-tukija's topology information page | bytes |
//! | [`topo_session`] | a TOPO session | the session's six functions |
//! | [`snapshot`] | a TOPO session of ours | its snapshot |
//! | [`platform_info`] | NOVA's `platform_info` ROM | an [`element::Element`] |
//! | [`description`] | a `<machine>` description | XML text (read by `genode-xml`) or an [`element::Element`] |
//! | [`synthetic`] | hwloc's synthetic syntax | text |
//! | `this_machine` (feature `std`) | sysfs, ACPI tables and CPUID of the running Linux machine | |

pub mod acpi;
pub mod cpuid;
pub mod description;
pub mod element;
pub mod platform_info;
pub mod snapshot;
pub mod synthetic;
pub mod sysfs;
#[cfg(feature = "std")]
pub mod this_machine;
pub mod tip;
pub mod topo_session;
