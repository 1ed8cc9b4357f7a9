//! Files as streams, for tasks and without them.

use core::future::Future;

use embedded_io::{ErrorKind, ErrorType, SeekFrom};

use super::{
    error::{Call, Error, Why},
    file::File,
};
use crate::session::file_system::Refusal;

/// An open file, at which reads and writes say where: of a File_system session, or of whatever else
/// keeps files.
pub trait Positioned {
    /// Reads from `position` until `into` is full or the file ends. Returns how many bytes there
    /// were.
    fn read_at(&self, position: u64, into: &mut [u8])
    -> impl Future<Output = Result<usize, Error>>;
    /// Writes all of `bytes` at `position`.
    fn write_at(&self, position: u64, bytes: &[u8]) -> impl Future<Output = Result<(), Error>>;
    /// Makes durable what was written.
    fn sync(&self) -> impl Future<Output = Result<(), Error>>;
    /// Returns the size in bytes.
    ///
    /// # Errors
    /// What the server or mount says.
    fn size(&self) -> Result<u64, Error>;
    /// Returns the path that it was opened by.
    fn path(&self) -> &str;
    /// Waits for a future of the file without tasks.
    fn wait<T>(&self, future: impl Future<Output = T>) -> T;
}

impl Positioned for File {
    fn read_at(
        &self,
        position: u64,
        into: &mut [u8],
    ) -> impl Future<Output = Result<usize, Error>> {
        self.read_at(position, into)
    }

    fn write_at(&self, position: u64, bytes: &[u8]) -> impl Future<Output = Result<(), Error>> {
        self.write_at(position, bytes)
    }

    fn sync(&self) -> impl Future<Output = Result<(), Error>> {
        self.sync()
    }

    fn size(&self) -> Result<u64, Error> {
        Ok(self.metadata()?.size)
    }

    fn path(&self) -> &str {
        self.path()
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.file_system().wait(future)
    }
}

/// A file with a position: reads and writes go on where the last one ended.
///
/// It is one for tasks by the traits of `embedded-io-async`, and for code without tasks by those of
/// `embedded-io`, which wait as [`FileSystem::wait`](super::FileSystem::wait) does: handlers of I/O
/// signals run meanwhile, calls and other signals do not.
#[derive(Debug)]
pub struct StreamIo<F = File> {
    file: F,
    position: u64,
}

impl<F: Positioned> StreamIo<F> {
    /// Makes a file a stream that begins at position 0.
    pub const fn new(file: F) -> Self {
        Self { file, position: 0 }
    }

    /// Returns the file.
    pub const fn file(&self) -> &F {
        &self.file
    }

    /// Returns the position.
    pub const fn position(&self) -> u64 {
        self.position
    }

    fn seek_to(&mut self, to: SeekFrom) -> Result<u64, Error> {
        let moved = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.file.size()?.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let before_start = || Error::new(Call::Read, self.file.path(), Why::Failed);
        self.position = moved.ok_or_else(before_start)?;
        Ok(self.position)
    }
}

impl embedded_io::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self.why() {
            Why::Refused(Refusal::LookupFailed | Refusal::Unavailable) => ErrorKind::NotFound,
            Why::Refused(Refusal::PermissionDenied) => ErrorKind::PermissionDenied,
            Why::Refused(Refusal::NodeAlreadyExists) => ErrorKind::AlreadyExists,
            Why::Refused(Refusal::NoSpace | Refusal::OutOfRam) => ErrorKind::OutOfMemory,
            Why::Refused(_) | Why::Path(_) | Why::Kind => ErrorKind::InvalidInput,
            Why::Nonsense => ErrorKind::InvalidData,
            _ => ErrorKind::Other,
        }
    }
}

impl<F> ErrorType for StreamIo<F> {
    type Error = Error;
}

impl<F: Positioned> embedded_io_async::Read for StreamIo<F> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let read = self.file.read_at(self.position, into).await?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<F: Positioned> embedded_io_async::Write for StreamIo<F> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.file.write_at(self.position, bytes).await?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.file.sync().await
    }
}

impl<F: Positioned> embedded_io_async::Seek for StreamIo<F> {
    async fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.seek_to(to)
    }
}

impl<F: Positioned> embedded_io::Read for StreamIo<F> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let read = self.file.wait(self.file.read_at(self.position, into))?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<F: Positioned> embedded_io::Write for StreamIo<F> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.file.wait(self.file.write_at(self.position, bytes))?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.file.wait(self.file.sync())
    }
}

impl<F: Positioned> embedded_io::Seek for StreamIo<F> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.seek_to(to)
    }
}
