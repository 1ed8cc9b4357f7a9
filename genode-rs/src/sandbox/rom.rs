//! The ROM `config` of a child, made of the inline configuration in its start node.

use alloc::rc::Rc;
use core::cell::RefCell;

use super::backend::ConfigRom;
use crate::{
    cap::{Capability, RawCap},
    dataspace::{Dataspace, SharedRam},
    entrypoint::Entrypoint,
    error::Error,
    node::{Node, Syntax},
    rpc::Object,
    session::rom::RomSession,
    signal::{SignalContext, Transmitter},
};

/// What the session's server and its owner share.
struct State {
    text: alloc::string::String,
    /// None until the child asks for it: one that never does costs no dataspace.
    memory: Option<SharedRam>,
    watcher: Transmitter,
}

/// One session that all get who ask for the ROM.
pub(super) struct InlineConfig {
    state: Rc<RefCell<State>>,
    object: Object<dyn RomSession, Server>,
    syntax: Syntax,
}

struct Server(Rc<RefCell<State>>);

/// The text of `content` as a node `config`; in XML where the syntax cannot express it, readers take either.
fn text_of(content: &Node, syntax: Syntax) -> Result<alloc::string::String, Error> {
    let node = content.clone().retagged("config");
    let written = node.write(syntax).or_else(|_| node.write(Syntax::Xml));
    written.map_err(|e| {
        crate::error!("inline config cannot be handed out: {e}");
        Error::Invalid
    })
}

impl State {
    /// Whether the text fits the memory with a zero behind it; then it is there.
    fn store(&mut self) -> bool {
        let Some(memory) = &mut self.memory else { return false };
        let Some(rest) = memory.size().checked_sub(self.text.len()).filter(|r| *r > 0) else {
            return false;
        };
        let stored = memory.write(0, self.text.as_bytes());
        stored.and_then(|()| memory.clear(self.text.len(), rest)).is_ok()
    }
}

impl InlineConfig {
    pub(super) fn new(ep: Entrypoint, content: &Node, syntax: Syntax) -> Result<Self, Error> {
        let text = text_of(content, syntax)?;
        let state = State { text, memory: None, watcher: Transmitter::default() };
        let state = Rc::new(RefCell::new(state));
        let object = Object::new(ep, Server(state.clone()))?;
        Ok(Self { state, object, syntax })
    }
}

impl ConfigRom for InlineConfig {
    fn cap(&self) -> RawCap {
        self.object.cap().raw().clone()
    }

    fn set(&self, content: &Node) {
        // it becomes visible when the child asks for it, so that it never reads half of each
        if let (Ok(text), Ok(mut state)) =
            (text_of(content, self.syntax), self.state.try_borrow_mut())
        {
            state.text = text;
            state.watcher.submit();
        }
    }
}

impl RomSession for Server {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        let Ok(mut state) = self.0.try_borrow_mut() else { return Capability::INVALID };
        if !state.store() {
            match SharedRam::new(state.text.len() + 1) {
                Ok(memory) => state.memory = Some(memory),
                Err(e) => {
                    crate::error!("no memory for an inline config: {e}");
                    return Capability::INVALID;
                }
            }
            state.store();
        }
        state.memory.as_ref().map_or(Capability::INVALID, |memory| memory.cap().clone())
    }

    fn update(&mut self) -> bool {
        self.0.try_borrow_mut().is_ok_and(|mut state| state.store())
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        if let Ok(mut state) = self.0.try_borrow_mut() {
            state.watcher = Transmitter::new(context);
        }
    }
}
