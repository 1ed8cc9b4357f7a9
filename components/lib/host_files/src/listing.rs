//! Entries of a directory, some hundred at a time.

use alloc::vec::Vec;
use core::mem::MaybeUninit;

use rustix::fd::OwnedFd;
use rustix::fs::{FileType, RawDir, SeekFrom};

use crate::{Kind, Result};

/// Bytes of entries that Linux hands out at a time.
const CHUNK: usize = 16 << 10;

/// An entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its kind; `None` where the file system does not tell.
    pub kind: Option<Kind>,
    /// Number of the inode.
    pub inode: u64,
    /// Place behind it, see [`Listing::read`].
    pub next: u64,
}

struct Known {
    start: usize,
    end: usize,
    kind: Option<Kind>,
    inode: u64,
    next: u64,
}

/// Entries that were read at once.
#[derive(Default)]
pub struct Listing {
    names: Vec<u8>,
    entries: Vec<Known>,
}

impl Listing {
    /// Reads entries of a directory from a place on: 0 for the first ones, or that behind an entry.
    /// There are none behind the last one. `.` and `..` are left out.
    pub fn read(&mut self, directory: &OwnedFd, place: u64) -> Result<()> {
        self.names.clear();
        self.entries.clear();
        let mut place = place;
        // A chunk may have nothing but what is left out.
        while self.entries.is_empty() {
            rustix::fs::seek(directory, SeekFrom::Start(place))?;
            let mut buffer = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = RawDir::new(directory, &mut buffer);
            let mut none = true;
            while let Some(entry) = chunk.next() {
                let entry = entry?;
                none = false;
                place = entry.next_entry_cookie();
                let name = entry.file_name().to_bytes();
                if !matches!(name, b"." | b"..") {
                    let start = self.names.len();
                    self.names.extend_from_slice(name);
                    let (end, inode) = (self.names.len(), entry.ino());
                    let kind = kind(entry.file_type());
                    self.entries.push(Known { start, end, kind, inode, next: place });
                }
                if chunk.is_buffer_empty() {
                    break;
                }
            }
            if none {
                break;
            }
        }
        Ok(())
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns an entry by its number.
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        let Known { start, end, kind, inode, next } = *self.entries.get(index)?;
        Some(Entry { name: self.names.get(start..end)?, kind, inode, next })
    }
}

fn kind(kind: FileType) -> Option<Kind> {
    Some(match kind {
        FileType::Directory => Kind::Directory,
        FileType::RegularFile => Kind::File,
        FileType::Symlink => Kind::Link,
        FileType::Unknown => return None,
        _ => Kind::Other,
    })
}
