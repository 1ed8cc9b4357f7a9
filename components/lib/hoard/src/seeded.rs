//! Bugs that the crate's own tests can switch on, to show that they would be caught.
//!
//! In every other build [`bug`] is the constant `false`, and nothing is left of it.

/// Bugs there are; numbered from 1.
#[cfg(test)]
pub(crate) const BUGS: u32 = 13;

#[cfg(test)]
std::thread_local! {
    static BUG: core::cell::Cell<u32> = const { core::cell::Cell::new(0) };
}

/// Whether bug `n` is on, for this thread.
#[inline(always)]
pub(crate) fn bug(n: u32) -> bool {
    #[cfg(test)]
    return BUG.get() == n;
    #[cfg(not(test))]
    {
        let _ = n;
        false
    }
}

/// Switches bug `n` on, for this thread; 0 for none.
#[cfg(test)]
pub(crate) fn set(n: u32) {
    BUG.set(n);
}
