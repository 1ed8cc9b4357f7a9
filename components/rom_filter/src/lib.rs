//! The filter of `rs_rom_filter`: from a configuration and the content of its inputs to the output.
//!
//! It opens no sessions: whoever calls says what each ROM module holds.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;

mod input;
mod output;

pub use input::{roms, value};
pub use output::{NoOutput, Unknown, generate};

/// Content of the ROM modules that a configuration takes its inputs from.
pub trait Modules {
    /// Returns the content of the module called `rom`, or `None` if it has none.
    fn content(&self, rom: &str) -> Option<&genode::node::Node>;
}

impl Modules for alloc::collections::BTreeMap<alloc::string::String, genode::node::Node> {
    fn content(&self, rom: &str) -> Option<&genode::node::Node> {
        self.get(rom)
    }
}

#[cfg(test)]
mod tests;
