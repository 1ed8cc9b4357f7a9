//! Printing one line.

use genode_sys as seam;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// Plain output.
    Log,
    /// Something is odd, the component goes on.
    Warning,
    /// Something failed.
    Error,
}

/// Prints one line without its newline.
pub(crate) fn print(level: Level, line: &[u8]) {
    let level = match level {
        Level::Log => seam::RS_LOG,
        Level::Warning => seam::RS_WARNING,
        Level::Error => seam::RS_ERROR,
    };
    // SAFETY: pointer and length describe a live slice, which the seam only reads during the call.
    unsafe { seam::rs_log(level, line.as_ptr().cast(), line.len()) }
}
