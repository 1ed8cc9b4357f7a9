//! rs_topology_firmware: core and firmware of another machine, for tests of those who read ACPI tables.
//!
//! ```xml
//! <config>
//!   <memory machine="two-nodes" damage="srat-checksum"/>
//!   <rom name="platform_info"> <platform_info> <kernel name="hw"/> ... </platform_info> </rom>
//!   <rom name="tip" page="two-nodes"/>
//!   <rom name="config"> <config source="acpi"/> </rom>
//! </config>
//! ```
//!
//! Its IO_MEM sessions show tables that an emulated machine's firmware has made, at the addresses where they were
//! (`topology/tests/fixtures`), whole or with one damage (`damage.rs` lists them). As core does, it lends a page once at
//! a time, and nothing that is not there. ROMs follow its configuration, in their order: a server whose own `config`
//! comes last finds memory and `platform_info` changed when it looks.
#![no_std]
#![no_main]

extern crate alloc;

mod damage;
mod memory;
mod tables;

use alloc::{
    collections::BTreeMap,
    format,
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::cell::RefCell;

use genode::{
    label::Label,
    node::{Node, Syntax},
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::{
        io_mem::IoMemSession,
        rom::{Module, ModuleSession, RomConnection, RomSession},
    },
};
use memory::{Lent, Memory};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 1 << 20;

/// The topology page as the fork's own header writes it.
const PAGE: &[u8] = include_bytes!("../../../../../topology/tests/fixtures/tip/two-nodes.bin");

type Modules = Rc<RefCell<BTreeMap<String, Rc<Module>>>>;

/// Takes over a configuration.
fn apply(
    rom: &mut RomConnection,
    memory: &RefCell<Memory>,
    modules: &Modules,
) -> Result<(), String> {
    let config = rom.read(MAX_CONFIG).map_err(|error| error.to_string())?;
    let config = Node::parse(&config).map_err(|error| error.to_string())?;
    if let Some(node) = config.child("memory") {
        memory.borrow_mut().load(node)?;
    }
    for rom in config.children_of("rom") {
        let name = rom.attr("name").ok_or("a <rom> needs a name")?;
        let bytes: Vec<u8> = match (rom.attr("page"), rom.children().first()) {
            (Some("two-nodes"), _) => PAGE.to_vec(),
            // as of a kernel that was interrupted: the page says that it is longer
            (Some("cut"), _) => PAGE.get(..1300).unwrap_or(PAGE).to_vec(),
            (None, Some(node)) => {
                node.write(Syntax::Xml).map_err(|error| error.to_string())?.into()
            }
            _ => {
                return Err(format!(
                    "{}: a <rom> needs a node in it, or page=\"two-nodes\"",
                    rom.pos()
                ));
            }
        };
        let module = modules.borrow_mut().entry(name.to_string()).or_default().clone();
        let write = |buffer: &mut [u8]| {
            buffer.copy_from_slice(&bytes);
            Ok(())
        };
        module.write(bytes.len(), write).map_err(|error| format!("ROM {name}: {error}"))?;
    }
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(Root, SignalHandler), String> {
    let explain = |error| format!("cannot start: {error}");
    let mut rom = RomConnection::open(env, "config").map_err(explain)?;
    let memory = Rc::new(RefCell::new(Memory::default()));
    let modules = Modules::default();
    apply(&mut rom, &memory, &modules).map_err(|error| format!("config: {error}"))?;

    let rom = Rc::new(RefCell::new(rom));
    let changed = SignalHandler::new(env.ep(), {
        let (rom, memory, modules) = (rom.clone(), memory.clone(), modules.clone());
        move |_| {
            if let Err(error) = apply(&mut rom.borrow_mut(), &memory, &modules) {
                error!("config: {error}");
            }
        }
    })
    .map_err(explain)?;
    rom.borrow().sigh(changed.cap()).map_err(explain)?;

    let mut root = Root::new(env).map_err(explain)?;
    root.serve::<dyn RomSession, _>(move |request: &SessionRequest<'_>| {
        let label = Label::new(request.label()).map_err(|_| Refused::Denied)?;
        let module = modules.borrow().get(label.last_element()).cloned();
        module.map(|module| ModuleSession::new(&module)).ok_or(Refused::Denied)
    })
    .map_err(explain)?;
    root.serve::<dyn IoMemSession, _>(move |request: &SessionRequest<'_>| {
        let argument = |name| request.args().u64(name, 0);
        Lent::new(&memory, argument("base"), argument("size"))
    })
    .map_err(explain)?;
    Ok((root, changed))
}
