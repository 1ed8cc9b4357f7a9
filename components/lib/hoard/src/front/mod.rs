//! The allocator as programs call it: generic over the process, for Linux processes, and as C's malloc family.
//!
//! Each module uses only those before it: [`allocator`], `thread`, `process`, `c`.

pub(crate) mod allocator;
#[cfg(all(target_os = "linux", feature = "internals"))]
pub mod c;
#[cfg(target_os = "linux")]
pub(crate) mod process;
#[cfg(target_os = "linux")]
pub mod thread;
