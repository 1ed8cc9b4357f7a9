//! The report of partitions, as Genode's server has it.

use genode::{
    node::{Generator, Node, Syntax},
    prelude::*,
    session::report::{DEFAULT_BUFFER, Reporter},
};
use partitions::{Kind, Partition, Scheme};

use crate::device::Device;

/// Makes the report.
fn node(device: &Device) -> Node {
    let table = &device.table;
    Node::generate("partitions", |report| {
        report.attr("type", table.scheme.name());
        if let Some(usable) = table.usable {
            let used: u64 = table.partitions().iter().map(|partition| partition.length).sum();
            report.attr("total_blocks", device.info.block_count);
            report.attr("gpt_total", usable.last - usable.first + 1);
            report.attr("gpt_used", used);
        }
        for (partition, file_system) in table.partitions().iter().zip(&device.file_systems) {
            report.node("partition", |entry| {
                attributes(entry, device, partition);
                if let Some(file_system) = file_system {
                    entry.attr("file_system", file_system.name());
                }
            });
        }
    })
}

fn attributes(entry: &mut Generator, device: &Device, partition: &Partition) {
    entry.attr("number", partition.number);
    match &partition.kind {
        Kind::Gpt { kind, guid, name } => {
            entry.attr("name", name);
            entry.attr("type", kind);
            entry.attr("guid", guid);
        }
        Kind::Mbr(kind) => entry.attr("type", kind),
        Kind::Ahdi(kind) => entry.attr("type", kind.escape_ascii()),
        Kind::Disk => (),
    }
    entry.attr("start", partition.start);
    entry.attr("length", partition.length);
    entry.attr("block_size", device.info.block_size);
    if device.table.scheme == Scheme::Gpt {
        let gap = device.table.gap(partition, device.info.block_count);
        if gap > 0 {
            entry.attr("expandable", gap);
        }
    }
}

/// Reports the partitions. The session stays open with the reporter.
pub(crate) fn report(env: Env, device: &Device) -> Result<Reporter, Error> {
    let text = node(device).write(Syntax::Xml).map_err(|_| Error::Invalid)?;
    let reporter = Reporter::with_buffer(env, "partitions", text.len().max(DEFAULT_BUFFER))?;
    reporter.report_bytes(text.as_bytes())?;
    Ok(reporter)
}
