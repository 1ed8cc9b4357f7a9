//! A TOPO session as source: another server of ours by its snapshot, the fork's core by its six functions.

use alloc::{
    format,
    string::{String, ToString},
};

use genode::{
    affinity::{Location, Space},
    connection::Connection,
    node::Node,
    prelude::*,
    quota::RamQuota,
    rpc,
    signal::SignalContext,
};
use topology::{
    Claims,
    source::{
        platform_info::PlatformInfo,
        snapshot,
        topo_session::{self, TopoSession},
    },
    wire::NumaRegion,
};
use topology_session::{Topology, TopologyError, load};

/// What the fork's clients donate; its core refuses less than a page of trace control and charges the rest to nobody.
const FORKS_DONATION: RamQuota = RamQuota::kib(2048);

/// The six functions, as the reader of sources wants them.
struct Functions<'a>(&'a Connection<dyn Topology>);

impl TopoSession for Functions<'_> {
    type Error = rpc::Error;

    fn node_affinity_of(&mut self, x: i32, y: i32) -> Result<NumaRegion, rpc::Error> {
        Ok(self.0.node_affinity_of(&Location::cpu(x, y))?.into())
    }

    fn phys_id(&mut self, x: i32, y: i32) -> Result<u32, rpc::Error> {
        self.0.phys_id(&Location::cpu(x, y))
    }

    fn global_affinity_space(&mut self) -> Result<Space, rpc::Error> {
        self.0.global_affinity_space()
    }
}

/// Another TOPO server, asked by a session that is kept for its signals.
pub(super) struct Server {
    env: Env,
    session: Option<Connection<dyn Topology>>,
    /// Signalled by the server when the machine changes.
    changed: Capability<SignalContext>,
}

impl Server {
    pub(super) fn new(env: Env, changed: Capability<SignalContext>) -> Self {
        Self { env, session: None, changed }
    }

    /// Asks the TOPO service that this server's own requests are routed to.
    ///
    /// `<topo extension="no" width="8" height="1"/>` in the configuration confines it to the six functions, and says how
    /// large the session's rectangle is where that is not the affinity space of the component: the functions cannot tell,
    /// and the fork's core reads beyond its arrays when asked too far.
    pub(super) fn ask(
        &mut self,
        config: &Node,
        info: Option<&PlatformInfo>,
    ) -> Result<Claims, String> {
        let explain = |error: &dyn core::fmt::Display| format!("TOPO: {error}");
        let session = if let Some(session) = self.session.take() {
            session
        } else {
            let mut builder = Connection::<dyn Topology>::builder("");
            if info.is_some() {
                builder = builder.ram(FORKS_DONATION);
            }
            builder.open(self.env).map_err(|error| explain(&error))?
        };
        let topo = config.child("topo");
        let attribute = |name| topo.map_or(0, |topo| topo.attr_or(name, 0_u32));
        let result = if topo.is_none_or(|topo| topo.attr_or("extension", true)) {
            self.extended(&session)
        } else {
            None
        };
        let claims = result.unwrap_or_else(|| {
            let own = self.env.affinity_space();
            let (width, height) = match (attribute("width"), attribute("height")) {
                (0, 0) => (own.width, own.height),
                told => told,
            };
            topo_session::read(&mut Functions(&session), width, height)
                .map_err(|error| error.to_string())
        });
        // kept also when what it says is refused: it may get better
        self.session = Some(session);
        claims.map_err(|error| explain(&error))
    }

    /// By the snapshot, if the server has one; `None` if it does not know the function.
    fn extended(&self, session: &Connection<dyn Topology>) -> Option<Result<Claims, String>> {
        match load(session) {
            Err(TopologyError::Session(rpc::Error::InvalidOpcode)) => None,
            Err(error) => Some(Err(error.to_string())),
            Ok(known) => {
                if let Err(error) = session.sigh(self.changed.clone()) {
                    return Some(Err(error.to_string()));
                }
                Some(snapshot::claims(&known.snapshot()).map_err(|error| error.to_string()))
            }
        }
    }
}
