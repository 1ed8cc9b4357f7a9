//! rs_vfs_test: a tree of mounts that a configuration describes, with sessions behind it.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use embedded_io::{Read, Write};
use genode::{fs::FileSystem, prelude::*, task::join::join};
use rs_checks::{Test, ensure};
use vfs::{Mode, NodeType, Refusal, Vfs};

/// More than a session's buffer.
const LARGE: usize = 300_000;

fn text(error: impl core::fmt::Display) -> String {
    error.to_string()
}

fn names(vfs: &Vfs, path: &str) -> Result<Vec<String>, String> {
    let entries = vfs.wait(vfs.read_dir(path)).map_err(text)?;
    Ok(entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect())
}

/// Files of the archive and of ROM modules.
fn read_only(vfs: &Vfs) -> Test {
    ensure!(names(vfs, "/archive")? == ["dir", "hello"], "{:?}", names(vfs, "/archive"));
    let read = vfs.wait(vfs.read("/archive/dir/link", 100)).map_err(text)?;
    ensure!(read == b"content of the archive", "{read:?}");
    let config = vfs.wait(vfs.read("/config", 1 << 20)).map_err(text)?;
    let node = config.starts_with(b"<config") || config.starts_with(b"config"); // either syntax
    ensure!(node, "the configuration as a file: {config:?}");
    let error = vfs.wait(vfs.write("/archive/hello", b"x")).err().and_then(|e| e.refusal());
    ensure!(error == Some(Refusal::PermissionDenied), "writing to the archive: {error:?}");
    log!("archive and ROM modules are read");
    Ok(())
}

/// The same at a file-system server and in memory.
fn storage(vfs: &Vfs, at: &str) -> Test {
    let path = |name: &str| format!("{at}/{name}");
    vfs.wait(vfs.write(&path("small"), b"small")).map_err(text)?;
    let large: Vec<u8> = (0..LARGE).map(|at| (at * 7 + at / 251) as u8).collect();
    vfs.wait(vfs.write(&path("large"), &large)).map_err(text)?;
    let (small, back) =
        vfs.wait(join(vfs.read(&path("small"), 10), vfs.read(&path("large"), LARGE)));
    ensure!(small == Ok(b"small".to_vec()) && back == Ok(large), "{at}: two reads at once");
    vfs.wait(vfs.create_dir(&path("d"))).map_err(text)?;
    vfs.wait(vfs.rename(&path("small"), &path("d/moved"))).map_err(text)?;
    vfs.wait(vfs.symlink("../d/moved", &path("d/link"))).map_err(text)?;
    let through = vfs.wait(vfs.read(&path("d/../d/./link"), 10)).map_err(text)?;
    ensure!(through == b"small", "{at}: through a link: {through:?}");
    let link = vfs.wait(vfs.metadata(&path("d/link"))).map_err(text)?;
    ensure!(link.kind == NodeType::Symlink, "{at}: a link is {link:?}");
    let target = vfs.wait(vfs.read_link(&path("d/link"))).map_err(text)?;
    ensure!(target == "../d/moved", "{at}: it leads to {target}");
    vfs.wait(vfs.symlink("round", &path("round"))).map_err(text)?;
    ensure!(vfs.wait(vfs.open(&path("round"), Mode::READ)).is_err(), "{at}: a link to itself");
    let full = vfs.wait(vfs.remove(&path("d"))).err().and_then(|error| error.refusal());
    ensure!(full == Some(Refusal::NotEmpty), "{at}: removing a full directory: {full:?}");
    for name in ["d/link", "d/moved", "d", "round"] {
        vfs.wait(vfs.remove(&path(name))).map_err(text)?;
    }
    ensure!(names(vfs, at)? == ["large"], "{at}: {:?}", names(vfs, at));
    let file = vfs.wait(vfs.open(&path("large"), Mode::all())).map_err(text)?;
    file.truncate(3).map_err(text)?;
    vfs.wait(file.append(b"+++")).map_err(text)?;
    vfs.wait(file.sync()).map_err(text)?;
    ensure!(file.metadata().map_err(text)?.size == 6, "{at}: cut and continued");
    let gone = vfs.wait(vfs.read(&path("small"), 10)).err().and_then(|error| error.refusal());
    ensure!(gone == Some(Refusal::LookupFailed), "{at}: {gone:?}");
    Ok(())
}

/// Copies between mounts by code that knows streams only.
fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<usize, String> {
    let (mut bytes, mut all) = ([0; 1000], 0);
    loop {
        let count = from.read(&mut bytes).map_err(|error| format!("{error:?}"))?;
        if count == 0 {
            return to.flush().map(|()| all).map_err(|error| format!("{error:?}"));
        }
        to.write_all(&bytes[..count]).map_err(|error| format!("{error:?}"))?;
        all += count;
    }
}

fn streams(vfs: &Vfs) -> Test {
    let mut from = vfs.wait(vfs.open("/archive/hello", Mode::READ)).map_err(text)?.stream();
    let mut to = vfs.wait(vfs.create("/server/copy")).map_err(text)?.stream();
    let count = copy(&mut from, &mut to)?;
    let same = vfs.wait(vfs.read("/server/copy", 10_000)).map_err(text)?
        == vfs.wait(vfs.read("/archive/hello", 10_000)).map_err(text)?;
    ensure!(count == 2000 && same, "a copy of {count} bytes");
    log!("a stream of the archive is copied to the server");
    let mut log = vfs.wait(vfs.open("/dev/log", Mode::WRITE)).map_err(text)?.stream();
    log.write_all(b"a line by ").and_then(|()| log.write_all(b"the log\n")).map_err(text)?;
    Ok(())
}

/// Both ends of a terminal are files.
fn terminals(vfs: &Vfs) -> Test {
    let one = vfs.wait(vfs.open("/dev/one", Mode::all())).map_err(text)?;
    let other = vfs.wait(vfs.open("/dev/other", Mode::all())).map_err(text)?;
    let mut bytes = vec![0; 100];
    // The reader waits before there is anything.
    let (read, wrote) =
        vfs.wait(join(other.read_at(0, &mut bytes), async { one.write_at(0, b"a word").await }));
    ensure!(wrote.is_ok() && read == Ok(6) && &bytes[..6] == b"a word", "{read:?} {wrote:?}");
    log!("terminals are files");
    Ok(())
}

/// The server has what the tree says.
fn seen_by_others(env: Env, vfs: &Vfs) -> Test {
    let fs = FileSystem::builder("/").open(env).map_err(text)?;
    let direct = fs.wait(fs.read("/copy", 10_000)).map_err(text)?;
    ensure!(direct == vfs.wait(vfs.read("/server/copy", 10_000)).map_err(text)?, "the copy");
    Ok(())
}

fn test(env: Env) -> Test {
    let config = env.config().read().map_err(text)?;
    let node = config.child("vfs").ok_or("config: no vfs")?;
    let vfs = Vfs::from_config(env, node);
    let root = names(&vfs, "/")?;
    ensure!(root == ["archive", "config", "dev", "server", "tmp"], "{root:?}");
    read_only(&vfs)?;
    for at in ["/tmp", "/server"] {
        storage(&vfs, at)?;
    }
    log!("memory and server do the same");
    streams(&vfs)?;
    terminals(&vfs)?;
    seen_by_others(env, &vfs)
}

#[genode::component]
fn main(env: Env) -> Result<(), String> {
    log!("--- vfs test ---");
    test(env)?;
    log!("--- vfs test finished ---");
    env.exit(0)
}
