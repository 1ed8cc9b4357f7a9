//! Bytes of a file: chunks by number, of which only those exist that were written.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::{Error, budget::Budget};

/// Bytes of a full chunk. A file's last chunk is as large as it needs to be, by powers of two.
pub(crate) const CHUNK: usize = 16 << 10;

/// Bytes of the smallest chunk.
const SMALLEST: usize = 64;

/// Taken for a chunk beside its bytes.
const CHUNK_COST: u64 = 64;

/// Largest size of a file in bytes.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// A hole reads as this.
static ZEROS: [u8; 4096] = [0; 4096];

/// A part of a chunk: its number, where the part begins there, and how long it is.
struct Part {
    chunk: u64,
    start: usize,
    len: usize,
}

/// Divides a range of a file by chunks.
fn parts(at: u64, len: usize) -> impl Iterator<Item = (usize, Part)> {
    let mut done = 0;
    core::iter::from_fn(move || {
        let here = at + done as u64;
        let start = (here % CHUNK as u64) as usize;
        let part = (len - done).min(CHUNK - start);
        let offset = done;
        done += part;
        (part > 0).then_some((offset, Part { chunk: here / CHUNK as u64, start, len: part }))
    })
}

/// Size of a chunk that has `needed` bytes.
fn chunk_size(needed: usize) -> usize {
    needed.next_power_of_two().clamp(SMALLEST, CHUNK)
}

/// A file's bytes. Those of a chunk behind the file's end are zero.
#[derive(Debug, Default)]
pub(crate) struct Content {
    size: u64,
    chunks: BTreeMap<u64, Vec<u8>>,
}

impl Content {
    /// Returns the size in bytes, holes included.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns what the chunks take of a budget.
    pub(crate) fn cost(&self) -> u64 {
        self.chunks.values().map(|chunk| chunk.len() as u64 + CHUNK_COST).sum()
    }

    /// Reads up to `len` bytes from `at`, and hands them to `sink` piece by piece, each with its
    /// offset from `at`. Returns how many there were.
    pub(crate) fn read(&self, at: u64, len: usize, sink: &mut dyn FnMut(usize, &[u8])) -> usize {
        let left = usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX);
        let len = len.min(left);
        for (offset, part) in parts(at, len) {
            let chunk = self.chunks.get(&part.chunk).map_or(&[][..], Vec::as_slice);
            let bytes = chunk.get(part.start..).unwrap_or_default();
            let bytes = &bytes[..part.len.min(bytes.len())];
            if !bytes.is_empty() {
                sink(offset, bytes);
            }
            let mut hole = bytes.len();
            while hole < part.len {
                let zeros = (part.len - hole).min(ZEROS.len());
                sink(offset + hole, &ZEROS[..zeros]);
                hole += zeros;
            }
        }
        len
    }

    /// Writes `len` bytes at `at`, which `source` fills in piece by piece; each has its offset from
    /// `at`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] and [`Error::NoSpace`]; no byte of the file changed then.
    pub(crate) fn write(
        &mut self,
        at: u64,
        len: usize,
        budget: &mut Budget,
        source: &mut dyn FnMut(usize, &mut [u8]),
    ) -> Result<(), Error> {
        let end = at.checked_add(len as u64).filter(|&end| end <= MAX_SIZE);
        let end = end.ok_or(Error::TooLarge)?;
        self.reserve(at, len, budget)?;
        for (offset, part) in parts(at, len) {
            // Reserved above, so that there is one.
            if let Some(chunk) = self.chunks.get_mut(&part.chunk) {
                source(offset, &mut chunk[part.start..part.start + part.len]);
            }
        }
        if len > 0 {
            self.size = self.size.max(end);
        }
        Ok(())
    }

    /// Makes sure that there is a chunk for each byte of the range.
    fn reserve(&mut self, at: u64, len: usize, budget: &mut Budget) -> Result<(), Error> {
        let mut cost = 0;
        for (_, part) in parts(at, len) {
            let wanted = chunk_size(part.start + part.len);
            cost += match self.chunks.get(&part.chunk) {
                Some(chunk) => wanted.saturating_sub(chunk.len()) as u64,
                None => wanted as u64 + CHUNK_COST,
            };
        }
        budget.charge(cost)?;
        for (_, part) in parts(at, len) {
            let wanted = chunk_size(part.start + part.len);
            let taken = self.grow(part.chunk, wanted);
            cost -= taken.unwrap_or(0);
            if taken.is_none() {
                budget.refund(cost);
                return Err(Error::NoSpace);
            }
        }
        Ok(())
    }

    /// Gives a chunk `size` bytes at least. Returns what that took, `None` without memory.
    fn grow(&mut self, number: u64, size: usize) -> Option<u64> {
        let Some(chunk) = self.chunks.get_mut(&number) else {
            let mut chunk = Vec::new();
            chunk.try_reserve_exact(size).ok()?;
            chunk.resize(size, 0);
            self.chunks.insert(number, chunk);
            return Some(size as u64 + CHUNK_COST);
        };
        let more = size.saturating_sub(chunk.len());
        if more > 0 {
            chunk.try_reserve_exact(more).ok()?;
            chunk.resize(size, 0);
        }
        Some(more as u64)
    }

    /// Cuts the file, or makes it longer by a hole.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub(crate) fn truncate(&mut self, size: u64, budget: &mut Budget) -> Result<(), Error> {
        if size > MAX_SIZE {
            return Err(Error::TooLarge);
        }
        if size < self.size {
            let (last, keep) = (size / CHUNK as u64, (size % CHUNK as u64) as usize);
            let beyond = self.chunks.split_off(&(last + u64::from(keep > 0)));
            budget.refund(beyond.values().map(|chunk| chunk.len() as u64 + CHUNK_COST).sum());
            if let Some(chunk) = self.chunks.get_mut(&last) {
                let rest = chunk.get_mut(keep..).unwrap_or_default();
                rest.fill(0);
            }
        }
        self.size = size;
        Ok(())
    }
}
