//! A block of the C heap with an owner: the only door from the raw workloads to `malloc` and `free`, so that the
//! dynamic linker decides which allocator they meet.
#![allow(unsafe_code, reason = "allocates by C functions")]

use std::hint::black_box;
use std::ptr::NonNull;

use crate::problem::die;

/// Eight bytes that own one block from `malloc`; dropping it calls `free`.
#[derive(Debug)]
pub(crate) struct Block(NonNull<u8>);

// SAFETY: a block is plain memory with one owner; C's free may be called from any thread.
unsafe impl Send for Block {}

impl Block {
    /// Allocates `size` bytes and writes `mark` into the first: like a program, it touches what it asked for.
    /// Ends the process when memory is out, as a benchmark has no use for less.
    #[inline]
    pub(crate) fn new(size: usize, mark: u8) -> Self {
        // SAFETY: malloc accepts any size.
        let pointer = unsafe { libc::malloc(size.max(1)) }.cast::<u8>();
        let Some(block) = NonNull::new(pointer) else { die("malloc returned null") };
        // SAFETY: the block has at least one byte and is ours alone. Volatile, so that it is really touched.
        unsafe { block.as_ptr().write_volatile(mark) };
        Self(block)
    }

    /// Like [`Block::new`], but writes every byte.
    #[inline]
    pub(crate) fn filled(size: usize, mark: u8) -> Self {
        let block = Self::new(size, mark);
        // SAFETY: malloc gave at least `size` bytes.
        unsafe { block.0.as_ptr().write_bytes(mark, size) };
        black_box(block)
    }

    /// Ends the process when the first byte is no longer `mark`: the allocator gave the block to two owners.
    #[inline]
    pub(crate) fn check(&self, mark: u8) {
        // SAFETY: the block has at least one byte, written when it was made.
        if unsafe { self.0.as_ptr().read_volatile() } != mark {
            die("a block lost its content: the allocator handed it out twice");
        }
    }

    /// Reads, increments and writes the first byte `times` times, each time through memory.
    #[inline]
    pub(crate) fn hammer(&self, times: usize) {
        for _ in 0..times {
            // SAFETY: the block has at least one byte, written when it was made, and is ours alone.
            unsafe {
                let byte = self.0.as_ptr().read_volatile();
                self.0.as_ptr().write_volatile(byte.wrapping_add(1));
            }
        }
    }

    /// Gives the block up as a bare pointer, for an atomic cell.
    #[inline]
    pub(crate) fn into_raw(self) -> *mut u8 {
        let pointer = self.0.as_ptr();
        std::mem::forget(self);
        pointer
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// `pointer` is null or came from [`Block::into_raw`], and nobody else takes it.
    #[inline]
    pub(crate) unsafe fn from_raw(pointer: *mut u8) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the pointer came from malloc and this is its only owner's end.
        unsafe { libc::free(self.0.as_ptr().cast()) };
    }
}
