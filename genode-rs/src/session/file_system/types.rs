//! Types that travel in calls and in directories: handles, modes, status, entries.

use core::fmt;

use bitflags::bitflags;

use super::path::is_name;
use crate::rpc::{Wire, WireError};

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, genode::Wire)]
        #[repr(transparent)]
        pub struct $name(pub u64);

        impl From<$name> for NodeHandle {
            fn from(handle: $name) -> Self {
                Self(handle.0)
            }
        }
    )* };
}

/// An open node of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, genode::Wire)]
#[repr(transparent)]
pub struct NodeHandle(pub u64);

handles! {
    /// An open file.
    FileHandle
    /// An open directory.
    DirHandle
    /// An open symbolic link.
    SymlinkHandle
    /// A watched node.
    WatchHandle
}

impl NodeHandle {
    /// Takes the handle for one of a directory; the server checks that it is one.
    pub const fn as_dir(self) -> DirHandle {
        DirHandle(self.0)
    }
}

bitflags! {
    /// Flags that a file is opened with (`Mode`); none of them is for its status only.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Mode: u32 {
        /// Its content is read.
        const READ = 1;
        /// Its content or size is changed.
        const WRITE = 2;
    }
}

impl Wire for Mode {
    const SIZE: usize = 4;

    fn store(&self, bytes: &mut [u8]) {
        self.bits().store(bytes);
    }

    fn load(bytes: &[u8]) -> Result<Self, WireError> {
        Self::from_bits(Wire::load(bytes)?).ok_or(WireError::BadValue)
    }
}

/// Kinds of nodes (`Node_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(u32)]
pub enum NodeType {
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A file of bytes at positions.
    ContinuousFile,
    /// A file of which each write is a request of its own, such as those that configure something.
    TransactionalFile,
}

impl NodeType {
    /// Tells whether it is a file of either kind.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::ContinuousFile | Self::TransactionalFile)
    }
}

/// Uses that a node allows (`Node_rwx`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Rwx {
    /// It can be read.
    pub readable: bool,
    /// It can be written.
    pub writeable: bool,
    /// It is a program.
    pub executable: bool,
}

/// Properties of a node (`Status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct Status {
    /// Bytes of a file.
    pub size: u64,
    /// Its kind.
    pub kind: NodeType,
    /// Uses that it allows.
    pub rwx: Rwx,
    /// A number that no other node of the file system has.
    pub inode: u64,
    /// Time of its last modification, in the unit of the [`Dialect`].
    pub modified: i64,
}

/// Settings of [`control`](super::FileSystemSession::control): none so far (`Control`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, genode::Wire)]
#[repr(transparent)]
pub struct Control(u8);

/// An entry as it is read from a directory (`Directory_entry`).
///
/// A directory reads as a file of entries: the one at index n has [`DirEntry::SIZE`](Wire::SIZE)
/// bytes at position n times that. Its name is what the server says; see [`name`](Self::name).
#[derive(Clone, Copy, PartialEq, Eq, genode::Wire)]
#[repr(C)]
pub struct DirEntry {
    /// The node's number, as in [`Status::inode`].
    pub inode: u64,
    /// Its kind.
    pub kind: NodeType,
    /// Uses that it allows.
    pub rwx: Rwx,
    name: [u8; 128],
}

impl DirEntry {
    /// Makes an entry; `None` if a node cannot have that name.
    pub fn new(name: &[u8], kind: NodeType, rwx: Rwx, inode: u64) -> Option<Self> {
        if !is_name(name) {
            return None;
        }
        let mut entry = Self { inode, kind, rwx, name: [0; 128] };
        entry.name[..name.len()].copy_from_slice(name);
        Some(entry)
    }

    /// Reads an entry as a server wrote it.
    ///
    /// # Errors
    /// [`WireError::Short`] when there are other than [`SIZE`](Wire::SIZE) bytes,
    /// [`WireError::BadValue`] for an unknown kind, [`WireError::BadText`] for a name that leads
    /// elsewhere: without an end, empty, with a slash, `.` or `..`.
    pub fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let entry = <Self as Wire>::load(bytes)?;
        if is_name(entry.name()) { Ok(entry) } else { Err(WireError::BadText) }
    }

    /// Returns the name: the bytes in front of the first zero.
    pub fn name(&self) -> &[u8] {
        self.name.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// Returns the name, `None` if it is not UTF-8.
    pub fn name_str(&self) -> Option<&str> {
        core::str::from_utf8(self.name()).ok()
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name().escape_ascii();
        write!(f, "\"{name}\" {:?} inode {}", self.kind, self.inode)
    }
}

/// Unit of time stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds since 1970.
    Milliseconds,
    /// Seconds since 1970; [`i64::MAX`] is none.
    Seconds,
}

/// Differences of a version of Genode where its messages are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Unit of time stamps in status and packets.
    pub time: TimeUnit,
    /// Tells whether a client names its root directory by an argument `root` instead of its label's
    /// last element.
    pub root_argument: bool,
}

impl Dialect {
    /// Genode 26.02.
    pub const V26_02: Self = Self { time: TimeUnit::Milliseconds, root_argument: false };
    /// Genode 24.11 and before.
    pub const V24_11: Self = Self { time: TimeUnit::Seconds, root_argument: true };

    /// Takes a time stamp as milliseconds since 1970; `None` where a server knows no time.
    pub const fn milliseconds(self, stamp: i64) -> Option<i64> {
        match self.time {
            TimeUnit::Milliseconds => Some(stamp),
            TimeUnit::Seconds if stamp == i64::MAX => None,
            TimeUnit::Seconds => Some(stamp.saturating_mul(1000)),
        }
    }

    /// Makes a time stamp of milliseconds since 1970.
    pub const fn stamp(self, milliseconds: i64) -> i64 {
        match self.time {
            TimeUnit::Milliseconds => milliseconds,
            TimeUnit::Seconds => milliseconds.div_euclid(1000),
        }
    }
}
