//! Open files.

use alloc::{boxed::Box, rc::Rc};

use genode::{
    entrypoint::Entrypoint,
    fs::{Call, Error, Mode, NodeType, Refusal, Why},
    session::terminal::TerminalStream,
};

use crate::{
    content::Content,
    device::{Device, Log, terminal_error},
    memory::MemoryFile,
    stream::Stream,
    system::Metadata,
};

/// Kind of an open file.
#[derive(Debug)]
pub(crate) enum Body {
    Remote(genode::fs::File),
    Memory(MemoryFile),
    Content { content: Content, from: u64, size: u64 },
    Null,
    Zero(Option<u64>),
    Log(Rc<Log>),
    Terminal(Rc<TerminalStream>),
}

impl Device {
    pub(crate) fn metadata(&self) -> Metadata {
        let file =
            |size| Metadata { executable: false, ..Metadata::new(NodeType::ContinuousFile, size) };
        match self {
            Self::Null => file(0),
            Self::Zero(size) => file(size.unwrap_or(0)),
            Self::Log(_) | Self::Terminal(_) => {
                Metadata { kind: NodeType::TransactionalFile, ..file(0) }
            }
            Self::Content(content) => Metadata { writeable: false, ..file(content.size()) },
            Self::Symlink(target) => Metadata::new(NodeType::Symlink, target.len() as u64),
        }
    }
}

impl Body {
    /// Opens a file of the tree itself.
    pub(crate) fn device(device: &Device) -> Self {
        match device {
            Device::Null | Device::Symlink(_) => Self::Null,
            Device::Zero(size) => Self::Zero(*size),
            Device::Log(log) => Self::Log(log.clone()),
            Device::Terminal(terminal) => Self::Terminal(terminal.clone()),
            Device::Content(content) => {
                content.refresh();
                Self::Content { content: content.clone(), from: 0, size: content.size() }
            }
        }
    }

    pub(crate) fn metadata(&self) -> Result<Metadata, Why> {
        Ok(match self {
            Self::Remote(file) => file.metadata().map_err(|error| error.why())?.into(),
            Self::Memory(file) => file.metadata()?,
            Self::Content { size, .. } => {
                let file = Metadata::new(NodeType::ContinuousFile, *size);
                Metadata { writeable: false, executable: false, ..file }
            }
            Self::Null => Device::Null.metadata(),
            Self::Zero(size) => Device::Zero(*size).metadata(),
            Self::Log(log) => Device::Log(log.clone()).metadata(),
            Self::Terminal(terminal) => Device::Terminal(terminal.clone()).metadata(),
        })
    }

    pub(crate) fn truncate(&self, size: u64) -> Result<(), Why> {
        match self {
            Self::Remote(file) => file.truncate(size).map_err(|error| error.why()),
            Self::Memory(file) => file.truncate(size),
            Self::Content { .. } => Err(Refusal::PermissionDenied.into()),
            // They have no size that could be set.
            Self::Null | Self::Zero(_) | Self::Log(_) | Self::Terminal(_) => Ok(()),
        }
    }

    async fn read_at(&self, position: u64, into: &mut [u8]) -> Result<usize, Why> {
        match self {
            Self::Remote(file) => file.read_at(position, into).await.map_err(|error| error.why()),
            Self::Memory(file) => file.read(position, into),
            Self::Content { content, from, size } => {
                Ok(content.read_part(*from, *size, position, into)?)
            }
            Self::Null | Self::Log(_) => Ok(0),
            Self::Zero(size) => {
                let left = size.map_or(u64::MAX, |size| size.saturating_sub(position));
                let count = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                into.iter_mut().take(count).for_each(|byte| *byte = 0);
                Ok(count)
            }
            Self::Terminal(terminal) => terminal.read_some(into).await.map_err(terminal_error),
        }
    }

    async fn write_at(&self, position: u64, bytes: &[u8]) -> Result<(), Why> {
        match self {
            Self::Remote(file) => file.write_at(position, bytes).await.map_err(|error| error.why()),
            Self::Memory(file) => file.write(position, bytes),
            Self::Content { .. } => Err(Refusal::PermissionDenied.into()),
            Self::Null | Self::Zero(_) => Ok(()),
            Self::Log(log) => log.write(bytes),
            Self::Terminal(terminal) => {
                let mut left = bytes;
                while !left.is_empty() {
                    let count = terminal.write_some(left).map_err(terminal_error)?;
                    left = left.get(count..).unwrap_or_default();
                }
                Ok(())
            }
        }
    }

    async fn append(&self, bytes: &[u8]) -> Result<(), Why> {
        match self {
            Self::Remote(file) => file.append(bytes).await.map_err(|error| error.why()),
            Self::Memory(file) => file.write(file.metadata()?.size, bytes),
            _ => self.write_at(0, bytes).await,
        }
    }

    async fn sync(&self) -> Result<(), Why> {
        match self {
            Self::Remote(file) => file.sync().await.map_err(|error| error.why()),
            Self::Log(log) => log.flush(),
            _ => Ok(()),
        }
    }
}

/// An open file, at which reads and writes say where. A log and a terminal have no positions: what
/// comes next is read, what is written comes behind.
#[derive(Debug)]
pub struct File {
    body: Body,
    path: Box<str>,
    mode: Mode,
    waits: Option<Entrypoint>,
}

impl File {
    pub(crate) fn new(body: Body, path: &str, mode: Mode, waits: Option<Entrypoint>) -> Self {
        Self { body, path: path.into(), mode, waits }
    }

    fn error(&self, call: Call) -> impl Fn(Why) -> Error + use<'_> {
        move |why| Error::new(call, &self.path, why)
    }

    /// Fails if it was not opened for this.
    fn allowed(&self, mode: Mode) -> Result<(), Why> {
        if self.mode.contains(mode) { Ok(()) } else { Err(Refusal::PermissionDenied.into()) }
    }

    pub(crate) const fn waits(&self) -> Option<Entrypoint> {
        self.waits
    }

    /// Returns the path that it was opened by.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Tells what is known of it.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    pub fn metadata(&self) -> Result<Metadata, Error> {
        self.body.metadata().map_err(self.error(Call::Status))
    }

    /// Cuts it at `size` bytes, or makes it as long by zeros.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`], [`Refusal::NoSpace`].
    pub fn truncate(&self, size: u64) -> Result<(), Error> {
        let truncated = self.allowed(Mode::WRITE).and_then(|()| self.body.truncate(size));
        truncated.map_err(self.error(Call::Truncate))
    }

    /// Reads from `position` until `into` is full or the file ends; of a terminal what there is, at
    /// least a byte. Returns how many bytes there were.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`] if it was not opened for reading, and what the mount says.
    pub async fn read_at(&self, position: u64, into: &mut [u8]) -> Result<usize, Error> {
        let read = async {
            self.allowed(Mode::READ)?;
            self.body.read_at(position, into).await
        };
        read.await.map_err(self.error(Call::Read))
    }

    /// Writes all of `bytes` at `position`. The mount may have a part of them when it fails.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`] if it was not opened for writing, [`Refusal::NoSpace`],
    /// [`Why::Failed`] among what the mount says.
    pub async fn write_at(&self, position: u64, bytes: &[u8]) -> Result<(), Error> {
        let write = async {
            self.allowed(Mode::WRITE)?;
            self.body.write_at(position, bytes).await
        };
        write.await.map_err(self.error(Call::Write))
    }

    /// Writes all of `bytes` behind the end.
    ///
    /// # Errors
    /// As [`write_at`](Self::write_at).
    pub async fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        let append = async {
            self.allowed(Mode::WRITE)?;
            self.body.append(bytes).await
        };
        append.await.map_err(self.error(Call::Write))
    }

    /// Makes durable what was written, as far as the mount can.
    ///
    /// # Errors
    /// What the mount says.
    pub async fn sync(&self) -> Result<(), Error> {
        self.body.sync().await.map_err(self.error(Call::Sync))
    }

    /// Makes it a stream that begins at position 0.
    pub const fn stream(self) -> Stream {
        Stream::new(self)
    }
}
