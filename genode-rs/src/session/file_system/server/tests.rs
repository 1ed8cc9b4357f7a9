//! Handles and packets of sessions over a volume of one directory.

extern crate std;

mod faults;

use alloc::rc::Rc;
use core::cell::Cell;
use std::{collections::BTreeMap, vec, vec::Vec};

use super::{handles::Handles, *};
use crate::{
    dataspace::{Area, LocalRam},
    packet_stream::{SinkEnd, SourceEnd},
    quota::RamQuota,
    root::Account,
    rpc::Wire,
    session::file_system::{
        DirEntry, DirHandle, FileHandle, Header, Mode, NodeHandle, NodeType, Operation, Packets,
        Refusal, Rwx, SEEK_TAIL, Status,
    },
};

const ROOT: u32 = 0;
const HANDLE_COST: usize = Flat::HANDLE_COST;
/// More than the buffer of a volume's file.
const SPACE: usize = 10_000;

/// One directory of files, which counts what is open.
#[derive(Default)]
struct Flat {
    names: BTreeMap<Vec<u8>, u32>,
    files: BTreeMap<u32, Vec<u8>>,
    opened: BTreeMap<u32, i32>,
    watches: BTreeMap<u32, u64>,
    changed: Vec<u64>,
    /// Calls that go well before one that does not, and its error; none if all go well.
    fault: Cell<Option<(u32, Refusal)>>,
}

impl Flat {
    /// Fails if it is this call's turn.
    fn disk(&self) -> Done {
        let Some((calls, why)) = self.fault.take() else { return Ok(()) };
        let left = calls.checked_sub(1).ok_or(why)?;
        self.fault.set(Some((left, why)));
        Ok(())
    }
}

type Done<T = ()> = Result<T, Refusal>;

impl Volume for Flat {
    type Node = u32;
    type Cursor = ();
    type Watch = u32;

    fn root(&self) -> u32 {
        ROOT
    }

    fn lookup(&self, directory: u32, name: &[u8]) -> Done<u32> {
        self.disk()?;
        let found = self.names.get(name).filter(|_| directory == ROOT);
        found.copied().ok_or(Refusal::LookupFailed)
    }

    fn create(&mut self, _: u32, name: &[u8], _: NodeType) -> Done<u32> {
        self.disk()?;
        let node = self.files.len() as u32 + 1;
        if self.names.contains_key(name) {
            return Err(Refusal::NodeAlreadyExists);
        }
        self.names.insert(name.into(), node);
        self.files.insert(node, Vec::new());
        Ok(node)
    }

    fn unlink(&mut self, _: u32, name: &[u8]) -> Done {
        self.disk()?;
        self.names.remove(name).map(|_| ()).ok_or(Refusal::LookupFailed)
    }

    fn rename(&mut self, from: (u32, &[u8]), to: (u32, &[u8])) -> Done {
        self.disk()?;
        let node = self.names.remove(from.1).ok_or(Refusal::LookupFailed)?;
        self.names.insert(to.1.into(), node);
        Ok(())
    }

    fn open(&mut self, node: u32) -> Done {
        self.disk()?;
        *self.opened.entry(node).or_default() += 1;
        Ok(())
    }

    fn close(&mut self, node: u32) {
        *self.opened.entry(node).or_default() -= 1;
    }

    fn status(&self, node: u32) -> Done<Status> {
        self.disk()?;
        let kind = if node == ROOT { NodeType::Directory } else { NodeType::ContinuousFile };
        let rwx = Rwx { readable: true, writeable: true, executable: false };
        let size = self.files.get(&node).map_or(0, Vec::len) as u64;
        Ok(Status { size, kind, rwx, inode: node.into(), modified: 0 })
    }

    fn entries(&self, _: u32) -> Done<u32> {
        self.disk()?;
        Ok(self.names.len() as u32)
    }

    fn entry(&self, _: u32, index: u64, (): &mut ()) -> Done<Option<DirEntry>> {
        self.disk()?;
        let rwx = Rwx { readable: true, writeable: true, executable: false };
        let entry = self.names.iter().nth(index as usize);
        Ok(entry.and_then(|(name, &node)| {
            DirEntry::new(name, NodeType::ContinuousFile, rwx, node.into())
        }))
    }

    fn read(
        &self,
        node: u32,
        at: u64,
        len: usize,
        sink: &mut dyn FnMut(usize, &[u8]),
    ) -> Done<usize> {
        self.disk()?;
        let file = self.files.get(&node).ok_or(Refusal::InvalidHandle)?;
        let rest = file.get(at as usize..).unwrap_or_default();
        let part = &rest[..len.min(rest.len())];
        sink(0, part);
        Ok(part.len())
    }

    fn write(
        &mut self,
        node: u32,
        at: u64,
        len: usize,
        source: &mut dyn FnMut(usize, &mut [u8]),
    ) -> Done {
        self.disk()?;
        let file = self.files.get_mut(&node).ok_or(Refusal::InvalidHandle)?;
        let end = usize::try_from(at).ok().and_then(|at| at.checked_add(len));
        let end = end.filter(|&end| end <= SPACE).ok_or(Refusal::NoSpace)?;
        file.resize(file.len().max(end), 0);
        source(0, &mut file[end - len..end]);
        Ok(())
    }

    fn truncate(&mut self, node: u32, size: u64) -> Done {
        self.disk()?;
        self.files.get_mut(&node).ok_or(Refusal::InvalidHandle)?.resize(size as usize, 0);
        Ok(())
    }

    fn set_target(&mut self, _: u32, _: &[u8]) -> Done {
        self.disk()?;
        Err(Refusal::InvalidHandle)
    }

    fn set_modified(&mut self, _: u32, _: i64) -> Done {
        self.disk()?;
        Ok(())
    }

    fn sync(&mut self, _: u32) -> Done {
        self.disk()?;
        Ok(())
    }

    fn watch(&mut self, node: u32, token: u64) -> Done<u32> {
        self.disk()?;
        self.watches.insert(node, token);
        Ok(node)
    }

    fn unwatch(&mut self, watch: u32) {
        self.watches.remove(&watch);
    }

    fn changed(&mut self, node: u32) {
        self.changed.extend(self.watches.get(&node));
    }

    fn next_change(&mut self) -> Option<u64> {
        self.changed.pop()
    }
}

const PLENTY: u64 = 1 << 20;

fn session(server: &Rc<Server<Flat>>, writeable: bool, ram: u64) -> (Handles<Flat>, Account) {
    let account = Account::new(RamQuota(ram));
    (Handles::new(server, ROOT, writeable, &account).unwrap(), account)
}

fn root(handles: &mut Handles<Flat>) -> DirHandle {
    handles.dir(Some(b"/"), false).unwrap()
}

fn file(handles: &mut Handles<Flat>, name: &[u8], mode: Mode, create: bool) -> Done<FileHandle> {
    let directory = root(handles);
    let file = handles.file(directory, Some(name), mode, create);
    handles.close(directory.into()).unwrap();
    file
}

/// Sends a packet of `size` bytes through a stream. Returns the answer, and the bytes behind it.
fn send(handles: &mut Handles<Flat>, header: Header, content: &[u8]) -> (Header, Vec<u8>) {
    let memory = LocalRam::new(1 << 14).unwrap();
    let memory: &Area = &memory;
    let mut source = SourceEnd::<Packets, _>::new(memory, 0).unwrap();
    let mut sink = SinkEnd::<Packets, _>::new(memory).unwrap();
    let packet = source.try_alloc(content.len().max(1)).unwrap().unwrap();
    packet.view().write(0, content).unwrap();
    source.try_submit(packet, &header).unwrap();
    let received = sink.try_next().unwrap().unwrap();
    let answer = handles.answer(received.header(), received.view());
    sink.try_ack(received, &answer).unwrap();
    let acked = source.try_acked().unwrap().unwrap();
    let mut bytes = vec![0; content.len()];
    // A source takes an answer to news for news, which has no packet.
    if let Some(packet) = acked.packet {
        packet.view().read(0, &mut bytes).unwrap();
    }
    (acked.header, bytes)
}

fn request(
    handle: impl Into<NodeHandle>,
    operation: Operation,
    position: u64,
    len: usize,
) -> Header {
    Header { position, length: len as u64, ..Header::request(handle.into(), operation) }
}

#[test]
fn packets_read_and_write_within_their_bytes() {
    let server = Server::new(Flat::default());
    let (mut handles, _) = session(&server, true, PLENTY);
    let all = file(&mut handles, b"f", Mode::all(), true).unwrap();
    let write = |position, len| request(all, Operation::Write, position, len);
    let (answer, _) = send(&mut handles, write(0, 5), b"hello");
    assert!(answer.succeeded && answer.length == 5);
    assert!(send(&mut handles, write(SEEK_TAIL, 1), b"!").0.succeeded, "at the end");
    let (answer, bytes) = send(&mut handles, request(all, Operation::Read, 1, 8), &[0; 8]);
    assert_eq!((answer.succeeded, answer.length, &bytes[..5]), (true, 5, &b"ello!"[..]));
    let (answer, bytes) = send(&mut handles, request(all, Operation::Read, SEEK_TAIL, 2), &[0; 2]);
    assert_eq!((answer.length, &bytes[..]), (2, &b"o!"[..]));
    // More than the packet has, more than there is space for, and what is no request.
    assert!(!send(&mut handles, write(0, 6), b"hello").0.succeeded);
    assert!(!send(&mut handles, write(SPACE as u64, 1), b"x").0.succeeded);
    assert!(!send(&mut handles, write(u64::MAX - 1, 1), b"x").0.succeeded);
    assert!(!send(&mut handles, request(all, Operation::ContentChanged, 0, 0), b"").0.succeeded);
    assert!(!send(&mut handles, Header { code: 6, ..write(0, 1) }, b"x").0.succeeded);
    for operation in [Operation::Sync, Operation::ReadReady, Operation::WriteTimestamp] {
        assert!(send(&mut handles, request(all, operation, 0, 0), b"").0.succeeded);
    }
    assert_eq!(server.volume.borrow().files[&1], b"hello!");
}

#[test]
fn a_handle_does_what_it_was_opened_for() {
    let server = Server::new(Flat::default());
    let (mut handles, _) = session(&server, true, PLENTY);
    let writer = file(&mut handles, b"f", Mode::WRITE, true).unwrap();
    let reader = file(&mut handles, b"f", Mode::READ, false).unwrap();
    let stat = file(&mut handles, b"f", Mode::empty(), false).unwrap();
    let (directory, node) = (root(&mut handles), handles.node(Some(b"/f")).unwrap());
    let watch = handles.watch(Some(b"/f")).unwrap();
    let mut succeeds = |handle: NodeHandle, operation| {
        send(&mut handles, request(handle, operation, 0, 4), &[0; 4]).0.succeeded
    };
    for (handle, read, write, sync) in [
        (writer.into(), false, true, true),
        (reader.into(), true, false, true),
        (stat.into(), false, false, true),
        (node, false, false, false),
        (watch.into(), false, false, false),
        (NodeHandle(0), false, false, false),
        (NodeHandle(u64::MAX), false, false, false),
        (NodeHandle(1 << 32 | writer.0), false, false, false),
    ] {
        assert_eq!(succeeds(handle, Operation::Read), read, "{handle:?}");
        assert_eq!(succeeds(handle, Operation::Write), write, "{handle:?}");
        assert_eq!(succeeds(handle, Operation::Sync), sync, "{handle:?}");
        assert_eq!(succeeds(handle, Operation::WriteTimestamp), write, "{handle:?}");
    }
    assert!(!succeeds(directory.into(), Operation::Write));
    assert_eq!(handles.truncate(reader, 1), Err(Refusal::PermissionDenied));
    assert_eq!(handles.truncate(FileHandle(directory.0), 1), Err(Refusal::InvalidHandle));
    assert_eq!(handles.truncate(writer, 1), Ok(()));
    let not_a_directory = handles.file(DirHandle(writer.0), Some(b"x"), Mode::READ, true);
    assert_eq!(not_a_directory, Err(Refusal::InvalidHandle));
    assert_eq!(handles.num_entries(DirHandle(node.0)), Err(Refusal::InvalidHandle));
    assert_eq!(handles.close(writer.into()), Ok(()));
    assert_eq!(handles.close(writer.into()), Err(Refusal::InvalidHandle));
}

#[test]
fn a_directory_is_read_by_whole_entries() {
    let server = Server::new(Flat::default());
    let (mut handles, _) = session(&server, true, PLENTY);
    for name in [b"a", b"b", b"c"] {
        file(&mut handles, name, Mode::READ, true).unwrap();
    }
    let (mut read_only, _) = session(&server, false, PLENTY);
    let directory = root(&mut read_only);
    let size = DirEntry::SIZE;
    let read = |position, len| request(directory, Operation::Read, position, len);
    let (answer, bytes) = send(&mut read_only, read(size as u64, 5 * size), &vec![0; 5 * size]);
    assert_eq!((answer.succeeded, answer.length), (true, 2 * size as u64));
    let entry = DirEntry::read(&bytes[..size]).unwrap();
    assert_eq!((entry.name(), entry.rwx.writeable), (&b"b"[..], false));
    assert_eq!(send(&mut read_only, read(3 * size as u64, size), &vec![0; size]).0.length, 0);
    for (position, len) in [(1, size), (0, size - 1), (SEEK_TAIL, size)] {
        assert!(!send(&mut read_only, read(position, len), &vec![0; size]).0.succeeded);
    }
}

#[test]
fn a_session_that_may_not_write_changes_nothing() {
    let server = Server::new(Flat::default());
    let (mut writer, _) = session(&server, true, PLENTY);
    file(&mut writer, b"f", Mode::all(), true).unwrap();
    let (mut handles, _) = session(&server, false, PLENTY);
    let denied = Refusal::PermissionDenied;
    let directory = root(&mut handles);
    let (name, other) = (Some(&b"f"[..]), Some(&b"g"[..]));
    assert_eq!(handles.file(directory, name, Mode::WRITE, false), Err(denied));
    assert_eq!(handles.file(directory, other, Mode::READ, true), Err(denied));
    assert_eq!(handles.symlink(directory, other, true), Err(denied));
    assert_eq!(handles.dir(Some(b"/g"), true), Err(denied));
    assert_eq!(handles.unlink(directory, name), Err(denied));
    assert_eq!(handles.rename((directory, name), (directory, other)), Err(denied));
    let reader = handles.file(directory, name, Mode::READ, false).unwrap();
    assert!(!handles.status(reader.into()).unwrap().rwx.writeable);
    assert_eq!(server.volume.borrow().names.len(), 1);
}

#[test]
fn handles_are_charged_and_come_back() {
    let server = Server::new(Flat::default());
    let (mut handles, account) = session(&server, true, 3 * HANDLE_COST as u64);
    let open: Vec<_> = (0..3).map(|_| handles.node(Some(b"/")).unwrap()).collect();
    assert_eq!(handles.node(Some(b"/")), Err(Refusal::OutOfRam));
    assert_eq!(handles.dir(Some(b"/"), false), Err(Refusal::OutOfRam));
    handles.close(open[0]).unwrap();
    // What fails takes nothing.
    assert_eq!(handles.node(Some(b"/none")), Err(Refusal::LookupFailed));
    assert_eq!(handles.watch(Some(b"/none")), Err(Refusal::LookupFailed));
    handles.watch(Some(b"/")).unwrap();
    assert_eq!((handles.len(), account.available().0), (3, 0));
    drop(handles);
    assert_eq!(account.available().0, 3 * HANDLE_COST as u64);
    let volume = server.volume.borrow();
    assert!(volume.opened.values().all(|&count| count == 0), "{:?}", volume.opened);
    assert!(volume.watches.is_empty() && server.inboxes.borrow().is_empty());
}

#[test]
fn a_change_is_told_once_it_is_closed_or_synced() {
    let server = Server::new(Flat::default());
    let (mut writer, _) = session(&server, true, PLENTY);
    let file = file(&mut writer, b"f", Mode::all(), true).unwrap();
    let (mut watcher, _) = session(&server, false, PLENTY);
    let watch = watcher.watch(Some(b"/f")).unwrap();
    let news = |watcher: &Handles<Flat>| {
        server.deliver();
        let handles = core::mem::take(&mut *watcher.inbox.handles.borrow_mut());
        handles.into_iter().map(u64::from).collect::<Vec<_>>()
    };
    send(&mut writer, request(file, Operation::Write, 0, 1), b"x");
    assert_eq!(news(&watcher), []);
    send(&mut writer, request(file, Operation::Sync, 0, 0), b"");
    assert_eq!(news(&watcher), [watch.0]);
    send(&mut writer, request(file, Operation::Sync, 0, 0), b"");
    assert_eq!(news(&watcher), [], "nothing was written since");
    writer.truncate(file, 0).unwrap();
    writer.close(file.into()).unwrap();
    assert_eq!(news(&watcher), [watch.0]);
    watcher.close(watch.into()).unwrap();
    server.with_volume(|volume| volume.changed(1));
    assert_eq!(news(&watcher), []);
}
