//! rs_storage: unpacks an archive to a file-system server, and compares what is there.
//!
//! Both are mounts of its tree: an archive that a server has as a ROM module, and a directory of
//! another server, which the machine has.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use genode::prelude::*;
use rs_checks::{Test, ensure};
use vfs::{Mode, NodeType, Vfs};

/// Bytes that are copied at a time.
const PIECE: usize = 64 << 10;

/// Counts of what was copied.
#[derive(Debug, Default)]
struct Count {
    directories: u32,
    files: u32,
    links: u32,
    bytes: u64,
}

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}

/// Copies a file, syncs it, and compares it with the original.
async fn file(vfs: &Vfs, from: &str, to: &str) -> Result<u64, String> {
    let source = vfs.open(from, Mode::READ).await.map_err(text)?;
    let target = vfs.create(to).await.map_err(text)?;
    let (mut bytes, mut back, mut at) = (vec![0; PIECE], vec![0; PIECE], 0);
    loop {
        let count = source.read_at(at, &mut bytes).await.map_err(text)?;
        if count == 0 {
            break;
        }
        target.write_at(at, &bytes[..count]).await.map_err(text)?;
        at += count as u64;
    }
    target.sync().await.map_err(text)?;
    let mut compared = 0;
    while compared < at {
        let count = source.read_at(compared, &mut bytes).await.map_err(text)?;
        let read = target.read_at(compared, &mut back[..count]).await.map_err(text)?;
        ensure!(read == count && back[..count] == bytes[..count], "{to} differs at {compared}");
        compared += count as u64;
    }
    Ok(at)
}

/// Copies the directory `from` into `to`, which is there, and all below.
async fn tree(vfs: &Vfs, from: &str, to: &str) -> Result<Count, String> {
    let mut count = Count::default();
    let mut left = vec![(String::from(from), String::from(to))];
    while let Some((from, to)) = left.pop() {
        for entry in vfs.read_dir(&from).await.map_err(text)? {
            let name = String::from_utf8(entry.name.into_vec()).map_err(text)?;
            let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
            match entry.kind {
                NodeType::Directory => {
                    vfs.create_dir(&to).await.map_err(text)?;
                    count.directories += 1;
                    left.push((from, to));
                }
                NodeType::Symlink => {
                    let target = vfs.read_link(&from).await.map_err(text)?;
                    vfs.symlink(&target, &to).await.map_err(text)?;
                    let made = vfs.read_link(&to).await.map_err(text)?;
                    ensure!(made == target, "{to} leads to {made}");
                    count.links += 1;
                }
                NodeType::ContinuousFile | NodeType::TransactionalFile => {
                    count.bytes += file(vfs, &from, &to).await?;
                    count.files += 1;
                }
            }
        }
    }
    Ok(count)
}

/// Compares the names of both trees.
async fn names(vfs: &Vfs, root: &str) -> Result<Vec<String>, String> {
    let (mut all, mut left) = (Vec::new(), vec![String::new()]);
    while let Some(path) = left.pop() {
        for entry in vfs.read_dir(&format!("{root}{path}")).await.map_err(text)? {
            let name = format!("{path}/{}", String::from_utf8_lossy(&entry.name));
            if entry.kind == NodeType::Directory {
                left.push(name.clone());
            }
            all.push(name);
        }
    }
    all.sort();
    Ok(all)
}

fn copy(env: Env) -> Test {
    let config = env.config().read().map_err(text)?;
    let vfs = Vfs::from_config(env, config.child("vfs").ok_or("config: no vfs")?);
    let count = vfs.wait(tree(&vfs, "/archive", "/disk"))?;
    let Count { directories, files, links, bytes } = count;
    let (there, here) = (vfs.wait(names(&vfs, "/archive"))?, vfs.wait(names(&vfs, "/disk"))?);
    ensure!(there == here, "the trees differ: {there:?}, {here:?}");
    log!("{files} files of {bytes} bytes, {directories} directories, {links} links are unpacked");
    Ok(())
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    copy(env)?;
    env.exit(0)
}
