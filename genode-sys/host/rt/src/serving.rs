//! Which entrypoint the calling thread serves.
use std::cell::Cell;

thread_local! {
    /// 0 for none.
    static CURRENT: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread serves an entrypoint from now on.
pub(crate) fn set(id: u64) {
    CURRENT.set(id);
}

/// Whether the calling thread serves the entrypoint `id`.
pub(crate) fn is(id: u64) -> bool {
    CURRENT.get() == id && id != 0
}
