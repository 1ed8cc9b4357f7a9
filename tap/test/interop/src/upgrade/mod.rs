//! The interface of a server that tells what its session was upgraded by: `tap/include/rs_interop/upgrade.h`.

/// A session that can be given more quota.
#[genode::rpc(service = "Rs_upgrade", caps = 4, ram = 16 * 1024)]
pub trait Upgrade {
    /// Bytes of RAM that the parent announced as donated to the session by upgrades.
    fn told_ram(&mut self) -> u64;
    /// Capabilities that the parent announced as donated.
    fn told_caps(&mut self) -> u64;
    /// Bytes by which the server's own quota grew since the session was opened.
    fn grown_ram(&mut self) -> u64;
    /// Capabilities by which it grew.
    fn grown_caps(&mut self) -> u64;
}
