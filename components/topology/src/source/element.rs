//! A configuration node as the topology crate reads it.

use genode::node::Node;
use topology::source::element::Element;

/// A node of either syntax.
pub(super) struct Described<'a>(pub(super) &'a Node);

impl Element for Described<'_> {
    fn name(&self) -> &str {
        self.0.tag()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.0.attr(name)
    }

    fn each_attribute(&self, f: &mut dyn FnMut(&str)) {
        for attr in self.0.attrs() {
            f(attr.name());
        }
    }

    fn each_child(&self, f: &mut dyn FnMut(&Self)) {
        for child in self.0.children() {
            // the lifetime is the tree's: a child lives as long as its parent
            f(&Described(child));
        }
    }

    fn line(&self) -> u32 {
        self.0.pos().line
    }
}
