//! Files as streams, for tasks and without them.

use embedded_io::{ErrorKind, ErrorType, SeekFrom};

use super::{
    error::{Call, Error, Why},
    file::File,
};
use crate::session::file_system::Refusal;

/// A [`File`] with a position: reads and writes go on where the last one ended.
///
/// It is one for tasks by the traits of `embedded-io-async`, and for code without tasks by those of
/// `embedded-io`, which wait as [`FileSystem::wait`](super::FileSystem::wait) does: handlers of I/O
/// signals run meanwhile, calls and other signals do not.
#[derive(Debug)]
pub struct StreamIo {
    file: File,
    position: u64,
}

impl StreamIo {
    pub(super) const fn new(file: File) -> Self {
        Self { file, position: 0 }
    }

    /// Returns the file.
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Returns the position.
    pub const fn position(&self) -> u64 {
        self.position
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

impl ErrorType for StreamIo {
    type Error = Error;
}

impl embedded_io_async::Read for StreamIo {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let read = self.file.read_at(self.position, into).await?;
        self.position += read as u64;
        Ok(read)
    }
}

impl embedded_io_async::Write for StreamIo {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.file.write_at(self.position, bytes).await?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.file.sync().await
    }
}

impl StreamIo {
    fn seek_to(&mut self, to: SeekFrom) -> Result<u64, Error> {
        let moved = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.file.metadata()?.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let before_start = Error::new(Call::Read, self.file.path(), Why::Failed);
        self.position = moved.ok_or(before_start)?;
        Ok(self.position)
    }
}

impl embedded_io_async::Seek for StreamIo {
    async fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.seek_to(to)
    }
}

impl embedded_io::Read for StreamIo {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let fs = self.file.file_system().clone();
        fs.wait(embedded_io_async::Read::read(self, into))
    }
}

impl embedded_io::Write for StreamIo {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let fs = self.file.file_system().clone();
        fs.wait(embedded_io_async::Write::write(self, bytes))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.file.file_system().wait(self.file.sync())
    }
}

impl embedded_io::Seek for StreamIo {
    fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.seek_to(to)
    }
}
