//! How a child gets a session: requested, routed, paid for, handed out.
//!
//! After Genode's `repos/base/src/lib/base/child.cc` (26.02). The client's donation goes from its account to ours and on
//! to the server's; when the session is over, it goes the way back.
use genode_abi::*;
use genode_affinity::Affinity;
use genode_args::cost;
use genode_args::label::Label;
use genode_args::{ArgsBuf, ArgsRef};
use genode_wire::Handle;

use super::at_parent::{self, Payment};
use super::close::give_back;
use super::quota::{Amount, Transfer, own_pd, transfer_all};
use super::requests;
use super::route::{Kind, ask, filter, warn_of};
use super::served::ChildId;
use super::world::{Phase, Provider, Session, World, world};
use crate::handle::Owned;

/// Most sessions of one child: what a hostile child can make its parent remember.
const MAX_SESSIONS: usize = 4096;

/// Longest arguments that a server gets (Genode's `Session_state::Args`).
pub(super) const SERVER_ARGS: usize = 256;

/// Why a child may not have a session of an id.
fn refusal(world: &World, child: ChildId, client_id: u64) -> Option<String> {
    if client_id < genode_host_proto::opcode::env_id::FIRST_FREE
        || world.find(child, client_id).is_some()
    {
        return Some(format!("its id {client_id} is in use"));
    }
    let of_child = world.sessions.used_by(child).count();
    (of_child >= MAX_SESSIONS)
        .then(|| format!("a child may have {MAX_SESSIONS} sessions at a time: it is to close some"))
}

/// A child requests a session. The capability, invalid while the server has not answered.
pub(super) fn request(
    child: ChildId,
    client_id: u64,
    service: &str,
    given: &str,
    affinity: Affinity,
) -> Result<Owned, rs_err_t> {
    let name = world().children.get(&child).map(|c| c.name.clone()).ok_or(RS_DENIED)?;
    let refused = refusal(&world(), child, client_id);
    if let Some(why) = refused {
        warn_of(child, &format!("{name}: {service} session denied: {why}"));
        return Err(RS_DENIED);
    }
    let wanted = ArgsRef::new(given);
    let label = wanted.label().and_then(|l| Label::prefixed(&name, l.as_str()));
    let label = label.map_err(|e| {
        warn_of(child, &format!("{name}: {service} session denied: {e}"));
        RS_DENIED
    })?;
    let charged = wanted.quota();
    let donated = charged.checked_sub(cost::RECORD).map_err(|_| RS_INSUFFICIENT_RAM)?;
    let mut args = ArgsBuf::<SERVER_ARGS>::copy(given).map_err(|_| RS_DENIED)?;
    args.set_str("label", label.as_str()).map_err(|_| RS_DENIED)?;
    let mut args = filter(child, service, &args)?;

    let own_rom = service == "ROM" && label.last_element() == requests::NAME;
    let (provider, at_server, affinity) = if own_rom {
        (None, label, affinity)
    } else {
        let routed = ask(child, service, label.as_str(), args.as_str(), affinity)?;
        (Some(routed.provider), routed.label, routed.affinity)
    };
    if at_server != label {
        args.set_str("label", at_server.as_str()).map_err(|_| RS_DENIED)?;
    }
    args.set_u64("ram_quota", donated.ram.0).map_err(|_| RS_DENIED)?;

    let to_parent = matches!(provider, Some(Kind::Parent)) && service == "PD";
    let asked = wanted.label().map_err(|_| RS_DENIED)?;
    let lent = world().pd_to_serve(child, asked.as_str()).filter(|_| to_parent);
    let terms = Terms {
        client: child,
        client_id,
        service,
        requested: label,
        label: at_server,
        args,
        affinity,
        charged,
        donated,
    };
    match (provider, lent) {
        (Some(_), Some(pd)) => terms.lend(pd),
        (Some(provider), None) => terms.initiate(provider),
        (None, _) => terms.own_requests(),
    }
}

/// A request that is routed.
pub(super) struct Terms<'a> {
    pub(super) client: ChildId,
    pub(super) client_id: u64,
    pub(super) service: &'a str,
    pub(super) requested: Label,
    pub(super) label: Label,
    pub(super) args: ArgsBuf<SERVER_ARGS>,
    pub(super) affinity: Affinity,
    pub(super) charged: Amount,
    pub(super) donated: Amount,
}

impl Terms<'_> {
    /// Charge the client, and bring the session about. On failure nothing is left of it.
    pub(super) fn initiate(self, provider: Kind) -> Result<Owned, rs_err_t> {
        match provider {
            Kind::Parent => {
                let payment = Payment { pd: &self.account()?, amount: self.charged };
                let args = self.args.as_str();
                let opened = at_parent::open(self.service, args, self.affinity, Some(&payment));
                let (id, cap) = opened.inspect_err(|e| self.denied_by_parent(*e))?;
                Ok(self.record(Provider::Parent(id), Phase::HandedOut, cap))
            }
            Kind::Local(cap, _) if cap.is_valid() => {
                Payment { pd: &self.account()?, amount: self.charged }.take()?;
                Ok(self.record(Provider::Local, Phase::HandedOut, cap))
            }
            Kind::Local(..) => Err(RS_DENIED),
            Kind::Child(server) => {
                let (own, client) = (own_pd(), self.account()?);
                let server_pd = world().pd(server).ok_or(RS_DENIED)?;
                transfer_all(&[
                    Transfer { from: &client, to: &own, amount: self.charged },
                    Transfer { from: &own, to: &server_pd, amount: self.donated },
                ])?;
                self.record(Provider::Child(server), Phase::Create, Owned::default());
                requests::changed(server);
                Ok(Owned::default())
            }
        }
    }

    /// Says that our own parent denies what is routed to it: the child learns no more than that it
    /// is denied.
    fn denied_by_parent(&self, error: rs_err_t) {
        let name = world().children.get(&self.client).map(|child| child.name.clone());
        let (RS_DENIED, Some(name)) = (error, name) else { return };
        let environment = self.client_id < genode_host_proto::opcode::env_id::FIRST_FREE;
        if let Some(why) = at_parent::too_long(self.service, self.args.as_str()) {
            return warn_of(self.client, &format!("{name}: {why}"));
        }
        if environment {
            return; // said by whoever starts the child
        }
        let remedy = match self.service {
            "ROM" => "does it have a ROM module of that name?",
            _ => "does it provide the service to us?",
        };
        let (service, label) = (self.service, self.label.as_str());
        let told = format!(
            "{name}: session \"{service}\" (label=\"{label}\") is routed to the parent, which denies it; {remedy}"
        );
        warn_of(self.client, &told);
    }

    /// The PD of a child, for the one that serves its PD session: the account and the process are
    /// there already.
    fn lend(self, pd: Owned) -> Result<Owned, rs_err_t> {
        Payment { pd: &self.account()?, amount: self.charged }.take()?;
        Ok(self.record(Provider::Lent, Phase::HandedOut, pd))
    }

    /// The ROM by which the child learns of requests to itself.
    fn own_requests(self) -> Result<Owned, rs_err_t> {
        let payment = Payment { pd: &self.account()?, amount: self.charged };
        payment.take()?;
        let cap = requests::requests_rom(self.client);
        let cap = cap.inspect_err(|_| payment.give_back(self.service))?;
        Ok(self.record(Provider::Requests, Phase::HandedOut, cap))
    }

    fn account(&self) -> Result<Owned, rs_err_t> {
        world().pd(self.client).ok_or(RS_DENIED)
    }

    fn record(self, provider: Provider, phase: Phase, cap: Owned) -> Owned {
        let session = Session {
            client: Some(self.client),
            forward: None,
            client_id: self.client_id,
            service: self.service.to_owned(),
            requested: self.requested.as_str().to_owned(),
            label: self.label.as_str().to_owned(),
            args: self.args.as_str().to_owned(),
            affinity: self.affinity,
            provider,
            phase,
            cap: cap.clone(),
            charged: self.charged,
            donated: self.donated,
            queued: Amount::NONE,
            unwanted: false,
            waiter: None,
        };
        world().add(session);
        cap
    }
}

/// A child asks for a session that was not there before.
pub(super) fn session_cap(child: ChildId, client_id: u64) -> Result<Owned, rs_err_t> {
    let (session, refused) = {
        let mut world = world();
        let id = world.find(child, client_id).ok_or(RS_DENIED)?;
        let session = world.sessions.get_mut(id).ok_or(RS_DENIED)?;
        match session.phase {
            Phase::Refused(e) => (world.sessions.remove(id), e),
            Phase::Available => {
                session.phase = Phase::HandedOut;
                return Ok(session.cap.clone());
            }
            Phase::HandedOut | Phase::Upgrade(_) => return Ok(session.cap.clone()),
            Phase::Create | Phase::Close => return Ok(Owned::default()),
        }
    };
    if let Some(session) = session {
        give_back(&session);
    }
    Err(refused)
}
