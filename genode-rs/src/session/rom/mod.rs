//! ROM: read-only data by name, which a server may replace at any time.

mod client;
mod follow;
mod module;

pub use client::{NodeError, RomConnection, RomSession, RomSessionClient, config};
pub use follow::{Following, Source};
pub use module::{Module, ModuleSession};
