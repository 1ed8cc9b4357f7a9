//! PD and CPU sessions of a child that somebody else serves in core's place: another child of ours,
//! or our owner.
//!
//! The child is given that one's capabilities, and core never learns of it: account and process are
//! those of a PD session of core's as ever. If a child serves the PD, that session is ours, and the
//! server gets it when it asks for a PD of the label by which it was asked. If our owner serves it,
//! the session is its own, and comes with the route.
//!
//! Who serves the CPU session makes the child's first thread. It may never answer, so a thread of
//! ours asks, which nobody waits for but the child.
use genode_abi::*;
use genode_affinity::Affinity;
use genode_args::cost;
use genode_args::label::Label;
use genode_host_proto::opcode::env_id;
use genode_wire::Handle;

use super::at_parent;
use super::environment::{args_of, first_thread};
use super::quota::grant;
use super::route::{Kind, warn};
use super::served::ChildId;
use super::world::{AtParent, First, world};
use crate::handle::Owned;
use crate::signal::rs_signal_submit;

/// The PD session of core's for a child whose PD somebody else serves, and who does.
pub(super) fn pd(
    name: &str,
    server: Kind,
    affinity: Affinity,
) -> Result<(AtParent, Option<Kind>), rs_err_t> {
    if let Kind::Local(cap, forwards_to) = server {
        if !forwards_to.is_valid() {
            warn(&format!(
                "{name}: its PD session is served here, but not by a PD session of ours: let the service say which one"
            ));
            return Err(RS_DENIED);
        }
        let pd = AtParent { id: 0, label: name.to_owned(), cap: forwards_to };
        return Ok((pd, Some(Kind::Local(cap, Owned::default()))));
    }
    let label = Label::new(name).map_err(|_| RS_INVALID)?;
    let args = args_of(&label, cost::PD)?;
    let (id, cap) = at_parent::open("PD", args.as_str(), affinity, None)?;
    Ok((AtParent { id, label: name.to_owned(), cap }, Some(server)))
}

/// Refuses a child with whose account ours cannot exchange quota: accounts that core has and such
/// that somebody else serves do not know each other.
pub(super) fn check(name: &str, own: &Owned, pd: &Owned) -> Result<(), rs_err_t> {
    if grant(own)?.is_some() && grant(pd)?.is_none() {
        warn(&format!(
            "{name}: its PD session comes from somebody who does not serve ours: route both to the same server"
        ));
        return Err(RS_DENIED);
    }
    Ok(())
}

/// Has the server of a child's CPU session make the first thread, if nobody is at it.
pub(super) fn begin(id: ChildId) -> Result<(), rs_err_t> {
    let (cpu, pd, faults, name) = {
        let mut world = world();
        let cap =
            |of| world.find(id, of).and_then(|id| world.sessions.get(id)).map(|s| s.cap.clone());
        let (cpu, pd) = (cap(env_id::CPU), cap(env_id::PD));
        let Some(child) = world.children.get_mut(&id) else { return Ok(()) };
        if child.served.cpu != Some(First::Wanted) {
            return Ok(());
        }
        child.served.cpu = Some(First::Asked);
        let pd = pd.unwrap_or_else(|| child.pd.cap.clone());
        (cpu.ok_or(RS_GONE)?, pd, child.faults.cap.clone(), child.name.clone())
    };
    let ask = move || {
        let made = first_thread(&cpu, &pd, &faults, &name);
        if let Err(e) = &made {
            warn(&format!(
                "{name}: whoever serves its CPU session made no thread for it (error {e}): see the messages about that one"
            ));
        }
        if let Some(child) = world().children.get_mut(&id) {
            match made {
                Ok(thread) => (child.thread, child.served.cpu) = (thread, Some(First::Made)),
                Err(e) => child.failed = Some(e),
            }
        }
        // SAFETY: a live reference; one whose child is gone is silent.
        unsafe { rs_signal_submit(faults.get(), 1) };
    };
    let spawned = std::thread::Builder::new().name("first thread".into()).spawn(ask);
    spawned.map(drop).map_err(|_| RS_OUT_OF_RAM)
}
