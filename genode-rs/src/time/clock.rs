//! The system's own clock.
//!
//! Components tell the time by a Timer session, which every system has. This clock is for what lies below:
//! timers themselves, and measurements.

use core::time::Duration;

use crate::sys;

/// A point in time on the system's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Now; `None` where the system has no clock of its own.
    pub fn now() -> Option<Self> {
        match sys::thread::time_us() {
            0 => None,
            us => Some(Self(us)),
        }
    }

    /// Microseconds since an arbitrary start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The point `us` microseconds after the clock's arbitrary start.
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Time from `earlier` to here, zero if that is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}
