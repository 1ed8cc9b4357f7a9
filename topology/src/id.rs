//! Names of nodes and CPUs. Both are sparse: a machine may well have nodes 0, 3 and 7.

use core::fmt;

/// A NUMA node by its native id: the ACPI proximity domain where firmware named it, otherwise the
/// number its source uses.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A CPU (a hardware thread) by the kernel's number, or by order of appearance where no source knows
/// that number; [`Cpu::os_id`](crate::Cpu::os_id) tells the two apart.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CpuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
