//! ROM modules of a server: content that may change, and sessions that read it.

use alloc::{
    rc::{Rc, Weak},
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use super::client::RomSession;
use crate::{
    cap::Capability,
    dataspace::{Dataspace, SharedRam},
    error::Error,
    signal::{SignalContext, Transmitter},
};

/// Content that a server offers as ROM, and everybody who reads it.
///
/// Share it by `Rc`: the server writes, each [`ModuleSession`] reads.
#[derive(Debug, Default)]
pub struct Module {
    content: RefCell<Vec<u8>>,
    readers: RefCell<Vec<Weak<Reader>>>,
}

/// What the module and one session share.
#[derive(Debug, Default)]
struct Reader {
    transmitter: RefCell<Transmitter>,
    /// Version of the content, and the one that the reader has.
    current: Cell<u64>,
    delivered: Cell<u64>,
}

impl Reader {
    fn changed(&self) {
        self.current.set(self.current.get() + 1);
        self.notify();
    }

    fn notify(&self) {
        if self.current.get() != self.delivered.get() {
            self.transmitter.borrow().submit();
        }
    }
}

impl Module {
    /// A module without content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the content by `len` bytes that `fill` writes, and tells the readers.
    ///
    /// # Errors
    /// [`Error::OutOfRam`] when there is no memory for it, or what `fill` says; the content stays as it was.
    pub fn write(
        &self,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut content = Vec::new();
        content.try_reserve_exact(len).map_err(|_| Error::OutOfRam)?;
        content.resize(len, 0);
        fill(&mut content)?;
        *self.content.borrow_mut() = content;
        self.readers
            .borrow_mut()
            .retain(|reader| reader.upgrade().inspect(|reader| reader.changed()).is_some());
        Ok(())
    }

    /// Forgets the content, silently: readers find out when they next look.
    pub fn clear(&self) {
        *self.content.borrow_mut() = Vec::new();
    }

    /// Size of the content in bytes.
    pub fn size(&self) -> usize {
        self.content.borrow().len()
    }

    /// Calls `read` with the content.
    pub fn read<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&self.content.borrow())
    }
}

/// A ROM session that reads a [`Module`], for use with [`Root::serve`](crate::root::Root::serve).
///
/// Each session has a dataspace of its own, so that readers cannot disturb each other.
#[derive(Debug)]
#[must_use = "it is read once it is served"]
pub struct ModuleSession {
    module: Rc<Module>,
    reader: Rc<Reader>,
    dataspace: Option<SharedRam>,
    /// Bytes of the dataspace that hold content.
    filled: usize,
}

impl ModuleSession {
    /// A session that reads `module`.
    pub fn new(module: &Rc<Module>) -> Self {
        let reader = Rc::new(Reader::default());
        if module.size() > 0 {
            reader.current.set(1);
        }
        let mut readers = module.readers.borrow_mut();
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Rc::downgrade(&reader));
        Self { module: module.clone(), reader, dataspace: None, filled: 0 }
    }

    /// Copies the content to the start of the dataspace and clears what was there before.
    fn fill(&mut self) -> Result<(), Error> {
        let Some(dataspace) = &self.dataspace else { return Ok(()) };
        let size =
            self.module.read(|content| dataspace.write(0, content).map(|()| content.len()))?;
        dataspace.clear(size, self.filled.saturating_sub(size))?;
        self.filled = size;
        self.reader.delivered.set(self.reader.current.get());
        Ok(())
    }
}

impl RomSession for ModuleSession {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.dataspace = None;
        self.filled = 0;
        if self.module.size() == 0 {
            self.reader.delivered.set(self.reader.current.get());
            return Capability::INVALID;
        }
        // A byte more, so that text ends with a zero.
        match SharedRam::new(self.module.size() + 1) {
            Ok(dataspace) => self.dataspace = Some(dataspace),
            Err(error) => {
                warning!("a ROM of {} bytes cannot be handed out: {error}", self.module.size());
                return Capability::INVALID;
            }
        }
        match (self.fill(), &self.dataspace) {
            (Ok(()), Some(dataspace)) => dataspace.cap().clone(),
            _ => Capability::INVALID,
        }
    }

    fn update(&mut self) -> bool {
        match &self.dataspace {
            Some(dataspace) if self.module.size() < dataspace.size() => self.fill().is_ok(),
            _ => false,
        }
    }

    /// Tells at once if the content changed since the reader last looked, so that no change goes unnoticed
    /// between opening the session and installing the handler.
    fn sigh(&mut self, context: Capability<SignalContext>) {
        *self.reader.transmitter.borrow_mut() = Transmitter::new(context);
        self.reader.notify();
    }
}
