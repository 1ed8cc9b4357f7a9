//! A child's life: its PD, its environment sessions, the start of its program, its end.
use std::ffi::c_void;

use genode_abi::*;
use genode_affinity::{Affinity, Location};
use genode_args::ArgsBuf;
use genode_args::cost;
use genode_args::label::Label;
use genode_args::repeats::Repeats;
use genode_host_proto::interface::native_pd::{self, Ended, Termination};
use genode_host_proto::interface::pd::{self, Referred};
use genode_host_proto::interface::{AllocError, cpu, rom};
use genode_host_proto::opcode::env_id;
use genode_host_proto::signal::News;
use genode_wire::{Cap, FixedString, Handle};

use super::quota::{Amount, own_pd, transfer};
use super::route::{Kind, ask, filter, warn};
use super::served::{ChildId, Ep, dissolve};
use super::session::{SERVER_ARGS, Terms};
use super::world::{AtParent, Child, First, Phase, Policy, Provider, Served, SessionId, world};
use super::{answer, at_parent, close, forward, serve, served, served_core};
use crate::handle::Owned;
use crate::object;
use crate::session::rs_session_close;
use crate::signal::rs_signal_submit;
use crate::{log, rpc};

/// Exit code of a process that core could not load a program into. A component tells its own exit values by RPC.
const NOT_LOADED: i64 = 127;

/// What to create.
pub(super) struct Attr {
    pub(super) name: String,
    pub(super) binary: String,
    pub(super) quota: Amount,
    pub(super) affinity: Affinity,
}

/// Arguments of an environment session: its label, and the donation that comes out of our account.
pub(super) fn args_of(label: &Label, cost: Amount) -> Result<ArgsBuf<SERVER_ARGS>, rs_err_t> {
    let mut args = ArgsBuf::new();
    args.set_str("label", label.as_str()).map_err(|_| RS_OVERFLOW)?;
    args.set_quota(cost).map_err(|_| RS_OVERFLOW)?;
    Ok(args)
}

/// Where the PD or the CPU session of a child comes from.
enum Core {
    /// Our parent, and through it core.
    Parent(AtParent),
    /// Another child, or our owner, in core's place: see [`super::served_core`].
    Served(Kind),
}

/// Finds the route of a session of a child's environment, which we pay for.
fn environment_terms<'a>(
    child: ChildId,
    label: &str,
    service: &'a str,
    (client_id, cost): (u64, Amount),
    affinity: Affinity,
) -> Result<(Kind, Terms<'a>), rs_err_t> {
    let bare = Label::new(label).map_err(|_| RS_INVALID)?;
    let mut args = filter(child, service, &args_of(&bare, cost)?)?;
    let routed = ask(child, service, label, args.as_str(), affinity)?;
    args.set_str("label", routed.label.as_str()).map_err(|_| RS_OVERFLOW)?;
    let terms = Terms {
        client: child,
        client_id,
        service,
        args,
        requested: bare,
        label: routed.label,
        affinity: routed.affinity,
        // we pay for the environment, not the child
        charged: Amount::NONE,
        donated: cost,
    };
    Ok((routed.provider, terms))
}

/// Finds the route of a child's PD or CPU session, and opens that at our parent if it leads there.
/// The terms are for whoever else serves it.
fn core_session<'a>(
    child: ChildId,
    name: &str,
    service: &'a str,
    price: (u64, Amount),
    affinity: Affinity,
) -> Result<(Core, Terms<'a>), rs_err_t> {
    let (provider, terms) = environment_terms(child, name, service, price, affinity)?;
    let core = match provider {
        Kind::Parent => {
            let args = terms.args.as_str();
            if let Some(why) = at_parent::too_long(service, args) {
                warn(&format!("{name}: {why}"));
            }
            let (id, cap) = at_parent::open(service, args, terms.affinity, None)?;
            Core::Parent(AtParent { id, label: terms.label.as_str().to_owned(), cap })
        }
        served => Core::Served(served),
    };
    Ok((core, terms))
}

/// Give the parent's sessions back when a child does not come to be.
fn abandon(child: ChildId) {
    let Some(removed) = world().children.remove(&child) else { return };
    dissolve(&removed.parent);
    dissolve(&removed.faults);
    close_used(child, removed.policy);
    close_at_parent(&removed.pd);
}

fn close_at_parent(session: &AtParent) {
    if session.id != 0 {
        // SAFETY: no precondition.
        unsafe { rs_session_close(session.id) };
    }
}

/// Create a child with its protection domain and its quota.
pub(super) fn create(ep: Ep, attr: &Attr, policy: Policy) -> Result<ChildId, rs_err_t> {
    let rpc = object::Kind::Rpc { function: Some(serve::dispatch) };
    let fault = object::Kind::Signal { function: Some(on_fault), io: false, news: News::default() };
    let id = world().fresh();
    let parent = served::serve(ep, id, rpc)?;
    let faults = match served::serve(ep, id, fault) {
        Ok(faults) => faults,
        Err(e) => {
            dissolve(&parent);
            return Err(e);
        }
    };
    let child = Child {
        name: attr.name.clone(),
        binary: attr.binary.clone(),
        ep,
        policy,
        affinity: attr.affinity,
        pd: AtParent { id: 0, label: String::new(), cap: Owned::default() },
        cpu: None,
        served: Served::default(),
        thread: Owned::default(),
        parent,
        faults,
        requests: None,
        started: false,
        launched: false,
        failed: None,
        ended: false,
        session_sigh: Owned::default(),
        resource_sigh: Owned::default(),
        yield_sigh: Owned::default(),
        heartbeat_sigh: Owned::default(),
        yield_args: String::new(),
        denials: Repeats::new(),
    };
    // in the tables from now on, since the policy is asked about it
    world().children.insert(id, child);
    match equip(id, attr) {
        Ok(()) => Ok(id),
        Err(e) => {
            abandon(id);
            Err(e)
        }
    }
}

fn equip(id: ChildId, attr: &Attr) -> Result<(), rs_err_t> {
    let what = (env_id::PD, cost::PD);
    let (core, terms) = core_session(id, &attr.name, "PD", what, attr.affinity)?;
    let (pd, server) = match core {
        Core::Parent(pd) => (pd, None),
        Core::Served(server) => served_core::pd(&attr.name, server, terms.affinity)?,
    };
    let (cap, own) = (pd.cap.clone(), own_pd());
    let parent = {
        let mut world = world();
        let child = world.children.get_mut(&id).ok_or(RS_GONE)?;
        child.pd = pd;
        child.served.pd = server.is_some();
        child.parent.cap.clone()
    };
    if let Some(server) = server {
        terms.initiate(server)?;
    }
    served_core::check(&attr.name, &own, &cap)?;
    let account = Cap(own.lend());
    match rpc::call(cap.get(), &pd::Call::RefAccount { account })? {
        Referred::Ok => {}
        Referred::InvalidSession => return Err(RS_INVALID),
    }
    transfer(&own, &cap, attr.quota)?;
    rpc::call(cap.get(), &pd::Call::AssignParent { parent: Cap(parent.lend()) })
}

/// Open the environment sessions, and start the program if all are there.
pub(super) fn start(id: ChildId) -> Result<(), rs_err_t> {
    let (name, binary, affinity, pd, faults) = {
        let mut world = world();
        let child = world.children.get_mut(&id).ok_or(RS_INVALID)?;
        if std::mem::replace(&mut child.started, true) {
            return Err(RS_INVALID);
        }
        let caps = (child.pd.cap.clone(), child.faults.cap.clone());
        (child.name.clone(), child.binary.clone(), child.affinity, caps.0, caps.1)
    };
    let (core, terms) = core_session(id, &name, "CPU", (env_id::CPU, cost::CPU), affinity)?;
    match core {
        Core::Parent(cpu) => {
            let session = cpu.cap.clone();
            if let Some(child) = world().children.get_mut(&id) {
                child.cpu = Some(cpu);
            }
            let thread = first_thread(&session, &pd, &faults, &name)?;
            if let Some(child) = world().children.get_mut(&id) {
                child.thread = thread;
            }
        }
        Core::Served(server) => {
            if let Some(child) = world().children.get_mut(&id) {
                child.served.cpu = Some(First::Wanted);
            }
            terms.initiate(server)?;
        }
    }
    environment_session(id, env_id::LOG, "LOG", &name, cost::LOG, affinity)?;
    environment_session(id, env_id::BINARY, "ROM", &binary, cost::ROM, affinity)?;
    launch(id)
}

/// Has a CPU session tell `faults` of the child's end, and make the thread of its program, which
/// ties its PD to the session.
pub(super) fn first_thread(
    cpu: &Owned,
    pd: &Owned,
    faults: &Owned,
    name: &str,
) -> Result<Owned, rs_err_t> {
    let handler = Cap(faults.lend());
    rpc::call::<()>(cpu.get(), &cpu::Call::ExceptionSigh { handler })?;
    // the name may be cut: it is for people
    let short = name.char_indices().take_while(|(i, _)| *i < 28).map(|(_, c)| c);
    let call = cpu::Call::CreateThread {
        pd: Cap(pd.lend()),
        name: FixedString::new(&short.collect::<String>()).unwrap_or_default(),
        location: Location::default(),
        entry: 0,
    };
    let made: Result<Cap<Owned>, AllocError> = rpc::call(cpu.get(), &call)?;
    made.map(|Cap(thread)| thread).map_err(|_| RS_OUT_OF_CAPS)
}

fn environment_session(
    child: ChildId,
    client_id: u64,
    service: &str,
    label: &str,
    cost: Amount,
    affinity: Affinity,
) -> Result<(), rs_err_t> {
    let (provider, terms) = environment_terms(child, label, service, (client_id, cost), affinity)?;
    terms.initiate(provider).map(drop)
}

/// Start a child that waited for its environment, or say that it cannot be started.
fn continue_start(id: ChildId) {
    let (waiting, failed, name) = {
        let world = world();
        let Some(child) = world.children.get(&id) else { return };
        let waiting = child.started
            && !child.ended
            && !child.launched
            && (child.cpu.is_some() || child.served.cpu.is_some());
        (waiting, child.failed, child.name.clone())
    };
    let failed = failed.or_else(|| if waiting { launch(id).err() } else { None });
    if let Some(e) = failed {
        let cause = match e {
            RS_DENIED => "its program, its log, its PD or its CPU session is denied",
            RS_INVALID => "its program is not valid, or it has no thread",
            _ => "out of resources, or a server of its environment is gone",
        };
        log::line(RS_ERROR, format!("{name}: cannot be started: {cause}").as_bytes());
        serve::ended(id, RS_CHILD_FAULTED, 0);
    }
}

/// Start the program if its environment is complete; a session that is still to come brings us back here.
fn launch(id: ChildId) -> Result<(), rs_err_t> {
    let (pd, rom_session, elsewhere, by_server) = {
        let mut world = world();
        let mut found = None;
        let Some(served) = world.children.get(&id).map(|child| child.served) else {
            return Ok(());
        };
        // that of the program last, see below
        let core = [(env_id::PD, served.pd), (env_id::CPU, served.cpu.is_some())];
        let core = core.into_iter().filter(|(_, served)| *served).map(|(id, _)| id);
        for client_id in core.chain([env_id::LOG, env_id::BINARY]) {
            let Some(session) = world.find(id, client_id) else { return Ok(()) };
            let Some(session) = world.sessions.get_mut(session) else { return Ok(()) };
            match session.phase {
                Phase::Create => return Ok(()),
                Phase::Refused(e) => return Err(e),
                Phase::Available => session.phase = Phase::HandedOut,
                _ => {}
            }
            found = Some((session.cap.clone(), !matches!(session.provider, Provider::Parent(_))));
        }
        if served.cpu.is_some_and(|first| first != First::Made) {
            drop(world);
            return served_core::begin(id);
        }
        let Some(child) = world.children.get_mut(&id) else { return Ok(()) };
        let (Some((rom_session, elsewhere)), false) = (found, child.launched) else {
            return Ok(());
        };
        child.launched = true;
        (child.pd.cap.clone(), rom_session, elsewhere, served.cpu.is_some())
    };
    if !elsewhere && !by_server {
        return load(&pd, &rom_session);
    }
    // A server among our children may be calling us right now. We must not wait for it on the entrypoint.
    let spawned = std::thread::Builder::new().name("load".into()).spawn(move || {
        let loaded = load(&pd, &rom_session);
        // The server of the CPU session may not have told core whom to tell of an early end.
        if loaded.is_err() || by_server {
            let mut faults = Owned::default();
            if let Some(child) = world().children.get_mut(&id) {
                child.failed = child.failed.or(loaded.err());
                faults = child.faults.cap.clone();
            }
            // SAFETY: a live reference; an invalid one is silent.
            unsafe { rs_signal_submit(faults.get(), 1) };
        }
    });
    spawned.map(drop).map_err(|_| RS_OUT_OF_RAM)
}

/// Load the program from its ROM session into the protection domain, and start it.
fn load(pd: &Owned, rom_session: &Owned) -> Result<(), rs_err_t> {
    let native = native_pd(pd)?;
    let Cap(program): Cap<Owned> = rpc::call(rom_session.get(), &rom::Call::Dataspace)?;
    if !program.is_valid() {
        return Err(RS_DENIED);
    }
    // whether it can run is told as the end of its process, see `on_fault`
    rpc::call(native.get(), &native_pd::Call::Start { binary: Cap(program.lend()) })
}

fn native_pd(pd: &Owned) -> Result<Owned, rs_err_t> {
    rpc::call(pd.get(), &pd::Call::NativePd).map(|Cap(native)| native)
}

/// The child's process ended without telling, or there is news of its environment.
unsafe extern "C" fn on_fault(ctx: *mut c_void, _count: u32) {
    let id = ctx.addr() as ChildId;
    continue_start(id);
    let Some(pd) = world().pd(id) else { return };
    let ask = || rpc::call(native_pd(&pd)?.get(), &native_pd::Call::Termination);
    match ask() {
        Ok(Termination { ended: Ended::Not, .. }) => {}
        Ok(Termination { ended: Ended::Exited, value: NOT_LOADED }) => {
            if let Some(child) = world().children.get_mut(&id) {
                child.failed = Some(RS_INVALID);
            }
            continue_start(id);
        }
        Ok(Termination { ended: Ended::Exited, value }) => {
            serve::ended(id, RS_CHILD_EXITED, value as i32);
        }
        Ok(Termination { ended: Ended::Killed, value: signal }) => {
            serve::ended(id, RS_CHILD_FAULTED, signal as i32);
        }
        Err(_) => serve::ended(id, RS_CHILD_FAULTED, 0),
    }
}

/// End a child: nothing of it runs or is served any more, all sessions from and to it are closed.
pub(super) fn destroy(id: ChildId) {
    // first its own process, so that it asks for nothing while its sessions go
    let Some(child) = world().children.remove(&id) else { return };
    dissolve(&child.parent);
    dissolve(&child.faults);
    if let Some(requests) = &child.requests {
        dissolve(&requests.served);
    }
    close_at_parent(&child.pd);
    if child.served.pd && child.pd.id == 0 {
        // our owner has the session that its process goes with
        let pd = world().find(id, env_id::PD);
        if let Some(pd) = pd {
            leave(pd, child.policy);
        }
    }

    let served: Vec<_> = {
        let world = world();
        world.sessions.served_by(id).map(|(id, _)| id).collect()
    };
    // its clients get back what they donated: with its PD, everything it had returned to us
    for session in served {
        let forward = world().sessions.get(session).and_then(|s| s.forward);
        match forward {
            Some(id) => {
                world().sessions.remove(session);
                forward::tell(child.policy, id, RS_SESSION_CLOSED, &Owned::default());
            }
            None => orphaned(session),
        }
    }
    close_used(id, child.policy);
    if let Some(cpu) = &child.cpu {
        close_at_parent(cpu);
    }
}

/// Closes all sessions that a child used, which is no more.
fn close_used(id: ChildId, policy: Policy) {
    let used: Vec<_> = {
        let world = world();
        world.sessions.used_by(id).map(|(id, _)| id).collect()
    };
    for session in used {
        leave(session, policy);
    }
}

/// Closes a session whose client is no more.
fn leave(session: SessionId, policy: Policy) {
    let local = {
        let mut world = world();
        world.sessions.leave_client(session);
        let Some(session) = world.sessions.get_mut(session) else { return };
        session.waiter = None;
        matches!(session.provider, Provider::Local).then(|| session.cap.clone())
    };
    if let (Some(cap), Some(function)) = (local, policy.0.local_close) {
        // SAFETY: the policy's own context, alive until the caller's destruction returns.
        unsafe { function(policy.0.ctx, cap.get()) };
    }
    close::close(session);
}

/// The server of a session is gone.
fn orphaned(id: SessionId) {
    let mut world = world();
    // what the server had is ours again, so that there is nobody to ask for it
    world.sessions.leave_server(id);
    let Some(session) = world.sessions.get_mut(id) else { return };
    let client = session.client;
    let asks = session.phase == Phase::Create && client.is_some();
    if asks && !session.unwanted && session.waiter.is_none() {
        session.phase = Phase::Refused(RS_DENIED); // somebody will ask what became of it
        drop(world);
        return answer::news(client);
    }
    let session = world.sessions.remove(id);
    drop(world);
    answer::over(session, RS_DENIED);
}

/// Store what the child is to give back, and tell it.
pub(super) fn notify(id: ChildId, which: rs_parent_signal_t, args: &str) {
    let sigh = {
        let mut world = world();
        let Some(child) = world.children.get_mut(&id) else { return };
        match which {
            RS_RESOURCE_AVAIL => child.resource_sigh.clone(),
            RS_YIELD => {
                args.clone_into(&mut child.yield_args);
                child.yield_sigh.clone()
            }
            RS_HEARTBEAT => child.heartbeat_sigh.clone(),
            _ => return,
        }
    };
    // SAFETY: a live reference; an invalid one is silent.
    unsafe { rs_signal_submit(sigh.get(), 1) };
}
