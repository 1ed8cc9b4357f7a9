//! The tree: what is done by paths.

use alloc::{boxed::Box, collections::BTreeMap, rc::Rc, string::String, vec::Vec};
use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use genode::{
    entrypoint::Entrypoint,
    fs::{Call, Error, Mode, NodeType, Refusal, Why},
};
use ram_tree::Kind;

use crate::{
    device::Device,
    file::{Body, File},
    memory::{self, MemoryFile},
    mount::{self, Mount, Place, ROOT, Storage, first, places},
    path::{self, Name},
    resolve::Last,
};

/// Properties of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Its kind.
    pub kind: NodeType,
    /// Bytes of a file or of a link's target; 0 where there is no telling.
    pub size: u64,
    /// Tells whether it can be written.
    pub writeable: bool,
    /// Tells whether it is a program, or a directory.
    pub executable: bool,
    /// Time of its last modification in milliseconds since 1970, where one is known.
    pub modified: Option<i64>,
}

impl Metadata {
    pub(crate) const fn new(kind: NodeType, size: u64) -> Self {
        Self { kind, size, writeable: true, executable: true, modified: None }
    }
}

impl From<genode::fs::Metadata> for Metadata {
    fn from(known: genode::fs::Metadata) -> Self {
        Self {
            kind: known.kind,
            size: known.size,
            writeable: known.rwx.writeable,
            executable: known.rwx.executable,
            modified: known.modified,
        }
    }
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: Box<[u8]>,
    /// Its kind.
    pub kind: NodeType,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) mounts: Vec<Mount>,
    /// Handles the signals that futures wait for; `None` where none waits.
    pub(crate) waits: Option<Entrypoint>,
}

/// A tree of mounts; clones are the same one.
#[derive(Clone, Debug)]
pub struct Vfs {
    pub(crate) inner: Rc<Inner>,
}

/// Names a failed call.
fn failed(call: Call, path: &str) -> impl Fn(Why) -> Error + use<'_> {
    move |why| Error::new(call, path, why)
}

impl Vfs {
    /// Makes a tree of the mounts of its root.
    pub fn new(mounts: Vec<Mount>) -> Self {
        let waits = mounts.iter().find_map(Mount::entrypoint);
        Self { inner: Rc::new(Inner { mounts, waits }) }
    }

    /// Waits for a future of this tree without tasks. Handlers of I/O signals run meanwhile, calls
    /// and other signals do not.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        wait(self.inner.waits, future)
    }

    /// Tells what is at a path. A link at its end is meant itself.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`].
    pub async fn metadata(&self, path: &str) -> Result<Metadata, Error> {
        let look = async {
            let names = self.resolve(path, Last::Keep).await?;
            first!(self, &names, place => metadata_at(place))
        };
        look.await.map_err(failed(Call::Status, path))
    }

    /// Opens a file; links are followed.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], also for what is no file; [`Refusal::PermissionDenied`] for
    /// writing what cannot be written.
    pub async fn open(&self, path: &str, mode: Mode) -> Result<File, Error> {
        let open = async {
            let names = self.resolve(path, Last::Follow).await?;
            self.open_names(&names, mode)
        };
        let body = open.await.map_err(failed(Call::Open, path))?;
        Ok(File::new(body, path, mode, self.inner.waits))
    }

    fn open_names(&self, names: &[Name], mode: Mode) -> Result<Body, Why> {
        first!(self, names, place => open_at(place, mode))
    }

    /// Opens a file for reading and writing, which is empty then: made, or cut. Links are followed.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`] where its directory is not there, [`Refusal::PermissionDenied`]
    /// where nothing can be written, [`Refusal::NoSpace`].
    pub async fn create(&self, path: &str) -> Result<File, Error> {
        let create = async {
            let names = self.resolve(path, Last::Follow).await?;
            let there = self.open_names(&names, Mode::all());
            if let Err(Why::Refused(Refusal::LookupFailed)) = there {
                return self.first_writeable(&names, |storage, names| match storage {
                    Storage::Memory(tree) => {
                        memory::create(tree, names, Kind::File, &[])?;
                        Ok(Body::Memory(MemoryFile::open(tree, names)?))
                    }
                    Storage::Remote(fs) => {
                        let file = fs.create(&path::joined(names)?);
                        Ok(Body::Remote(file.map_err(|error| error.why())?))
                    }
                    Storage::Archive(archive) => Err(archive.unchanged(names)),
                });
            }
            let there = there?;
            there.truncate(0)?;
            Ok(there)
        };
        let body = create.await.map_err(failed(Call::Create, path))?;
        Ok(File::new(body, path, Mode::all(), self.inner.waits))
    }

    /// Makes something new in the first file system that can: one that is read-only, and one that
    /// has not the directory, leave it to the next.
    fn first_writeable<T>(
        &self,
        names: &[Name],
        mut make: impl FnMut(&Storage, &[Name]) -> Result<T, Why>,
    ) -> Result<T, Why> {
        let mut error = Why::from(Refusal::LookupFailed);
        for place in places(&self.inner.mounts, names) {
            match place {
                Place::Directory(_) | Place::Device(_) => {
                    return Err(Refusal::NodeAlreadyExists.into());
                }
                Place::Storage(storage, names) => match make(storage, names) {
                    Err(Why::Refused(Refusal::LookupFailed)) => (),
                    Err(why @ Why::Refused(Refusal::PermissionDenied)) => error = why,
                    made => return made,
                },
            }
        }
        Err(error)
    }

    /// Makes a directory, whose parent must be there.
    ///
    /// # Errors
    /// [`Refusal::NodeAlreadyExists`] where any mount has the path, else as
    /// [`create`](Self::create).
    pub async fn create_dir(&self, path: &str) -> Result<(), Error> {
        let create = async {
            let names = self.resolve(path, Last::Keep).await?;
            self.free(&names)?;
            self.first_writeable(&names, |storage, names| match storage {
                Storage::Memory(tree) => memory::create(tree, names, Kind::Directory, &[]),
                Storage::Remote(fs) => {
                    fs.create_dir(&path::joined(names)?).map_err(|error| error.why())
                }
                Storage::Archive(archive) => Err(archive.unchanged(names)),
            })
        };
        create.await.map_err(failed(Call::Create, path))
    }

    /// Fails where any mount has the path.
    fn free(&self, names: &[Name]) -> Result<(), Why> {
        match first!(self, names, place => metadata_at(place)) {
            Ok(_) => Err(Refusal::NodeAlreadyExists.into()),
            Err(Why::Refused(Refusal::LookupFailed)) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// As [`create_dir`](Self::create_dir).
    pub async fn symlink(&self, target: &str, path: &str) -> Result<(), Error> {
        let create = async {
            path::check(target.as_bytes())?;
            let names = self.resolve(path, Last::Keep).await?;
            self.free(&names)?;
            let mut error = Why::from(Refusal::LookupFailed);
            for place in places(&self.inner.mounts, &names) {
                let made = match place {
                    Place::Storage(Storage::Memory(tree), names) => {
                        memory::create(tree, names, Kind::Symlink, target.as_bytes())
                    }
                    Place::Storage(Storage::Remote(fs), names) => {
                        let path = path::joined(names)?;
                        fs.symlink(target, &path).await.map_err(|error| error.why())
                    }
                    Place::Storage(Storage::Archive(archive), names) => {
                        Err(archive.unchanged(names))
                    }
                    _ => Err(Refusal::PermissionDenied.into()),
                };
                match made {
                    Err(Why::Refused(Refusal::LookupFailed)) => (),
                    Err(why @ Why::Refused(Refusal::PermissionDenied)) => error = why,
                    made => return made,
                }
            }
            Err(error)
        };
        create.await.map_err(failed(Call::Create, path))
    }

    /// Reads a symbolic link's target.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], also for what is no link.
    pub async fn read_link(&self, path: &str) -> Result<String, Error> {
        let read = async {
            let names = self.resolve(path, Last::Keep).await?;
            let target = self.link(&names).await?.ok_or(Refusal::LookupFailed)?;
            String::from_utf8(target.into_vec()).map_err(|_| Why::Nonsense)
        };
        read.await.map_err(failed(Call::Read, path))
    }

    /// Lists a directory: the entries of all mounts that have it, by name. Links are followed.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], also for what is no directory.
    pub async fn read_dir(&self, path: &str) -> Result<Vec<Entry>, Error> {
        let list = async {
            let names = self.resolve(path, Last::Follow).await?;
            let (mut all, mut found) = (BTreeMap::new(), false);
            for place in places(&self.inner.mounts, &names) {
                let entries = match place {
                    Place::Directory(mounts) => Ok(inside(mounts).await?),
                    Place::Storage(storage, names) => entries_at(storage, names).await,
                    // A file hides what others have of its name.
                    Place::Device(_) => break,
                };
                match entries {
                    Ok(entries) => {
                        found = true;
                        for entry in entries {
                            all.entry(entry.name).or_insert(entry.kind);
                        }
                    }
                    Err(Why::Refused(Refusal::LookupFailed)) => (),
                    Err(why) => return Err(why),
                }
            }
            let entry = |(name, kind)| Entry { name, kind };
            found.then(|| all.into_iter().map(entry).collect()).ok_or_else(missing)
        };
        list.await.map_err(failed(Call::Read, path))
    }

    /// Removes a file, a link, or an empty directory.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], [`Refusal::NotEmpty`]; [`Refusal::PermissionDenied`] for what
    /// cannot be changed.
    pub async fn remove(&self, path: &str) -> Result<(), Error> {
        let remove = async {
            let names = self.resolve(path, Last::Keep).await?;
            first!(self, &names, place => metadata_at(place).and_then(|_| match place {
                Place::Storage(Storage::Memory(tree), names) => memory::remove(tree, names),
                Place::Storage(Storage::Remote(fs), names) => {
                    fs.remove(&path::joined(names)?).map_err(|error| error.why())
                }
                _ => Err(Refusal::PermissionDenied.into()),
            }))
        };
        remove.await.map_err(failed(Call::Remove, path))
    }

    /// Moves a node to another path of its file system, and replaces what is there: an empty
    /// directory by a directory, a file or link by one.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`]; [`Refusal::PermissionDenied`] for what cannot be changed, and for
    /// a path of another file system.
    pub async fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let rename = async {
            let old = self.resolve(from, Last::Keep).await?;
            let new = self.resolve(to, Last::Keep).await?;
            let (storage, old) = first!(self, &old, place => metadata_at(place).and_then(|_| match place {
                Place::Storage(storage, names) => Ok((storage, names)),
                _ => Err(Refusal::PermissionDenied.into()),
            }))?;
            let there =
                places(&self.inner.mounts, &new).into_iter().find_map(|place| match place {
                    Place::Storage(other, names) if other.is(storage) => Some(names),
                    _ => None,
                });
            let new = there.ok_or(Refusal::PermissionDenied)?;
            match storage {
                Storage::Memory(tree) => memory::rename(tree, old, new),
                Storage::Remote(fs) => {
                    let renamed = fs.rename(&path::joined(old)?, &path::joined(new)?);
                    renamed.map_err(|error| error.why())
                }
                Storage::Archive(_) => Err(Refusal::PermissionDenied.into()),
            }
        };
        rename.await.map_err(failed(Call::Rename, from))
    }

    /// Reads a whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// [`Why::TooLong`], and those of [`open`](Self::open) and [`File::read_at`].
    pub async fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let file = self.open(path, Mode::READ).await?;
        let mut bytes = Vec::new();
        loop {
            // A device has no size: what there is counts.
            let (begin, piece) = (bytes.len(), (limit - bytes.len()).clamp(1, 16 << 10));
            let reserved = bytes.try_reserve(piece);
            reserved.map_err(|_| failed(Call::Read, path)(genode::Error::OutOfRam.into()))?;
            bytes.resize(begin + piece, 0);
            let into = bytes.get_mut(begin..).unwrap_or_default();
            let read = file.read_at(begin as u64, into).await?;
            bytes.truncate(begin + read);
            if bytes.len() > limit {
                return Err(failed(Call::Read, path)(Why::TooLong { limit }));
            }
            if read == 0 {
                return Ok(bytes);
            }
        }
    }

    /// Writes a whole file: what it held before is gone.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`File::write_at`].
    pub async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.create(path).await?.write_at(0, bytes).await
    }
}

/// Waits for a future: by handling signals, or where none waits, by asking it.
pub(crate) fn wait<T>(waits: Option<Entrypoint>, future: impl Future<Output = T>) -> T {
    if let Some(ep) = waits {
        return ep.wait(future);
    }
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        core::hint::spin_loop();
    }
}

fn missing() -> Why {
    Refusal::LookupFailed.into()
}

fn metadata_at(place: Place<'_>) -> Result<Metadata, Why> {
    match place {
        Place::Directory(_) => {
            Ok(Metadata { writeable: false, ..Metadata::new(NodeType::Directory, 0) })
        }
        Place::Device(device) => Ok(device.metadata()),
        Place::Storage(Storage::Memory(tree), names) => memory::metadata(tree, names),
        Place::Storage(Storage::Archive(archive), names) => archive.metadata(names),
        Place::Storage(Storage::Remote(fs), names) => {
            let known = fs.metadata(&path::joined(names)?).map_err(|error| error.why())?;
            Ok(known.into())
        }
    }
}

fn open_at(place: Place<'_>, mode: Mode) -> Result<Body, Why> {
    let body = match place {
        Place::Directory(_) | Place::Device(Device::Symlink(_)) => return Err(missing()),
        Place::Device(device) => Body::device(device),
        Place::Storage(Storage::Memory(tree), names) => {
            Body::Memory(MemoryFile::open(tree, names)?)
        }
        Place::Storage(Storage::Archive(archive), names) => {
            let (content, from, size) = archive.file(names)?;
            Body::Content { content, from, size }
        }
        Place::Storage(Storage::Remote(fs), names) => {
            let path = path::joined(names)?;
            Body::Remote(fs.open_file(&path, mode).map_err(|error| error.why())?)
        }
    };
    if mode.contains(Mode::WRITE) && !body.metadata()?.writeable {
        return Err(Refusal::PermissionDenied.into());
    }
    Ok(body)
}

async fn entries_at(storage: &Storage, names: &[Name]) -> Result<Vec<Entry>, Why> {
    match storage {
        Storage::Memory(tree) => memory::entries(tree, names),
        Storage::Archive(archive) => archive.entries(names),
        Storage::Remote(fs) => {
            let entries = fs.read_dir(&path::joined(names)?).await;
            let entries = entries.map_err(|error| error.why())?;
            let entry =
                |entry: genode::fs::DirEntry| Entry { name: entry.name().into(), kind: entry.kind };
            Ok(entries.into_iter().map(entry).collect())
        }
    }
}

/// Lists a directory of the tree itself: what it names, and what is in the roots of its file
/// systems.
async fn inside(mounts: &[Mount]) -> Result<Vec<Entry>, Why> {
    let mut all = Vec::new();
    for mount in mounts {
        match &mount.0 {
            mount::Body::Directory(name, _) => {
                all.push(Entry { name: name.clone(), kind: NodeType::Directory });
            }
            mount::Body::Device(name, device) => {
                all.push(Entry { name: name.clone(), kind: device.metadata().kind });
            }
            mount::Body::Storage(storage) => all.extend(entries_at(storage, ROOT).await?),
        }
    }
    Ok(all)
}
