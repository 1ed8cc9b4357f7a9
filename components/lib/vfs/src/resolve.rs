//! Symbolic links on a path.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

use genode::{
    fs::{NodeType, Refusal, Why},
    session::file_system::PathError,
};

use crate::{
    Vfs,
    archive::Archive,
    device::Device,
    memory,
    mount::{Place, Storage, first},
    path::{self, MAX_LINKS, Name},
};

/// Handling of a link that a path ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last {
    /// It is followed as those before it.
    Follow,
    /// It is meant itself.
    Keep,
}

impl Vfs {
    /// Reads the target of the link at a place; `None` for anything else there.
    async fn link_at(&self, place: Place<'_>) -> Result<Option<Box<[u8]>>, Why> {
        match place {
            Place::Device(Device::Symlink(target)) => Ok(Some(target.clone())),
            Place::Directory(_) | Place::Device(_) => Ok(None),
            Place::Storage(Storage::Memory(tree), names) => memory::link(tree, names),
            Place::Storage(Storage::Archive(archive), names) => Archive::link(archive, names),
            Place::Storage(Storage::Remote(fs), names) => {
                let path = path::joined(names)?;
                let known = fs.metadata(&path).map_err(|error| error.why())?;
                if known.kind != NodeType::Symlink {
                    return Ok(None);
                }
                let target = fs.read_link(&path).await.map_err(|error| error.why())?;
                Ok(Some(target.into_bytes().into()))
            }
        }
    }

    /// Reads the link that a path names.
    pub(crate) async fn link(&self, names: &[Name]) -> Result<Option<Box<[u8]>>, Why> {
        first!(self, names, place => self.link_at(place).await)
    }

    /// Follows the links on a path, and its `..`. What is not there is no link.
    pub(crate) async fn resolve(&self, path: &str, last: Last) -> Result<Vec<Name>, Why> {
        let mut todo: VecDeque<Name> = path::absolute(path)?;
        let mut done: Vec<Name> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop_front() {
            if &*name == b".." {
                done.pop();
                continue;
            }
            done.push(name);
            if todo.is_empty() && last == Last::Keep {
                break;
            }
            let target = match self.link(&done).await {
                Ok(Some(target)) => target,
                Ok(None) | Err(Why::Refused(Refusal::LookupFailed)) => continue,
                Err(why) => return Err(why),
            };
            links += 1;
            if links > MAX_LINKS {
                return Err(PathError::Links { limit: MAX_LINKS }.into());
            }
            path::check(&target)?;
            done.pop();
            if target.starts_with(b"/") {
                done.clear();
            }
            for name in path::split(&target).rev() {
                todo.push_front(name.into());
            }
        }
        Ok(done)
    }
}
