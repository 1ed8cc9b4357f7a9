//! Files and directories that a configuration puts there.

use alloc::{string::String, vec::Vec};

use genode::{
    node::{Node, Syntax},
    prelude::*,
    session::rom::RomConnection,
};
use ram_tree::{Kind, NodeId, Tree};

/// Largest ROM module that becomes a file, in bytes.
const MAX_ROM: usize = 256 << 20;

/// Returns the nodes that say what is there at the start: `content`, and `import` of a `vfs` as
/// Genode's server has it. What else a `vfs` has is not offered, with a line in the log.
pub(crate) fn described(config: &Node) -> impl Iterator<Item = &Node> {
    let vfs = config.child("vfs");
    for other in vfs.into_iter().flat_map(Node::children) {
        if !matches!(other.tag(), "ram" | "import") {
            error!(
                "config: {}: <{}> is left out: memory is all there is",
                other.pos(),
                other.tag()
            );
        }
    }
    config.child("content").into_iter().chain(vfs.and_then(|vfs| vfs.child("import")))
}

/// Makes what `node` describes in a directory: `dir`, `rom`, `inline` and `symlink` nodes. One that
/// cannot be made is left out, with a line in the log.
pub(crate) fn fill(env: Env, tree: &mut Tree, directory: NodeId, node: &Node) {
    for child in node.children() {
        if let Err(why) = add(env, tree, directory, child) {
            let name = child.attr("name").unwrap_or_default();
            error!("config: {}: <{}> '{name}' is left out: {why}", child.pos(), child.tag());
        }
    }
}

fn add(env: Env, tree: &mut Tree, directory: NodeId, node: &Node) -> Result<(), String> {
    let text = |error: ram_tree::Error| alloc::format!("{error}");
    let rom = node.attr("name").unwrap_or_default();
    let name = node.attr("as").filter(|_| node.has_tag("rom")).unwrap_or(rom).as_bytes();
    match node.tag() {
        "dir" => {
            let made = tree.create(directory, name, Kind::Directory).map_err(text)?;
            fill(env, tree, made, node);
            Ok(())
        }
        "inline" => {
            // Text, or a node to be read as such.
            let written = node.children().first().map(|child| child.write(Syntax::Xml));
            let written = written.transpose().map_err(|error| alloc::format!("{error}"))?;
            let content = written.as_deref().or_else(|| node.text()).unwrap_or_default();
            file(tree, directory, name, content.as_bytes()).map_err(text)
        }
        "rom" => {
            let read = RomConnection::open(env, rom).and_then(|mut rom| rom.read(MAX_ROM));
            let mut content: Vec<u8> = read.map_err(|error| alloc::format!("{error}"))?;
            if !node.attr_or("binary", true) {
                let end = content.iter().position(|&byte| byte == 0);
                content.truncate(end.unwrap_or(content.len()));
            }
            file(tree, directory, name, &content).map_err(text)
        }
        "symlink" => {
            let target = node.attr("target").unwrap_or_default().as_bytes();
            let made = tree.create(directory, name, Kind::Symlink).map_err(text)?;
            tree.set_target(made, target).map_err(text)
        }
        _ => Err("use dir, rom, inline or symlink".into()),
    }
}

fn file(
    tree: &mut Tree,
    directory: NodeId,
    name: &[u8],
    content: &[u8],
) -> Result<(), ram_tree::Error> {
    let made = tree.create(directory, name, Kind::File)?;
    let written = tree.write(made, 0, content.len(), &mut |offset, piece| {
        piece.copy_from_slice(&content[offset..offset + piece.len()]);
    });
    written.or_else(|error| tree.unlink(directory, name).and(Err(error)))
}
