//! What the allocator asks of the system below it, and nothing more.

#[cfg(all(target_os = "linux", not(loom)))]
pub mod linux;

/// Memory and place. Sizes and addresses are multiples of the page size; every method may be
/// called by any thread at any time, including inside a dynamic linker, and must not allocate.
pub trait Platform: Sync {
    /// Maps `size` zeroed bytes at a multiple of `align` (a power of two), placed on `node` where
    /// the system knows nodes. Null when the system refuses.
    fn map(&self, size: usize, align: usize, node: usize) -> *mut u8;

    /// Gives a mapping back.
    ///
    /// # Safety
    /// `[base, base + size)` came from [`Platform::map`] or [`Platform::remap`] and nothing refers to it.
    unsafe fn unmap(&self, base: *mut u8, size: usize);

    /// Gives the memory behind a range back and keeps the addresses; it reads as zero after.
    /// False if the memory stayed as it was.
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

    /// The node of the processor that the caller runs on, below [`Platform::nodes`].
    fn current_node(&self) -> usize;

    /// Number of memory nodes, at least 1.
    fn nodes(&self) -> usize;

    /// Milliseconds since some moment; need not be exact.
    fn now(&self) -> u64;

    /// Lets another thread run.
    fn yield_now(&self);

    /// Writes a message for a person, without allocating.
    fn message(&self, text: &[u8]);

    /// Ends the program.
    fn abort(&self) -> !;
}
