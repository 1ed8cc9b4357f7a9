//! The tree that a configuration describes.

use alloc::{format, rc::Rc, string::String, vec::Vec};

use genode::{
    connection::Connection,
    fs::FileSystem,
    node::{Node, Syntax},
    prelude::*,
    quota::RamQuota,
    session::terminal::TerminalConnection,
};

use crate::{
    Mount, Vfs,
    archive::Archive,
    content::{Content, Rom},
    device::Device,
};

/// RAM that files in memory leave to the component, in bytes.
const RESERVE: u64 = 512 << 10;

impl Vfs {
    /// Makes the tree that a `<vfs>` node describes, and opens its sessions. A mount that cannot be
    /// made is left out, with a line in the log.
    pub fn from_config(env: Env, vfs: &Node) -> Self {
        Self::new(mounts(env, vfs))
    }
}

fn mounts(env: Env, node: &Node) -> Vec<Mount> {
    let mut all = Vec::new();
    for child in node.children() {
        match mount(env, child) {
            Ok(mount) => all.push(mount),
            Err(why) => {
                error!("vfs: {}: <{}> is left out: {why}", child.pos(), child.tag());
            }
        }
    }
    all
}

fn name<'a>(node: &'a Node, otherwise: &'a str) -> Result<&'a str, String> {
    let name = node.attr("name").unwrap_or(otherwise);
    let good = genode::session::file_system::is_name(name.as_bytes());
    good.then_some(name).ok_or_else(|| format!("name=\"{name}\" is none"))
}

fn size(node: &Node, attribute: &str) -> Result<Option<u64>, String> {
    let read = node.attr_checked::<RamQuota>(attribute).map_err(|error| format!("{error}"))?;
    Ok(read.map(|RamQuota(bytes)| bytes))
}

fn mount(env: Env, node: &Node) -> Result<Mount, String> {
    let text = |error: Error| format!("{error}");
    let label = |otherwise: &'static str| node.attr("label").unwrap_or(otherwise);
    Ok(match node.tag() {
        "dir" => Mount::directory(name(node, "")?, mounts(env, node)),
        "ram" => {
            let available = env.quota().ram_avail().0.saturating_sub(RESERVE);
            // An eighth for what the heap loses between blocks.
            Mount::memory(size(node, "limit")?.unwrap_or(available - available / 8))
        }
        "tar" => {
            let rom = Rom::open(env, name(node, "")?, false).map_err(text)?;
            let archive = Archive::read(Content::Rom(Rc::new(rom)));
            let archive = archive.map_err(|error| format!("{error}"))?;
            if archive.left_out() > 0 {
                warning!("vfs: {}: {} entries are left out", node.pos(), archive.left_out());
            }
            Mount::archive(archive)
        }
        "fs" => Mount::remote(remote(env, node)?),
        "rom" => {
            let name = name(node, "")?;
            let module = node.attr("label").unwrap_or(name);
            let rom = Rom::open(env, module, !node.attr_or("binary", true)).map_err(text)?;
            Mount::device(name, Device::Content(Content::Rom(Rc::new(rom))))
        }
        "inline" => {
            // Text, or a node to be read as such.
            let written = node.children().first().map(|child| child.write(Syntax::Xml));
            let written = written.transpose().map_err(|error| format!("{error}"))?;
            let content = written.as_deref().or_else(|| node.text()).unwrap_or_default();
            Mount::inline(name(node, "")?, content.as_bytes())
        }
        "symlink" => Mount::symlink(name(node, "")?, node.attr("target").unwrap_or_default()),
        "null" => Mount::null(name(node, "null")?),
        "zero" => Mount::zero(name(node, "zero")?, size(node, "size")?),
        "log" => {
            let session = node.attr("label").map(|label| Connection::open(env, label));
            Mount::log(name(node, "log")?, session.transpose().map_err(text)?)
        }
        "terminal" => {
            let terminal = TerminalConnection::open(env, label(""));
            let stream = terminal.and_then(|terminal| terminal.stream(env.ep()));
            Mount::terminal(name(node, "terminal")?, stream.map_err(text)?)
        }
        _ => {
            return Err(
                "there is dir, ram, tar, fs, rom, inline, symlink, null, zero, log, terminal"
                    .into(),
            );
        }
    })
}

/// Opens a session at a file-system server.
fn remote(env: Env, node: &Node) -> Result<FileSystem, String> {
    let root = node.attr("root").unwrap_or("/");
    let mut builder = FileSystem::builder(root).label(node.attr("label").unwrap_or_default());
    if !node.attr_or("writeable", true) {
        builder = builder.read_only();
    }
    if let Some(bytes) = size(node, "buffer_size")? {
        builder = builder.buffer(usize::try_from(bytes).map_err(|error| format!("{error}"))?);
    }
    builder.open(env).map_err(|error| format!("{error}"))
}
