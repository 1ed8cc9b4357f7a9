//! `Log_session`: text for people.

use genode_wire::InBuffer;

use super::calls;

/// Longest string with its terminating zero.
pub const MAX: usize = 232;

calls! {
    /// Calls of a LOG session.
    pub enum Call<'m> of log {
        /// Writes a part of a line, several lines, or both. It ends in zero, and need not be UTF-8: lines are cut anywhere.
        Write = write { text: InBuffer<'m, MAX> },
    }
}
