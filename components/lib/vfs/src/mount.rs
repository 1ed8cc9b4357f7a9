//! Mounts: what a tree is made of, and which of them have a path.

use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::{cell::RefCell, cmp::Reverse};

use genode::{
    connection::Connection,
    entrypoint::Entrypoint,
    fs::FileSystem,
    session::{log::LogSession, terminal::TerminalStream},
};
use ram_tree::Tree;

use crate::{
    archive::Archive,
    content::Content,
    device::{Device, Log},
    memory::Shared,
    path::Name,
};

/// A file system, a directory of further ones, or a file of the tree itself.
#[derive(Debug)]
pub struct Mount(pub(crate) Body);

#[derive(Debug)]
pub(crate) enum Body {
    Directory(Name, Vec<Mount>),
    Device(Name, Device),
    Storage(Storage),
}

/// A file system with paths of its own.
#[derive(Clone, Debug)]
pub(crate) enum Storage {
    Memory(Shared),
    Archive(Rc<Archive>),
    Remote(FileSystem),
}

impl Storage {
    /// Tells whether it is the same one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Memory(one), Self::Memory(other)) => Rc::ptr_eq(one, other),
            (Self::Remote(one), Self::Remote(other)) => one.same_session(other),
            (Self::Archive(one), Self::Archive(other)) => Rc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Mount {
    /// Makes a directory of mounts.
    pub fn directory(name: &str, mounts: Vec<Self>) -> Self {
        Self(Body::Directory(name.as_bytes().into(), mounts))
    }

    /// Mounts files in memory, which take `limit` bytes at most.
    pub fn memory(limit: u64) -> Self {
        Self(Body::Storage(Storage::Memory(Rc::new(RefCell::new(Tree::new(limit))))))
    }

    /// Mounts the content of an archive, which cannot be changed.
    pub fn archive(archive: Archive) -> Self {
        Self(Body::Storage(Storage::Archive(Rc::new(archive))))
    }

    /// Mounts a session at a file-system server.
    pub const fn remote(fs: FileSystem) -> Self {
        Self(Body::Storage(Storage::Remote(fs)))
    }

    pub(crate) fn device(name: &str, device: Device) -> Self {
        Self(Body::Device(name.as_bytes().into(), device))
    }

    /// Makes a file that cannot be changed.
    pub fn inline(name: &str, bytes: impl Into<Rc<[u8]>>) -> Self {
        Self::device(name, Device::Content(Content::Bytes(bytes.into())))
    }

    /// Makes a symbolic link.
    pub fn symlink(name: &str, target: &str) -> Self {
        Self::device(name, Device::Symlink(target.as_bytes().into()))
    }

    /// Makes a file that is empty; what is written there is gone.
    pub fn null(name: &str) -> Self {
        Self::device(name, Device::Null)
    }

    /// Makes a file of zeros, without end if there is no `size`; what is written there is gone.
    pub fn zero(name: &str, size: Option<u64>) -> Self {
        Self::device(name, Device::Zero(size))
    }

    /// Makes a file whose lines go to a LOG session, or the component's own log for `None`.
    pub fn log(name: &str, session: Option<Connection<dyn LogSession>>) -> Self {
        Self::device(name, Device::Log(Rc::new(Log::new(session))))
    }

    /// Makes a file of a terminal.
    pub fn terminal(name: &str, terminal: TerminalStream) -> Self {
        Self::device(name, Device::Terminal(Rc::new(terminal)))
    }

    /// Returns the entrypoint that handles signals of what it waits for; `None` if it never waits.
    pub(crate) fn entrypoint(&self) -> Option<Entrypoint> {
        match &self.0 {
            Body::Directory(_, mounts) => mounts.iter().find_map(Self::entrypoint),
            Body::Device(_, Device::Terminal(terminal)) => Some(terminal.entrypoint()),
            Body::Storage(Storage::Remote(fs)) => Some(fs.entrypoint()),
            Body::Device(..) | Body::Storage(_) => None,
        }
    }
}

/// A mount that may have a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a> {
    /// A directory of the tree itself: the path ends there.
    Directory(&'a [Mount]),
    /// A file of the tree itself.
    Device(&'a Device),
    /// A file system, and the rest of the path there.
    Storage(&'a Storage, &'a [Name]),
}

/// Returns the mounts that may have a path, those first whose directory in the tree is deepest, and
/// of those in their order.
pub(crate) fn places<'a>(mounts: &'a [Mount], names: &'a [Name]) -> Vec<Place<'a>> {
    let mut found = Vec::new();
    collect(mounts, names, 0, &mut found);
    found.sort_by_key(|&(depth, _)| Reverse(depth));
    found.into_iter().map(|(_, place)| place).collect()
}

fn collect<'a>(
    mounts: &'a [Mount],
    names: &'a [Name],
    depth: usize,
    found: &mut Vec<(usize, Place<'a>)>,
) {
    let Some((first, rest)) = names.split_first() else {
        found.push((depth, Place::Directory(mounts)));
        return;
    };
    for mount in mounts {
        match &mount.0 {
            Body::Directory(name, inner) if name == first => {
                collect(inner, rest, depth + 1, found);
            }
            Body::Device(name, device) if name == first && rest.is_empty() => {
                found.push((depth + 1, Place::Device(device)));
            }
            Body::Storage(storage) => found.push((depth, Place::Storage(storage, names))),
            Body::Directory(..) | Body::Device(..) => (),
        }
    }
}

/// Does what a path asks for at the first mount that has it.
///
/// An error that is not "not found" ends the search.
macro_rules! first {
    ($vfs:expr, $names:expr, $place:ident => $act:expr) => {{
        let mut missing = genode::fs::Why::from(genode::fs::Refusal::LookupFailed);
        let mut found = None;
        for $place in $crate::mount::places(&$vfs.inner.mounts, $names) {
            match $act {
                Ok(value) => {
                    found = Some(value);
                    break;
                }
                Err(genode::fs::Why::Refused(genode::fs::Refusal::LookupFailed)) => (),
                Err(why) => {
                    missing = why;
                    break;
                }
            }
        }
        found.ok_or(missing)
    }};
}
pub(crate) use first;

/// An empty name list, for roots.
pub(crate) const ROOT: &[Box<[u8]>] = &[];
