//! Files as streams, for tasks and without them.

use embedded_io::{ErrorType, SeekFrom};
use genode::fs::{Call, Error, Why};

use crate::{file::File, system::wait};

/// A [`File`] with a position: reads and writes go on where the last one ended.
///
/// It is one for tasks by the traits of `embedded-io-async`, and for code without tasks by those of
/// `embedded-io`, which wait as [`Vfs::wait`](crate::Vfs::wait) does.
#[derive(Debug)]
pub struct Stream {
    file: File,
    position: u64,
}

impl Stream {
    pub(crate) const fn new(file: File) -> Self {
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

    fn seek_to(&mut self, to: SeekFrom) -> Result<u64, Error> {
        let moved = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.file.metadata()?.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = moved.ok_or_else(|| self.file.error(Call::Read)(Why::Failed))?;
        Ok(self.position)
    }
}

impl ErrorType for Stream {
    type Error = Error;
}

impl embedded_io_async::Read for Stream {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let read = self.file.read_at(self.position, into).await?;
        self.position += read as u64;
        Ok(read)
    }
}

impl embedded_io_async::Write for Stream {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.file.write_at(self.position, bytes).await?;
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.file.sync().await
    }
}

impl embedded_io_async::Seek for Stream {
    async fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.seek_to(to)
    }
}

impl embedded_io::Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        wait(self.file.waits(), embedded_io_async::Read::read(self, into))
    }
}

impl embedded_io::Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        wait(self.file.waits(), embedded_io_async::Write::write(self, bytes))
    }

    fn flush(&mut self) -> Result<(), Error> {
        wait(self.file.waits(), self.file.sync())
    }
}

impl embedded_io::Seek for Stream {
    fn seek(&mut self, to: SeekFrom) -> Result<u64, Error> {
        self.seek_to(to)
    }
}
