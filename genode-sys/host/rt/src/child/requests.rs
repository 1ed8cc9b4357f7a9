//! The ROM `session_requests` of a child: what its clients want of it.
//!
//! The first half of the dataspace is the ROM as Genode has it: its content changes when the child calls for it. The
//! second half shows the requests as they are (`genode_host_proto::live`), so that a child that was signalled can read them
//! without a call. It shows none from the child's first answer until there is a new one: with an answer under way, what
//! is shown would ask for the same once more.
use std::ffi::c_void;
use std::fmt::Write;
use std::ops::Range;
use std::sync::atomic::AtomicU64;

use genode_abi::*;
use genode_host_proto::interface::Call as _;
use genode_host_proto::interface::rom::Call;
use genode_host_proto::live::{self, Count, Live};
use genode_host_proto::opcode::OPCODES;
use genode_wire::{Cap, ExceptionCode, Handle, Writer};

use super::world::{ChildId, Ep, Phase, Provider, Served, Session, SessionId, World, world};
use crate::attach::{rs_attach, rs_detach};
use crate::handle::{Lent, Owned};
use crate::memory::{rs_ram_alloc, rs_ram_free};
use crate::object::{self, Kind, Object};
use crate::signal::rs_signal_submit;
use crate::{rpc, slices};

/// Name of the ROM.
pub(super) const NAME: &str = "session_requests";

/// One ROM session, the same for all who ask.
pub(super) struct RequestsRom {
    pub(super) served: Served,
    sigh: Owned,
    memory: Option<Memory>,
}

/// A dataspace attached here.
struct Memory {
    ds: Owned,
    addr: usize,
    /// Bytes of the ROM, and where they are shown.
    size: usize,
    shown: Range<usize>,
    count: Count,
}

impl Memory {
    fn new(size: usize) -> Result<Self, rs_err_t> {
        let mut ds = 0;
        // SAFETY: the out parameter is live.
        let made = unsafe { rs_ram_alloc(size, RS_CACHED, RS_ANY_NODE, &raw mut ds) };
        if made != RS_OK {
            return Err(made);
        }
        let attr =
            rs_attach_attr_t { offset: 0, size: 0, at: 0, writeable: true, executable: false };
        let (mut addr, mut size) = (0, 0);
        // SAFETY: arguments and out parameters are live.
        let mapped = unsafe { rs_attach(ds, &raw const attr, &raw mut addr, &raw mut size) };
        if mapped != RS_OK {
            // SAFETY: ours, not used again.
            unsafe { rs_ram_free(ds) };
            return Err(mapped);
        }
        let ds = Owned::new(ds);
        let shown = live::area(size).unwrap_or_default();
        Ok(Self { ds, addr, size: shown.start, shown, count: Count::default() })
    }

    /// The part that shows the requests, and the count that goes with it.
    fn shown(&mut self) -> (Live<'_>, &mut Count) {
        let start = std::ptr::with_exposed_provenance::<AtomicU64>(self.addr + self.shown.start);
        // SAFETY: mapped as long as `self`, in whole pages; everybody accesses this part by atomics only.
        let words = unsafe { slices::shared(start, self.shown.len() / 8) };
        (Live::new(words), &mut self.count)
    }

    /// Store a text with zeros behind it; false if it does not fit.
    fn store(&self, text: &str) -> bool {
        if text.len() >= self.size {
            return false;
        }
        let base = std::ptr::with_exposed_provenance_mut::<u8>(self.addr);
        // SAFETY: `size` bytes are mapped at `addr`, more than the text has, and no reference to them exists. The child
        // may read, or write, at the same time; nothing here is read back.
        unsafe {
            std::ptr::copy_nonoverlapping(text.as_ptr(), base, text.len());
            base.add(text.len()).write_bytes(0, self.size - text.len());
        }
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: attached by us once, no reference into it exists.
        unsafe {
            rs_detach(self.addr);
            rs_ram_free(std::mem::take(&mut self.ds).release());
        }
    }
}

impl RequestsRom {
    /// Serve the requests of `child` on its entrypoint.
    pub(super) fn new(ep: Ep, child: ChildId) -> Result<Self, rs_err_t> {
        let ctx = std::ptr::without_provenance_mut::<c_void>(child as usize);
        let kind = Kind::Rpc { function: Some(dispatch) };
        let (handle, cap) = object::manage(ep.0, Object { kind, ctx })?;
        let served = Served { handle, cap: Owned::new(cap) };
        Ok(Self { served, sigh: Owned::default(), memory: None })
    }
}

/// Tell a child that there is something new for it to do.
pub(super) fn changed(child: ChildId) {
    let sigh = {
        let mut world = world();
        let text = render(world.sessions.iter().filter(|(_, s)| is_at(s, child)));
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
        let text = render(world.sessions.iter().filter(|(_, s)| is_at(s, child)));
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

fn is_at(session: &Session, child: ChildId) -> bool {
    matches!(session.provider, Provider::Child(server) if server == child)
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
fn render<'a>(sessions: impl Iterator<Item = (&'a SessionId, &'a Session)>) -> String {
    let mut text = String::with_capacity(512); // one request of usual size
    text.push_str("<session_requests>\n");
    for (id, session) in sessions {
        // writing to a string cannot fail
        let _ = match session.phase {
            Phase::Create => create(&mut text, *id, session),
            Phase::Upgrade(amount) => writeln!(
                text,
                "\t<upgrade id=\"{id}\" ram_quota=\"{}\" cap_quota=\"{}\"/>",
                amount.ram, amount.caps
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
        Session {
            client: Some(1),
            client_id: 7,
            service: "Hello".into(),
            label: "client -> a \"<b>\"".into(),
            args: "label=\"x -> y\", ram_quota=4096, cap_quota=3".into(),
            affinity: Affinity::new(Space::new(4, 1), Location::new(1, 0, 2, 1)),
            provider: Provider::Child(2),
            phase,
            cap: Owned::default(),
            charged: Amount::default(),
            donated: Amount::default(),
            queued: Amount::default(),
            unwanted: false,
            waiter: None,
        }
    }

    #[test]
    fn requests_look_as_genode_writes_them() {
        let sessions = [
            (5, session(Phase::Create)),
            (6, session(Phase::Upgrade(Amount { ram: 8192, caps: 2 }))),
            (7, session(Phase::Close)),
            (8, session(Phase::HandedOut)),
            (9, session(Phase::Available)),
        ];
        let text = render(sessions.iter().map(|(id, s)| (id, s)));
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
