//! The system below the allocator: all that it asks for, and nothing more.

#[cfg(all(target_os = "linux", not(loom)))]
mod linux;

#[cfg(all(target_os = "linux", not(loom)))]
pub use linux::Linux;

/// Bytes of a page, or of the largest where the architecture has several sizes: what mappings are
/// multiples of.
pub const PAGE: usize =
    if cfg!(all(target_os = "linux", target_arch = "aarch64")) { 64 << 10 } else { 4 << 10 };

/// The answer of [`Platform::commit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Commit {
    /// Memory is committed.
    Done,
    /// The system has no memory to give now; more quota or a later call may help.
    Refused,
    /// Something else is mapped there: these addresses are never asked for again.
    Occupied,
}

/// The source of memory and time of an allocator. Sizes and addresses are multiples of the page size; every method may be
/// called by any thread at any time, including inside a dynamic linker, and must not allocate.
///
/// A system that backs pages when they are touched implements [`Platform::map`] alone. One that
/// accounts memory when it is mapped says in which [unit](Platform::unit) segments get theirs.
///
/// # Safety
/// - What [`Platform::map`], [`Platform::reserve`] and [`Platform::remap`] return, unless it is null, is
///   as large and aligned as asked, and the caller's alone until it is given back. What has memory may
///   be read and written; fresh memory reads as zero.
/// - [`Platform::commit`] and [`Platform::decommit`] change nothing when they refuse.
/// - [`Platform::unit`] and [`Platform::segments`] return the same number whenever they are called.
pub unsafe trait Platform: Sync {
    /// Maps `size` zeroed bytes at a multiple of `align` (a power of two), placed on `node` where
    /// the system knows nodes. Null when the system refuses.
    fn map(&self, size: usize, align: usize, node: usize) -> *mut u8;

    /// Returns in how many bytes a segment gets and loses memory: a power of two, from 64 KiB to a
    /// segment's 32 MiB; 0 where the system itself backs pages when they are touched.
    fn unit(&self) -> usize {
        0
    }

    /// Returns how many segments a node may have at most.
    fn segments(&self) -> usize {
        1 << 15
    }

    /// Maps as [`Platform::map`] does, but only the first [unit](Platform::unit) has memory, the rest
    /// once it is committed. Null when the system refuses. What is reserved is unmapped only if its
    /// addresses are of no use.
    fn reserve(&self, size: usize, align: usize, node: usize) -> *mut u8 {
        self.map(size, align, node)
    }

    /// Gives one unit of a reserved range zeroed memory of `node`.
    ///
    /// # Safety
    /// The unit lies in a range of [`Platform::reserve`] and has no memory.
    unsafe fn commit(&self, base: *mut u8, node: usize) -> Commit {
        let _ = (base, node);
        Commit::Done
    }

    /// Gives a mapping back.
    ///
    /// # Safety
    /// `[base, base + size)` came from [`Platform::map`] or [`Platform::remap`] and nothing refers to it.
    unsafe fn unmap(&self, base: *mut u8, size: usize);

    /// Gives the memory behind a range back and keeps the addresses; it reads as zero after.
    /// False if the memory stayed as it was. Whole units where the system has them; they have to be
    /// committed again.
    ///
    /// # Safety
    /// The range lies in a mapping of this platform and its contents are not needed.
    unsafe fn decommit(&self, base: *mut u8, size: usize) -> bool;

    /// Changes the size of a mapping, moving it when `may_move`. Null if that is not possible;
    /// the mapping is unchanged then.
    ///
    /// # Safety
    /// `[base, base + old)` is a whole mapping of this platform; if it moves, nothing refers to
    /// the old addresses.
    unsafe fn remap(&self, base: *mut u8, old: usize, new: usize, may_move: bool) -> *mut u8;

    /// Returns the node of the processor that the caller runs on, below [`Platform::nodes`].
    fn current_node(&self) -> usize;

    /// Returns the number of memory nodes, at least 1.
    fn nodes(&self) -> usize;

    /// Returns the milliseconds since some moment; need not be exact.
    fn now(&self) -> u64;

    /// Lets another thread run.
    fn yield_now(&self);

    /// Writes a message for a person, without allocating.
    fn message(&self, text: &[u8]);

    /// Ends the program.
    fn abort(&self) -> !;
}
