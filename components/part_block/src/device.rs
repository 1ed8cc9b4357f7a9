//! The device behind: its table is read once, without tasks.

use alloc::string::String;

use genode::{
    packet_stream::Place,
    prelude::*,
    session::block::{BlockConnection, BlockError, Info},
};
use partitions::{Disk, FileSystem, Ignore, PROBED, Table};

/// Buffer of the session that reads the table, in bytes.
const BUFFER: usize = 128 << 10;

/// The device while its table is read.
struct Reader {
    env: Env,
    device: BlockConnection,
}

impl Reader {
    fn open(env: Env) -> Result<Self, BlockError> {
        let place = Place { io: true, ..env.ep().into() };
        let device =
            BlockConnection::builder("").buffer(BUFFER).read_only().place(place).open(env)?;
        Ok(Self { env, device })
    }
}

impl Disk for Reader {
    type Error = BlockError;

    fn block_size(&self) -> usize {
        usize::try_from(self.device.info().block_size).unwrap_or(usize::MAX)
    }

    fn block_count(&self) -> u64 {
        self.device.info().block_count
    }

    fn read(&mut self, block: u64, into: &mut [u8]) -> Result<(), BlockError> {
        self.env.ep().wait(self.device.read_at(block, into))
    }
}

/// A device and its partitions.
pub(crate) struct Device {
    pub(crate) info: Info,
    pub(crate) table: Table,
    /// File systems by partition, in the order of the table.
    pub(crate) file_systems: alloc::vec::Vec<Option<FileSystem>>,
}

impl Device {
    /// Reads the table of the device, and closes the session again.
    pub(crate) fn read(env: Env, ignore: Ignore) -> Result<Self, String> {
        let text = |error: BlockError| alloc::format!("device: {error}");
        let mut reader = Reader::open(env).map_err(text)?;
        let info = reader.device.info();
        let read = partitions::read(&mut reader, ignore, &mut |note| warning!("{note}"));
        let table = read.map_err(|error| alloc::format!("{error}"))?;
        let mut file_systems = alloc::vec::Vec::new();
        let blocks = (PROBED as u64).div_ceil(info.block_size);
        let mut begin = alloc::vec![0; (blocks * info.block_size) as usize];
        for partition in table.partitions() {
            let count = partition.length.min(blocks);
            let bytes = begin.get_mut(..(count * info.block_size) as usize).unwrap_or_default();
            // A partition that cannot be read has no known file system.
            let read = reader.read(partition.start, bytes).map(|()| &*bytes);
            file_systems.push(read.ok().and_then(partitions::probe));
        }
        Ok(Self { info, table, file_systems })
    }
}
