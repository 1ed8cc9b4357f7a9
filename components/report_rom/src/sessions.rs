//! The two kinds of sessions: those that report, and those that read.
//!
//! A ROM session of a report is one of the SDK's; what is decided here is who may open it.

use alloc::{rc::Rc, string::String};
use core::cell::RefCell;

use genode::{
    Capability,
    dataspace::{Dataspace, PAGE_SIZE, SharedRam},
    label::policy,
    log,
    node::Node,
    root::{Refused, SessionRequest},
    session::{
        report::ReportSession,
        rom::{Module, ModuleSession},
    },
    signal::SignalContext,
    warning,
};

use crate::registry::{Registry, Ticket};

/// A session that reports.
pub(crate) struct Writer {
    label: String,
    buffer: SharedRam,
    module: Rc<Module>,
    config: Rc<RefCell<Node>>,
    _ticket: Ticket,
}

impl Writer {
    /// A session for reports of as many bytes as its argument `buffer_size` says, which the client must have
    /// donated.
    pub(crate) fn open(
        request: &SessionRequest<'_>,
        config: &Rc<RefCell<Node>>,
        registry: &Rc<Registry>,
    ) -> Result<Self, Refused> {
        let label = request.label();
        let size = request
            .args()
            .u64("buffer_size", 0)
            .checked_next_multiple_of(PAGE_SIZE as u64)
            .ok_or(Refused::Denied)?;
        if size == 0 {
            warning!("report session of '{label}' denied: it asks for a buffer of no bytes");
            return Err(Refused::Denied);
        }
        if request.ram().0 < size {
            return Err(Refused::InsufficientRam);
        }
        let Some(ticket) = registry.write(label) else {
            warning!(
                "report session of '{label}' denied: another session writes this report; give one of them another label"
            );
            return Err(Refused::Denied);
        };
        let buffer = SharedRam::new(usize::try_from(size).map_err(|_| Refused::Denied)?)?;
        Ok(Self {
            label: label.into(),
            buffer,
            module: registry.module(label),
            config: config.clone(),
            _ticket: ticket,
        })
    }
}

impl ReportSession for Writer {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.buffer.cap().clone()
    }

    fn submit(&mut self, length: usize) {
        let length = length.min(self.buffer.size());
        if let Err(error) = self.module.write(length, |content| self.buffer.read(0, content)) {
            warning!("report '{}' of {length} bytes dropped: {error}", self.label);
            return;
        }
        if self.config.borrow().attr_or("verbose", false) {
            log!("report '{}'", self.label);
            self.module.read(|content| {
                for line in content.split(|&byte| byte == b'\n') {
                    log!("  {}", alloc::string::String::from_utf8_lossy(line));
                }
            });
        }
    }

    // Nobody answers reports.
    fn response_sigh(&mut self, _: Capability<SignalContext>) {}

    fn obtain_response(&mut self) -> usize {
        0
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.module.clear();
    }
}

/// A session for the report that the policy for the client's label names.
pub(crate) fn open_reader(
    request: &SessionRequest<'_>,
    config: &Node,
    registry: &Registry,
) -> Result<ModuleSession, Refused> {
    let label = request.label();
    let Some(report) = policy(config, label).and_then(|policy| policy.attr("report")) else {
        warning!(
            "ROM session of '{label}' denied: add <policy label=\"{label}\" report=\"..\"/> to the configuration"
        );
        return Err(Refused::Denied);
    };
    Ok(ModuleSession::new(&registry.module(report)))
}
