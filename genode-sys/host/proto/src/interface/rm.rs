//! `Rm_session`: region maps.

use genode_wire::Cap;

use super::calls;

calls! {
    /// Calls of an RM session.
    pub enum Call<H> of rm {
        /// Makes a region map of a size. Answers it, or an [`AllocError`](super::AllocError).
        Create = create { size: u64 },
        /// Removes a region map.
        Destroy = destroy { map: Cap<H> },
    }
}
