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

/// XML that is within the limits of `genode-xml`.
impl Element for genode_xml::Element<'_> {
    fn name(&self) -> &str {
        (*self).name()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        (*self).attribute(name)
    }

    fn each_attribute(&self, f: &mut dyn FnMut(&str)) {
        self.attributes().for_each(|attribute| f(attribute.name()));
    }

    fn each_child(&self, f: &mut dyn FnMut(&Self)) {
        self.children().for_each(|child| f(&child));
    }

    fn line(&self) -> u32 {
        (*self).line()
    }
}
