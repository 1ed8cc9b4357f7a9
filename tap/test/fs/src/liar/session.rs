//! Calls of a session: every name is a file's, and nothing else can be done.

use genode::{
    cap::Capability,
    packet_stream::TxChannel,
    session::file_system::{
        Control, DirError, DirHandle, FileHandle, FileSystemSession, HandleError, Mode, MoveError,
        NameBuf, NodeError, NodeHandle, OpenError, PathBuf, Status, StatusError, SymlinkHandle,
        TruncateError, UnlinkError, WatchError, WatchHandle,
    },
};

use crate::Session;

impl Session {
    fn open(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }
}

impl FileSystemSession for Session {
    fn tx(&mut self) -> Capability<dyn TxChannel> {
        self.stream.cap()
    }

    fn file(
        &mut self,
        _: DirHandle,
        _: NameBuf<'_>,
        _: Mode,
        _: bool,
    ) -> Result<FileHandle, OpenError> {
        Ok(FileHandle(self.open()))
    }

    fn symlink(
        &mut self,
        _: DirHandle,
        _: NameBuf<'_>,
        _: bool,
    ) -> Result<SymlinkHandle, OpenError> {
        Err(OpenError::PermissionDenied)
    }

    fn dir(&mut self, _: PathBuf<'_>, _: bool) -> Result<DirHandle, DirError> {
        Ok(DirHandle(self.open()))
    }

    fn node(&mut self, _: PathBuf<'_>) -> Result<NodeHandle, NodeError> {
        Err(NodeError::LookupFailed)
    }

    fn watch(&mut self, _: PathBuf<'_>) -> Result<WatchHandle, WatchError> {
        Ok(WatchHandle(self.open()))
    }

    fn close(&mut self, _: NodeHandle) -> Result<(), HandleError> {
        Ok(())
    }

    fn status(&mut self, _: NodeHandle) -> Result<Status, StatusError> {
        Err(StatusError::Unavailable)
    }

    fn control(&mut self, _: NodeHandle, _: Control) -> Result<(), StatusError> {
        Err(StatusError::Unavailable)
    }

    fn unlink(&mut self, _: DirHandle, _: NameBuf<'_>) -> Result<(), UnlinkError> {
        Err(UnlinkError::PermissionDenied)
    }

    fn truncate(&mut self, _: FileHandle, _: u64) -> Result<(), TruncateError> {
        Err(TruncateError::PermissionDenied)
    }

    fn rename(
        &mut self,
        _: DirHandle,
        _: NameBuf<'_>,
        _: DirHandle,
        _: NameBuf<'_>,
    ) -> Result<(), MoveError> {
        Err(MoveError::PermissionDenied)
    }

    fn num_entries(&mut self, _: DirHandle) -> Result<u32, HandleError> {
        Ok(u32::MAX)
    }
}
