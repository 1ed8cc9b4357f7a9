//! `Dataspace`: memory that can be attached.

use super::calls;

calls! {
    /// Calls of a dataspace.
    pub enum Call of dataspace {
        /// Its size in bytes.
        Size = size,
        /// Whether it may be written.
        Writeable = writeable,
    }
}
