//! The little that this crate asks of a tree of named nodes with attributes, so that it reads the
//! configuration nodes of any system (XML or otherwise) without knowing their type.

/// A node with attributes and children.
pub trait Element {
    /// The node's type, as in `<cpu .../>`.
    fn name(&self) -> &str;
    /// The value of an attribute, quotes and escapes removed.
    fn attribute(&self, name: &str) -> Option<&str>;
    /// Call `f` with the name of each attribute.
    fn each_attribute(&self, f: &mut dyn FnMut(&str));
    /// Call `f` with each child that is a node.
    fn each_child(&self, f: &mut dyn FnMut(&Self));
    /// The line on which the node starts, counted from 1; 0 where not known.
    fn line(&self) -> u32 {
        0
    }
}

impl Element for roxmltree::Node<'_, '_> {
    fn name(&self) -> &str {
        self.tag_name().name()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        roxmltree::Node::attribute(self, name)
    }

    fn each_attribute(&self, f: &mut dyn FnMut(&str)) {
        for a in self.attributes() {
            f(a.name());
        }
    }

    fn each_child(&self, f: &mut dyn FnMut(&Self)) {
        for child in self.children().filter(roxmltree::Node::is_element) {
            f(&child);
        }
    }

    fn line(&self) -> u32 {
        self.document().text_pos_at(self.range().start).row
    }
}
