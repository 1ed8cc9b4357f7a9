//! Bodies of Genode's RPC messages: the one codec of everything that sends or serves calls.
//!
//! The SDK, the host target's runtime and its core use it alike, so that no side accepts what another one refuses. They
//! differ in what they hold a capability by: an owned reference, a descriptor, a handle that somebody else owns. The codec
//! is generic over that, see [`Handle`].
//!
//! | Rust | C++ | bytes |
//! |---|---|---|
//! | [`Wire`] types: integers, `bool`, arrays, structs and enums | the same in C | size rounded up to 8 |
//! | [`InBuffer<'_, N>`](InBuffer), [`Text<'_, N>`](Text) | `Rpc_in_buffer<N>` | length (8), bytes rounded up to 8 |
//! | [`FixedString<N>`](FixedString) | `String<N>` | N rounded up to 8, length (8) |
//! | [`Cap`] | `Capability` | none: at most four beside the body |
//! | `()` | `void`, `Ok` | 8 |
//! | `Result<T, E>` | `Attempt<T, E>` | `bool` (8), then `T` or `E` |
//!
//! Reading is checked at every step and never trusts a length. Bytes behind the last item are ignored, as Genode does: most
//! kernels do not tell how long a message was. Capabilities behind the last one are an error.
//!
//! ```
//! use genode_wire::{Caps, Reader, WireError, Writer};
//!
//! /// A side of a call that has no capabilities.
//! type None = Option<std::convert::Infallible>;
//!
//! let (mut body, mut caps) = ([0; 64], Caps::<None>::new());
//! let mut message = Writer::new(&mut body, &mut caps);
//! message.put(&3_i64)?;
//! message.put(&true)?;
//! let len = message.len();
//! assert_eq!(len, 16);
//!
//! body[8] = 2;
//! let mut message = Reader::new(&body[..len], &mut caps);
//! assert_eq!(message.take(), Ok(3_i64));
//! assert_eq!(message.take::<bool>(), Err(WireError::BadValue));
//! # Ok::<(), WireError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod cap;
mod caps;
mod error;
mod exception;
mod message;
mod plain;
#[cfg(test)]
mod tests;
mod text;
pub mod trace;

/// The examples of the README, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use cap::Cap;
pub use caps::{Caps, Handle, MAX_CAPS};
pub use error::WireError;
pub use exception::{ExceptionCode, Exceptions};
pub use message::{Decode, Encode, Reader, Writer, item_size};
pub use plain::Wire;
pub use text::{FixedString, InBuffer, Text};
