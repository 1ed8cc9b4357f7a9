//! Packets as each side holds them, and views of their content.

use alloc::rc::Rc;
use core::{cell::RefCell, fmt, ops::Deref};

use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{
    pool::{Pool, Span},
    protocol::StreamError,
};
use crate::{
    dataspace::{Area, Attached},
    error::Error,
    task::waiters::Waiters,
};

/// State that a source's packets share.
#[derive(Debug)]
pub(super) struct Bulk<M> {
    pub(super) memory: M,
    pub(super) pool: RefCell<Pool>,
    /// Tasks that wait for free space.
    pub(super) freed: Waiters,
}

/// A packet that the source owns: a range of the bulk buffer, or a request without one. Dropping it
/// frees the range.
#[must_use = "dropping it frees its range of the bulk buffer"]
pub struct Packet<M: Deref<Target = Area> = Attached> {
    bulk: Rc<Bulk<M>>,
    span: Option<Span>,
}

impl<M: Deref<Target = Area>> Packet<M> {
    #[inline]
    pub(super) fn new(bulk: &Rc<Bulk<M>>, span: Option<Span>) -> Self {
        Self { bulk: bulk.clone(), span }
    }

    #[inline]
    pub(super) fn is_of(&self, bulk: &Rc<Bulk<M>>) -> bool {
        Rc::ptr_eq(&self.bulk, bulk)
    }

    #[inline]
    pub(super) fn span(&self) -> Option<Span> {
        self.span
    }

    /// Lets go of the packet without freeing its range: the sink has it.
    #[inline]
    pub(super) fn leave(mut self) {
        self.span = None;
    }

    /// Returns the offset in the dataspace, 0 for a packet without a range.
    #[inline]
    pub fn offset(&self) -> usize {
        self.span.map_or(0, |span| span.offset)
    }

    /// Returns the size in bytes, 0 for a packet without a range.
    #[inline]
    pub fn size(&self) -> usize {
        self.span.map_or(0, |span| span.size)
    }

    /// Returns the content, which the sink may change at any time from its submission to its
    /// acknowledgement, and a hostile one beyond that.
    #[inline]
    pub fn view(&self) -> View<'_> {
        View { area: &self.bulk.memory, at: self.offset(), len: self.size() }
    }
}

impl<M: Deref<Target = Area>> Drop for Packet<M> {
    #[inline]
    fn drop(&mut self) {
        if let Some(span) = self.span.take() {
            self.bulk.pool.borrow_mut().release(span);
            self.bulk.freed.notify();
        }
    }
}

impl<M: Deref<Target = Area>> fmt::Debug for Packet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packet")
            .field("offset", &self.offset())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// A packet that the sink took and owes an acknowledgement for. Dropping it leaves the source
/// without one.
#[must_use = "the source waits for its acknowledgement"]
pub struct Received<H, M: Deref<Target = Area> = Attached> {
    pub(super) memory: Rc<M>,
    /// As the descriptor says; goes back as it came.
    pub(super) offset: u64,
    pub(super) size: u64,
    /// Begin of the content, if it lies in the bulk buffer.
    pub(super) content: Result<usize, StreamError>,
    pub(super) header: H,
}

impl<H: Copy, M: Deref<Target = Area>> Received<H, M> {
    /// Returns what the descriptor says beside the packet's place. The source chose it: check
    /// before use.
    pub fn header(&self) -> H {
        self.header
    }

    /// Returns the offset in the dataspace as the source says; not checked.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the size in bytes as the source says; not checked.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the content, which the source may change at any time. A packet of size 0 has an
    /// empty one.
    ///
    /// # Errors
    /// [`StreamError::Range`] for a descriptor that names memory outside of the bulk buffer:
    /// acknowledge it as failed.
    #[inline]
    pub fn view(&self) -> Result<View<'_>, StreamError> {
        let at = self.content?;
        // Within the buffer, hence within the address space.
        Ok(View { area: &self.memory, at, len: self.size as usize })
    }
}

impl<H: fmt::Debug, M: Deref<Target = Area>> fmt::Debug for Received<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("offset", &self.offset)
            .field("size", &self.size)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// The content of a packet. The peer may write it at any time, so it gives out no references: bytes
/// are copied, each access checked against the packet's bounds. What was read twice may differ:
/// read once, check, then use.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    area: &'a Area,
    at: usize,
    len: usize,
}

impl<'a> View<'a> {
    /// Returns the size in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no content.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns where the content begins in this component's memory, for what fills or empties it
    /// without a buffer between, such as a system call. It is mapped for as long as the view lives;
    /// the peer may write it at any time, so that it must not become a reference.
    pub fn as_ptr(&self) -> *mut u8 {
        self.area.as_ptr().wrapping_add(self.at)
    }

    #[inline]
    fn place(&self, offset: usize, size: usize) -> Result<usize, StreamError> {
        match offset.checked_add(size) {
            Some(end) if end <= self.len => Ok(self.at + offset),
            _ => {
                let (offset, size) = (offset as u64, size as u64);
                Err(StreamError::Range { offset, size, limit: self.len as u64 })
            }
        }
    }

    /// Returns a part of the content.
    ///
    /// # Errors
    /// [`StreamError::Range`] when it does not lie within the packet.
    pub fn part(&self, offset: usize, len: usize) -> Result<View<'a>, StreamError> {
        Ok(View { area: self.area, at: self.place(offset, len)?, len })
    }

    /// Copies bytes at `offset` out of the packet.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    #[inline]
    pub fn read(&self, offset: usize, into: &mut [u8]) -> Result<(), StreamError> {
        Ok(self.area.read(self.place(offset, into.len())?, into)?)
    }

    /// Copies bytes into the packet at `offset`.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    #[inline]
    pub fn write(&self, offset: usize, from: &[u8]) -> Result<(), StreamError> {
        Ok(self.area.write(self.place(offset, from.len())?, from)?)
    }

    /// Clears `len` bytes at `offset`.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    pub fn clear(&self, offset: usize, len: usize) -> Result<(), StreamError> {
        Ok(self.area.clear(self.place(offset, len)?, len)?)
    }

    /// Copies a value out of the packet. Any bytes are a value of its type.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    pub fn read_value<T: FromBytes + IntoBytes>(&self, offset: usize) -> Result<T, StreamError> {
        let mut value = T::new_zeroed();
        self.read(offset, value.as_mut_bytes())?;
        Ok(value)
    }

    /// Copies a value into the packet.
    ///
    /// # Errors
    /// As [`part`](Self::part).
    pub fn write_value<T: IntoBytes + Immutable>(
        &self,
        offset: usize,
        value: &T,
    ) -> Result<(), StreamError> {
        self.write(offset, value.as_bytes())
    }

    /// Copies the content out to `area` at `offset`, without a buffer between.
    ///
    /// # Errors
    /// [`Error::Argument`] when it does not fit there.
    pub fn copy_to(&self, area: &Area, offset: usize) -> Result<(), Error> {
        area.copy_from(offset, self.area, self.at, self.len)
    }

    /// Fills the content from `area` at `offset`, without a buffer between.
    ///
    /// # Errors
    /// [`Error::Argument`] when there is not that much.
    pub fn copy_from(&self, area: &Area, offset: usize) -> Result<(), Error> {
        self.area.copy_from(self.at, area, offset, self.len)
    }

    /// Fills the content from another packet's, of the same size, without a buffer between.
    ///
    /// # Errors
    /// [`StreamError::Range`] when the sizes differ.
    pub fn copy_view(&self, from: &View<'_>) -> Result<(), StreamError> {
        if self.len != from.len {
            let (size, limit) = (from.len as u64, self.len as u64);
            return Err(StreamError::Range { offset: 0, size, limit });
        }
        Ok(self.area.copy_from(self.at, from.area, from.at, self.len)?)
    }
}
