//! A session that reports, and the file that has its last report.

use alloc::{string::String, vec::Vec};

use genode::{
    dataspace::{Dataspace, PAGE_SIZE, SharedRam},
    fs::{self, FileSystem, Mode, Refusal},
    prelude::*,
    root::{Refused, SessionRequest},
    session::{file_system::Path, report::ReportSession},
    signal::SignalContext,
};

/// Makes a path of a label: its elements are directories, the last one is the file.
fn path_of(label: &str) -> String {
    let mut path = String::new();
    for element in label.split(" -> ") {
        path.push('/');
        path.push_str(element);
    }
    path
}

pub(crate) struct Session {
    fs: FileSystem,
    path: String,
    buffer: SharedRam,
    /// The last report was not written, and that was told.
    failed: bool,
}

impl Session {
    /// Opens a session for reports of as many bytes as its argument `buffer_size` says, which the
    /// client must have donated.
    pub(crate) fn open(fs: &FileSystem, request: &SessionRequest<'_>) -> Result<Self, Refused> {
        let label = request.label();
        let denied = |why: &dyn core::fmt::Display| {
            warning!("report session of '{label}' denied: {why}");
            Refused::Denied
        };
        let path = path_of(label);
        Path::new(path.as_bytes()).map_err(|error| denied(&error))?;
        let size = request.args().u64("buffer_size", 0);
        let size = size.checked_next_multiple_of(PAGE_SIZE as u64).filter(|&size| size > 0);
        let size = size.ok_or_else(|| denied(&"it asks for a buffer of no bytes"))?;
        if request.ram().0 < size {
            return Err(Refused::InsufficientRam);
        }
        let buffer = SharedRam::new(usize::try_from(size).map_err(|_| Refused::Denied)?)?;
        Ok(Self { fs: fs.clone(), path, buffer, failed: false })
    }

    /// Replaces the file's content; those who watch it are told once it is complete.
    fn write(&self, report: &[u8]) -> Result<(), fs::Error> {
        let file = match self.fs.open_file(&self.path, Mode::WRITE) {
            Err(error) if error.refusal() == Some(Refusal::LookupFailed) => {
                let directory = self.path.rfind('/').map_or("", |end| &self.path[..end]);
                if !directory.is_empty() {
                    self.fs.create_dir_all(directory)?;
                }
                self.fs.create(&self.path)?
            }
            other => other?,
        };
        if file.metadata()?.size != report.len() as u64 {
            file.truncate(report.len() as u64)?;
        }
        self.fs.wait(async {
            file.write_at(0, report).await?;
            file.sync().await
        })
    }
}

impl ReportSession for Session {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.buffer.cap().clone()
    }

    fn submit(&mut self, length: usize) {
        let length = length.min(self.buffer.size());
        let mut report = Vec::new();
        if report.try_reserve_exact(length).is_err() {
            return warning!("report '{}' of {length} bytes dropped: no RAM for it", self.path);
        }
        report.resize(length, 0);
        let written = self
            .buffer
            .read(0, &mut report)
            .map_err(|error| fs::Error::new(fs::Call::Read, &self.path, error))
            .and_then(|()| self.write(&report));
        match written {
            Ok(()) => self.failed = false,
            // Once, until it works again.
            Err(error) => {
                if !core::mem::replace(&mut self.failed, true) {
                    warning!("a report is lost: {error}");
                }
            }
        }
    }

    // Nobody answers reports.
    fn response_sigh(&mut self, _: Capability<SignalContext>) {}

    fn obtain_response(&mut self) -> usize {
        0
    }
}
