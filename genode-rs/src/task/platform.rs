//! The platform of the tasks' wakers.

pub(super) use core::sync::atomic::AtomicBool;

/// The orderings that correctness rests on. The model checker's version can weaken each.
pub(super) mod order {
    use core::sync::atomic::Ordering;

    /// Raising the flag: shows what was done before the wake-up. Nothing needs to be acquired: the
    /// thread that queues the task does no more than that.
    pub(in super::super) const fn raise() -> Ordering {
        Ordering::Release
    }

    /// Lowering the flag: sees what was done before each wake-up so far.
    pub(in super::super) const fn lower() -> Ordering {
        Ordering::Acquire
    }
}
