//! Files as streams, for tasks and without them.

use core::future::Future;

use genode::fs::{Error, Positioned, StreamIo};

use crate::{file::File, system::wait};

/// A [`File`] with a position. Without tasks it waits as [`Vfs::wait`](crate::Vfs::wait) does.
pub type Stream = StreamIo<File>;

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
        wait(self.waits(), future)
    }
}
