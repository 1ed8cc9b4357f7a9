//! The safe side of the seam: one module per area of `rs_genode.h`, each function a checked call.
//!
//! What is here may know the seam and [`Error`](crate::Error), nothing above. The rest of the crate builds
//! on it without `unsafe`.

pub mod cap;
pub mod log;
