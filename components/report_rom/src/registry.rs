//! What was reported, by the label of the report session.

use alloc::{
    collections::BTreeMap,
    rc::{Rc, Weak},
    string::{String, ToString},
};
use core::cell::RefCell;

use genode::session::rom::Module;

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
        let module = Rc::new(Module::new());
        modules.insert(name.to_string(), Rc::downgrade(&module));
        module
    }
}
