//! Lies of a Block server, by name.

use alloc::{vec, vec::Vec};

use genode::{
    dataspace::SharedRam,
    prelude::*,
    session::block::{Block, Header, Operation},
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
    /// Failures of packets that nobody sent come first.
    Strangers,
    /// Each packet has the other request's header.
    Swapped,
    /// A tag that nobody has.
    Tag,
    /// Another operation.
    Operation,
    /// Other blocks.
    Blocks,
    /// Fewer blocks.
    Count,
    /// Failure.
    Failed,
    /// A success that is no boolean.
    NoBoolean,
    /// The answer to a request without packet has a packet's tag.
    Bare,
    /// One answer comes after the next two requests, and says that it failed.
    Late,
    /// The queue's index leads out of it.
    Index,
}

impl Lie {
    /// Returns the lie of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "honest" => Self::Honest,
            "twice" => Self::Twice,
            "strangers" => Self::Strangers,
            "swapped" => Self::Swapped,
            "tag" => Self::Tag,
            "operation" => Self::Operation,
            "blocks" => Self::Blocks,
            "count" => Self::Count,
            "failed" => Self::Failed,
            "no boolean" => Self::NoBoolean,
            "bare" => Self::Bare,
            "late" => Self::Late,
            "index" => Self::Index,
            _ => return None,
        })
    }
}

impl Lies<Block> for Lie {
    fn requests(self, _: bool) -> usize {
        2
    }

    fn breaks_index(self) -> bool {
        self == Self::Index
    }

    /// Fills the blocks that are read with their number.
    fn honest(raw: Raw, memory: &SharedRam) -> Result<Raw, Error> {
        let header = raw.header::<Block>();
        if header.operation == Operation::Read {
            let [offset, size] = raw.place();
            memory.write(offset as usize, &vec![header.block as u8; size as usize])?;
        }
        Ok(Raw::new::<Block>(raw.place(), &Header { success: true, ..header }))
    }

    fn answers(
        self,
        honest: &[Raw],
        kept: &mut Vec<Raw>,
        _: &SharedRam,
    ) -> Result<Vec<Raw>, Error> {
        let each = |change: fn(&mut Header)| Raw::changed::<Block>(honest, change);
        Ok(match self {
            Self::Honest | Self::Index => honest.to_vec(),
            Self::Twice => [honest, honest].concat(),
            Self::Strangers => [strangers(honest), honest.to_vec()].concat(),
            Self::Swapped => Raw::swapped::<Block>(honest),
            Self::Tag => each(|header| header.tag += 100),
            Self::Operation => each(|header| header.operation = Operation::Write),
            Self::Blocks => each(|header| header.block += 1),
            Self::Count => each(|header| header.count = 0),
            Self::Failed => each(|header| header.success = false),
            Self::NoBoolean => {
                let mut answers = honest.to_vec();
                for raw in &mut answers {
                    raw.0[2 + 4] = 2;
                }
                answers
            }
            Self::Bare => bare(honest),
            Self::Late => Raw::late::<Block>(honest, kept, |header| header.success = false),
        })
    }
}

/// Failures by each request's header: of packets beside its own, of another size, around the end of
/// the memory, of an operation that is none, and of one without packet.
fn strangers(honest: &[Raw]) -> Vec<Raw> {
    let mut all = Vec::new();
    for raw in honest {
        let [offset, size] = raw.place();
        let failed = Header { success: false, ..raw.header::<Block>() };
        let buffer = BUFFER as u64;
        let places = vec![
            [0, size],
            [offset + 1, size],
            [offset + 64, size],
            [offset + (32 << 10), size],
            [buffer - 512, size],
            [buffer, size],
            [u64::MAX, size],
            [u64::MAX - 511, size],
            [offset, 0],
            [offset, size + 1],
            [offset, u64::MAX],
        ];
        all.extend(places.into_iter().map(|place| Raw::new::<Block>(place, &failed)));
        for operation in [Operation::Sync, Operation::Trim, Operation::Unknown(77)] {
            let other = Header { operation, ..failed };
            all.push(Raw::new::<Block>(raw.place(), &other));
        }
    }
    all
}

/// Answers a read honestly, after a sync by the read's tag.
fn bare(honest: &[Raw]) -> Vec<Raw> {
    let tag_of = |payload: bool| {
        let headers = honest.iter().map(Raw::header::<Block>);
        headers
            .filter(|header| header.operation.has_payload() == payload)
            .map(|header| header.tag)
            .next_back()
    };
    let (Some(read), Some(sync)) = (tag_of(true), tag_of(false)) else { return honest.to_vec() };
    let mut answers = Vec::new();
    for raw in honest.iter().filter(|raw| raw.header::<Block>().tag == sync) {
        let header = Header { tag: read, ..raw.header::<Block>() };
        answers.push(Raw::new::<Block>(raw.place(), &header));
    }
    answers.extend(honest.iter().filter(|raw| raw.header::<Block>().tag == read));
    answers
}
