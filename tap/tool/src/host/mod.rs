//! The host target: a Genode system of Linux processes, started by `rs_host_core`.

pub mod accounts;
pub mod build;
pub mod running;
mod stand_in;
pub mod system;
pub mod workspace;
