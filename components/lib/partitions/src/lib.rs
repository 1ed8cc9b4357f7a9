//! Partition tables of a disk: GPT, MBR with logical partitions, AHDI.
//!
//! It knows nothing of components or sessions: blocks are read through [`Disk`]. Whatever a disk
//! says is checked, and what it takes is bounded: a table yields partitions that lie within the
//! disk and do not overlap, or none. What is refused and why is told by [`Note`]s.
//!
//! ```
//! use partitions::{Disk, Ignore, Scheme};
//!
//! struct Image(Vec<u8>);
//!
//! impl Disk for Image {
//!     type Error = core::convert::Infallible;
//!     fn block_size(&self) -> usize {
//!         512
//!     }
//!     fn block_count(&self) -> u64 {
//!         self.0.len() as u64 / 512
//!     }
//!     fn read(&mut self, block: u64, into: &mut [u8]) -> Result<(), Self::Error> {
//!         let at = block as usize * 512;
//!         into.copy_from_slice(&self.0[at..at + 512]);
//!         Ok(())
//!     }
//! }
//!
//! let mut image = vec![0; 100 * 512];
//! image[446 + 4] = 0x83; // a primary partition: Linux
//! image[446 + 8] = 10; // from block 10 on
//! image[446 + 12] = 20; // 20 blocks
//! image[510..512].copy_from_slice(&[0x55, 0xaa]);
//! let table = partitions::read(&mut Image(image), Ignore::default(), &mut |_| ())?;
//! assert_eq!(table.scheme, Scheme::Mbr);
//! let first = table.get(1).unwrap();
//! assert_eq!((first.start, first.length), (10, 20));
//! # Ok::<(), partitions::Error<core::convert::Infallible>>(())
//! ```
//!
//! Sources: UEFI 2.10, chapter 5; the extended boot records as Linux and Genode read them.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod ahdi;
mod crc;
mod file_system;
mod gpt;
mod mbr;
mod note;
mod table;
#[cfg(test)]
mod tests;

pub use crc::crc32;
pub use file_system::{FileSystem, PROBED, probe};
pub use gpt::{Guid, MAX_ENTRIES};
pub use mbr::MAX_LOGICAL;
pub use note::{Error, Note, Unfit};
pub use table::{Disk, Ignore, Kind, Partition, Scheme, Table, Usable, read};
