//! `Cpu_session`: threads and their faults.

use genode_affinity::Location;
use genode_wire::{Cap, FixedString};

use super::calls;

calls! {
    /// Calls of a CPU session.
    pub enum Call<H> of cpu {
        /// Makes a thread of a PD. Answers its capability, or an [`AllocError`](super::AllocError).
        /// The `entry` (Genode's address of the thread's messages) is the number that the PD knows
        /// it by, 0 for the first thread.
        CreateThread = create_thread {
            pd: Cap<H>,
            name: FixedString<32>,
            location: Location,
            entry: u64,
        },
        /// Ends a thread.
        KillThread = kill_thread { thread: Cap<H> },
        /// Sets the handler of faults.
        ExceptionSigh = exception_sigh { handler: Cap<H> },
        /// The affinity space of the session.
        AffinitySpace = affinity_space,
        /// A capability that is of no use here.
        NativeCpu = native_cpu,
    }
}
