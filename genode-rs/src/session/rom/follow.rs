//! Following a ROM: what it says as a value, now and after each change.

use alloc::{
    rc::Rc,
    string::{String, ToString},
    vec::Vec,
};
use core::{cell::RefCell, fmt};

use super::client::{DEFAULT_MAX, NodeError, RomConnection};
use crate::{env::Env, error::Error, node::Node, signal::SignalHandler};

/// A ROM by name, which is opened when it is read or followed. Made by [`Env::config`] and [`Env::rom`].
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is read before `read` or `on_change`"]
pub struct Source<'a> {
    env: Env,
    name: &'a str,
    max: usize,
}

impl<'a> Source<'a> {
    pub(crate) const fn new(env: Env, name: &'a str) -> Self {
        Self { env, name, max: DEFAULT_MAX }
    }

    /// Takes content of at most `bytes`, instead of 1 MiB: another component chooses it.
    pub const fn max(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }

    /// Reads the content once.
    ///
    /// # Errors
    /// As [`RomConnection::open`] and [`RomConnection::read_node`].
    pub fn read(self) -> Result<Node, NodeError> {
        RomConnection::open(self.env, self.name)?.read_node(self.max)
    }

    /// Calls `changed` with what the ROM says: now, and whenever that changes. It gets the value before, if there is one,
    /// and the new one. A [`Node`] is a value; others are made of one by `TryFrom<&Node>`.
    ///
    /// Content that is malformed, too large, or no `T` is logged as a warning and changes nothing. Neither does a ROM
    /// without content, nor a signal without a change. `changed` runs on the entrypoint, between its other work.
    ///
    /// # Errors
    /// What opening the ROM says. A ROM that cannot be read is a warning, since it may change.
    pub fn on_change<T>(
        self,
        changed: impl FnMut(Option<&T>, &T) + 'static,
    ) -> Result<Following, Error>
    where
        T: for<'n> TryFrom<&'n Node> + 'static,
        for<'n> <T as TryFrom<&'n Node>>::Error: fmt::Display,
    {
        let rom = RomConnection::open(self.env, self.name)?;
        let name: Rc<str> = self.name.into();
        let state = Rc::new(RefCell::new((rom, Followed::new(changed))));
        let look = {
            let state = state.clone();
            move || {
                // Busy only if `changed` waits for I/O signals: this handler is none.
                let Ok(mut state) = state.try_borrow_mut() else { return };
                let (rom, followed) = &mut *state;
                let result = match rom.read(self.max) {
                    Ok(content) => followed.look(content),
                    Err(error) => Err(NodeError::Rom(error).into()),
                };
                if let Err(why) = result {
                    warning!("{name}: {why}; it is taken as it was");
                }
            }
        };
        let handler = SignalHandler::new(self.env.ep(), {
            let look = look.clone();
            move |_| look()
        })?;
        state.borrow().0.sigh(handler.cap())?;
        look();
        Ok(Following { _handler: handler })
    }
}

/// A ROM that is followed; made by [`Source::on_change`]. Dropping it ends that.
#[derive(Debug)]
#[must_use = "dropping it ends the following: keep it, for example in what `main` returns"]
pub struct Following {
    _handler: SignalHandler,
}

/// Why content is no value: it is no node, or one that the type does not take.
enum Unfit {
    Node(NodeError),
    Value(String),
}

impl From<NodeError> for Unfit {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(error) => error.fmt(f),
            Self::Value(error) => error.fmt(f),
        }
    }
}

/// The last value and the content that it was made of.
struct Followed<T, F> {
    content: Vec<u8>,
    value: Option<T>,
    changed: F,
}

impl<T, F: FnMut(Option<&T>, &T)> Followed<T, F> {
    const fn new(changed: F) -> Self {
        Self { content: Vec::new(), value: None, changed }
    }

    /// Takes a new content over, and tells of the new value if it is one.
    fn look(&mut self, content: Vec<u8>) -> Result<(), Unfit>
    where
        T: for<'n> TryFrom<&'n Node>,
        for<'n> <T as TryFrom<&'n Node>>::Error: fmt::Display,
    {
        if content.is_empty() || content == self.content {
            return Ok(());
        }
        // Kept also if it is malformed, so that a further signal does not complain again.
        self.content = content;
        let node = Node::parse(&self.content).map_err(NodeError::Parse)?;
        let new = T::try_from(&node).map_err(|why| Unfit::Value(why.to_string()))?;
        (self.changed)(self.value.as_ref(), &new);
        self.value = Some(new);
        Ok(())
    }
}

impl From<&Node> for Node {
    /// Clones it, so that a ROM can be followed as a tree of nodes.
    fn from(node: &Node) -> Self {
        node.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::AttrError;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Limit(u32);

    impl TryFrom<&Node> for Limit {
        type Error = AttrError;

        fn try_from(node: &Node) -> Result<Self, AttrError> {
            Ok(Self(node.attr_checked("limit")?.unwrap_or(10)))
        }
    }

    #[test]
    fn only_a_new_value_is_told_of() {
        let told = RefCell::new(Vec::new());
        let mut followed = Followed::new(|old: Option<&Limit>, new: &Limit| {
            told.borrow_mut().push((old.copied(), *new));
        });
        let mut look = |text: &str| followed.look(text.into()).map_err(|why| why.to_string()).err();
        assert_eq!(look(""), None);
        assert_eq!(look("<config/>"), None);
        assert_eq!(look("<config/>"), None);
        assert_eq!(look("<config limit=\"3\"/>"), None);
        let no_node = look("<config").unwrap();
        assert!(no_node.starts_with("line 1"), "{no_node}");
        assert_eq!(look("<config"), None, "said once");
        let no_value = look("<config limit=\"1x\"/>").unwrap();
        assert_eq!(no_value, "line 1, column 9: expected a whole number from 0 to 4294967295");
        assert_eq!(look("<config limit=\"4\"/>"), None);
        let expected = [(None, Limit(10)), (Some(Limit(10)), Limit(3)), (Some(Limit(3)), Limit(4))];
        assert_eq!(*told.borrow(), expected);
    }
}
