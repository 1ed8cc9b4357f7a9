//! Entries of a tar archive: ustar, the old format before it, GNU's long names, pax.
//!
//! A [`Decoder`] is fed block by block and reads nothing itself, so that an archive may be a ROM
//! module, a file that tasks wait for, or a stream. It says where each entry's content lies;
//! contents are the caller's to read. Whatever an archive says is checked, and what it takes is
//! bounded: paths lead down only, numbers are numbers, contents lie within the archive.
//!
//! ```
//! use tar::{BLOCK, Decoder, Kind, Progress};
//!
//! # fn archive() -> Vec<u8> {
//! #     let mut block = [0_u8; 512];
//! #     block[..8].copy_from_slice(b"dir/file");
//! #     block[124..136].copy_from_slice(b"00000000005\0");
//! #     block[156] = b'0';
//! #     block[257..265].copy_from_slice(b"ustar\x0000");
//! #     block[148..156].fill(b' ');
//! #     let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
//! #     block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
//! #     let mut content = [0_u8; 512];
//! #     content[..5].copy_from_slice(b"hello");
//! #     [block, content, [0; 512], [0; 512]].concat()
//! # }
//! let archive = archive(); // one file
//! let mut decoder = Decoder::new(archive.len() as u64);
//! let mut files = Vec::new();
//! while let Some(at) = decoder.next_block() {
//!     let block: &[u8; BLOCK] = archive[at as usize..][..BLOCK].try_into().unwrap();
//!     if let Progress::Entry(entry) = decoder.feed(block)? {
//!         let content = &archive[entry.offset as usize..][..entry.size as usize];
//!         files.push((entry.path, entry.kind, content));
//!     }
//! }
//! assert_eq!(files, [(b"dir/file".to_vec(), Kind::File, &b"hello"[..])]);
//! # Ok::<(), tar::Error>(())
//! ```
//!
//! Sources: POSIX.1-2017, `pax`; GNU tar 1.34, "Basic Tar Format".
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;

mod decoder;
mod entry;
mod error;
mod header;
mod pax;
#[cfg(test)]
mod tests;

pub use decoder::{Decoder, Progress};
pub use entry::{Entry, Kind};
pub use error::{Error, Unusable};

/// Bytes of a block.
pub const BLOCK: usize = 512;

/// Bytes of a path or of a link's target at most.
pub const MAX_PATH: usize = 4096;

/// Bytes of an extended header at most.
pub const MAX_EXTENDED: u64 = 64 << 10;
