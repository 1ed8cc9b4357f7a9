//! The ROM `session_requests` of a child: what its clients want of it.
//!
//! The first half of the dataspace is the ROM as Genode has it: its content changes when the child calls for it. The
//! second half shows the requests as they are (`genode_host_proto::live`), so that a child that was signalled can read them
//! without a call. It shows none from the child's first answer until there is a new one: with an answer under way, what
//! is shown would ask for the same once more.
use std::ffi::c_void;
use std::fmt::Write;

use genode_abi::*;
use genode_host_proto::interface::Call as _;
use genode_host_proto::interface::rom::Call;
use genode_host_proto::opcode::OPCODES;
use genode_wire::{Cap, ExceptionCode, Handle, Writer};

use super::served::{self, ChildId};
use super::shown::{Memory, RequestsRom};
use super::world::{Phase, Session, SessionId, World, world};
use crate::handle::{Lent, Owned};
use crate::object::Kind;
use crate::rpc;
use crate::signal::rs_signal_submit;

/// Name of the ROM.
pub(super) const NAME: &str = "session_requests";

/// The ROM session by which a child gets requests of its clients; made when it first asks.
pub(super) fn requests_rom(id: ChildId) -> Result<Owned, rs_err_t> {
    let ep = {
        let world = world();
        let child = world.children.get(&id).ok_or(RS_GONE)?;
        if let Some(requests) = &child.requests {
            return Ok(requests.served.cap.clone());
        }
        child.ep
    };
    let served = served::serve(ep, id, Kind::Rpc { function: Some(dispatch) })?;
    let cap = served.cap.clone();
    let mut world = world();
    let child = world.children.get_mut(&id).ok_or(RS_GONE)?;
    child.requests = Some(RequestsRom { served, sigh: Owned::INVALID, memory: None });
    Ok(cap)
}

/// Tell a child that there is something new for it to do.
pub(super) fn changed(child: ChildId) {
    let sigh = {
        let mut world = world();
        let text = render(world.sessions.served_by(child));
        let requests = world.children.get_mut(&child).and_then(|c| c.requests.as_mut());
        requests.map(|requests| {
            if let Some(memory) = &mut requests.memory {
                let (live, count) = memory.shown();
                live.show(count, text.as_bytes()); // what does not fit is asked for
            }
            requests.sigh.clone()
        })
    };
    // SAFETY: a live reference.
    unsafe { rs_signal_submit(sigh.unwrap_or_default().get(), 1) };
}

impl World {
    /// A child answered a request: what it was shown is not true any more.
    pub(super) fn take_back_requests(&mut self, child: ChildId) {
        let requests = self.children.get_mut(&child).and_then(|c| c.requests.as_mut());
        if let Some(memory) = requests.and_then(|r| r.memory.as_mut()) {
            let (live, count) = memory.shown();
            live.take_back(count);
        }
    }
}

/// Bring the memory up to date; the dataspace if `anew` was wanted or it must be a larger one.
fn refresh(child: ChildId, anew: bool) -> Option<Owned> {
    let (text, memory) = {
        let mut world = world();
        // What comes from now on is not in the text, and cannot be shown while the memory is away.
        world.take_back_requests(child);
        let text = render(world.sessions.served_by(child));
        let requests = world.children.get_mut(&child)?.requests.as_mut()?;
        (text, requests.memory.take())
    };
    let memory = match memory {
        Some(memory) if memory.store(&text) => memory,
        _ if !anew => return None,
        _ => {
            let memory = Memory::new(2 * (text.len() + 1).next_power_of_two()).ok()?;
            memory.store(&text);
            memory
        }
    };
    let ds = memory.ds.clone();
    let mut world = world();
    let requests = world.children.get_mut(&child)?.requests.as_mut()?;
    requests.memory = Some(memory);
    Some(ds)
}

unsafe extern "C" fn dispatch(
    ctx: *mut c_void,
    call: *const rs_msg_t,
    reply: *mut rs_msg_t,
) -> i64 {
    let child = ctx.addr() as ChildId;
    // SAFETY: the messages of a dispatch function.
    unsafe {
        rpc::serve(call, reply, |call, reply| serve(child, &Call::read(&OPCODES, call)?, reply))
    }
}

fn serve(
    child: ChildId,
    call: &Call<Lent>,
    reply: &mut Writer<'_, Owned>,
) -> Result<(), ExceptionCode> {
    match call {
        Call::Dataspace => reply.put(&Cap(refresh(child, true).unwrap_or(Owned::INVALID)))?,
        Call::Update => reply.put(&refresh(child, false).is_some())?,
        Call::Sigh { handler } => {
            let sigh = Owned::dup(handler.0.0);
            if let Some(requests) =
                world().children.get_mut(&child).and_then(|c| c.requests.as_mut())
            {
                requests.sigh = sigh;
            }
            changed(child); // what came before the handler was known
            reply.put(&())?;
        }
    }
    Ok(())
}

/// The ROM's text, as Genode generates it.
fn render<'a>(sessions: impl Iterator<Item = (SessionId, &'a Session)>) -> String {
    let mut text = String::with_capacity(512); // one request of usual size
    text.push_str("<session_requests>\n");
    for (id, session) in sessions {
        // writing to a string cannot fail
        let _ = match session.phase {
            Phase::Create => create(&mut text, id, session),
            Phase::Upgrade(amount) => writeln!(
                text,
                "\t<upgrade id=\"{id}\" ram_quota=\"{}\" cap_quota=\"{}\"/>",
                amount.ram.0, amount.caps
            ),
            Phase::Close => writeln!(text, "\t<close id=\"{id}\"/>"),
            _ => Ok(()),
        };
    }
    text.push_str("</session_requests>\n");
    text
}

fn create(text: &mut String, id: SessionId, session: &Session) -> std::fmt::Result {
    let a = &session.affinity;
    write!(text, "\t<create id=\"{id}\" service=\"")?;
    escape(text, &session.service);
    text.push_str("\" label=\"");
    escape(text, &session.label);
    text.push_str("\">\n\t\t<args>");
    escape(text, &session.args);
    write!(
        text,
        "</args>\n\t\t<affinity>\n\t\t\t<space width=\"{}\" height=\"{}\"/>\n\t\t\t<location xpos=\"{}\" ypos=\"{}\" width=\"{}\" height=\"{}\"/>\n\t\t</affinity>\n\t</create>\n",
        a.space.width,
        a.space.height,
        a.location.x,
        a.location.y,
        a.location.width,
        a.location.height
    )
}

/// Values come from a client, which must not be able to spoil what the server reads of other clients: what ends a
/// value, or is no XML, is written otherwise.
fn escape(text: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '"' => text.push_str("&quot;"),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => text.push('?'),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use genode_affinity::{Affinity, Location, Space};

    use super::super::quota::Amount;
    use super::*;

    fn session(phase: Phase) -> Session {
        let affinity = Affinity::new(Space::new(4, 1), Location::new(1, 0, 2, 1));
        Session { affinity, ..super::super::world::tests::session(phase) }
    }

    #[test]
    fn requests_look_as_genode_writes_them() {
        let sessions = [
            (5, session(Phase::Create)),
            (6, session(Phase::Upgrade(Amount::new(8192, 2)))),
            (7, session(Phase::Close)),
            (8, session(Phase::HandedOut)),
            (9, session(Phase::Available)),
        ];
        let text = render(sessions.iter().map(|(id, s)| (*id, s)));
        assert_eq!(
            text,
            "<session_requests>\n\
             \t<create id=\"5\" service=\"Hello\" label=\"client -&gt; a &quot;&lt;b&gt;&quot;\">\n\
             \t\t<args>label=&quot;x -&gt; y&quot;, ram_quota=4096, cap_quota=3</args>\n\
             \t\t<affinity>\n\
             \t\t\t<space width=\"4\" height=\"1\"/>\n\
             \t\t\t<location xpos=\"1\" ypos=\"0\" width=\"2\" height=\"1\"/>\n\
             \t\t</affinity>\n\
             \t</create>\n\
             \t<upgrade id=\"6\" ram_quota=\"8192\" cap_quota=\"2\"/>\n\
             \t<close id=\"7\"/>\n\
             </session_requests>\n"
        );
    }
}
