//! Open files.

use alloc::{boxed::Box, vec::Vec};

use super::{
    error::{Call, Error, Why},
    requests::Answer,
    stream::StreamIo,
    system::{FileSystem, Handle, Metadata},
};
use crate::packet_stream::Packet;
use crate::session::file_system::{FileHandle, Header, Mode, Operation, Refusal, SEEK_TAIL};

/// An open file, at which reads and writes say where.
///
/// [`stream`](Self::stream) makes it one with a position, for `embedded-io` and
/// `embedded-io-async`.
#[derive(Debug)]
pub struct File {
    handle: Handle,
    path: Box<str>,
}

impl File {
    pub(super) fn new(handle: Handle, path: &str) -> Self {
        Self { handle, path: path.into() }
    }

    fn error(&self, call: Call) -> impl Fn(Why) -> Error + use<'_> {
        move |why| Error::new(call, &self.path, why)
    }

    /// Returns the session that has it.
    pub(super) const fn file_system(&self) -> &FileSystem {
        &self.handle.fs
    }

    /// Returns the path that it was opened by.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Asks for what is known of it.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] among what the server says.
    pub fn metadata(&self) -> Result<Metadata, Error> {
        self.handle.status().map_err(self.error(Call::Status))
    }

    /// Cuts it at `size` bytes, or makes it as long by zeros.
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`], [`Refusal::NoSpace`] among what the server says.
    pub fn truncate(&self, size: u64) -> Result<(), Error> {
        let file = FileHandle(self.handle.node.0);
        let fs = &self.handle.fs;
        fs.call(|| fs.inner.session.truncate(file, size)).map_err(self.error(Call::Truncate))
    }

    /// Reads from `position` until `into` is full or the file ends. Returns how many bytes there
    /// were.
    ///
    /// # Errors
    /// [`Why::Failed`], [`Why::Nonsense`], [`Why::Stream`].
    pub async fn read_at(&self, position: u64, into: &mut [u8]) -> Result<usize, Error> {
        self.handle.read_at(position, into).await.map_err(self.error(Call::Read))
    }

    /// Writes all of `bytes` at `position`. The server may have a part of them when it fails.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub async fn write_at(&self, position: u64, bytes: &[u8]) -> Result<(), Error> {
        self.handle.write_at(position, bytes).await.map_err(self.error(Call::Write))
    }

    /// Writes `bytes` behind the end, wherever that is when the server gets to it.
    ///
    /// In one piece if they fit half of the session's buffer: others' appends come before or after.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub async fn append(&self, bytes: &[u8]) -> Result<(), Error> {
        self.handle.write_at(SEEK_TAIL, bytes).await.map_err(self.error(Call::Write))
    }

    /// Makes durable what was written, and tells watchers of it. Closing does the latter too.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub async fn sync(&self) -> Result<(), Error> {
        let bare = self.handle.bare(Operation::Sync).await;
        bare.map(|_| ()).map_err(self.error(Call::Sync))
    }

    /// Sets the time of its last modification, in milliseconds since 1970.
    ///
    /// # Errors
    /// As [`read_at`](Self::read_at).
    pub async fn set_modified(&self, milliseconds: i64) -> Result<(), Error> {
        let stamp = self.handle.fs.inner.dialect.stamp(milliseconds);
        let header = Header::request(self.handle.node, Operation::WriteTimestamp);
        let header = Header { position: stamp as u64, ..header };
        let requests = &self.handle.fs.inner.requests;
        let done = requests.request(header, requests.source().bare()).await;
        done.map(|_| ()).map_err(self.error(Call::SetModified))
    }

    /// Makes it a stream that begins at position 0.
    pub const fn stream(self) -> StreamIo {
        StreamIo::new(self)
    }
}

impl Handle {
    /// Sends a request without bytes.
    pub(super) async fn bare(&self, operation: Operation) -> Result<Answer, Why> {
        let requests = &self.fs.inner.requests;
        let header = Header::request(self.node, operation);
        requests.request(header, requests.source().bare()).await
    }

    /// Bytes of a packet at most: two fit the buffer, so that one is filled while the server has
    /// the other.
    fn chunk(&self) -> usize {
        (self.fs.inner.requests.source().largest() / 2).max(1)
    }

    /// Asks for up to `len` bytes, which must fit a packet. It is sent as zeros: C++ servers take
    /// what lies behind the entries of a directory for entries.
    pub(super) async fn read_cleared(&self, position: u64, len: usize) -> Result<Answer, Why> {
        let packet = self.fs.inner.requests.source().alloc(len).await?;
        packet.view().clear(0, len)?;
        self.read_into(position, packet).await
    }

    async fn read_packet(&self, position: u64, len: usize) -> Result<Answer, Why> {
        let packet = self.fs.inner.requests.source().alloc(len).await?;
        self.read_into(position, packet).await
    }

    /// Asks for as many bytes as the packet has room for.
    async fn read_into(&self, position: u64, packet: Packet) -> Result<Answer, Why> {
        let requests = &self.fs.inner.requests;
        let len = packet.size();
        let header = Header::request(self.node, Operation::Read);
        let header = Header { position, length: len as u64, ..header };
        requests.request(header, packet).await
    }

    pub(super) async fn read_at(&self, position: u64, into: &mut [u8]) -> Result<usize, Why> {
        let (mut done, chunk) = (0, self.chunk());
        while done < into.len() {
            let wanted = (into.len() - done).min(chunk);
            let at = position.checked_add(done as u64).ok_or(Why::Failed)?;
            let answer = self.read_packet(at, wanted).await?;
            let Some(packet) = &answer.packet else { break };
            if answer.length == 0 {
                break;
            }
            packet.view().read(0, &mut into[done..done + answer.length])?;
            done += answer.length;
        }
        Ok(done)
    }

    /// Writes at a position, or at the end for [`SEEK_TAIL`].
    pub(super) async fn write_at(&self, position: u64, bytes: &[u8]) -> Result<(), Why> {
        let requests = &self.fs.inner.requests;
        let (mut done, chunk) = (0, self.chunk());
        while done < bytes.len() {
            let piece = &bytes[done..bytes.len().min(done + chunk)];
            let packet = requests.source().alloc(piece.len()).await?;
            packet.view().write(0, piece)?;
            let at = match position {
                SEEK_TAIL => SEEK_TAIL,
                position => position.checked_add(done as u64).ok_or(Why::Failed)?,
            };
            let header = Header::request(self.node, Operation::Write);
            let header = Header { position: at, length: piece.len() as u64, ..header };
            // C++ servers may write less than they were asked for.
            match requests.request(header, packet).await?.length {
                0 => return Err(Why::Failed),
                written => done += written,
            }
        }
        Ok(())
    }
}

impl FileSystem {
    /// Reads a whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// [`Why::TooLong`], [`Refusal::LookupFailed`] among what the server says, and those of
    /// [`File::read_at`].
    pub async fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Error> {
        let file = self.open_file(path, Mode::READ)?;
        let failed = |why: Why| Error::new(Call::Read, path, why);
        let size = usize::try_from(file.metadata()?.size).unwrap_or(usize::MAX);
        if size > limit {
            return Err(failed(Why::TooLong { limit }));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| failed(crate::Error::OutOfRam.into()))?;
        bytes.resize(size, 0);
        let read = file.read_at(0, &mut bytes).await?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// Writes a whole file: what it held before is gone.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`File::write_at`].
    pub async fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.create(path)?.write_at(0, bytes).await
    }

    /// Writes behind the end of a file, which is created if it is not there.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn append(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        let file = match self.open_file(path, Mode::WRITE) {
            Err(error) if error.refusal() == Some(Refusal::LookupFailed) => self.create(path)?,
            other => other?,
        };
        file.append(bytes).await
    }
}
