//! Memory as capabilities: allocate it, share it, map it.
//!
//! A [`RamDataspace`] is memory that the component pays for, always zero at first. [`Attached`] is a mapping of
//! any dataspace. Another component may hold the same dataspace and write to it at any time, so a mapping gives
//! out no Rust references: bytes are copied in and out. Only [`PrivateRam`], whose capability never leaves
//! it, can be used as a slice.
#![allow(unsafe_code, reason = "mappings are memory, reached by address")]

use core::{
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
};

pub use crate::sys::memory::{Attach, Cache, Rights};
use crate::{
    cap::{Capability, RawCap},
    error::{Call, Error},
    sys::memory,
};

/// Bytes per page; sizes and offsets of mappings are multiples of it.
pub const PAGE_SIZE: usize = genode_sys::RS_PAGE_SIZE as usize;

/// The interface of a dataspace, for use in [`Capability`].
#[derive(Debug)]
pub enum Dataspace {}

/// What a dataspace is, as the one who made it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Size in bytes.
    pub size: usize,
    /// Whether it may be written.
    pub writeable: bool,
}

impl Capability<Dataspace> {
    /// Asks for size and access rights.
    ///
    /// # Errors
    /// [`Error::Gone`] and [`Error::Invalid`] for what is no dataspace, or none any more.
    pub fn info(&self) -> Result<Info, Error> {
        let (size, writeable) = memory::info(self.raw())?;
        Ok(Info { size, writeable })
    }
}

/// RAM from the component's own quota. Freed on drop, wherever else it is attached.
#[derive(Debug)]
#[must_use = "dropping it frees the memory, wherever it is attached"]
pub struct RamDataspace {
    cap: Capability<Dataspace>,
    size: usize,
}

impl RamDataspace {
    /// Allocates `size` bytes, rounded up to pages, zeroed.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] and [`Error::OutOfCaps`], cured by more quota; [`Error::Argument`] for size 0.
    pub fn new(size: usize) -> Result<Self, Error> {
        Self::with(size, Cache::Cached, None)
    }

    /// Allocates with a cache attribute, and at a NUMA node (by native id) if one is given: there or not at
    /// all.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Argument`] for a node that does not exist.
    pub fn with(size: usize, cache: Cache, node: Option<u32>) -> Result<Self, Error> {
        if size == 0 {
            return Err(Error::argument(Call::Ram, 0, 1));
        }
        let cap = memory::ram_alloc(size, cache, node).map_err(|error| match (error, node) {
            // The system has no memory of that number, or none by number at all.
            (Error::Invalid | Error::Unsupported, Some(node)) => {
                Error::argument(Call::Node, u64::from(node), 0)
            }
            _ => error,
        })?;
        let size = size.checked_next_multiple_of(PAGE_SIZE).ok_or(Error::Invalid)?;
        Ok(Self { cap: Capability::new(cap), size })
    }

    /// The capability, to share with other components.
    pub fn cap(&self) -> &Capability<Dataspace> {
        &self.cap
    }

    /// Size in bytes, a multiple of [`PAGE_SIZE`].
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Drop for RamDataspace {
    fn drop(&mut self) {
        let cap = core::mem::take(&mut self.cap);
        // SAFETY: mappings give out copies and references to atomics; `PrivateRam`, which gives out slices, drops
        // its mapping first.
        unsafe { memory::ram_free(cap.into_raw()) };
    }
}

/// A mapping of a dataspace. Unmapped on drop.
#[derive(Debug)]
#[must_use = "dropping it unmaps the dataspace"]
pub struct Attached {
    addr: usize,
    size: usize,
    writeable: bool,
    /// Keeps the dataspace named for as long as it is mapped.
    _ds: RawCap,
}

impl Attached {
    /// Maps the whole dataspace for reading.
    pub fn read_only(ds: &Capability<Dataspace>) -> Result<Self, Error> {
        Self::with(ds, &Attach::default())
    }

    /// Maps the whole dataspace for reading and writing.
    ///
    /// # Errors
    /// [`Error::Denied`] when the dataspace is read-only.
    pub fn writeable(ds: &Capability<Dataspace>) -> Result<Self, Error> {
        Self::with(ds, &Attach { rights: Rights::WRITE, ..Attach::default() })
    }

    /// Maps a part of the dataspace.
    pub fn with(ds: &Capability<Dataspace>, how: &Attach) -> Result<Self, Error> {
        let (addr, size) = memory::attach(ds.raw(), how)?;
        let writeable = how.rights.contains(Rights::WRITE);
        Ok(Self { addr, size, writeable, _ds: ds.raw().clone() })
    }

    /// Size of the mapping in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Start of the mapping. What is behind it may change at any time.
    pub fn as_ptr(&self) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(self.addr)
    }

    fn range(&self, offset: usize, len: usize) -> Result<*mut u8, Error> {
        match offset.checked_add(len) {
            Some(end) if end <= self.size => Ok(self.as_ptr().wrapping_add(offset)),
            end => Err(Error::argument(
                Call::Mapping,
                end.unwrap_or(usize::MAX) as u64,
                self.size as u64,
            )),
        }
    }

    /// Copies `into.len()` bytes at `offset` out of the mapping.
    ///
    /// # Errors
    /// [`Error::Argument`] when the range does not lie within the mapping.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> Result<(), Error> {
        let src = self.range(offset, into.len())?;
        for (at, words) in Words::of(src, into.len()) {
            if words {
                // SAFETY: in range, 8-byte aligned (`Words`), mapped while `self` lives. Atomic, since others may write.
                let word = unsafe { &*src.wrapping_add(at).cast::<AtomicU64>() };
                into[at..at + 8].copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
            } else {
                // SAFETY: as above, bytes need no alignment.
                into[at] =
                    unsafe { &*src.wrapping_add(at).cast::<AtomicU8>() }.load(Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Copies `from` into the mapping at `offset`.
    ///
    /// # Errors
    /// [`Error::Argument`] when the range does not lie within the mapping, and when the mapping is read-only.
    pub fn write(&self, offset: usize, from: &[u8]) -> Result<(), Error> {
        if !self.writeable {
            return Err(Error::argument(Call::ReadOnly, offset as u64, 0));
        }
        let dst = self.range(offset, from.len())?;
        for (at, words) in Words::of(dst, from.len()) {
            if words {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&from[at..at + 8]);
                // SAFETY: as in `read`; the mapping is writeable.
                unsafe { &*dst.wrapping_add(at).cast::<AtomicU64>() }
                    .store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
            } else {
                // SAFETY: as above.
                unsafe { &*dst.wrapping_add(at).cast::<AtomicU8>() }
                    .store(from[at], Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Clears `len` bytes of the mapping at `offset`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn clear(&self, offset: usize, len: usize) -> Result<(), Error> {
        const ZEROS: [u8; 256] = [0; 256];
        self.range(offset, len)?;
        for at in (0..len).step_by(ZEROS.len()) {
            self.write(offset + at, &ZEROS[..ZEROS.len().min(len - at)])?;
        }
        Ok(())
    }

    /// Loads the word at `offset` with an ordering, for reading what another component publishes.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `offset` is a multiple of 8 within the mapping; [`Error::Invalid`] for a store's ordering.
    pub fn load_u64(&self, offset: usize, order: Ordering) -> Result<u64, Error> {
        if matches!(order, Ordering::Release | Ordering::AcqRel) {
            return Err(Error::Invalid);
        }
        if !offset.is_multiple_of(8) {
            return Err(Error::argument(Call::Word, offset as u64, 8));
        }
        // SAFETY: in range, aligned, mapped while `self` is borrowed; a load is fine on a read-only mapping.
        Ok(unsafe { &*self.range(offset, 8)?.cast::<AtomicU64>() }.load(order))
    }

    /// The word at `offset`, for words that two components synchronise on.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `offset` is a multiple of 8 within the mapping, and when the mapping is read-only.
    pub fn atomic_u64(&self, offset: usize) -> Result<&AtomicU64, Error> {
        if !self.writeable {
            return Err(Error::argument(Call::ReadOnly, offset as u64, 0));
        }
        if !offset.is_multiple_of(8) {
            return Err(Error::argument(Call::Word, offset as u64, 8));
        }
        // SAFETY: in range, aligned, mapped while `self` is borrowed, and shared through atomics only.
        Ok(unsafe { &*self.range(offset, 8)?.cast::<AtomicU64>() })
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // SAFETY: the references given out borrow `self`; raw pointers are their holder's concern.
        unsafe { memory::detach(self.addr) }
    }
}

/// Splits a copy of `len` bytes at `start` into aligned 8-byte words and the bytes before and after them.
struct Words {
    at: usize,
    len: usize,
    first_word: usize,
}

impl Words {
    fn of(start: *const u8, len: usize) -> Self {
        Self { at: 0, len, first_word: start.addr().wrapping_neg() % 8 }
    }
}

impl Iterator for Words {
    type Item = (usize, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        if at >= self.len {
            return None;
        }
        let word = at >= self.first_word && self.len - at >= 8;
        self.at += if word { 8 } else { 1 };
        Some((at, word))
    }
}

/// Zeroed memory of the component's own that no other component can reach: usable as a slice.
#[derive(Debug)]
#[must_use = "dropping it frees the memory"]
pub struct PrivateRam {
    // Dropped in this order: unmapped, then freed.
    mapping: Attached,
    _ram: RamDataspace,
}

impl PrivateRam {
    /// Allocates and maps `size` bytes, rounded up to pages; at a NUMA node if one is given.
    pub fn new(size: usize, node: Option<u32>) -> Result<Self, Error> {
        let ram = RamDataspace::with(size, Cache::Cached, node)?;
        let mapping = Attached::writeable(ram.cap())?;
        Ok(Self { mapping, _ram: ram })
    }
}

impl Deref for PrivateRam {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: mapped and initialised (RAM is zeroed), and the capability never left this object, so that
        // nobody else can write to it.
        unsafe { core::slice::from_raw_parts(self.mapping.as_ptr(), self.mapping.size) }
    }
}

impl DerefMut for PrivateRam {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and exclusively borrowed.
        unsafe { core::slice::from_raw_parts_mut(self.mapping.as_ptr(), self.mapping.size) }
    }
}

/// RAM that is attached here and may be shared with others.
#[derive(Debug)]
#[must_use = "dropping it frees the memory, wherever it is attached"]
pub struct SharedRam {
    // Dropped in this order: unmapped, then freed.
    mapping: Attached,
    ram: RamDataspace,
}

impl SharedRam {
    /// Allocates and maps `size` bytes, rounded up to pages, zeroed.
    pub fn new(size: usize) -> Result<Self, Error> {
        let ram = RamDataspace::new(size)?;
        let mapping = Attached::writeable(ram.cap())?;
        Ok(Self { mapping, ram })
    }

    /// The capability to share.
    pub fn cap(&self) -> &Capability<Dataspace> {
        self.ram.cap()
    }
}

impl Deref for SharedRam {
    type Target = Attached;

    fn deref(&self) -> &Attached {
        &self.mapping
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn words_cover_each_byte_once() {
        let buffer = [0_u64; 8];
        for start in 0..8 {
            for len in 0..40 {
                let base = buffer.as_ptr().cast::<u8>().wrapping_add(start);
                let mut seen = Vec::new();
                for (at, word) in Words::of(base, len) {
                    assert!(!word || (base.addr() + at).is_multiple_of(8));
                    seen.extend(at..at + if word { 8 } else { 1 });
                }
                assert_eq!(seen, (0..len).collect::<Vec<_>>(), "start {start}");
            }
        }
    }
}
