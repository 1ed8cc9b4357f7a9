//! A superblock's record: what is known about 64 KiB, 512 KiB or one large block of memory.
//!
//! Records live in the first slice of their segment, never among the blocks, so a program that
//! writes past a block cannot reach them from the next one. The first cache line belongs to the
//! owner; the second holds what other threads read and write. Segments are never unmapped, hence
//! a record may be read at any time, whatever its superblock has become since.
//!
//! The *owner* of a superblock is who may touch its private fields: the thread of the heap that owns
//! it, the holder of the node's lock while it is global, nobody while it floats (see [`Remote`]).
//! Methods that only the owner may call are unsafe.

use super::class;
use crate::lockfree::remote::{Batch, Links, Remote};
use core::cell::Cell;
use core::fmt;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicI32, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering};

/// Bytes of a slice, the unit segments are divided into.
pub(crate) const SLICE: usize = 64 << 10;
/// Bytes, and alignment, of a segment.
pub(crate) const SEGMENT: usize = 32 << 20;
/// Slices of a segment; the first holds the records.
pub(crate) const SLICES: usize = SEGMENT / SLICE;
/// Free lists are carved this many bytes at a time, so that untouched pages stay untouched.
const STEP: usize = 4 << 10;

// Owners: a heap's identity, which is its address, a multiple of 128, or one of these.

/// Nobody's: not a superblock, or the inside of one.
pub(crate) const NOBODY: usize = 0;
/// The node's global heap's.
pub(crate) const GLOBAL: usize = 2;
/// Anyone's: a large block, which any thread gives back to the node.
pub(crate) const ANYONE: usize = 4;
/// Added to a heap's identity while the superblock floats.
pub(crate) const FLOATING: usize = 1;

/// `base` of a superblock that stays when its last block comes back: only a free too many reaches
/// the slow path.
const SILENT: i32 = -1;

/// A free block.
#[repr(C)]
pub(crate) struct Block {
    pub(crate) next: *mut Block,
}

/// The record of a superblock.
#[repr(C, align(128))]
pub(crate) struct Superblock {
    // The owner's line.
    pub(crate) free: Cell<*mut Block>,
    /// `used - base`; the free that brings it to 0 takes the slow path.
    pub(crate) left: AtomicI32,
    base: AtomicI32,
    carved: Cell<u32>,
    /// Counted in the owner heap's number of sparse superblocks of this class.
    pub(crate) sparse: Cell<bool>,
    /// List of a global heap's bin it is in.
    pub(crate) group: Cell<u8>,
    pub(crate) next: Cell<Option<&'static Superblock>>,
    pub(crate) prev: Cell<Option<&'static Superblock>>,
    shared: SharedLine,
}

/// The second line: what threads other than the owner read and write.
#[repr(C, align(64))]
struct SharedLine {
    who: AtomicUsize,
    remote: Remote,
    capacity: AtomicU32,
    class: AtomicU8,
    slices: AtomicU16,
    /// Slices from here back to the one whose record is in use.
    back: AtomicU8,
}

// SAFETY: the cells are touched only by the thread that the state of `remote` names (see there);
// everything else is atomic.
unsafe impl Sync for Superblock {}

/// Blocks of the superblock at this address, chained through their first word.
pub(crate) struct InPlace(pub(crate) usize);

impl Links for InPlace {
    #[inline]
    unsafe fn link(&self, from: u32, to: Option<u32>) {
        let at = core::ptr::with_exposed_provenance_mut::<Block>(self.0 + from as usize);
        let next = to
            .map_or(end(self.0), |to| core::ptr::with_exposed_provenance_mut(self.0 + to as usize));
        // SAFETY: the caller's promise: a block inside the superblock, hence aligned and of at least
        // 8 bytes, that is nobody else's.
        unsafe { at.write(Block { next }) };
    }
}

/// Returns what ends a list in the segment of `address`: the segment's own address, because a link that
/// leaves the segment gives an overwritten block away.
#[inline]
fn end(address: usize) -> *mut Block {
    core::ptr::with_exposed_provenance_mut(address & !(SEGMENT - 1))
}

/// Tells if a list ends here; null, in a record of nothing, is an end too.
#[inline(always)]
fn is_end(block: *mut Block) -> bool {
    block.addr() & (SEGMENT - 1) == 0
}

impl Superblock {
    /// A record of nothing.
    pub(crate) const fn new() -> Self {
        Self {
            free: Cell::new(null_mut()),
            left: AtomicI32::new(0),
            base: AtomicI32::new(0),
            carved: Cell::new(0),
            sparse: Cell::new(false),
            group: Cell::new(0),
            next: Cell::new(None),
            prev: Cell::new(None),
            shared: SharedLine {
                who: AtomicUsize::new(NOBODY),
                remote: Remote::new(),
                capacity: AtomicU32::new(0),
                class: AtomicU8::new(0),
                slices: AtomicU16::new(0),
                back: AtomicU8::new(0),
            },
        }
    }

    /// Returns the record of the slice that `address` is in.
    ///
    /// # Safety
    /// A segment is there: a [`Table`] has `address`.
    #[inline(always)]
    pub(crate) unsafe fn of_slice(address: usize) -> &'static Self {
        let segment = address & !(SEGMENT - 1);
        let at = segment + (address & (SEGMENT - 1)) / SLICE * size_of::<Self>();
        // SAFETY: segments begin with one valid record per slice and are never unmapped.
        unsafe { &*core::ptr::with_exposed_provenance::<Self>(at) }
    }

    /// Returns the record of the superblock that `address` is in.
    ///
    /// # Safety
    /// As for [`Superblock::of_slice`].
    #[inline]
    pub(crate) unsafe fn of(address: usize) -> &'static Self {
        // SAFETY: the caller's promise.
        let slice = unsafe { Self::of_slice(address) };
        let back = slice.shared.back.load(Ordering::Relaxed) as usize;
        if back == 0 {
            return slice;
        }
        // What a slice inside a large block remembers may be of a superblock that was there before.
        // SAFETY: in the same segment: `form` noted no more slices than there are before this one.
        let first = unsafe { Self::of_slice(address - back * SLICE) };
        if back < first.slices() { first } else { slice }
    }

    /// Returns the address of the first block.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        let at = core::ptr::from_ref(self).expose_provenance();
        (at & !(SEGMENT - 1)) + (at & (SEGMENT - 1)) / size_of::<Self>() * SLICE
    }

    /// Notes in the record of a segment's first slice, which is never a superblock, whose segment it is:
    /// the node's, and which of the node's.
    ///
    /// # Safety
    /// This is the first record of a segment that nobody else knows yet.
    pub(crate) unsafe fn note_segment(&self, node: usize, index: usize) {
        self.group.set(node as u8);
        self.left.store(index as i32, Ordering::Relaxed);
    }

    /// Returns the node of the segment that `address` is in, and which of the node's it is.
    ///
    /// # Safety
    /// As for [`Superblock::of_slice`].
    pub(crate) unsafe fn segment_of(address: usize) -> (usize, usize) {
        // SAFETY: the caller's promise; what is noted in the first record never changes.
        let first = unsafe { Self::of_slice(address & !(SEGMENT - 1)) };
        (first.group.get() as usize, first.left.load(Ordering::Relaxed) as usize)
    }

    /// Makes the slices a superblock of `class` that `owner` owns; all blocks are free.
    ///
    /// # Safety
    /// This is a record in a segment; its slice and those that follow, `slices` in all, are the caller's,
    /// as is what `owner` names.
    pub(crate) unsafe fn form(&self, class: usize, slices: usize, owner: usize) {
        let capacity = if class == class::LARGE { 1 } else { slices * SLICE / class::size(class) };
        self.free.set(end(self.address()));
        self.carved.set(0);
        self.sparse.set(false);
        // SAFETY: the caller's slices.
        unsafe { self.set_used(0, 0) };
        self.shared.capacity.store(capacity as u32, Ordering::Relaxed);
        self.shared.class.store(class as u8, Ordering::Relaxed);
        self.shared.slices.store(slices as u16, Ordering::Relaxed);
        self.shared.back.store(0, Ordering::Relaxed);
        if class != class::LARGE {
            for i in 1..slices {
                // SAFETY: the caller's slices, in the same segment.
                let inner = unsafe { Self::of_slice(self.address() + i * SLICE) };
                inner.shared.who.store(NOBODY, Ordering::Relaxed);
                inner.shared.back.store(i as u8, Ordering::Relaxed);
            }
        }
        self.shared.who.store(owner, Ordering::Relaxed);
    }

    /// Returns the owner: a heap's identity, perhaps with [`FLOATING`], or [`NOBODY`], [`GLOBAL`],
    /// [`ANYONE`].
    #[inline(always)]
    pub(crate) fn owner(&self) -> usize {
        self.shared.who.load(Ordering::Relaxed)
    }

    /// Names the owner.
    ///
    /// # Safety
    /// The caller owns the superblock, or nobody does and its slices are the caller's; `owner` names
    /// the caller, or who gets the superblock.
    #[inline]
    pub(crate) unsafe fn set_owner(&self, owner: usize) {
        self.shared.who.store(owner, Ordering::Relaxed);
    }

    /// Returns the word other threads push to.
    #[inline]
    pub(crate) fn remote(&self) -> &Remote {
        &self.shared.remote
    }

    /// Returns the number of blocks.
    #[inline]
    pub(crate) fn capacity(&self) -> u32 {
        self.shared.capacity.load(Ordering::Relaxed)
    }

    /// Returns the size class, or [`class::LARGE`].
    #[inline]
    pub(crate) fn class(&self) -> usize {
        self.shared.class.load(Ordering::Relaxed) as usize
    }

    /// Returns the number of slices.
    #[inline]
    pub(crate) fn slices(&self) -> usize {
        self.shared.slices.load(Ordering::Relaxed) as usize
    }

    /// Changes the number of slices of a large block.
    ///
    /// # Safety
    /// The block is the caller's, and it has so many slices.
    pub(crate) unsafe fn set_slices(&self, slices: usize) {
        self.shared.slices.store(slices as u16, Ordering::Relaxed);
    }

    /// Returns the usable bytes of one of its blocks.
    #[inline]
    pub(crate) fn block_size(&self) -> usize {
        match self.class() {
            class::LARGE => self.slices() * SLICE,
            class => class::size(class),
        }
    }

    /// Returns the number of blocks that are out, or wait in the word.
    #[inline]
    pub(crate) fn used(&self) -> i32 {
        self.left.load(Ordering::Relaxed).wrapping_add(self.base.load(Ordering::Relaxed))
    }

    /// Sets the number of blocks out, and the number at which a free takes the slow path.
    ///
    /// # Safety
    /// The caller owns the superblock, of which `used` blocks are out or wait.
    #[inline]
    pub(crate) unsafe fn set_used(&self, used: i32, base: i32) {
        self.base.store(base, Ordering::Relaxed);
        self.left.store(used.wrapping_sub(base), Ordering::Relaxed);
    }

    /// Lets no free take the slow path but one too many, until the next [`Superblock::set_used`].
    ///
    /// # Safety
    /// The caller owns the superblock.
    pub(crate) unsafe fn silence(&self) {
        // SAFETY: the caller's promise; the number stays.
        unsafe { self.set_used(self.used(), SILENT) };
    }

    /// Tells if only a free too many reaches the slow path.
    pub(crate) fn is_silent(&self) -> bool {
        self.base.load(Ordering::Relaxed) == SILENT
    }

    /// Takes a free block; null if none is on the owner's list, or if the one that is there was
    /// written to since it was freed.
    ///
    /// # Safety
    /// The caller owns the superblock, or it is [`EMPTY`].
    #[inline(always)]
    pub(crate) unsafe fn pop(&self) -> *mut u8 {
        let block = self.free.get();
        if is_end(block) {
            return null_mut();
        }
        // SAFETY: blocks on the list are free, aligned and inside the superblock.
        let next = unsafe { (*block).next };
        if (next.addr() ^ block.addr()) >= SEGMENT {
            // The slow path finds the list like this, and says so.
            return null_mut();
        }
        self.free.set(next);
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.wrapping_add(1), Ordering::Relaxed);
        block.cast()
    }

    /// Tells if the owner's list has no block.
    ///
    /// # Safety
    /// The caller owns the superblock.
    #[inline]
    pub(crate) unsafe fn is_exhausted(&self) -> bool {
        is_end(self.free.get())
    }

    /// Puts `block` on the owner's list and returns what is left before the slow path.
    ///
    /// # Safety
    /// The caller owns the superblock and `block` is one of its blocks, in use until now.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, block: *mut u8) -> i32 {
        let block: *mut Block = block.cast();
        // SAFETY: the caller's promise.
        unsafe { block.write(Block { next: self.free.get() }) };
        self.free.set(block);
        let left = self.left.load(Ordering::Relaxed).wrapping_sub(1);
        self.left.store(left, Ordering::Relaxed);
        left
    }

    /// Makes the blocks of `batch` the owner's free list, which is empty.
    ///
    /// # Safety
    /// The caller owns the superblock, and took `batch` out of its word.
    pub(crate) unsafe fn accept(&self, batch: Batch) {
        debug_assert!(is_end(self.free.get()));
        if batch.count > 0 {
            let head = self.address() + batch.head as usize;
            self.free.set(core::ptr::with_exposed_provenance_mut(head));
            let left = self.left.load(Ordering::Relaxed);
            self.left.store(left.wrapping_sub(batch.count as i32), Ordering::Relaxed);
        }
    }

    /// Takes what other threads gave back, if the owner's list is empty. True if it has blocks.
    ///
    /// # Safety
    /// The caller owns the superblock.
    pub(crate) unsafe fn collect(&self) -> bool {
        // SAFETY: the caller's promise; the batch comes from the word.
        unsafe {
            if self.is_exhausted()
                && let Some(batch) = self.remote().collect()
            {
                self.accept(batch);
            }
            !self.is_exhausted()
        }
    }

    /// Carves blocks that were never used into the owner's list, which is empty. False if all
    /// were.
    ///
    /// # Safety
    /// The caller owns the superblock.
    pub(crate) unsafe fn extend(&self) -> bool {
        let (carved, capacity) = (self.carved.get(), self.capacity());
        if carved >= capacity {
            return false;
        }
        let size = self.block_size();
        let more = ((STEP / size).max(1) as u32).min(capacity - carved);
        let first = self.address() + carved as usize * size;
        let mut next = end(first);
        for i in (0..more as usize).rev() {
            let at: *mut Block = core::ptr::with_exposed_provenance_mut(first + i * size);
            // SAFETY: `carved + i < capacity`: a block of this superblock that nobody has yet.
            unsafe { at.write(Block { next }) };
            next = at;
        }
        self.free.set(next);
        self.carved.set(carved + more);
        true
    }
}

/// A record that is always full: where a heap has no superblock of a class.
pub(crate) static EMPTY: Superblock = Superblock::new();

/// The segments of an allocator: one byte for each 32 MiB of the address space.
pub struct Table([AtomicU8; Self::LEN]);

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

impl Table {
    /// Tells how many bits addresses of segments have at most. On Genode static memory costs quota
    /// from the start, and its platform chooses low addresses.
    pub const BITS: u32 = if cfg!(target_os = "genode") { 38 } else { 47 };
    const LEN: usize = 1 << (Self::BITS - SEGMENT.trailing_zeros());

    /// Makes a table of nothing, for a static: too large for a stack.
    #[must_use]
    #[allow(clippy::large_stack_arrays)] // only ever evaluated for a static
    #[allow(clippy::new_without_default)] // made for statics
    pub const fn new() -> Self {
        Self([const { AtomicU8::new(0) }; Self::LEN])
    }

    /// Tells if `address`, of no more than 47 bits, lies in a segment: no program on Linux has other
    /// pointers, and the slow paths ask [`Table::holds`].
    #[inline(always)]
    pub(crate) fn has(&self, address: usize) -> bool {
        if cfg!(target_os = "genode") && address >> Self::BITS != 0 {
            return false;
        }
        // SAFETY: the mask is that of the array's length, a power of two.
        let entry = unsafe { self.0.get_unchecked((address / SEGMENT) & (Self::LEN - 1)) };
        entry.load(Ordering::Relaxed) != 0
    }

    /// Tells if `address` lies in a segment, whatever its value.
    #[inline]
    pub(crate) fn holds(&self, address: usize) -> bool {
        address >> Self::BITS == 0 && self.has(address)
    }

    /// Notes a segment; never undone. False if the address cannot be noted.
    ///
    /// # Safety
    /// Memory of a segment is mapped there, for ever, that begins with records.
    pub(crate) unsafe fn add(&self, segment: usize) -> bool {
        match self.0.get(segment / SEGMENT) {
            Some(entry) => {
                entry.store(1, Ordering::Release);
                true
            }
            None => false,
        }
    }
}
