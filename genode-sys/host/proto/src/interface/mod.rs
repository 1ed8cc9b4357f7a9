//! The interfaces of core's services and of parents, each stated once for those who call it and those who serve it.
//!
//! An interface is an enum of its calls. Which number stands for which call is data, [`Table`]: it differs between versions
//! of Genode. Arguments and results are Genode's, in [`genode_wire`]'s codec; what is ours says so.
//!
//! A call is read completely before anything of it is done, and refused if it lacks an argument, holds a value that its
//! type does not define, or brings a capability too many.

use genode_wire::{ExceptionCode, Reader, WireError, Writer, values};

use crate::opcode::Table;

pub mod cpu;
pub mod cpu_thread;
pub mod dataspace;
pub mod log;
pub mod native_pd;
pub mod parent;
pub mod pd;
pub mod region_map;
pub mod rm;
pub mod rom;
pub mod trace;

/// A call of some interface, its capabilities held by `H`.
pub trait Call<'m, H>: Sized {
    /// The names of all calls of the interface.
    const NAMES: &'static [&'static str];

    /// Reads the opcode, which `table` knows, and all arguments.
    ///
    /// # Errors
    /// [`ExceptionCode::INVALID_OPCODE`] for a function that does not exist, [`ExceptionCode::MALFORMED`] for arguments
    /// that are not its own.
    fn read(table: &Table, message: &mut Reader<'m, H>) -> Result<Self, ExceptionCode>;

    /// Writes the opcode and all arguments.
    ///
    /// # Errors
    /// [`WireError::Overflow`] if the message has no room for them.
    fn write(&self, table: &Table, message: &mut Writer<'_, H>) -> Result<(), WireError>;
}

/// Declares an interface: for each call its name, the field of the opcode table, and the arguments in their order.
macro_rules! calls {
    (
        $(#[$doc:meta])*
        pub enum $name:ident $(<$($generic:tt),+>)? of $interface:ident {
            $($(#[$call_doc:meta])* $call:ident = $opcode:ident $({ $($arg:ident: $ty:ty),* $(,)? })?,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "arguments are called as in Genode")]
        pub enum $name $(<$($generic),+>)? {
            $($(#[$call_doc])* $call $({ $($arg: $ty),* })?,)*
        }

        impl<'m, H: genode_wire::Handle + Clone> $crate::interface::Call<'m, H> for $name $(<$($generic),+>)?
        {
            const NAMES: &'static [&'static str] = &[$(stringify!($call),)*];

            fn read(
                table: &$crate::opcode::Table,
                message: &mut genode_wire::Reader<'m, H>,
            ) -> Result<Self, genode_wire::ExceptionCode> {
                let opcodes = &table.$interface;
                let opcode = message.take::<u64>()?;
                let call = match opcode {
                    $(_ if opcode == opcodes.$opcode => {
                        Self::$call $({ $($arg: message.take()?),* })?
                    })*
                    _ => return Err(genode_wire::ExceptionCode::INVALID_OPCODE),
                };
                message.finish()?;
                Ok(call)
            }

            fn write(
                &self,
                table: &$crate::opcode::Table,
                message: &mut genode_wire::Writer<'_, H>,
            ) -> Result<(), genode_wire::WireError> {
                let opcodes = &table.$interface;
                match self {
                    $(Self::$call $({ $($arg),* })? => {
                        message.put(&opcodes.$opcode)?;
                        $($(message.put($arg)?;)*)?
                    })*
                }
                Ok(())
            }
        }
    };
}
use calls;

values! {
    /// `Alloc_error`: why memory or an object is not allocated.
    pub enum AllocError {
        /// The account of the PD session has no RAM left.
        OutOfRam = 0,
        /// The account of the PD session has no capabilities left.
        OutOfCaps = 1,
        /// There is no such memory, or the size is none.
        Denied = 2,
    }
}

#[cfg(test)]
mod tests;
