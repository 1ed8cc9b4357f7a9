//! `cargo tap topo`: the tool `topo`.

pub use topo::Args;

/// Examples for the help.
pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo tap topo                             this machine
  cargo tap topo --synthetic \"numa:2 l3:2 core:4 pu:2\" --svg machine.svg
  cargo tap topo --acpi tables/ --sysfs recording.txt --sources
  cargo tap topo --file machine.xml --hwloc-xml - | lstopo -i -";

/// Shows the machine; returns the exit value.
pub fn execute(args: &Args) -> u8 {
    topo::show(args)
}
