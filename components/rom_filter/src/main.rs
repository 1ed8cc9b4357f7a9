//! rs_rom_filter: offers a ROM module that is made from the content of other ROM modules.
//!
//! ```xml
//! <config>
//!   <input name="color" rom="xray" node="xray" default="transparent">
//!     <node type="style"> <attribute name="color"/> </node>
//!   </input>
//!   <output node="config"> <attribute name="color" input="color"/> </output>
//! </config>
//! ```
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{
    collections::BTreeMap,
    rc::Rc,
    string::{String, ToString},
};
use core::{cell::RefCell, fmt};

use genode::{
    node::{Node, Syntax},
    prelude::*,
    root::{Refused, Root, SessionRequest},
    session::rom::{Module, ModuleSession, NodeError, RomConnection, RomSession},
    signal::SignalContext,
};
use rom_filter::{Modules, generate, roms};

/// Largest content that is read, of the configuration and of each input, in bytes.
const MAX: usize = 1 << 20;

/// A ROM module that inputs are taken from.
struct Input {
    rom: RomConnection,
    content: Option<Node>,
    /// The last complaint, which is not made twice.
    told: Option<NodeError>,
}

impl Input {
    fn read(&mut self, name: &str) {
        let (content, error) = match read(&mut self.rom) {
            Ok(content) => (content, None),
            Err(error) => (None, Some(error)),
        };
        if let Some(error) = error.filter(|error| self.told != Some(*error)) {
            warning!("input ROM \"{name}\": {error}; it is taken as empty");
        }
        (self.content, self.told) = (content, error);
    }
}

/// Returns the content of a ROM module as a node; `None` if it is empty.
fn read(rom: &mut RomConnection) -> Result<Option<Node>, NodeError> {
    let text = rom.read(MAX)?;
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(Node::parse(&text)?))
}

struct Inputs(BTreeMap<String, Input>);

impl Modules for Inputs {
    fn content(&self, rom: &str) -> Option<&Node> {
        self.0.get(rom)?.content.as_ref()
    }
}

impl Inputs {
    /// Opens what the configuration names and closes what it does not name any more. What stays
    /// keeps its session.
    fn configure(&mut self, env: Env, config: &Node, changed: &Capability<SignalContext>) {
        self.0.retain(|name, _| roms(config).any(|rom| rom == name));
        for name in roms(config) {
            if self.0.contains_key(name) {
                continue;
            }
            let opened = RomConnection::open(env, name).and_then(|rom| {
                rom.sigh(changed)?;
                Ok(rom)
            });
            match opened {
                Ok(rom) => {
                    let input = Input { rom, content: None, told: None };
                    self.0.insert(name.to_string(), input);
                }
                Err(error) => warning!("input ROM \"{name}\": {error}; it is taken as empty"),
            }
        }
    }
}

struct Filter {
    config: Node,
    syntax: Syntax,
    inputs: Inputs,
    output: Rc<Module>,
}

impl Filter {
    /// Reads all inputs and makes the output anew. Clients are told also if it is as it was, as
    /// Genode's rom_filter does.
    fn update(&mut self) {
        for (name, input) in &mut self.inputs.0 {
            input.read(name);
        }
        let verbose = self.config.attr_or("verbose", false);
        let made = generate(&self.config, &self.inputs, &mut |unknown| {
            if verbose {
                warning!("{unknown}");
            }
        });
        let written = match made {
            Ok(node) => node.write(self.syntax).map_err(Failed::of).and_then(|text| {
                self.output.write(text.len(), |to| {
                    to.copy_from_slice(text.as_bytes());
                    Ok(())
                })?;
                Ok(())
            }),
            Err(none) => Err(Failed::of(none)),
        };
        if let Err(Failed(why)) = written {
            warning!("the output stays as it was: {why}");
        }
    }
}

/// Why there is no new output, in words.
struct Failed(String);

impl Failed {
    fn of(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::of(error)
    }
}

#[genode::component]
fn main(env: Env) -> Result<(Root, SignalHandler, SignalHandler), Error> {
    let output = Rc::new(Module::new());
    let filter = Rc::new(RefCell::new(Filter {
        config: Node::new("config"),
        syntax: Syntax::Xml,
        inputs: Inputs(BTreeMap::new()),
        output: output.clone(),
    }));
    let inputs = SignalHandler::new(env.ep(), {
        let filter = filter.clone();
        move |_| filter.borrow_mut().update()
    })?;
    let rom = Rc::new(RefCell::new(RomConnection::open(env, "config")?));
    let configure = {
        let (rom, changed) = (rom.clone(), inputs.cap().clone());
        move || {
            let filter = &mut *filter.borrow_mut();
            let text = match rom.borrow_mut().read(MAX) {
                Ok(text) => text,
                Err(error) => return warning!("config: {error}; it is taken as it was"),
            };
            match Node::parse(&text) {
                Ok(config) => {
                    filter.syntax = Node::syntax_of(&text);
                    filter.inputs.configure(env, &config, &changed);
                    filter.config = config;
                    filter.update();
                }
                Err(error) => warning!("config: {error}; it is taken as it was"),
            }
        }
    };
    configure();
    let config = SignalHandler::new(env.ep(), move |_| configure())?;
    rom.borrow().sigh(config.cap())?;

    let mut root = Root::new(env)?;
    // The module that a client asks for is not looked at: there is one.
    root.serve::<dyn RomSession, _>(move |_: &SessionRequest<'_>| {
        Ok::<_, Refused>(ModuleSession::new(&output))
    })?;
    Ok((root, inputs, config))
}
