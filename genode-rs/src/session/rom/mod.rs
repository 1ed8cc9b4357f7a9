//! ROM: read-only data by name, which a server may replace at any time.

mod client;
mod module;

pub use client::{RomConnection, RomSession, RomSessionClient};
pub use module::{Module, ModuleSession};
