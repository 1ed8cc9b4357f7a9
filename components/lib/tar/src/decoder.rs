//! The walk along headers.

use alloc::vec::Vec;

use crate::{
    BLOCK, Entry, Error, Kind, MAX_EXTENDED, Unusable, entry::path, header::Header, pax::Extended,
};

/// Outcome of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing to tell yet.
    More,
    /// An entry.
    Entry(Entry),
    /// An entry that is left out.
    LeftOut {
        /// Offset of its header in bytes.
        at: u64,
        /// The reason.
        why: Unusable,
    },
    /// The end that the archive has itself.
    End,
}

/// The content of an extended header, as it comes.
#[derive(Debug)]
struct Collecting {
    /// Type of the header.
    kind: u8,
    /// Offset of the header.
    at: u64,
    left: u64,
    bytes: Vec<u8>,
}

/// Reads an archive's headers.
#[derive(Debug)]
pub struct Decoder {
    /// Offset of the next block.
    at: u64,
    size: u64,
    ended: bool,
    collecting: Option<Collecting>,
    /// Said for the next entry.
    next: Extended,
    /// Said for all.
    global: Extended,
}

impl Decoder {
    /// Starts at the beginning of an archive of `size` bytes.
    pub fn new(size: u64) -> Self {
        let (next, global) = (Extended::default(), Extended::default());
        Self { at: 0, size, ended: false, collecting: None, next, global }
    }

    /// Returns where the block is that [`feed`](Self::feed) needs; `None` at the end, and after an
    /// error.
    pub const fn next_block(&self) -> Option<u64> {
        let fits = self.size.saturating_sub(self.at) >= BLOCK as u64;
        if self.ended || !fits { None } else { Some(self.at) }
    }

    /// Takes the block at [`next_block`](Self::next_block).
    ///
    /// # Errors
    /// Says what is wrong with the archive, which ends there.
    pub fn feed(&mut self, block: &[u8; BLOCK]) -> Result<Progress, Error> {
        let result = self.step(block);
        self.ended |= result.is_err();
        result
    }

    fn step(&mut self, block: &[u8; BLOCK]) -> Result<Progress, Error> {
        let at = self.at;
        self.at = at.saturating_add(BLOCK as u64);
        if let Some(collecting) = &mut self.collecting {
            let count = collecting.left.min(BLOCK as u64);
            collecting.bytes.extend_from_slice(&block[..count as usize]);
            collecting.left -= count;
            if collecting.left == 0
                && let Some(collected) = self.collecting.take()
            {
                self.extend(collected)?;
            }
            return Ok(Progress::More);
        }
        if block.iter().all(|&byte| byte == 0) {
            self.ended = true;
            return Ok(Progress::End);
        }
        let header = Header::new(block).ok_or(Error::Checksum { at })?;
        if matches!(header.kind(), b'x' | b'g' | b'L' | b'K') {
            self.collect(header, at)?;
            return Ok(Progress::More);
        }
        self.entry(header, at)
    }

    /// Begins an extended header.
    fn collect(&mut self, header: Header<'_>, at: u64) -> Result<(), Error> {
        let left = header.size().ok_or(Error::Number { at })?;
        if left > MAX_EXTENDED {
            return Err(Error::TooLong { at });
        }
        let end = self.at + left.next_multiple_of(BLOCK as u64);
        if end > self.size {
            return Err(Error::Truncated { at });
        }
        if left > 0 {
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(left as usize).map_err(|_| Error::Memory)?;
            self.collecting = Some(Collecting { kind: header.kind(), at, left, bytes });
        }
        Ok(())
    }

    /// Takes what an extended header says.
    fn extend(&mut self, collected: Collecting) -> Result<(), Error> {
        let Collecting { kind, at, mut bytes, .. } = collected;
        let long_name = matches!(kind, b'L' | b'K');
        if long_name {
            let end = bytes.iter().position(|&byte| byte == 0);
            bytes.truncate(end.unwrap_or(bytes.len()));
        }
        let read = match kind {
            b'L' => {
                self.next.path = Some(bytes);
                Some(())
            }
            b'K' => {
                self.next.link = Some(bytes);
                Some(())
            }
            b'g' => self.global.read(&bytes, true),
            _ => self.next.read(&bytes, false),
        };
        read.ok_or(Error::Records { at })
    }

    /// Makes an entry of its header and of what extended ones said.
    fn entry(&mut self, header: Header<'_>, at: u64) -> Result<Progress, Error> {
        let said = core::mem::take(&mut self.next);
        let kind = header.kind();
        // Links, devices, directories and pipes have no content, whatever they say.
        let size = if matches!(kind, b'1'..=b'6') {
            0
        } else {
            let size = said.size.or_else(|| header.size());
            size.ok_or(Error::Number { at })?
        };
        let offset = self.at;
        let padded = size.checked_next_multiple_of(BLOCK as u64);
        let end = padded.and_then(|padded| offset.checked_add(padded));
        // The last content's padding may be missing.
        let inside = offset.checked_add(size).is_some_and(|end| end <= self.size);
        self.at = end.filter(|_| inside).ok_or(Error::Truncated { at })?;
        if kind == b'S' && header.map_goes_on() {
            return Err(Error::Format { at });
        }
        let modified = said.modified.or(self.global.modified).or_else(|| header.modified());
        let modified = modified.ok_or(Error::Number { at })?;
        Ok(match described(header, said) {
            Ok((path, kind)) => Progress::Entry(Entry {
                path,
                size: if kind == Kind::File { size } else { 0 },
                kind,
                offset,
                mode: header.mode(),
                modified,
            }),
            Err(why) => Progress::LeftOut { at, why },
        })
    }
}

/// Returns an entry's path and kind.
fn described(header: Header<'_>, said: Extended) -> Result<(Vec<u8>, Kind), Unusable> {
    let said_path = said.path.unwrap_or_else(|| header.path());
    let kind = header.kind();
    let target = || {
        let target = said.link.unwrap_or_else(|| header.link().to_vec());
        if target.len() > crate::MAX_PATH { Err(Unusable::PathTooLong) } else { Ok(target) }
    };
    // Old programs tell a directory by its path alone.
    let slash = said_path.ends_with(b"/");
    let checked = path(&said_path)?;
    let kind = match kind {
        _ if said.sparse => return Err(Unusable::Sparse),
        b'S' => return Err(Unusable::Sparse),
        b'5' => Kind::Directory,
        b'0' | 0 | b'7' if slash => Kind::Directory,
        b'0' | 0 | b'7' => Kind::File,
        b'1' => Kind::Link(path(&target()?)?),
        b'2' => Kind::Symlink(target()?),
        other => return Err(Unusable::Type(other)),
    };
    // Nothing but a directory is the root.
    if checked.is_empty() && kind != Kind::Directory {
        return Err(Unusable::Path);
    }
    Ok((checked, kind))
}
