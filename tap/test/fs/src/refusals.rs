//! Requests that a server must refuse, and their cure.

use alloc::{vec, vec::Vec};

use genode::{
    connection::Connection,
    fs::{Mode, Refusal, Why},
    quota::{CapQuota, RamQuota},
    rpc::CallError,
    session::file_system::{
        DirError, DirHandle, FileSystemSession, NameBuf, NodeHandle, OpenError, PathBuf,
    },
};
use rs_checks::{Test, ensure};

use crate::{Context, at, session};

pub(crate) fn run(context: &Context) -> Test {
    roots(context)?;
    read_only(context)?;
    paths(context)?;
    quota(context)?;
    if context.space {
        space(context)?;
    }
    denied(context)?;
    content(context)
}

/// Two sessions see their own directories only.
fn roots(Context { env, fs, .. }: &Context) -> Test {
    let (home, guest) = (session(*env, "home", "/")?, session(*env, "guest", "/")?);
    home.wait(home.write("/mine", b"home")).map_err(at("write at home"))?;
    guest.wait(guest.write("/mine", b"guest")).map_err(at("write as guest"))?;
    let read = fs.wait(fs.read("/home/mine", 10)).map_err(at("read"))?;
    ensure!(read == b"home", "{read:?}");
    let read = fs.wait(fs.read("/guest/mine", 10)).map_err(at("read"))?;
    ensure!(read == b"guest", "{read:?}");
    ensure!(home.metadata("/guest").is_err(), "home sees the guest's directory");
    // The client's own part of the root.
    home.create_dir("/sub").map_err(at("create"))?;
    let sub = session(*env, "home", "/sub/")?;
    sub.wait(sub.write("/x", b"x")).map_err(at("write"))?;
    ensure!(fs.metadata("/home/sub/x").is_ok(), "the client's root was not taken");
    Ok(())
}

fn read_only(Context { env, fs, .. }: &Context) -> Test {
    fs.wait(fs.write("/fixed", b"fixed")).map_err(at("write"))?;
    // By policy, and by the client's own wish.
    let by_wish = genode::fs::FileSystem::builder("/").label("all").read_only();
    let by_wish = by_wish.open(*env).map_err(at("session"))?;
    for read_only in [session(*env, "reader", "/")?, by_wish] {
        let read = read_only.wait(read_only.read("/fixed", 10)).map_err(at("read"))?;
        ensure!(read == b"fixed", "{read:?}");
        let denied = Err(Some(Refusal::PermissionDenied));
        for (step, result) in [
            ("open", read_only.open_file("/fixed", Mode::WRITE).map(|_| ())),
            ("create", read_only.create("/other").map(|_| ())),
            ("create a directory", read_only.create_dir("/other")),
            ("remove", read_only.remove("/fixed")),
            ("rename", read_only.rename("/fixed", "/other")),
            ("link", read_only.wait(read_only.symlink("/fixed", "/other"))),
        ] {
            let result = result.map_err(|error| error.refusal());
            ensure!(result == denied, "{step} in a read-only session: {result:?}");
        }
        let file = read_only.open_file("/fixed", Mode::READ).map_err(at("open"))?;
        let written = read_only.wait(file.write_at(0, b"x")).map_err(|error| error.why());
        ensure!(written == Err(Why::Failed), "a write by a handle for reading: {written:?}");
        ensure!(file.truncate(0).is_err(), "a handle for reading cut the file");
        let known = file.metadata().map_err(at("metadata"))?;
        ensure!(known.size == 5 && !known.rwx.writeable, "{known:?}");
    }
    Ok(())
}

fn raw(context: &Context, label: &str, ram: u64) -> Test<Connection<dyn FileSystemSession>> {
    let builder = Connection::<dyn FileSystemSession>::builder(label)
        .arg("tx_buf_size", 16 << 10)
        .arg("writeable", 1)
        .ram(RamQuota(ram));
    builder.open(context.env).map_err(at("raw session"))
}

/// What our own client would not send.
fn paths(context: &Context) -> Test {
    let session = raw(context, "home -> /", 96 << 10)?;
    let path = |text: &'static [u8]| PathBuf::bytes(text).ok_or("a path for a test");
    for text in
        [&b"/..\0"[..], b"/../guest\0", b"/sub/../../guest\0", b"sub\0", b"\0", b"", b"/sub"]
    {
        let node = session.node(path(text)?);
        ensure!(node.is_err(), "path {text:?} led to {node:?}");
        let watch = session.watch(path(text)?);
        ensure!(watch.is_err(), "path {text:?} led to {watch:?}");
    }
    let refused = session.dir(path(b"/../x\0")?, true);
    ensure!(refused == Err(CallError::Service(DirError::LookupFailed)), "{refused:?}");
    let root = session.dir(path(b"/\0")?, false).map_err(at("root"))?;
    for name in [&b"..\0"[..], b".\0", b"\0", b"a/b\0", b"../guest\0", b"x", b"\xff/\0"] {
        let name = NameBuf::bytes(name).ok_or("a name for a test")?;
        let file = session.file(root, name, Mode::all(), true);
        ensure!(file == Err(CallError::Service(OpenError::InvalidName)), "{name:?}: {file:?}");
    }
    let again = session.dir(path(b"/\0")?, true);
    ensure!(again == Err(CallError::Service(DirError::NodeAlreadyExists)), "{again:?}");
    for handle in [0, 77, u64::from(u32::MAX), u64::MAX] {
        let (node, directory) = (NodeHandle(handle), DirHandle(handle));
        let name = NameBuf::text("x").ok_or("a name for a test")?;
        ensure!(session.close(node).is_err(), "handle {handle} was closed");
        ensure!(session.status(node).is_err(), "handle {handle} has a status");
        ensure!(session.num_entries(directory).is_err(), "handle {handle} has entries");
        ensure!(session.file(directory, name, Mode::READ, false).is_err(), "handle {handle}");
    }
    session.close(root.into()).map_err(at("close"))?;
    ensure!(session.close(root.into()).is_err(), "a handle was closed twice");
    Ok(())
}

/// Handles are the client's to pay for.
fn quota(context: &Context) -> Test {
    let session = raw(context, "home -> /", 64 << 10)?;
    let path = PathBuf::text("/").ok_or("a path for a test")?;
    let mut open = Vec::new();
    let refused = loop {
        match session.node(path) {
            Ok(node) => open.push(node),
            Err(error) => break error,
        }
        ensure!(open.len() < 10_000, "handles without end");
    };
    let short = refused.service().map(Refusal::from);
    ensure!(short == Some(Refusal::OutOfRam), "{short:?} after {} handles", open.len());
    ensure!(open.len() > 10, "no more than {} handles", open.len());
    session.upgrade(RamQuota::kib(64), CapQuota(0)).map_err(at("upgrade"))?;
    for _ in 0..20 {
        open.push(session.node(path).map_err(at("a handle after the upgrade"))?);
    }
    for node in open.drain(..) {
        session.close(node).map_err(at("close"))?;
    }
    // What was closed pays for others; our own client pays by itself.
    session.node(path).map_err(at("a handle after closing"))?;
    let mut files = Vec::new();
    for _ in 0..400 {
        files.push(context.fs.open_file("/fixed", Mode::READ).map_err(at("open 400 times"))?);
    }
    Ok(())
}

/// A full server refuses, keeps what it has, and goes on when there is space again.
fn space(Context { fs, .. }: &Context) -> Test {
    let piece = vec![5; 256 << 10];
    let file = fs.create("/full").map_err(at("create"))?;
    let mut pieces = 0_u64;
    let refused = loop {
        match fs.wait(file.append(&piece)) {
            Ok(()) => pieces += 1,
            Err(error) => break error,
        }
        ensure!(pieces < 10_000, "space without end");
    };
    ensure!(refused.why() == Why::Failed && pieces > 0, "{refused} after {pieces} pieces");
    let read = fs.wait(fs.read("/fixed", 10)).map_err(at("read while it is full"))?;
    ensure!(read == b"fixed", "{read:?}");
    let mut last = [0; 1];
    let position = pieces * piece.len() as u64 - 1;
    fs.wait(file.read_at(position, &mut last)).map_err(at("read the last piece"))?;
    ensure!(last == [5], "the last piece is lost");
    drop(file);
    fs.remove("/full").map_err(at("remove"))?;
    fs.wait(fs.write("/again", &piece)).map_err(at("write when there is space"))?;
    fs.remove("/again").map_err(at("remove"))?;
    Ok(())
}

fn denied(context: &Context) -> Test {
    let Context { env, .. } = context;
    let no_policy = genode::fs::FileSystem::builder("/").label("nobody").open(*env).err();
    let denied = |error: Option<genode::fs::Error>| {
        error.is_some_and(|error| error.why() == Why::System(genode::Error::Denied))
    };
    ensure!(denied(no_policy), "a session without a policy");
    ensure!(denied(session_error(context, "/none/")), "a session of a directory that is not there");
    ensure!(denied(session_error(context, "/fixed/")), "a session of a file");
    let builder =
        Connection::<dyn FileSystemSession>::builder("all -> /../").arg("tx_buf_size", 4096);
    ensure!(builder.open(*env).err() == Some(genode::Error::Denied), "a root of ..");
    let builder = Connection::<dyn FileSystemSession>::builder("all -> /");
    ensure!(builder.open(*env).err() == Some(genode::Error::Denied), "a session without a buffer");
    let builder =
        Connection::<dyn FileSystemSession>::builder("all -> /").arg("tx_buf_size", 1 << 20);
    let unpaid = builder.ram(RamQuota::kib(64)).try_open(*env).err();
    ensure!(unpaid == Some(genode::Error::InsufficientRam), "a buffer unpaid: {unpaid:?}");
    Ok(())
}

fn session_error(Context { env, .. }: &Context, root: &str) -> Option<genode::fs::Error> {
    genode::fs::FileSystem::builder(root).label("all").open(*env).err()
}

/// What the configuration put there.
fn content(Context { fs, .. }: &Context) -> Test {
    let motd = fs.wait(fs.read("/etc/motd", 100)).map_err(at("read"))?;
    ensure!(motd == b"Welcome.", "{motd:?}");
    let rom = fs.wait(fs.read("/etc/greeting.txt", 100)).map_err(at("read"))?;
    ensure!(rom.starts_with(b"good morning"), "{rom:?}");
    if fs.metadata("/etc/link").is_err() {
        // A script makes no links where the server's configuration did not.
        fs.wait(fs.symlink("motd", "/etc/link")).map_err(at("make a link"))?;
    }
    let link = fs.wait(fs.read_link("/etc/link")).map_err(at("read the link"))?;
    ensure!(link == "motd", "{link}");
    Ok(())
}
