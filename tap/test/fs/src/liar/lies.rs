//! Lies of a File_system server, by name.

use alloc::{vec, vec::Vec};

use genode::{
    dataspace::{Area, SharedRam},
    prelude::*,
    rpc::Wire,
    session::file_system::{DirEntry, Header, NodeType, Operation, Packets, Rwx},
};
use rs_checks::{Lies, Raw};

use crate::BUFFER;

/// A kind of lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// None.
    Honest,
    /// Each answer comes twice.
    Twice,
    /// Failures of packets that nobody sent come first, and news of what nobody watches.
    Strangers,
    /// Each packet has the other request's header.
    Swapped,
    /// A handle that nobody has.
    Handle,
    /// Another operation, or a number that is none.
    Operation,
    /// More bytes than were asked for.
    Length,
    /// Failure.
    Failed,
    /// One answer comes after the next two requests, and says that it failed.
    Late,
    /// Two of three answers come after the next request; the first one says that it failed.
    Order,
    /// The queue's index leads out of it.
    Index,
    /// A directory's entry leads elsewhere.
    Entry,
    /// A directory has no end.
    Endless,
}

impl Lie {
    /// Returns the lie of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "honest" => Self::Honest,
            "twice" => Self::Twice,
            "strangers" => Self::Strangers,
            "swapped" => Self::Swapped,
            "handle" => Self::Handle,
            "operation" => Self::Operation,
            "length" => Self::Length,
            "failed" => Self::Failed,
            "late" => Self::Late,
            "order" => Self::Order,
            "index" => Self::Index,
            "entry" => Self::Entry,
            "endless" => Self::Endless,
            _ => return None,
        })
    }

    /// Writes what the packets of a lie contain beside what honest ones have.
    fn content(self, memory: &Area, asked: &[Raw]) -> Result<(), Error> {
        let last = match self {
            Self::Entry => b'/',
            Self::Endless => b'a',
            _ => return Ok(()),
        };
        let rwx = Rwx { readable: true, writeable: true, executable: true };
        let entry =
            DirEntry::new(b"aaa", NodeType::ContinuousFile, rwx, 1).ok_or(Error::Invalid)?;
        let mut bytes = [0; DirEntry::SIZE];
        entry.store(&mut bytes);
        for byte in bytes.iter_mut().rev().filter(|byte| **byte == b'a').take(1) {
            *byte = last;
        }
        for raw in asked {
            let [offset, size] = raw.place();
            for at in (0..size as usize / DirEntry::SIZE).map(|index| index * DirEntry::SIZE) {
                memory.write(offset as usize + at, &bytes)?;
            }
        }
        Ok(())
    }
}

impl Lies<Packets> for Lie {
    fn requests(self, kept: bool) -> usize {
        match (self, kept) {
            (Self::Entry | Self::Endless, _) | (Self::Order, true) => 1,
            (Self::Order, false) => 3,
            _ => 2,
        }
    }

    fn breaks_index(self) -> bool {
        self == Self::Index
    }

    /// Fills what is read with the handle's number.
    fn honest(raw: Raw, memory: &SharedRam) -> Result<Raw, Error> {
        let header = raw.header::<Packets>();
        if header.operation() == Some(Operation::Read) {
            let [offset, size] = raw.place();
            memory.write(offset as usize, &vec![header.handle.0 as u8; size as usize])?;
        }
        Ok(Raw::new::<Packets>(raw.place(), &header.done(header.length)))
    }

    fn answers(
        self,
        honest: &[Raw],
        kept: &mut Vec<Raw>,
        memory: &SharedRam,
    ) -> Result<Vec<Raw>, Error> {
        self.content(memory, honest)?;
        let each = |change: fn(&mut Header)| Raw::changed::<Packets>(honest, change);
        Ok(match self {
            Self::Honest | Self::Index | Self::Entry | Self::Endless => honest.to_vec(),
            Self::Twice => [honest, honest].concat(),
            Self::Strangers => [strangers(honest), honest.to_vec()].concat(),
            Self::Swapped => Raw::swapped::<Packets>(honest),
            Self::Handle => each(|header| header.handle.0 += 1000),
            Self::Operation => each(|header| {
                header.code = if header.code == 0 { Operation::Write as u32 } else { 77 };
            }),
            Self::Length => each(|header| header.length += 1),
            Self::Failed => each(|header| header.succeeded = false),
            Self::Late | Self::Order => {
                Raw::late::<Packets>(honest, kept, |header| header.succeeded = false)
            }
        })
    }
}

/// Failures by each request's header: of packets beside its own, of another size, around the end of
/// the memory; and news by it.
fn strangers(honest: &[Raw]) -> Vec<Raw> {
    let mut all = Vec::new();
    for raw in honest {
        let [offset, size] = raw.place();
        let failed = Header { succeeded: false, ..raw.header::<Packets>() };
        let buffer = BUFFER as u64;
        // Of a request without packet, a failure without packet would be its own.
        let mut places = vec![[buffer, size.max(1)], [u64::MAX, size.max(1)], [0, size.max(1)]];
        if size > 0 {
            places.extend([
                [offset + 1, size],
                [offset + (32 << 10), size],
                [offset, 0],
                [offset, size + 1],
                [offset, u64::MAX],
            ]);
        }
        all.extend(places.into_iter().map(|place| Raw::new::<Packets>(place, &failed)));
        let news = Header::news(failed.handle, Operation::ContentChanged);
        all.push(Raw::new::<Packets>(raw.place(), &news));
    }
    all
}
