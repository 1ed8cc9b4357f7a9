//! A session at a file-system server, and what is done by paths.

use alloc::{format, rc::Rc, string::String};
use core::future::Future;

use super::{
    error::{Call, Error, Why},
    file::File,
    requests::{DEFAULT_BUFFER, Requests},
};
use crate::{
    connection::{Connection, Shortage},
    entrypoint::Entrypoint,
    env::Env,
    packet_stream::{Place, Source},
    quota::RamQuota,
    rpc::CallError,
    session::file_system::{
        Dialect, DirHandle, FileSystemSession, Mode, NameBuf, NodeHandle, NodeType, Path, PathBuf,
        Refusal, Rwx, Status,
    },
};

/// Donated beside the buffer, in bytes: as C++ clients do.
const SESSION_RAM: u64 = 64 << 10;

/// Properties of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Bytes of a file.
    pub size: u64,
    /// Its kind.
    pub kind: NodeType,
    /// Uses that it allows.
    pub rwx: Rwx,
    /// A number that no other node of the file system has.
    pub inode: u64,
    /// Time of its last modification in milliseconds since 1970; `None` where the server knows
    /// none.
    pub modified: Option<i64>,
}

/// A session request in the making.
#[derive(Clone, Debug)]
#[must_use = "nothing is requested before `open`"]
pub struct Builder {
    label: String,
    root: String,
    writeable: bool,
    buffer: usize,
    dialect: Dialect,
}

impl Builder {
    /// Tells the server and those who route the request what the session is for.
    pub fn label(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// Asks for a session that changes nothing.
    pub const fn read_only(mut self) -> Self {
        self.writeable = false;
        self
    }

    /// Donates `bytes` of shared memory instead of [`DEFAULT_BUFFER`].
    pub const fn buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// Talks to a server of another version than Genode 26.02.
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Opens the session.
    ///
    /// # Errors
    /// What opening a session says, and [`Why::Stream`] when its buffer does not work.
    pub fn open(self, env: Env) -> Result<FileSystem, Error> {
        self.open_on(env).map_err(|why| Error::new(Call::Session, &self.root, why))
    }

    /// The session's label: in new versions its last element names the root, which ends with a
    /// slash.
    fn session_label(&self) -> String {
        if self.dialect.root_argument {
            return self.label.clone();
        }
        let root = self.root.trim_end_matches('/');
        match &*self.label {
            "" => format!("{root}/"),
            label => format!("{label} -> {root}/"),
        }
    }

    fn open_on(&self, env: Env) -> Result<FileSystem, Why> {
        Path::new(self.root.as_bytes())?;
        let mut builder = Connection::<dyn FileSystemSession>::builder(&self.session_label())
            .arg("tx_buf_size", self.buffer as u64)
            .arg("writeable", self.writeable.into())
            .ram(RamQuota(SESSION_RAM + self.buffer as u64));
        if self.dialect.root_argument {
            builder = builder.arg_str("root", &self.root);
        }
        let session = builder.open(env)?;
        let place = Place { io: true, ..env.ep().into() };
        let source = Source::open(place, &session.tx().map_err(crate::Error::from)?, 0)?;
        let requests = Rc::new(Requests::new(source));
        let weak = Rc::downgrade(&requests);
        requests.source().on_signal(move || {
            if let Some(requests) = weak.upgrade() {
                requests.signalled();
            }
        });
        let (ep, dialect) = (env.ep(), self.dialect);
        let inner = Inner { requests, session, ep, dialect };
        Ok(FileSystem { inner: Rc::new(inner) })
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    // Dropped before the session: its memory is the server's.
    pub(super) requests: Rc<Requests>,
    pub(super) session: Connection<dyn FileSystemSession>,
    ep: Entrypoint,
    pub(super) dialect: Dialect,
}

/// A session at a file-system server; clones are the same one. It closes when it, and all that it
/// opened, is dropped.
#[derive(Clone, Debug)]
pub struct FileSystem {
    pub(super) inner: Rc<Inner>,
}

impl FileSystem {
    /// Opens a session that sees the directory `root` of what the server grants, and may write if
    /// that is granted too.
    ///
    /// # Errors
    /// As [`Builder::open`].
    pub fn open(env: Env, root: &str) -> Result<Self, Error> {
        Self::builder(root).open(env)
    }

    /// Starts a session request.
    pub fn builder(root: &str) -> Builder {
        let (label, root) = (String::new(), root.into());
        let dialect = Dialect::V26_02;
        Builder { label, root, writeable: true, buffer: DEFAULT_BUFFER, dialect }
    }

    /// Returns the entrypoint that handles its signals.
    pub fn entrypoint(&self) -> Entrypoint {
        self.inner.ep
    }

    /// Tells whether both are the same session.
    pub fn same_session(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    /// Waits for a future of this session without tasks. Handlers of I/O signals run meanwhile,
    /// calls and other signals do not: a server that serves others does so by tasks.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.inner.ep.wait(future)
    }

    /// Calls the session, and donates what the server lacks for the answer.
    pub(super) fn call<T, E: Into<Refusal> + Copy>(
        &self,
        call: impl FnMut() -> Result<T, CallError<E>>,
    ) -> Result<T, Why> {
        let shortage = |answer: &Result<T, CallError<E>>| match answer {
            Err(CallError::Service(refusal)) => match (*refusal).into() {
                Refusal::OutOfRam => Some(Shortage::Ram),
                Refusal::OutOfCaps => Some(Shortage::Caps),
                _ => None,
            },
            _ => None,
        };
        Ok(self.inner.session.retry(call, shortage)??)
    }

    /// Opens a node for its status.
    pub(super) fn node(&self, path: Path<'_>) -> Result<Handle, Why> {
        let path = path_buf(path)?;
        let node = self.call(|| self.inner.session.node(path))?;
        Ok(Handle { fs: self.clone(), node })
    }

    pub(super) fn directory(
        &self,
        path: Path<'_>,
        create: bool,
    ) -> Result<(Handle, DirHandle), Why> {
        let path = path_buf(path)?;
        let directory = self.call(|| self.inner.session.dir(path, create))?;
        Ok((Handle { fs: self.clone(), node: directory.into() }, directory))
    }

    /// Opens the directory that has a path's last name, and calls `act` with both.
    pub(super) fn in_parent<T>(
        &self,
        path: &str,
        act: impl FnOnce(DirHandle, NameBuf<'_>) -> Result<T, Why>,
    ) -> Result<T, Why> {
        let path = Path::new(path.as_bytes())?;
        let (parent, name) = path.split_last().ok_or(Why::Kind)?;
        let name = core::str::from_utf8(name).ok().and_then(NameBuf::text);
        let name = name.ok_or(Refusal::InvalidName)?;
        let (_open, directory) = self.directory(parent, false)?;
        act(directory, name)
    }

    /// Asks for what is known of a node.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`] among what the server says.
    pub fn metadata(&self, path: &str) -> Result<Metadata, Error> {
        let metadata = || self.node(Path::new(path.as_bytes())?)?.status();
        metadata().map_err(|why| Error::new(Call::Status, path, why))
    }

    /// Opens a file.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], [`Refusal::PermissionDenied`] among what the server says.
    pub fn open_file(&self, path: &str, mode: Mode) -> Result<File, Error> {
        let handle = self.file(path, mode, false);
        handle
            .map(|handle| File::new(handle, path))
            .map_err(|why| Error::new(Call::Open, path, why))
    }

    /// Creates a file and opens it for reading and writing; one that is there is cut to nothing.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`], [`Refusal::NoSpace`] among what the server says.
    pub fn create(&self, path: &str) -> Result<File, Error> {
        let handle = match self.file(path, Mode::all(), true) {
            Err(Why::Refused(Refusal::NodeAlreadyExists)) => {
                let there = self.open_file(path, Mode::all())?;
                there.truncate(0)?;
                return Ok(there);
            }
            other => other,
        };
        handle
            .map(|handle| File::new(handle, path))
            .map_err(|why| Error::new(Call::Create, path, why))
    }

    fn file(&self, path: &str, mode: Mode, create: bool) -> Result<Handle, Why> {
        self.in_parent(path, |directory, name| {
            let file = self.call(|| self.inner.session.file(directory, name, mode, create))?;
            Ok(Handle { fs: self.clone(), node: file.into() })
        })
    }

    /// Makes a directory, whose parent must be there.
    ///
    /// # Errors
    /// [`Refusal::NodeAlreadyExists`], [`Refusal::PermissionDenied`] among what the server says.
    pub fn create_dir(&self, path: &str) -> Result<(), Error> {
        let create = || self.directory(Path::new(path.as_bytes())?, true).map(|_| ());
        create().map_err(|why| Error::new(Call::Create, path, why))
    }

    /// Makes a directory and those above it that are not there.
    ///
    /// # Errors
    /// As [`create_dir`](Self::create_dir); none if it is there.
    pub fn create_dir_all(&self, path: &str) -> Result<(), Error> {
        let create = || {
            let path = Path::new(path.as_bytes())?;
            let mut made = String::new();
            for name in path.names() {
                made.push('/');
                made.push_str(core::str::from_utf8(name).map_err(|_| Refusal::InvalidName)?);
                match self.directory(Path::new(made.as_bytes())?, true) {
                    Ok(_) | Err(Why::Refused(Refusal::NodeAlreadyExists)) => (),
                    Err(why) => return Err(why),
                }
            }
            // Something else than a directory may have had the last name.
            self.directory(path, false).map(|_| ())
        };
        create().map_err(|why| Error::new(Call::Create, path, why))
    }

    /// Removes a file, a symbolic link, or an empty directory.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], [`Refusal::NotEmpty`], [`Refusal::PermissionDenied`] among what
    /// the server says.
    pub fn remove(&self, path: &str) -> Result<(), Error> {
        let removed = self.in_parent(path, |directory, name| {
            self.call(|| self.inner.session.unlink(directory, name))
        });
        removed.map_err(|why| Error::new(Call::Remove, path, why))
    }

    /// Moves a node to another path, and replaces what is there: an empty directory by a directory,
    /// a file or symbolic link by one.
    ///
    /// # Errors
    /// [`Refusal::LookupFailed`], [`Refusal::PermissionDenied`] among what the server says.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        let moved = self.in_parent(from, |from, name| {
            self.in_parent(to, |to, new| {
                self.call(|| self.inner.session.rename(from, name, to, new))
            })
        });
        moved.map_err(|why| Error::new(Call::Rename, from, why))
    }
}

/// A path as a call takes it.
pub(super) fn path_buf(path: Path<'_>) -> Result<PathBuf<'_>, Why> {
    let text = core::str::from_utf8(path.as_bytes()).map_err(|_| Refusal::InvalidName)?;
    // Servers of C++ find nothing by a path that ends with a slash.
    let text = if path.is_root() { "/" } else { text.trim_end_matches('/') };
    Ok(PathBuf::text(text).ok_or(Refusal::InvalidName)?)
}

/// An open node, closed on drop.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) fs: FileSystem,
    pub(super) node: NodeHandle,
}

impl Handle {
    pub(super) fn status(&self) -> Result<Metadata, Why> {
        let Status { size, kind, rwx, inode, modified } =
            self.fs.call(|| self.fs.inner.session.status(self.node))?;
        let modified = self.fs.inner.dialect.milliseconds(modified);
        Ok(Metadata { size, kind, rwx, inode, modified })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The server is gone, or does not know it: either way it is closed.
        let _ = self.fs.inner.session.close(self.node);
    }
}
