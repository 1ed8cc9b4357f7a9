//! A server that dies, and what is asked of it.

use genode::{Capability, signal::SignalContext};

/// A session of a server that dies when it is told to.
#[genode::rpc(service = "Mortal", caps = 6, ram = 16 * 1024)]
pub trait Mortal {
    /// Sets the context that is signalled before the server dies.
    fn sigh(&mut self, context: Capability<SignalContext>);
    /// Makes the server submit a signal and let go of the context, while its client waits.
    fn forget(&mut self);
    /// Never answers.
    #[rpc(later)]
    fn ask(&mut self) -> u32;
    /// Makes the server submit two signals and die, once the call has been answered.
    fn die(&mut self);
}
