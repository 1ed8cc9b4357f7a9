//! `Cpu_thread`: a thread that a CPU session made.

use genode_affinity::Location;

use super::calls;

calls! {
    /// Calls of a thread. Genode's others are for kernels that start and stop threads by it.
    pub enum Call of cpu_thread {
        /// Moves the thread within the affinity space of its session. A location outside is an
        /// exception.
        Affinity = affinity { location: Location },
    }
}
