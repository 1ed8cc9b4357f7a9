//! Directories, symbolic links and watches.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{
    error::{Call, Error, Why},
    system::{FileSystem, Handle},
};
use crate::{
    rpc::Wire,
    session::file_system::{DirEntry, MAX_PATH, Path},
};

/// Entries of a list at most: a server could go on without end.
const MAX_ENTRIES: usize = 1 << 20;

/// Entries that are asked for at once.
const BATCH: usize = 32;

impl FileSystem {
    /// Lists a directory, in the server's order.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`](super::Refusal::LookupFailed) among what the server says;
    /// [`Why::Nonsense`] for entries that lead elsewhere, [`Why::TooMany`], and those of
    /// [`File::read_at`](super::File::read_at).
    pub async fn read_dir(&self, path: &str) -> Result<Vec<DirEntry>, Error> {
        let list = async {
            let (handle, _) = self.directory(Path::new(path.as_bytes())?, false)?;
            handle.entries().await
        };
        list.await.map_err(|why| Error::new(Call::Read, path, why))
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// [`Refusal::NodeAlreadyExists`](super::Refusal::NodeAlreadyExists),
    /// [`Refusal::PermissionDenied`](super::Refusal::PermissionDenied) among what the server says.
    pub async fn symlink(&self, target: &str, path: &str) -> Result<(), Error> {
        let make = async {
            let link = self.link(path, true)?;
            // With the terminating zero, which C++ servers count in any case.
            let mut target = target.as_bytes().to_vec();
            target.push(0);
            link.write_at(0, &target).await
        };
        make.await.map_err(|why| Error::new(Call::Create, path, why))
    }

    /// Reads a symbolic link's target.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`](super::Refusal::LookupFailed) among what the server says,
    /// [`Why::Nonsense`] for what is not UTF-8.
    pub async fn read_link(&self, path: &str) -> Result<String, Error> {
        let read = async {
            let link = self.link(path, false)?;
            let mut target = alloc::vec![0; MAX_PATH + 1];
            // In one piece: servers do not read a link at other positions.
            let answer = link.read_cleared(0, target.len()).await?;
            if let Some(packet) = &answer.packet {
                packet.view().read(0, &mut target[..answer.length])?;
            }
            target.truncate(answer.length);
            // Servers of C++ keep the terminating zero.
            let end = target.iter().position(|&byte| byte == 0);
            target.truncate(end.unwrap_or(target.len()));
            String::from_utf8(target).map_err(|_| Why::Nonsense)
        };
        read.await.map_err(|why| Error::new(Call::Read, path, why))
    }

    fn link(&self, path: &str, create: bool) -> Result<Handle, Why> {
        self.in_parent(path, |directory, name| {
            let link = self.call(|| self.inner.session.symlink(directory, name, create))?;
            Ok(Handle { fs: self.clone(), node: link.into() })
        })
    }

    /// Watches a node.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`](super::Refusal::LookupFailed) among what the server says,
    /// [`Refusal::Unavailable`](super::Refusal::Unavailable) from one that does not watch.
    pub fn watch(&self, path: &str) -> Result<Watch, Error> {
        let watch = || -> Result<Watch, Why> {
            let buffer = super::system::path_buf(Path::new(path.as_bytes())?)?;
            let node = self.call(|| self.inner.session.watch(buffer))?.into();
            self.inner.requests.follow(node);
            Ok(Watch { handle: Handle { fs: self.clone(), node }, path: path.into() })
        };
        watch().map_err(|why| Error::new(Call::Watch, path, why))
    }
}

impl Handle {
    async fn entries(&self) -> Result<Vec<DirEntry>, Why> {
        let mut all = Vec::new();
        loop {
            let position = (all.len() * DirEntry::SIZE) as u64;
            let answer = self.read_cleared(position, BATCH * DirEntry::SIZE).await?;
            let Some(packet) = &answer.packet else { return Ok(all) };
            let count = answer.length / DirEntry::SIZE;
            if count == 0 {
                return Ok(all);
            }
            if all.len() + count > MAX_ENTRIES {
                return Err(Why::TooMany { limit: MAX_ENTRIES });
            }
            all.try_reserve(count).map_err(|_| crate::Error::OutOfRam)?;
            for index in 0..count {
                let mut bytes = [0; DirEntry::SIZE];
                packet.view().read(index * DirEntry::SIZE, &mut bytes)?;
                all.push(DirEntry::read(&bytes).map_err(|_| Why::Nonsense)?);
            }
        }
    }
}

/// A watched node, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the watch"]
pub struct Watch {
    handle: Handle,
    path: Box<str>,
}

impl Watch {
    /// Waits until the node changed: a file once it was written and closed or synced, a directory
    /// when entries came or went. Changes since the last time count as well.
    ///
    /// # Errors
    /// [`Why::Stream`].
    pub async fn changed(&self) -> Result<(), Error> {
        let changed = self.handle.fs.inner.requests.changed(self.handle.node).await;
        changed.map(|_| ()).map_err(|why| Error::new(Call::Watch, &self.path, why))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.fs.inner.requests.unfollow(self.handle.node);
    }
}
