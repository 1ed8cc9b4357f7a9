//! The two kinds of sessions: those that report, and those that read.

use alloc::{rc::Rc, string::String};
use core::cell::RefCell;

use genode::{
    Capability, Error,
    dataspace::{Dataspace, PAGE_SIZE, SharedRam},
    label::policy,
    log,
    node::Node,
    root::{Refused, SessionRequest},
    session::{report::ReportSession, rom::RomSession},
    signal::{SignalContext, Transmitter},
    warning,
};

use crate::module::{Module, Notify, Registry};

/// A session that reports.
pub(crate) struct Writer {
    label: String,
    buffer: SharedRam,
    module: Rc<Module>,
    config: Rc<RefCell<Node>>,
}

impl Writer {
    /// A session for reports of as many bytes as its argument `buffer_size` says, which the client must have
    /// donated.
    pub(crate) fn open(
        request: &SessionRequest<'_>,
        config: &Rc<RefCell<Node>>,
        registry: &Registry,
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
        let buffer = SharedRam::new(usize::try_from(size).map_err(|_| Refused::Denied)?)?;
        Ok(Self {
            label: label.into(),
            buffer,
            module: registry.module(label),
            config: config.clone(),
        })
    }
}

impl ReportSession for Writer {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.buffer.cap().clone()
    }

    fn submit(&mut self, length: usize) {
        let length = length.min(self.buffer.size());
        if !self.module.write(length, |content| self.buffer.read(0, content).is_ok()) {
            warning!("report '{}' of {length} bytes dropped: no RAM for it left", self.label);
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

/// A session that reads a report.
pub(crate) struct Reader {
    module: Rc<Module>,
    notify: Rc<Notify>,
    dataspace: Option<SharedRam>,
    /// Bytes of the dataspace that hold content.
    filled: usize,
}

impl Reader {
    /// A session for the report that the policy for the client's label names.
    pub(crate) fn open(
        request: &SessionRequest<'_>,
        config: &Node,
        registry: &Registry,
    ) -> Result<Self, Refused> {
        let label = request.label();
        let Some(report) = policy(config, label).and_then(|policy| policy.attr("report")) else {
            warning!(
                "ROM session of '{label}' denied: add <policy label=\"{label}\" report=\"..\"/> to the configuration"
            );
            return Err(Refused::Denied);
        };
        let module = registry.module(report);
        let notify = module.subscribe();
        Ok(Self { module, notify, dataspace: None, filled: 0 })
    }

    /// Copies the content to the start of the dataspace and clears what was there before.
    fn fill(&mut self) -> Result<(), Error> {
        let Some(dataspace) = &self.dataspace else { return Ok(()) };
        let size =
            self.module.read(|content| dataspace.write(0, content).map(|()| content.len()))?;
        for at in size..self.filled {
            dataspace.write(at, &[0])?;
        }
        self.filled = size;
        self.notify.delivered();
        Ok(())
    }
}

impl RomSession for Reader {
    fn dataspace(&mut self) -> Capability<Dataspace> {
        self.dataspace = None;
        self.filled = 0;
        if self.module.size() == 0 {
            self.notify.delivered();
            return Capability::INVALID;
        }
        // A byte more, so that text ends with a zero.
        match SharedRam::new(self.module.size() + 1) {
            Ok(dataspace) => self.dataspace = Some(dataspace),
            Err(error) => {
                warning!("ROM of {} bytes: {error}", self.module.size());
                return Capability::INVALID;
            }
        }
        match (self.fill(), &self.dataspace) {
            (Ok(()), Some(dataspace)) => dataspace.cap().clone(),
            _ => Capability::INVALID,
        }
    }

    fn update(&mut self) -> bool {
        match &self.dataspace {
            Some(dataspace) if self.module.size() < dataspace.size() => self.fill().is_ok(),
            _ => false,
        }
    }

    fn sigh(&mut self, context: Capability<SignalContext>) {
        self.notify.sigh(Transmitter::new(context));
    }
}
