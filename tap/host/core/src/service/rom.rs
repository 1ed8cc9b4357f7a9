//! ROM: the modules of the boot directory as read-only dataspaces.
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;

use genode_host_proto::interface::rom;
use genode_wire::Cap;

use super::message::{Came, Response, Served};
use crate::fd;
use crate::nucleus::{CoreObject, Nucleus, ObjId};

/// Calls of a ROM session.
pub(super) type Call<'m> = rom::Call<Came<'m>>;

/// Largest module.
const MAX_MODULE: u64 = 1 << 31;

/// The boot modules; each is read when it is first asked for.
pub(crate) struct Modules {
    dir: PathBuf,
    by_name: HashMap<String, u64>,
    dataspaces: Vec<ObjId>,
}

impl Modules {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir, by_name: HashMap::new(), dataspaces: Vec::new() }
    }

    /// Add a module that is no file of the boot directory.
    pub(crate) fn add(&mut self, nucleus: &mut Nucleus, name: &str, bytes: &[u8]) {
        self.insert(nucleus, name, bytes);
    }

    fn insert(&mut self, nucleus: &mut Nucleus, name: &str, bytes: &[u8]) -> Option<u64> {
        let memory = fd::rom(name, bytes).ok()?;
        let size = bytes.len().next_multiple_of(genode_host_proto::PAGE) as u64;
        let object = nucleus
            .core_object_at(CoreObject::Dataspace { size, writeable: false }, memory)
            .ok()?;
        let id = self.dataspaces.len() as u64;
        self.dataspaces.push(object);
        self.by_name.insert(name.to_owned(), id);
        Some(id)
    }

    /// Number of the module `name`.
    pub(crate) fn find(&mut self, nucleus: &mut Nucleus, name: &str) -> Option<u64> {
        if let Some(id) = self.by_name.get(name) {
            return Some(*id);
        }
        // A module is a file of the directory, never a path.
        if name.is_empty() || name.contains(['/', '\0']) || name.starts_with('.') {
            return None;
        }
        let path = self.dir.join(name);
        let Ok(meta) = std::fs::metadata(&path) else {
            // The one module that core makes, when it is asked for: reading it takes a while.
            let text = (name == "machine").then(crate::machine::real_description).flatten()?;
            return self.insert(nucleus, name, text.as_bytes());
        };
        if !meta.is_file() || meta.len() > MAX_MODULE {
            return None;
        }
        let bytes = std::fs::read(&path).ok()?;
        self.insert(nucleus, name, &bytes)
    }

    /// Modules in use.
    pub(crate) fn count(&self) -> usize {
        self.dataspaces.len()
    }

    /// The dataspace of a module.
    pub(crate) fn dataspace(&self, nucleus: &Nucleus, module: u64) -> Option<Rc<OwnedFd>> {
        nucleus.capability(*self.dataspaces.get(module as usize)?)
    }

    pub(super) fn rom_call(
        &self,
        nucleus: &Nucleus,
        module: u64,
        call: &Call<'_>,
        response: &mut Response,
    ) -> Served {
        match *call {
            Call::Dataspace => response.put(&Cap(self.dataspace(nucleus, module))),
            // Boot modules never change: the handler is accepted and never called.
            Call::Update => response.put(&true),
            Call::Sigh { .. } => response.put(&()),
        }
    }
}
