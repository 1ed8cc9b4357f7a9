//! The output: a node that is made by the rules of the configuration's `<output>`.

use core::fmt;

use genode::node::{Generator, Node};

use crate::{
    Modules,
    input::{rom, value},
};

/// A configuration that says of no output what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoOutput;

impl fmt::Display for NoOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("add <output node=\"..\"> with the type of the node to be made")
    }
}

impl core::error::Error for NoOutput {}

/// Something in an output's rules that leaves a part of it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown<'a> {
    /// The input of this name has no value, and no default.
    Value(&'a str),
    /// An element is none of the rules.
    Element(&'a Node),
    /// An element lacks an attribute.
    Attribute(&'a Node, &'static str),
    /// An `<if>` lacks its `<has_value>`.
    Condition(&'a Node),
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(name) => write!(f, "input \"{name}\" has no value and no default"),
            Self::Element(node) => write!(
                f,
                "{}: <{}> is not <if>, <attribute>, <node>, <inline>, or <input>",
                node.pos(),
                node.tag()
            ),
            Self::Attribute(node, name) => {
                write!(f, "{}: <{}> needs the attribute \"{name}\"", node.pos(), node.tag())
            }
            Self::Condition(node) => {
                write!(f, "{}: <if> needs <has_value input=\"..\" value=\"..\"/>", node.pos())
            }
        }
    }
}

/// Makes the output of a configuration. Tells `unknown` of each rule that adds nothing for want of
/// something.
///
/// # Errors
/// [`NoOutput`] unless the configuration says what node is to be made.
pub fn generate(
    config: &Node,
    modules: &impl Modules,
    unknown: &mut dyn FnMut(Unknown<'_>),
) -> Result<Node, NoOutput> {
    let output = config.child("output").ok_or(NoOutput)?;
    let tag = output.attr("node").filter(|tag| !tag.is_empty()).ok_or(NoOutput)?;
    Ok(Node::generate(tag, |g| Rules { config, modules, unknown }.apply(output, g)))
}

struct Rules<'a, M> {
    config: &'a Node,
    modules: &'a M,
    unknown: &'a mut dyn FnMut(Unknown<'_>),
}

impl<M: Modules> Rules<'_, M> {
    fn apply(&mut self, rules: &Node, g: &mut Generator) {
        for rule in rules.children() {
            match rule.tag() {
                "if" => {
                    let branch = if self.holds(rule) { "then" } else { "else" };
                    if let Some(branch) = rule.child(branch) {
                        self.apply(branch, g);
                    }
                }
                "attribute" => self.attribute(rule, g),
                "node" => match rule.attr("type") {
                    Some(tag) => g.node(tag, |g| self.apply(rule, g)),
                    None => (self.unknown)(Unknown::Attribute(rule, "type")),
                },
                "inline" => content(rule, g),
                "input" => self.input(rule, g),
                _ => (self.unknown)(Unknown::Element(rule)),
            }
        }
    }

    /// Looks up the input that a rule names by an attribute.
    fn value(&mut self, rule: &Node, name: &'static str) -> Option<&str> {
        let Some(input) = rule.attr(name) else {
            (self.unknown)(Unknown::Attribute(rule, name));
            return None;
        };
        let value = value(self.config, self.modules, input);
        if value.is_none() {
            (self.unknown)(Unknown::Value(input));
        }
        value
    }

    fn holds(&mut self, rule: &Node) -> bool {
        let Some(condition) = rule.child("has_value") else {
            (self.unknown)(Unknown::Condition(rule));
            return false;
        };
        let expected = condition.attr("value").unwrap_or_default();
        self.value(condition, "input").is_some_and(|value| value == expected)
    }

    fn attribute(&mut self, rule: &Node, g: &mut Generator) {
        let Some(name) = rule.attr("name") else {
            return (self.unknown)(Unknown::Attribute(rule, "name"));
        };
        if rule.attr("input").is_none() {
            g.attr(name, rule.attr("value").unwrap_or_default());
        } else if let Some(value) = self.value(rule, "input") {
            g.attr(name, value);
        }
    }

    /// Copies the content of an input's ROM module, as a node or without its outermost one. The
    /// input is named by itself, or by its ROM module, as Genode does.
    fn input(&mut self, rule: &Node, g: &mut Generator) {
        let Some(name) = rule.attr("name") else {
            return (self.unknown)(Unknown::Attribute(rule, "name"));
        };
        let named = |input: &&Node| input.attr("name") == Some(name);
        let of_rom = |input: &&Node| rom(input) == Some(name);
        let inputs = || self.config.children_of("input");
        let input = inputs().find(named).or_else(|| inputs().find(of_rom));
        match input.and_then(rom).and_then(|rom| self.modules.content(rom)) {
            Some(node) if rule.attr_or("skip_toplevel", false) => content(node, g),
            Some(node) => g.copy(node),
            None => (self.unknown)(Unknown::Value(name)),
        }
    }
}

fn content(node: &Node, g: &mut Generator) {
    for sub in node.children() {
        g.copy(sub);
    }
    if let Some(text) = node.text() {
        g.text(text);
    }
}
