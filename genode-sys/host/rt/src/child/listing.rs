//! The sessions that a child uses or provides, as its policy is told of them.
use genode_abi::*;
use genode_args::cost;
use genode_host_proto::opcode::env_id;

use super::quota::Amount;
use super::served::ChildId;
use super::world::{AtParent, Phase, Provider, Session, world};
use crate::handle::Owned;

/// A session at one moment.
pub(super) struct Listed {
    service: String,
    requested: String,
    label: String,
    args: String,
    donated: Amount,
    state: rs_session_state_t,
    environment: rs_environment_t,
    kind: rs_route_kind_t,
    server: ChildId,
    local: Owned,
}

impl Listed {
    /// The session for the seam; strings and capability are borrowed.
    pub(super) fn told(&self) -> rs_child_session_t {
        rs_child_session_t {
            service: self.service.as_ptr().cast(),
            service_len: self.service.len(),
            requested: self.requested.as_ptr().cast(),
            requested_len: self.requested.len(),
            label: self.label.as_ptr().cast(),
            label_len: self.label.len(),
            args: self.args.as_ptr().cast(),
            args_len: self.args.len(),
            ram: self.donated.ram.0,
            caps: self.donated.caps.0,
            state: self.state,
            environment: self.environment,
            kind: self.kind,
            server: std::ptr::without_provenance_mut(self.server as usize),
            local: self.local.get(),
        }
    }

    fn of(session: &Session) -> Self {
        let (kind, server) = match session.provider {
            Provider::Parent(_) | Provider::Lent => (RS_ROUTE_PARENT, 0),
            Provider::Child(server) => (RS_ROUTE_CHILD, server),
            Provider::Local => (RS_ROUTE_LOCAL, 0),
            Provider::Requests => (RS_ROUTE_DENY, 0),
        };
        Self {
            service: session.service.clone(),
            requested: session.requested.clone(),
            label: session.label.clone(),
            args: session.args.clone(),
            donated: session.donated,
            state: state_of(session.phase),
            environment: match session.client_id {
                _ if session.client.is_none() => RS_OF_CLIENT,
                env_id::PD => RS_OF_PD,
                env_id::CPU => RS_OF_CPU,
                env_id::LOG => RS_OF_LOG,
                env_id::BINARY => RS_OF_BINARY,
                _ => RS_OF_CLIENT,
            },
            kind,
            server,
            local: session.cap.clone(),
        }
    }

    /// A session of core's in the environment of the child `name`.
    fn at_core(
        at: &AtParent,
        name: &str,
        service: &str,
        environment: rs_environment_t,
        donated: Amount,
    ) -> Self {
        Self {
            service: service.to_owned(),
            requested: name.to_owned(),
            label: at.label.clone(),
            args: format!(
                "label=\"{}\", ram_quota={}, cap_quota={}",
                at.label, donated.ram.0, donated.caps
            ),
            donated,
            state: RS_SESSION_OPEN,
            environment,
            kind: RS_ROUTE_PARENT,
            server: 0,
            local: Owned::default(),
        }
    }
}

fn state_of(phase: Phase) -> rs_session_state_t {
    match phase {
        Phase::Create => RS_SESSION_CREATING,
        Phase::Refused(RS_INSUFFICIENT_RAM) => RS_SESSION_INSUFFICIENT_RAM,
        Phase::Refused(RS_INSUFFICIENT_CAPS) => RS_SESSION_INSUFFICIENT_CAPS,
        Phase::Refused(_) => RS_SESSION_DENIED,
        Phase::Available => RS_SESSION_AVAILABLE,
        Phase::HandedOut => RS_SESSION_OPEN,
        Phase::Upgrade(_) => RS_SESSION_UPGRADING,
        Phase::Close => RS_SESSION_CLOSING,
    }
}

/// Lists what `child` uses, or what it provides.
pub(super) fn sessions(child: ChildId, provided: bool) -> Vec<Listed> {
    let world = world();
    let mut listed = Vec::new();
    if let (Some(child), false) = (world.children.get(&child), provided) {
        if !child.served.pd {
            listed.push(Listed::at_core(&child.pd, &child.name, "PD", RS_OF_PD, cost::PD));
        }
        let cpu = child.cpu.iter();
        listed
            .extend(cpu.map(|cpu| Listed::at_core(cpu, &child.name, "CPU", RS_OF_CPU, cost::CPU)));
    }
    let of_child = |(_, session): (_, &Session)| Listed::of(session);
    if provided {
        listed.extend(world.sessions.served_by(child).map(of_child));
    } else {
        listed.extend(world.sessions.used_by(child).map(of_child));
    }
    listed
}
