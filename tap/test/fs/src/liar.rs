//! rs_fs_liar: a file-system server that lies, in the way that the label of a session names.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::rc::Rc;

use genode::{
    cap::Capability,
    packet_stream::{Buffer, Received, Sink, TxChannel},
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::Wire,
    session::file_system::{
        Control, DirEntry, DirError, DirHandle, FileHandle, FileSystemSession, HandleError, Header,
        Mode, MoveError, NameBuf, NodeError, NodeHandle, NodeType, OpenError, Operation, Packets,
        PathBuf, Rwx, Status, StatusError, SymlinkHandle, TruncateError, UnlinkError, WatchError,
        WatchHandle,
    },
};

/// Content of its one file.
const TEXT: &[u8] = b"true";
/// Handles of its directory and of its file.
const DIRECTORY: u64 = 1;
const FILE: u64 = 2;
const RWX: Rwx = Rwx { readable: true, writeable: true, executable: false };

/// A way to answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// The truth.
    None,
    /// The answer names another node.
    Node,
    /// It names another operation.
    Operation,
    /// It names an operation that there is not.
    Unknown,
    /// It has more bytes than were asked for.
    Length,
    /// The file is larger than any memory.
    Size,
    /// Names of entries lead elsewhere.
    Names,
    /// The directory has no end.
    Endless,
    /// News of nodes that nobody watches come before the answer.
    News,
    /// There is no answer.
    Silence,
}

const LIES: [(&str, Lie); 10] = [
    ("none", Lie::None),
    ("node", Lie::Node),
    ("operation", Lie::Operation),
    ("unknown", Lie::Unknown),
    ("length", Lie::Length),
    ("size", Lie::Size),
    ("names", Lie::Names),
    ("endless", Lie::Endless),
    ("news", Lie::News),
    ("silence", Lie::Silence),
];

struct Session {
    lie: Lie,
    sink: Rc<Sink<Packets>>,
}

impl Session {
    fn open(request: &SessionRequest<'_>) -> Result<Self, Refused> {
        // The last element is the root directory.
        let name = request.label().rsplit(" -> ").nth(1).unwrap_or_default();
        let lie = LIES.iter().find(|(lie, _)| *lie == name).ok_or(Refused::Denied)?.1;
        let size = request.args().u64("tx_buf_size", 0) as usize;
        let buffer = Buffer::new(request.ep().into(), request.account(), size)?;
        let sink = Sink::offer(request.ep(), buffer).map_err(|_| Refused::Denied)?;
        let sink = Rc::new(sink);
        let weak = Rc::downgrade(&sink);
        sink.on_signal(move || {
            if let Some(sink) = weak.upgrade() {
                pump(lie, &sink);
            }
        });
        Ok(Self { lie, sink })
    }
}

fn pump(lie: Lie, sink: &Sink<Packets>) {
    while let Ok(Some(packet)) = sink.try_next() {
        if lie == Lie::Silence {
            continue;
        }
        if lie == Lie::News {
            for node in [0, FILE, u64::MAX] {
                let news = Header::news(NodeHandle(node), Operation::ContentChanged);
                let _ = sink.try_notify(&news); // room or not
            }
        }
        let header = answer(lie, &packet);
        let _ = sink.try_ack(packet, &header); // the client left no room: its own fault
    }
    sink.wakeup();
}

fn answer(lie: Lie, packet: &Received<Header>) -> Header {
    let header = packet.header();
    let Ok(view) = packet.view() else { return header.failed() };
    let mut length = 0;
    if header.handle.0 == FILE {
        let rest = TEXT.get(header.position as usize..).unwrap_or_default();
        let part = rest.get(..rest.len().min(header.length as usize)).unwrap_or_default();
        length = part.len();
        let _ = view.write(0, part); // checked by the client
    } else if header.position == 0 || lie == Lie::Endless {
        let mut bytes = [0; DirEntry::SIZE];
        if let Some(entry) = DirEntry::new(b"f", NodeType::ContinuousFile, RWX, FILE) {
            entry.store(&mut bytes);
        }
        if lie == Lie::Names {
            // The name is what comes last.
            let name = bytes.iter().position(|byte| *byte == b'f').unwrap_or_default();
            bytes[name..name + 4].copy_from_slice(b"../f");
        }
        length = DirEntry::SIZE;
        let _ = view.write(0, &bytes); // checked by the client
    }
    let header = header.done(length as u64);
    match lie {
        Lie::Node => Header { handle: NodeHandle(DIRECTORY + FILE), ..header },
        Lie::Operation => Header { code: Operation::Write as u32, ..header },
        Lie::Unknown => Header { code: 99, ..header },
        Lie::Length => Header { length: u64::MAX, ..header },
        _ => header,
    }
}

impl FileSystemSession for Session {
    fn tx(&mut self) -> Capability<dyn TxChannel> {
        self.sink.cap()
    }

    fn file(
        &mut self,
        _: DirHandle,
        _: NameBuf<'_>,
        _: Mode,
        _: bool,
    ) -> Result<FileHandle, OpenError> {
        Ok(FileHandle(FILE))
    }

    fn symlink(
        &mut self,
        _: DirHandle,
        _: NameBuf<'_>,
        _: bool,
    ) -> Result<SymlinkHandle, OpenError> {
        Err(OpenError::PermissionDenied)
    }

    fn dir(&mut self, _: PathBuf<'_>, _: bool) -> Result<DirHandle, DirError> {
        Ok(DirHandle(DIRECTORY))
    }

    fn node(&mut self, _: PathBuf<'_>) -> Result<NodeHandle, NodeError> {
        Ok(NodeHandle(FILE))
    }

    fn watch(&mut self, _: PathBuf<'_>) -> Result<WatchHandle, WatchError> {
        Err(WatchError::Unavailable)
    }

    fn close(&mut self, _: NodeHandle) -> Result<(), HandleError> {
        Ok(())
    }

    fn status(&mut self, node: NodeHandle) -> Result<Status, StatusError> {
        let directory = node.0 == DIRECTORY;
        let kind = if directory { NodeType::Directory } else { NodeType::ContinuousFile };
        let size = if self.lie == Lie::Size { u64::MAX } else { TEXT.len() as u64 };
        Ok(Status { size, kind, rwx: RWX, inode: node.0, modified: 0 })
    }

    fn control(&mut self, _: NodeHandle, _: Control) -> Result<(), StatusError> {
        Ok(())
    }

    fn unlink(&mut self, _: DirHandle, _: NameBuf<'_>) -> Result<(), UnlinkError> {
        Err(UnlinkError::PermissionDenied)
    }

    fn truncate(&mut self, _: FileHandle, _: u64) -> Result<(), TruncateError> {
        Err(TruncateError::PermissionDenied)
    }

    fn rename(
        &mut self,
        _: DirHandle,
        _: NameBuf<'_>,
        _: DirHandle,
        _: NameBuf<'_>,
    ) -> Result<(), MoveError> {
        Err(MoveError::PermissionDenied)
    }

    fn num_entries(&mut self, _: DirHandle) -> Result<u32, HandleError> {
        Ok(if self.lie == Lie::None { 1 } else { u32::MAX })
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn FileSystemSession, _>(|request: &SessionRequest<'_>| Session::open(request))?;
    Ok(root)
}
