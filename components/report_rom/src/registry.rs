//! What was reported, by the label of the report session.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    rc::{Rc, Weak},
    string::{String, ToString},
};
use core::cell::RefCell;

use genode::session::rom::Module;

/// All modules that somebody writes or reads.
#[derive(Default)]
pub(crate) struct Registry {
    modules: RefCell<BTreeMap<String, Weak<Module>>>,
    /// Names of those that somebody writes.
    written: RefCell<BTreeSet<String>>,
}

/// The right to write a module, which one session at a time has.
pub(crate) struct Ticket {
    name: String,
    registry: Rc<Registry>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.registry.written.borrow_mut().remove(&self.name);
    }
}

impl Registry {
    /// Hands out the right to write the module called `name`; `None` while another session has it.
    pub(crate) fn write(self: &Rc<Self>, name: &str) -> Option<Ticket> {
        let free = self.written.borrow_mut().insert(name.to_string());
        free.then(|| Ticket { name: name.to_string(), registry: self.clone() })
    }

    /// The module called `name`, which exists for as long as somebody holds it.
    pub(crate) fn module(&self, name: &str) -> Rc<Module> {
        let mut modules = self.modules.borrow_mut();
        if let Some(module) = modules.get(name).and_then(Weak::upgrade) {
            return module;
        }
        modules.retain(|_, module| module.strong_count() > 0);
        let module = Rc::new(Module::new());
        modules.insert(name.to_string(), Rc::downgrade(&module));
        module
    }
}
