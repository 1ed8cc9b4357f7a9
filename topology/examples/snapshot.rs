//! Write the snapshot of a synthetic machine to a file, for the fuzzer's corpus:
//! `cargo run -p numa-topology --example snapshot -- "numa:2 l3:1 core:2 pu:2" FILE`.

use topology::view::{View, ViewPolicy};
use topology::{Affinity, Machine, source::synthetic};
use zerocopy::IntoBytes;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, text, file] = args.as_slice() else { return Err("give a machine and a file".into()) };
    let machine = Machine::build(&[synthetic::parse(text)?])?;
    let space = machine.default_space()?;
    let policy = ViewPolicy { memory_only_nodes: true, physical_ranges: true };
    let view = View::new(&machine, &space, Affinity::UNRESTRICTED, policy)?;
    std::fs::write(file, topology::snapshot::write(&machine, &view, 1).as_bytes())?;
    Ok(())
}
