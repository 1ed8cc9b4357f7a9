//! Packets of a session: from what a client asks to what it is answered.

use super::handles::{Handles, Open, Role};
use crate::{
    packet_stream::{StreamError, View},
    rpc::Wire,
    session::file_system::{
        DirEntry, Header, MAX_PATH, Mode, Operation, Refusal, SEEK_TAIL, volume::Volume,
    },
};

/// A request about a part of a node, checked against the packet's bytes.
struct Asked<'a> {
    position: u64,
    len: usize,
    view: View<'a>,
}

impl<'a> Asked<'a> {
    fn content(&self) -> Result<View<'a>, Refusal> {
        self.view.part(0, self.len).map_err(|_| Refusal::InvalidHandle)
    }
}

impl<V: Volume> Handles<V> {
    /// Does what a packet asks for, and returns the answer. Everything that is wrong with it is an
    /// answer without success.
    pub(super) fn answer(&mut self, header: Header, view: Result<View<'_>, StreamError>) -> Header {
        match self.done(header, view) {
            Ok(length) => header.done(length),
            Err(_) => header.failed(),
        }
    }

    /// Does what a packet asks for. Returns the length that the answer has.
    fn done(
        &mut self,
        header: Header,
        view: Result<View<'_>, StreamError>,
    ) -> Result<u64, Refusal> {
        let operation = header.operation().ok_or(Refusal::InvalidHandle)?;
        let asked = |view: View<'_>| {
            let len = usize::try_from(header.length).ok().filter(|&len| len <= view.len());
            len.ok_or(Refusal::InvalidHandle)
        };
        match operation {
            Operation::Read | Operation::Write => {
                let view = view.map_err(|_| Refusal::InvalidHandle)?;
                let asked = Asked { position: header.position, len: asked(view)?, view };
                if operation == Operation::Read {
                    self.read(header, &asked)
                } else {
                    self.write(header, &asked)
                }
            }
            Operation::WriteTimestamp => {
                let server = self.server.clone();
                let open = self.get(header.handle)?;
                open.writeable()?;
                server.volume.borrow_mut().set_modified(open.node, header.position as i64)?;
                open.wrote = true;
                // The place of the length belongs to the time stamp.
                Ok(header.length)
            }
            Operation::Sync => {
                let server = self.server.clone();
                let open = self.get(header.handle)?;
                open.content()?;
                let mut volume = server.volume.borrow_mut();
                volume.sync(open.node)?;
                if core::mem::take(&mut open.wrote) {
                    volume.changed(open.node);
                }
                Ok(0)
            }
            // What is kept by a volume can be read at any time.
            Operation::ReadReady => self.get(header.handle)?.content().map(|()| 0),
            // Is the server's to say.
            Operation::ContentChanged => Err(Refusal::PermissionDenied),
        }
    }

    fn read(&mut self, header: Header, asked: &Asked<'_>) -> Result<u64, Refusal> {
        let (server, writeable) = (self.server.clone(), self.may_write());
        let Open { node, role, .. } = self.get(header.handle)?;
        let (node, volume) = (*node, server.volume.borrow());
        let mut position = asked.position;
        match role {
            Role::Directory(cursor) => return entries(&*volume, node, cursor, asked, writeable),
            Role::File(mode) if mode.contains(Mode::READ) => {
                if position == SEEK_TAIL {
                    position = volume.status(node)?.size.saturating_sub(asked.len as u64);
                }
            }
            Role::Symlink(_) if position == 0 => (),
            _ => return Err(Refusal::PermissionDenied),
        }
        Ok(volume.read_into(node, position, asked.content()?)? as u64)
    }

    fn write(&mut self, header: Header, asked: &Asked<'_>) -> Result<u64, Refusal> {
        let server = self.server.clone();
        let open = self.get(header.handle)?;
        open.writeable()?;
        let mut volume = server.volume.borrow_mut();
        match open.role {
            Role::File(_) => {
                let end = asked.position == SEEK_TAIL;
                let at = if end { volume.status(open.node)?.size } else { asked.position };
                volume.write_from(open.node, at, asked.content()?)?;
            }
            Role::Symlink(_) if asked.position == 0 && asked.len <= MAX_PATH + 1 => {
                let mut target = [0; MAX_PATH + 1];
                let target = &mut target[..asked.len];
                asked.view.read(0, target).map_err(|_| Refusal::InvalidHandle)?;
                // C++ clients send the terminating zero along.
                let target = target.split(|&byte| byte == 0).next().unwrap_or_default();
                if target.len() > MAX_PATH {
                    return Err(Refusal::NameTooLong);
                }
                volume.set_target(open.node, target)?;
            }
            _ => return Err(Refusal::InvalidHandle),
        }
        open.wrote = true;
        Ok(asked.len as u64)
    }
}

impl<V: Volume> Open<V> {
    /// Fails unless the handle's content may be changed.
    fn writeable(&self) -> Result<(), Refusal> {
        match self.role {
            Role::File(mode) | Role::Symlink(mode) if mode.contains(Mode::WRITE) => Ok(()),
            _ => Err(Refusal::PermissionDenied),
        }
    }

    /// Fails unless the handle is one of a content.
    const fn content(&self) -> Result<(), Refusal> {
        match self.role {
            Role::File(_) | Role::Symlink(_) | Role::Directory(_) => Ok(()),
            Role::Node | Role::Watch(_) => Err(Refusal::InvalidHandle),
        }
    }
}

/// Reads entries of a directory, as many whole ones as fit.
fn entries<V: Volume>(
    volume: &V,
    node: V::Node,
    cursor: &mut V::Cursor,
    asked: &Asked<'_>,
    writeable: bool,
) -> Result<u64, Refusal> {
    let size = DirEntry::SIZE;
    if !asked.position.is_multiple_of(size as u64) || asked.len < size {
        return Err(Refusal::InvalidHandle);
    }
    let first = asked.position / size as u64;
    let mut done = 0;
    for (index, offset) in (first..).zip((0..=asked.len - size).step_by(size)) {
        let Some(mut entry) = volume.entry(node, index, cursor)? else { break };
        entry.rwx.writeable &= writeable;
        let mut bytes = [0; DirEntry::SIZE];
        entry.store(&mut bytes);
        asked.view.write(offset, &bytes).map_err(|_| Refusal::InvalidHandle)?;
        done += size;
    }
    Ok(done as u64)
}
