//! `Rom_session`: a module to be read.

use genode_wire::Cap;

use super::calls;

calls! {
    /// Calls of a ROM session.
    pub enum Call<H> of rom {
        /// The module's dataspace, invalid if there is none.
        Dataspace = dataspace,
        /// Whether the module's new content is in the dataspace that the client has.
        Update = update,
        /// Sets the handler of new content.
        Sigh = sigh { handler: Cap<H> },
    }
}
