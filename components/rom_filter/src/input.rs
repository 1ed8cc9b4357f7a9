//! Inputs: where a value is found in the content of a ROM module.

use genode::node::Node;

use crate::Modules;

/// Returns the ROM modules that the inputs of a configuration are taken from. One may come twice.
pub fn roms(config: &Node) -> impl Iterator<Item = &str> {
    config.children_of("input").filter_map(rom)
}

/// Returns the ROM module of an input: by its attribute `rom`, or called as the input is.
pub(crate) fn rom(input: &Node) -> Option<&str> {
    input.attr("rom").or_else(|| input.attr("name"))
}

/// Returns the value of the input called `name`: what its path leads to, else its default.
///
/// Of several inputs of a name the last counts, as in Genode.
pub fn value<'a>(config: &'a Node, modules: &'a impl Modules, name: &str) -> Option<&'a str> {
    let inputs = config.children_of("input").filter(|input| input.attr("name") == Some(name));
    let input = inputs.last()?;
    found(input, modules).or_else(|| input.attr("default"))
}

fn found<'a>(input: &'a Node, modules: &'a impl Modules) -> Option<&'a str> {
    let content = modules.content(rom(input)?)?;
    let expected = input.attr("node").or_else(|| input.attr("name"))?;
    let path = input.children().first()?;
    content.has_tag(expected).then(|| follow(path, content)).flatten()
}

/// Follows a path of `<node type="..">` down to its `<attribute name=".."/>`. Both trees are as
/// deep as the parser permits, so that the loop ends soon.
fn follow<'a>(mut path: &'a Node, mut content: &'a Node) -> Option<&'a str> {
    loop {
        match path.tag() {
            "attribute" => return content.attr(path.attr("name")?),
            "node" => {
                content = content.children().iter().find(|sub| selects(path, sub))?;
                path = path.children().first()?;
            }
            _ => return None,
        }
    }
}

/// Compares a sub node with a step of the path: its type, and an attribute's value if both are
/// named.
fn selects(step: &Node, sub: &Node) -> bool {
    let named = |name| step.attr(name).filter(|value| !value.is_empty());
    let value = match (named("attribute"), named("value")) {
        (Some(attribute), Some(value)) => sub.attr(attribute) == Some(value),
        _ => true,
    };
    value && step.attr("type").is_some_and(|tag| sub.has_tag(tag))
}
