//! A session: calls and packets of one client.

use alloc::rc::{Rc, Weak};
use core::{cell::RefCell, fmt};

use super::{
    Server,
    handles::{Handles, find},
};
use crate::{
    cap::Capability,
    label::{last_element, policy},
    node::Node,
    packet_stream::{Buffer, Sink, StreamError, TxChannel},
    root::{Refused, SessionRequest},
    session::file_system::{
        Control, DirError, DirHandle, FileHandle, FileSystemSession, HandleError, Header, Mode,
        MoveError, NameBuf, NodeError, NodeHandle, NodeType, OpenError, Operation, Packets, Path,
        PathBuf, Refusal, Status, StatusError, SymlinkHandle, TruncateError, UnlinkError,
        WatchError, WatchHandle, volume::Volume,
    },
    signal::SignalHandler,
};

/// Largest buffer of a session in bytes: bounds the time that one packet takes.
const MAX_BUFFER: u64 = 16 << 20;

/// Packets that are worked on at most before others have their turn.
const BATCH: usize = 32;

/// Charged to the client for the session itself, in bytes.
const SESSION_COST: usize = 4096;

/// State that the calls and the handlers of a session share.
struct Inner<V: Volume> {
    handles: RefCell<Handles<V>>,
    sink: Sink<Packets>,
    /// Lets the session go on once the entrypoint is free.
    again: SignalHandler,
}

/// A session of a [`Server`].
#[must_use = "dropping it closes the session"]
pub struct Session<V: Volume> {
    inner: Rc<Inner<V>>,
}

impl<V: Volume> Session<V> {
    pub(super) fn open(
        server: &Rc<Server<V>>,
        request: &SessionRequest<'_>,
        config: &Node,
    ) -> Result<Self, Refused> {
        let label = request.label();
        let denied = |why: &str| {
            warning!("File_system session of '{label}' denied: {why}");
            Refused::Denied
        };
        let policy = policy(config, label)
            .ok_or_else(|| denied("no <policy label=\"..\" root=\"..\"/> is for it"))?;
        let allowed = policy.attr_or("writeable", false);
        let outer = policy.attr("root").ok_or_else(|| denied("its policy has no root"))?;
        let argument = request.args().get("root").and_then(|root| {
            let root: alloc::string::String = root.chars()?.collect();
            Some(root)
        });
        let inner = argument.as_deref().unwrap_or_else(|| last_element(label));
        let parse = |path| {
            Path::new(path).map_err(|error| denied(&alloc::format!("root directory: {error}")))
        };
        let (outer, inner) = (parse(outer.as_bytes())?, parse(inner.as_bytes())?);
        let size = request.args().u64("tx_buf_size", 0);
        if size == 0 || size > MAX_BUFFER {
            return Err(denied("tx_buf_size is 0, or more than 16M"));
        }
        let root = server.with_volume(|volume| {
            let root = find(volume, find(volume, volume.root(), outer)?, inner)?;
            Ok::<_, Refusal>((root, volume.status(root)?.kind))
        });
        let Ok((root, NodeType::Directory)) = root else {
            return Err(denied("there is no such directory"));
        };
        let account = request.account();
        account.charge(SESSION_COST)?;
        let buffer = Buffer::new(request.ep().into(), account, size as usize).map_err(|error| {
            if account_short(error) { Refused::InsufficientRam } else { error.into() }
        })?;
        let writeable = allowed && request.args().bool("writeable", false);
        let handles = Handles::new(server, root, writeable, account)
            .map_err(|_| denied("there is no such directory"))?;
        Self::start(handles, request, buffer)
    }

    fn start(
        handles: Handles<V>,
        request: &SessionRequest<'_>,
        buffer: Buffer,
    ) -> Result<Self, Refused> {
        let refused = |error| match error {
            StreamError::System(error) => Refused::from(error),
            StreamError::TooSmall { .. } => Refused::InsufficientRam,
            _ => Refused::Denied,
        };
        let sink = Sink::offer(request.ep(), buffer).map_err(refused)?;
        let late = Rc::new(RefCell::new(Weak::<Inner<V>>::new()));
        let pump = {
            let late = late.clone();
            move || {
                let inner = late.borrow().upgrade();
                if let Some(inner) = inner {
                    inner.pump();
                }
            }
        };
        sink.on_signal(pump.clone());
        let again = SignalHandler::new(request.ep(), move |_| pump())?;
        let ring = late.clone();
        *handles.inbox.ring.borrow_mut() = Some(Rc::new(move || {
            if let Some(inner) = ring.borrow().upgrade() {
                inner.again.submit();
            }
        }));
        let inner = Rc::new(Inner { handles: RefCell::new(handles), sink, again });
        *late.borrow_mut() = Rc::downgrade(&inner);
        Ok(Self { inner })
    }

    /// Serves a call, and tells others of what it changed.
    fn call<T, E: From<Refusal>>(
        &self,
        act: impl FnOnce(&mut Handles<V>) -> Result<T, Refusal>,
    ) -> Result<T, E> {
        let mut handles = self.inner.handles.borrow_mut();
        let result = act(&mut handles);
        handles.server.deliver();
        Ok(result?)
    }
}

/// Tells whether the client's donation did not suffice.
fn account_short(error: crate::Error) -> bool {
    matches!(error, crate::Error::InsufficientRam | crate::Error::OutOfRam)
}

impl<V: Volume> Inner<V> {
    /// Works on packets for as long as there is room for the answers, and tells news.
    ///
    /// A client whose indices make no sense is left alone: its session is what it destroyed.
    fn pump(&self) {
        // In use only if the volume waits for signals, which it must not.
        let Ok(mut handles) = self.handles.try_borrow_mut() else { return };
        for done in 0..=BATCH {
            if self.tell(&handles).is_err() || !self.sink.ready_to_ack(1).is_ok_and(|free| free > 0)
            {
                break;
            }
            if done == BATCH {
                self.again.submit();
                break;
            }
            let Ok(Some(packet)) = self.sink.try_next() else { break };
            let answer = handles.answer(packet.header(), packet.view());
            // Room was there, and the packet is the stream's own.
            let _ = self.sink.try_ack(packet, &answer);
        }
        self.sink.wakeup();
        handles.server.deliver();
    }

    /// Tells news, while there is room for it.
    fn tell(&self, handles: &Handles<V>) -> Result<(), StreamError> {
        let mut waiting = handles.inbox.handles.borrow_mut();
        while let Some(&handle) = waiting.first() {
            if self.sink.ready_to_ack(1)? == 0 {
                return Ok(());
            }
            let news = Header::news(NodeHandle(handle.into()), Operation::ContentChanged);
            self.sink.try_notify(&news)?;
            waiting.remove(&handle);
        }
        Ok(())
    }
}

impl<V: Volume> FileSystemSession for Session<V> {
    fn tx(&mut self) -> Capability<dyn TxChannel> {
        self.inner.sink.cap()
    }

    fn file(
        &mut self,
        directory: DirHandle,
        name: NameBuf<'_>,
        mode: Mode,
        create: bool,
    ) -> Result<FileHandle, OpenError> {
        self.call(|handles| handles.file(directory, name.terminated().ok(), mode, create))
    }

    fn symlink(
        &mut self,
        directory: DirHandle,
        name: NameBuf<'_>,
        create: bool,
    ) -> Result<SymlinkHandle, OpenError> {
        self.call(|handles| handles.symlink(directory, name.terminated().ok(), create))
    }

    fn dir(&mut self, path: PathBuf<'_>, create: bool) -> Result<DirHandle, DirError> {
        self.call(|handles| handles.dir(path.terminated().ok(), create))
    }

    fn node(&mut self, path: PathBuf<'_>) -> Result<NodeHandle, NodeError> {
        self.call(|handles| handles.node(path.terminated().ok()))
    }

    fn watch(&mut self, path: PathBuf<'_>) -> Result<WatchHandle, WatchError> {
        self.call(|handles| handles.watch(path.terminated().ok()))
    }

    /// Works on packets that are in the queue first: a C++ client closes a file that it has written
    /// without waiting.
    fn close(&mut self, node: NodeHandle) -> Result<(), HandleError> {
        self.inner.pump();
        self.call(|handles| handles.close(node))
    }

    fn status(&mut self, node: NodeHandle) -> Result<Status, StatusError> {
        self.call(|handles| handles.status(node))
    }

    fn control(&mut self, node: NodeHandle, _: Control) -> Result<(), StatusError> {
        self.call(|handles| handles.status(node).map(|_| ()))
    }

    fn unlink(&mut self, directory: DirHandle, name: NameBuf<'_>) -> Result<(), UnlinkError> {
        self.call(|handles| handles.unlink(directory, name.terminated().ok()))
    }

    fn truncate(&mut self, file: FileHandle, size: u64) -> Result<(), TruncateError> {
        self.call(|handles| handles.truncate(file, size))
    }

    fn rename(
        &mut self,
        from: DirHandle,
        from_name: NameBuf<'_>,
        to: DirHandle,
        to_name: NameBuf<'_>,
    ) -> Result<(), MoveError> {
        let (from, to) = ((from, from_name.terminated().ok()), (to, to_name.terminated().ok()));
        self.call(|handles| handles.rename(from, to))
    }

    fn num_entries(&mut self, directory: DirHandle) -> Result<u32, HandleError> {
        self.call(|handles| handles.num_entries(directory))
    }
}

impl<V: Volume> fmt::Debug for Session<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("sink", &self.inner.sink).finish_non_exhaustive()
    }
}
