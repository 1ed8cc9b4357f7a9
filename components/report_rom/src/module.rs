//! What was reported, by the label of the report session.

use alloc::{
    collections::BTreeMap,
    rc::{Rc, Weak},
    string::{String, ToString},
    vec::Vec,
};
use core::cell::{Cell, RefCell};

use genode::signal::Transmitter;

/// A report as its readers see it.
#[derive(Default)]
pub(crate) struct Module {
    content: RefCell<Vec<u8>>,
    readers: RefCell<Vec<Weak<Notify>>>,
}

/// A reader that wants to be told of changes.
#[derive(Default)]
pub(crate) struct Notify {
    transmitter: RefCell<Transmitter>,
    /// Version of the content, and the one that the reader has.
    current: Cell<u64>,
    delivered: Cell<u64>,
}

impl Notify {
    /// Whom to tell; told at once if something changed since the reader last looked.
    pub(crate) fn sigh(&self, transmitter: Transmitter) {
        *self.transmitter.borrow_mut() = transmitter;
        self.submit();
    }

    /// The reader has the current content.
    pub(crate) fn delivered(&self) {
        self.delivered.set(self.current.get());
    }

    fn changed(&self) {
        self.current.set(self.current.get() + 1);
        self.submit();
    }

    fn submit(&self) {
        if self.current.get() != self.delivered.get() {
            self.transmitter.borrow().submit();
        }
    }
}

impl Module {
    /// Replaces the content by `len` bytes that `copy` writes, and tells the readers. False if there is no
    /// memory for it; then it stays as it was.
    pub(crate) fn write(&self, len: usize, copy: impl FnOnce(&mut [u8]) -> bool) -> bool {
        let mut content = Vec::new();
        if content.try_reserve_exact(len).is_err() {
            return false;
        }
        content.resize(len, 0);
        if !copy(&mut content) {
            return false;
        }
        *self.content.borrow_mut() = content;
        let mut readers = self.readers.borrow_mut();
        readers.retain(|reader| reader.upgrade().inspect(|reader| reader.changed()).is_some());
        true
    }

    /// Forgets the content: whoever reported it is gone.
    pub(crate) fn clear(&self) {
        *self.content.borrow_mut() = Vec::new();
    }

    /// Size of the content in bytes.
    pub(crate) fn size(&self) -> usize {
        self.content.borrow().len()
    }

    /// Calls `f` with the content.
    pub(crate) fn read<T>(&self, f: impl FnOnce(&[u8]) -> T) -> T {
        f(&self.content.borrow())
    }

    /// Adds a reader, told of changes for as long as the result lives.
    pub(crate) fn subscribe(&self) -> Rc<Notify> {
        let reader = Rc::new(Notify::default());
        if self.size() > 0 {
            reader.current.set(1);
        }
        let mut readers = self.readers.borrow_mut();
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Rc::downgrade(&reader));
        reader
    }
}

/// All modules that somebody writes or reads.
#[derive(Default)]
pub(crate) struct Registry(RefCell<BTreeMap<String, Weak<Module>>>);

impl Registry {
    /// The module called `name`, which exists for as long as somebody holds it.
    pub(crate) fn module(&self, name: &str) -> Rc<Module> {
        let mut modules = self.0.borrow_mut();
        if let Some(module) = modules.get(name).and_then(Weak::upgrade) {
            return module;
        }
        modules.retain(|_, module| module.strong_count() > 0);
        let module = Rc::new(Module::default());
        modules.insert(name.to_string(), Rc::downgrade(&module));
        module
    }
}
