//! A ROM session: the content of one file, and news of its changes.

use alloc::{
    format,
    rc::{Rc, Weak},
    string::String,
};
use core::{
    cell::{Cell, RefCell},
    fmt,
};

use genode::{
    dataspace::{Dataspace, SharedRam},
    fs::{self, FileSystem, Mode, NodeType, Refusal, Watch, Why},
    prelude::*,
    session::{file_system::Path, rom::RomSession},
    signal::{SignalContext, Transmitter},
    task::Tasks,
};

/// Bytes that are read at once.
const PIECE: usize = 16 << 10;

/// State that a session shares with the task that watches its file.
struct File {
    fs: FileSystem,
    path: String,
    client: RefCell<Transmitter>,
    /// Number of the content that the file has, and of that which the client has.
    current: Cell<u64>,
    delivered: Cell<u64>,
}

impl File {
    fn notify(&self) {
        if self.current.get() != self.delivered.get() {
            self.client.borrow().submit();
        }
    }

    /// Watches the file, or the nearest directory above it that is there. Tells whether it is the
    /// file.
    fn watch(&self) -> Result<(Watch, bool), fs::Error> {
        let mut path = self.path.as_str();
        loop {
            match self.fs.watch(path) {
                Ok(watch) => return Ok((watch, path.len() == self.path.len())),
                Err(error) if error.refusal() == Some(Refusal::LookupFailed) && path != "/" => {
                    let end = path.rfind('/').unwrap_or(0).max(1);
                    path = &path[..end];
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Follows a file for as long as its session is open.
///
/// It watches the file anew after each change, since another file may have taken the name, and
/// looks whether there is one before it waits: what came between looking and watching is not
/// missed.
async fn follow(file: Weak<File>) {
    let mut known = None;
    loop {
        let Some(strong) = file.upgrade() else { return };
        let (watch, is_file) = match strong.watch() {
            Ok(watch) => watch,
            // A server that does not watch: the content is what it is when the client asks.
            Err(error) => return warning!("changes of '{}' are not seen: {error}", strong.path),
        };
        let there = strong.fs.metadata(&strong.path).ok().map(|status| status.inode);
        if known.is_some_and(|known| known != there) {
            strong.current.set(strong.current.get() + 1);
            strong.notify();
        }
        known = Some(there);
        drop(strong);
        if let Err(error) = watch.changed().await {
            return warning!("changes are not seen any more: {error}");
        }
        let Some(strong) = file.upgrade() else { return };
        if is_file {
            strong.current.set(strong.current.get() + 1);
            strong.notify();
        }
    }
}

/// A session that reads one file.
pub(crate) struct Session {
    file: Rc<File>,
    dataspace: Option<SharedRam>,
    /// Bytes of the dataspace that hold content.
    filled: usize,
}

/// Why a content is not handed out.
enum Unread {
    /// There is no such file, or nothing in it.
    Nothing,
    /// It could not be read.
    Failed,
}

impl Session {
    /// Opens a session for the file called `name`, a path below the root directory.
    pub(crate) fn open(
        fs: &FileSystem,
        tasks: &Tasks,
        name: &str,
    ) -> Result<Self, impl fmt::Display + use<>> {
        let path = format!("/{}", name.trim_start_matches('/'));
        Path::new(path.as_bytes())?;
        let file = Rc::new(File {
            fs: fs.clone(),
            path,
            client: RefCell::default(),
            current: Cell::new(1),
            delivered: Cell::new(1),
        });
        tasks.spawn(follow(Rc::downgrade(&file)));
        Ok::<_, genode::session::file_system::PathError>(Self { file, dataspace: None, filled: 0 })
    }

    /// Reads the file into the dataspace; into a new one if it does not fit and `replace` says so.
    ///
    /// Tells whether the client's dataspace has the content.
    fn read(&mut self, replace: bool) -> Result<bool, Unread> {
        let File { fs, path, current, delivered, .. } = &*self.file;
        let version = current.get();
        let tell = |error: fs::Error| {
            if error.refusal() == Some(Refusal::LookupFailed) {
                return Unread::Nothing;
            }
            warning!("{error}");
            Unread::Failed
        };
        let file = fs.open_file(path, Mode::READ).map_err(tell)?;
        let status = file.metadata().map_err(tell)?;
        let size = usize::try_from(status.size).map_err(|_| Unread::Failed)?;
        if status.kind == NodeType::Directory || size == 0 {
            return Err(Unread::Nothing);
        }
        if self.dataspace.as_ref().is_none_or(|dataspace| dataspace.size() < size) {
            if !replace {
                return Ok(false);
            }
            self.dataspace = None;
            self.filled = 0;
            let made = SharedRam::new(size).inspect_err(|error| {
                warning!("'{path}' of {size} bytes is not handed out: {error}");
            });
            self.dataspace = Some(made.map_err(|_| Unread::Failed)?);
        }
        let Some(dataspace) = &self.dataspace else { return Err(Unread::Failed) };
        let mut piece = [0; PIECE];
        let copied = fs.wait(async {
            let mut done = 0;
            while done < size {
                let part = &mut piece[..(size - done).min(PIECE)];
                let read = file.read_at(done as u64, part).await?;
                let copied = dataspace.write(done, &part[..read]);
                copied.map_err(|error| fs::Error::new(fs::Call::Read, path, Why::System(error)))?;
                done += read;
                if read == 0 {
                    break;
                }
            }
            Ok(done)
        });
        let size = copied.map_err(tell)?;
        let _ = dataspace.clear(size, self.filled.saturating_sub(size));
        self.filled = size;
        delivered.set(version);
        Ok(true)
    }
}

impl RomSession for Session {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        let version = self.file.current.get();
        match self.read(true) {
            Ok(_) => self.dataspace.as_ref().map_or(Capability::INVALID, |ds| ds.cap().clone()),
            Err(why) => {
                self.dataspace = None;
                self.filled = 0;
                if matches!(why, Unread::Nothing) {
                    self.file.delivered.set(version);
                }
                Capability::INVALID
            }
        }
    }

    fn update(&mut self) -> bool {
        self.read(false).unwrap_or(false)
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        *self.file.client.borrow_mut() = Transmitter::new(context);
        self.file.notify();
    }
}
