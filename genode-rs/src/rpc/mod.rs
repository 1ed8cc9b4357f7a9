//! Remote procedure calls: a trait is the interface, everything else follows from it.
//!
//! Annotate a trait with [`#[genode::rpc]`](macro@crate::rpc). Implement it for a type, and that type is a server;
//! call the methods of the client that the macro makes, and they run in another component. The bytes in
//! between are Genode's, so that either side may be C++.
//!
//! ```
//! use genode::{Capability, rpc::{self, CallError, InBuffer, Local}};
//!
//! /// Errors are enums. As C++ enums they have four bytes on the wire.
//! #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
//! #[repr(u32)]
//! pub enum OpenError { NotFound, OutOfRam }
//!
//! /// Exceptions that C++ would throw are enums too, in order of their declaration.
//! #[derive(Clone, Copy, Debug, PartialEq, genode::Exceptions)]
//! pub enum ReadError { Closed, OutOfRange }
//!
//! #[genode::rpc]
//! pub trait Library {
//!     /// A plain result.
//!     fn count(&self) -> u32;
//!     /// `Result` is Genode's `Attempt`.
//!     fn open(&mut self, name: InBuffer<'_, 64>) -> Result<Capability<dyn Book>, OpenError>;
//! }
//!
//! #[genode::rpc]
//! pub trait Book {
//!     /// `#[throws]` makes it exceptions. A `&mut` argument travels both ways.
//!     #[throws]
//!     fn read(&mut self, page: u64, bookmark: &mut u64) -> Result<u32, ReadError>;
//! }
//!
//! struct Novel;
//! impl Book for Novel {
//!     fn read(&mut self, page: u64, bookmark: &mut u64) -> Result<u32, ReadError> {
//!         if page > 100 { return Err(ReadError::OutOfRange) }
//!         *bookmark = page;
//!         Ok(page as u32 * 7)
//!     }
//! }
//!
//! // A component has a `Capability<dyn Book>` and calls `BookClient::new(cap)`. A test needs no system:
//! let book = Local::<dyn Book, _>::client(Novel);
//! let mut bookmark = 0;
//! assert_eq!(book.read(6, &mut bookmark), Ok(42));
//! assert_eq!(bookmark, 6);
//! assert_eq!(book.read(101, &mut bookmark), Err(CallError::Service(ReadError::OutOfRange)));
//! ```
//!
//! # Between components
//!
//! A session is an object that a client gets from its parent, by the name of a service. With `service` in the
//! attribute, the trait is its interface: [`Connection`](crate::connection::Connection) opens one and has
//! the client's methods, [`Root`](crate::root::Root) offers them. Further objects come from [`Object`], and
//! travel as [`Capability`](crate::Capability) in arguments and results.
//!
//! ```no_run
//! use genode::{connection::Connection, prelude::*, root::{Root, SessionRequest}};
//!
//! #[genode::rpc(service = "Adder", caps = 4, ram = 8 * 1024)]
//! pub trait Adder {
//!     fn add(&mut self, a: i32, b: i32) -> i32;
//! }
//!
//! // the server component
//! struct Session;
//! impl Adder for Session {
//!     fn add(&mut self, a: i32, b: i32) -> i32 { a.wrapping_add(b) }
//! }
//! fn server(env: Env) -> Result<Root, Error> {
//!     let mut root = Root::new(env)?;
//!     root.serve::<dyn Adder, _>(|request: &SessionRequest<'_>| {
//!         log!("session for {}", request.label());
//!         Ok(Session)
//!     })?;
//!     Ok(root) // the component keeps what its main function returns
//! }
//!
//! // the client component
//! fn client(env: Env) -> Result<(), Error> {
//!     let adder = Connection::<dyn Adder>::open(env, "")?;
//!     log!("2 + 5 = {}", adder.add(2, 5)?);
//!     Ok(())
//! }
//! ```
//!
//! # What goes over the wire
//!
//! | Rust | C++ | bytes |
//! |---|---|---|
//! | `x: T`, `x: &T` | `T`, `T const &` | in the call |
//! | `x: &mut T` | `T &` | in the call and in the reply |
//! | [`Wire`] types: integers, `bool`, arrays, derived structs and enums | the same in C | size rounded up to 8 |
//! | [`InBuffer<'_, N>`](InBuffer), [`Text<'_, N>`](Text) | `Rpc_in_buffer<N>` | length (8), bytes rounded up to 8 |
//! | [`FixedString<N>`](FixedString) | `String<N>` | N rounded up to 8, length (8) |
//! | [`Capability`](crate::Capability) | `Capability` | none: at most four beside the body |
//! | no result, `()` | `void`, `Ok` | 8 |
//! | `Result<T, E>` | `Attempt<T, E>` | `bool` (8), then `T` or `E` |
//! | `#[throws]` with `Result<T, E>` | `GENODE_RPC_THROW` | `T`, or none and an [exception code](ExceptionCode) |
//!
//! Structs and enums are derived, and checked when they arrive:
//!
//! ```
//! #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
//! #[repr(C)]
//! struct Space { width: u32, height: u32 }
//!
//! #[derive(Clone, Copy, Debug, PartialEq, genode::Wire)]
//! #[repr(u32)]
//! enum Cache { Uncached, WriteCombined, Cached }
//!
//! #[derive(Clone, Copy, Debug, PartialEq, genode::Exceptions)]
//! enum Refusal { Invalid, Denied }
//!
//! use genode::rpc::{ExceptionCode, Wire, WireError};
//! assert_eq!(Space::SIZE, 8);
//! assert_eq!(Cache::load(&[2, 0, 0, 0]), Ok(Cache::Cached));
//! assert_eq!(Cache::load(&[3, 0, 0, 0]), Err(WireError::BadValue));
//! assert_eq!(ExceptionCode::declared(Refusal::Invalid).value(), -1002);
//! assert_eq!(ExceptionCode::new(-1001).exception(), Some(Refusal::Denied));
//! ```
//!
//! A call's body starts with the function's opcode (8): its position in the trait, behind the functions of the
//! trait it extends. [`Opcodes`] renumbers where versions of Genode differ.
//!
//! # What cannot happen
//!
//! Bytes from the other side are decoded by checked reads: a message that is too short, an enum value that
//! does not exist, a buffer longer than declared, a missing or surplus capability is an [`Error`], at a server
//! an exception for the caller and no call of the server's function. A function whose arguments could
//! exceed a message does not compile. Nothing on the way allocates memory.
//!
//! ```compile_fail,E0080
//! #[genode::rpc]
//! trait Bulk {
//!     // with opcode and length more than 1024 bytes: pass bulk data through a dataspace
//!     fn write(&mut self, bytes: genode::rpc::InBuffer<'_, 1024>);
//! }
//! ```
//!
//! ```compile_fail,E0080
//! type Cap = genode::Capability<dyn Many>;
//!
//! #[genode::rpc]
//! trait Many {
//!     // a message carries at most four capabilities
//!     fn take(&mut self, a: Cap, b: Cap, c: Cap, d: Cap, e: Cap);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! #[derive(genode::Wire)]
//! #[repr(C)]
//! struct List { next: *const u8 } // declare it as `u64`: a pointer has no meaning at the other side
//! ```
//!
//! ```compile_fail,E0277
//! struct Private(u32);
//!
//! #[genode::rpc]
//! trait Interface {
//!     fn take(&mut self, value: Private); // `Wire` is not implemented for `Private`
//! }
//! ```

pub(crate) mod client;
pub(crate) mod dispatch;
mod error;
pub mod later;
mod local;
mod message;
mod object;
mod opcodes;
pub(crate) mod seal;
#[cfg(test)]
mod tests;

pub use client::{Client, Invoke};
pub use dispatch::{Dispatch, Interface};
pub use error::{CallError, Error};
pub use genode_wire::{
    Decode, Encode, ExceptionCode, Exceptions, FixedString, InBuffer, MAX_CAPS, Text, Wire,
    WireError, item_size,
};
pub use local::Local;
pub use message::{Caps, MAX_BODY, MAX_FUNCTION, Reader, Writer};
pub use object::Object;
pub use opcodes::Opcodes;
