//! ROM: read-only data by name, which a server may replace at any time.

mod client;
mod module;

pub use client::{NodeError, RomConnection, RomSession, RomSessionClient, config};
pub use module::{Module, ModuleSession};
