//! Memory that others may write at any time, reached by atomics only.

use alloc::{sync::Arc, vec::Vec};
use core::{
    ops::Deref,
    sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
};

use crate::error::{Call, Error};

/// The bytes of a range, the aligned words in it, and the bytes behind them.
type Parts<'a> = (&'a [AtomicU8], &'a [AtomicU64], &'a [AtomicU8]);

/// A range of memory that another component may write at any time. Bytes are copied in and out by
/// relaxed atomics; it gives out references to atomics only.
///
/// [`Attached`](super::Attached) and [`SharedRam`](super::SharedRam) deref to it, and so does
/// [`LocalRam`].
#[derive(Debug)]
pub struct Area {
    addr: usize,
    size: usize,
    writeable: bool,
}

impl Area {
    /// Describes `size` bytes at `addr`.
    ///
    /// # Safety
    /// The range is mapped, initialised and, if `writeable`, writeable while the area exists; all
    /// access to it in this component is by atomics, and a word is not accessed by two sizes at
    /// once. `addr` has exposed provenance and is a multiple of 8.
    pub(super) const unsafe fn new(addr: usize, size: usize, writeable: bool) -> Self {
        Self { addr, size, writeable }
    }

    /// Returns the size in bytes.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Returns the start. What is behind it may change at any time.
    pub fn as_ptr(&self) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(self.addr)
    }

    #[inline]
    fn range(&self, offset: usize, len: usize) -> Result<*mut u8, Error> {
        match offset.checked_add(len) {
            Some(end) if end <= self.size => Ok(self.as_ptr().wrapping_add(offset)),
            end => Err(self.outside(end)),
        }
    }

    #[cold]
    fn outside(&self, end: Option<usize>) -> Error {
        let end = end.unwrap_or(usize::MAX) as u64;
        Error::argument(Call::Mapping, end, self.size as u64)
    }

    /// Checks an access to atomics of `bytes` bytes each.
    #[inline]
    fn atomics(&self, offset: usize, len: usize, bytes: usize) -> Result<*mut u8, Error> {
        if !self.writeable {
            return Err(Error::argument(Call::ReadOnly, offset as u64, 0));
        }
        if !offset.is_multiple_of(bytes) {
            return Err(Error::argument(Call::Word, offset as u64, bytes as u64));
        }
        self.range(offset, len)
    }

    /// Divides a range.
    #[inline]
    fn parts(&self, offset: usize, len: usize) -> Result<Parts<'_>, Error> {
        let start = self.range(offset, len)?;
        let head = (start.addr().wrapping_neg() % 8).min(len);
        let (words, tail) = ((len - head) / 8, (len - head) % 8);
        let (middle, end) = (start.wrapping_add(head), start.wrapping_add(len - tail));
        // SAFETY: in range, mapped while `self` is borrowed, and the words aligned, if there is
        // one. Atomics, since others may write; only loads happen where the mapping is read-only
        // (`write` looks).
        Ok(unsafe {
            (
                core::slice::from_raw_parts(start.cast(), head),
                core::slice::from_raw_parts(
                    if words == 0 { core::ptr::dangling() } else { middle.cast() },
                    words,
                ),
                core::slice::from_raw_parts(end.cast(), tail),
            )
        })
    }

    /// Copies `into.len()` bytes at `offset` out of the memory.
    ///
    /// # Errors
    /// [`Error::Argument`] when the range does not lie within.
    #[inline]
    pub fn read(&self, offset: usize, into: &mut [u8]) -> Result<(), Error> {
        let (head, words, tail) = self.parts(offset, into.len())?;
        let (first, rest) = into.split_at_mut(head.len());
        let (middle, last) = rest.split_at_mut(words.len() * 8);
        for (byte, from) in first.iter_mut().zip(head).chain(last.iter_mut().zip(tail)) {
            *byte = from.load(Ordering::Relaxed);
        }
        for (bytes, from) in middle.as_chunks_mut().0.iter_mut().zip(words) {
            *bytes = from.load(Ordering::Relaxed).to_ne_bytes();
        }
        Ok(())
    }

    /// Copies `from` into the memory at `offset`.
    ///
    /// # Errors
    /// [`Error::Argument`] when the range does not lie within, and when the memory is read-only.
    #[inline]
    pub fn write(&self, offset: usize, from: &[u8]) -> Result<(), Error> {
        if !self.writeable {
            return Err(Error::argument(Call::ReadOnly, offset as u64, 0));
        }
        let (head, words, tail) = self.parts(offset, from.len())?;
        let (first, rest) = from.split_at(head.len());
        let (middle, last) = rest.split_at(words.len() * 8);
        for (byte, to) in first.iter().zip(head).chain(last.iter().zip(tail)) {
            to.store(*byte, Ordering::Relaxed);
        }
        for (bytes, to) in middle.as_chunks().0.iter().zip(words) {
            to.store(u64::from_ne_bytes(*bytes), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Copies `len` bytes at `from_offset` of `from` to `offset`, without a buffer between. Where
    /// both are one memory and the ranges overlap, the order of the copies is not defined.
    ///
    /// # Errors
    /// As [`write`](Self::write), for either range.
    pub fn copy_from(
        &self,
        offset: usize,
        from: &Self,
        from_offset: usize,
        len: usize,
    ) -> Result<(), Error> {
        if !self.writeable {
            return Err(Error::argument(Call::ReadOnly, offset as u64, 0));
        }
        let (to, source) = (self.range(offset, len)?, from.range(from_offset, len)?);
        if (to.addr() ^ source.addr()).is_multiple_of(8) {
            let (head, words, tail) = self.parts(offset, len)?;
            let (from_head, from_words, from_tail) = from.parts(from_offset, len)?;
            for (to, from) in head.iter().zip(from_head).chain(tail.iter().zip(from_tail)) {
                to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            for (to, from) in words.iter().zip(from_words) {
                to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            return Ok(());
        }
        let mut buffer = [0; 256];
        for at in (0..len).step_by(buffer.len()) {
            let piece = &mut buffer[..(len - at).min(256)];
            from.read(from_offset + at, piece)?;
            self.write(offset + at, piece)?;
        }
        Ok(())
    }

    /// Clears `len` bytes at `offset`.
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
    /// [`Error::Argument`] unless `offset` is a multiple of 8 within; [`Error::Invalid`] for a
    /// store's ordering.
    pub fn load_u64(&self, offset: usize, order: Ordering) -> Result<u64, Error> {
        if matches!(order, Ordering::Release | Ordering::AcqRel) {
            return Err(Error::Invalid);
        }
        if !offset.is_multiple_of(8) {
            return Err(Error::argument(Call::Word, offset as u64, 8));
        }
        // SAFETY: in range, aligned, mapped while `self` is borrowed; a load is fine on a read-only
        // mapping.
        Ok(unsafe { &*self.range(offset, 8)?.cast::<AtomicU64>() }.load(order))
    }

    /// Returns the word at `offset`, for words that two components synchronise on.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `offset` is a multiple of 8 within, and when the memory is
    /// read-only.
    pub fn atomic_u64(&self, offset: usize) -> Result<&AtomicU64, Error> {
        let at = self.atomics(offset, 8, 8)?;
        // SAFETY: in range, aligned, mapped while `self` is borrowed, and shared through atomics
        // only.
        Ok(unsafe { &*at.cast() })
    }

    /// Returns the half word at `offset`, as [`atomic_u64`](Self::atomic_u64). Use one size for one
    /// place.
    ///
    /// # Errors
    /// [`Error::Argument`] unless `offset` is a multiple of 4 within, and when the memory is
    /// read-only.
    pub fn atomic_u32(&self, offset: usize) -> Result<&AtomicU32, Error> {
        let at = self.atomics(offset, 4, 4)?;
        // SAFETY: as above.
        Ok(unsafe { &*at.cast() })
    }

    /// Returns `count` words from `offset` on, as [`atomic_u64`](Self::atomic_u64).
    ///
    /// # Errors
    /// As there, for the last word too.
    pub fn atomic_words(&self, offset: usize, count: usize) -> Result<&[AtomicU64], Error> {
        let at = self.atomics(offset, count.saturating_mul(8), 8)?;
        // SAFETY: as above.
        Ok(unsafe { core::slice::from_raw_parts(at.cast(), count) })
    }
}

/// Two half words and the words behind them.
type Queue<'a> = (&'a AtomicU32, &'a AtomicU32, &'a [AtomicU64]);

impl Area {
    /// Returns two half words at `offset` and `words` words behind them, as
    /// [`atomic_u32`](Self::atomic_u32) and [`atomic_words`](Self::atomic_words) do, by one check.
    #[inline]
    pub(crate) fn queue(&self, offset: usize, words: usize) -> Result<Queue<'_>, Error> {
        let at = self.atomics(offset, words.saturating_mul(8).saturating_add(8), 8)?;
        // SAFETY: in range, aligned, mapped while `self` is borrowed, and shared through atomics
        // only; the half words and the words are apart.
        Ok(unsafe {
            let tail = at.wrapping_add(4);
            let slots = core::slice::from_raw_parts(at.wrapping_add(8).cast(), words);
            (&*at.cast(), &*tail.cast(), slots)
        })
    }
}

/// Zeroed memory of the component's heap that two parts of it share as two components share a
/// dataspace: by clones, which are the same memory.
#[derive(Debug)]
pub struct LocalRam {
    area: Area,
    words: Arc<Vec<AtomicU64>>,
}

impl LocalRam {
    /// Allocates `size` bytes, rounded up to a multiple of 8.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] when the heap has not that much.
    pub fn new(size: usize) -> Result<Self, Error> {
        let words = size.div_ceil(8);
        let mut memory = Vec::new();
        memory.try_reserve_exact(words).map_err(|_| Error::OutOfRam)?;
        memory.resize_with(words, || AtomicU64::new(0));
        Ok(Self::of(Arc::new(memory)))
    }

    fn of(words: Arc<Vec<AtomicU64>>) -> Self {
        let addr = words.as_ptr().expose_provenance();
        // SAFETY: the words stay where they are and live as long as the area beside them; atomics
        // may be written through a shared pointer, and nobody uses the vector itself.
        let area = unsafe { Area::new(addr, words.len() * 8, true) };
        Self { area, words }
    }
}

impl Clone for LocalRam {
    /// The same memory once more.
    fn clone(&self) -> Self {
        Self::of(self.words.clone())
    }
}

impl Deref for LocalRam {
    type Target = Area;

    fn deref(&self) -> &Area {
        &self.area
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    #[test]
    fn a_copy_touches_the_bytes_of_its_range_only() {
        let area = LocalRam::new(64).unwrap();
        for start in 0..16 {
            for len in 0..40 {
                area.write(0, &[0xee; 64]).unwrap();
                let bytes: Vec<u8> = (0..len as u8).collect();
                area.write(start, &bytes).unwrap();
                let mut all = [0; 64];
                area.read(0, &mut all).unwrap();
                assert_eq!(all[start..start + len], bytes[..]);
                assert!(all[..start].iter().chain(&all[start + len..]).all(|b| *b == 0xee));
                let mut back = vec![0; len];
                area.read(start, &mut back).unwrap();
                assert_eq!(back, bytes);
            }
        }
    }

    #[test]
    fn memory_is_copied_to_memory_at_any_alignment() {
        let (from, to) = (LocalRam::new(1024).unwrap(), LocalRam::new(1024).unwrap());
        let bytes: Vec<u8> = (0..1024).map(|n| (n * 7) as u8).collect();
        from.write(0, &bytes).unwrap();
        for (at, source, len) in [(0, 0, 1024), (3, 3, 700), (3, 8, 600), (9, 2, 5), (1, 1, 0)] {
            to.clear(0, 1024).unwrap();
            to.copy_from(at, &from, source, len).unwrap();
            let mut all = vec![0; 1024];
            to.read(0, &mut all).unwrap();
            assert_eq!(all[at..at + len], bytes[source..source + len]);
            assert!(all[..at].iter().chain(&all[at + len..]).all(|b| *b == 0));
        }
        assert!(to.copy_from(1000, &from, 0, 25).is_err());
        assert!(to.copy_from(0, &from, 1000, 25).is_err());
    }

    #[test]
    fn a_clone_of_local_memory_is_the_same_and_keeps_it() {
        let memory = LocalRam::new(16).unwrap();
        let same = memory.clone();
        memory.write(8, b"written").unwrap();
        drop(memory);
        let mut bytes = [0; 7];
        same.read(8, &mut bytes).unwrap();
        assert_eq!(&bytes, b"written");
    }

    #[test]
    fn what_is_outside_of_the_range_is_an_error() {
        let area = LocalRam::new(61).unwrap();
        assert_eq!(area.size(), 64);
        assert!(area.read(60, &mut [0; 5]).is_err());
        assert!(area.write(usize::MAX, &[0]).is_err());
        assert!(area.atomic_u32(64).is_err() && area.atomic_u32(2).is_err());
        assert!(area.atomic_u64(60).is_err() && area.atomic_u64(4).is_err());
        assert!(area.atomic_words(8, 8).is_err() && area.atomic_words(8, usize::MAX).is_err());
        assert_eq!(area.atomic_words(8, 7).unwrap().len(), 7);
        area.atomic_u32(60).unwrap().store(7, Ordering::Relaxed);
        let mut bytes = [0; 4];
        area.read(60, &mut bytes).unwrap();
        assert_eq!(u32::from_ne_bytes(bytes), 7);
    }
}
