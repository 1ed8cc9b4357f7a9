//! State reports: when they are sent, how large they may be.

use core::{
    cell::{Cell, RefCell},
    time::Duration,
};

use genode::{
    node::{Node, Syntax},
    prelude::*,
    sandbox::{Details, Report, Sandbox},
    session::{report::Reporter, timer::TimerConnection},
};

/// Largest state report where the configuration does not say, in bytes.
const BUFFER: usize = 64 << 10;

/// Largest state report that a configuration can ask for, in bytes.
const MAX_BUFFER: u64 = 1 << 20;

/// Shortest time between reports that are sent because children use their quota, in milliseconds.
const SAMPLE_MS: u64 = 1000;

/// The timers of reports, while there is a Timer service for them.
struct Timers {
    once: TimerConnection,
    periodic: TimerConnection,
    _handlers: [SignalHandler; 2],
}

/// Sends the state to a Report session.
pub(crate) struct Reports {
    env: Env,
    syntax: Cell<Syntax>,
    wanted: Cell<Option<Report>>,
    reporter: RefCell<Option<(usize, Reporter)>>,
    timers: RefCell<Option<Timers>>,
    /// A report is due when the timer fires.
    scheduled: Cell<bool>,
    period_ms: Cell<u64>,
    /// The report that was sent last, to see whether quotas changed.
    last: RefCell<Option<Node>>,
}

impl Reports {
    pub(crate) fn new(env: Env) -> Self {
        Self {
            env,
            syntax: Cell::new(Syntax::Xml),
            wanted: Cell::new(None),
            reporter: RefCell::default(),
            timers: RefCell::default(),
            scheduled: Cell::new(false),
            period_ms: Cell::new(0),
            last: RefCell::default(),
        }
    }

    /// Prepares for what a configuration asks for, before children take what is left of our quota. `fire` is called when
    /// a report is due.
    pub(crate) fn configure(
        &self,
        report: Option<Report>,
        syntax: Syntax,
        fire: impl Fn(bool) + Clone + 'static,
    ) {
        self.syntax.set(syntax);
        self.wanted.set(report);
        let Some(report) = report else {
            *self.reporter.borrow_mut() = None;
            return;
        };
        let size = report.buffer.map_or(BUFFER, |size| size.0.clamp(1, MAX_BUFFER) as usize);
        let mut reporter = self.reporter.borrow_mut();
        if reporter.as_ref().is_none_or(|(before, _)| *before != size) {
            *reporter = None;
            match Reporter::with_buffer(self.env, "state", size) {
                Ok(opened) => *reporter = Some((size, opened)),
                Err(e) => error!(
                    "no state reports without a Report session; route one to this component or remove <report>: {e}"
                ),
            }
        }
        if let Some((_, reporter)) = &mut *reporter {
            reporter.syntax(syntax);
        }
        drop(reporter);
        if report.delay_ms > 0 && self.timers.borrow().is_none() {
            // without a Timer service reports are sent at once
            *self.timers.borrow_mut() = self.open_timers(fire).ok();
        }
        self.sample(report);
    }

    fn open_timers(&self, fire: impl Fn(bool) + Clone + 'static) -> Result<Timers, Error> {
        let due = fire.clone();
        let once = TimerConnection::open(self.env, "report")?;
        let first = SignalHandler::new(self.env.ep(), move |_| due(false))?;
        once.sigh(first.cap())?;
        let periodic = TimerConnection::open(self.env, "sample")?;
        let second = SignalHandler::new(self.env.ep(), move |_| fire(true))?;
        periodic.sigh(second.cap())?;
        Ok(Timers { once, periodic, _handlers: [first, second] })
    }

    /// Looks at quotas from time to time if they are reported: children use them without a word.
    fn sample(&self, report: Report) {
        let samples = report.details.intersects(Details::CHILD_RAM | Details::CHILD_CAPS);
        let period_ms = if samples { report.delay_ms.max(SAMPLE_MS) } else { 0 };
        if let Some(timers) = &*self.timers.borrow()
            && self.period_ms.replace(period_ms) != period_ms
        {
            let period = Duration::from_millis(period_ms);
            let set = if samples {
                timers.periodic.trigger_periodic(period)
            } else {
                timers.periodic.stop()
            };
            if let Err(e) = set {
                warning!("state reports are not sent periodically: {e}");
            }
        }
    }

    /// Has a report sent once the configured delay is over.
    pub(crate) fn schedule(&self, sandbox: &Sandbox) {
        let Some(report) = self.wanted.get() else { return };
        let delay = Duration::from_millis(report.delay_ms);
        let timed = match &*self.timers.borrow() {
            _ if report.delay_ms == 0 => false,
            Some(_) if self.scheduled.get() => true,
            Some(timers) => timers.once.trigger_once(delay).is_ok(),
            None => false,
        };
        if timed {
            self.scheduled.set(true);
        } else {
            self.send(sandbox);
        }
    }

    /// A timer fired.
    pub(crate) fn fired(&self, sandbox: &Sandbox, sample: bool) {
        if sample && self.last.borrow().as_ref() == Some(&sandbox.state()) {
            return;
        }
        if !sample {
            self.scheduled.set(false);
        }
        self.send(sandbox);
    }

    /// Reports the state.
    pub(crate) fn send(&self, sandbox: &Sandbox) {
        let reporter = self.reporter.borrow();
        let (Some((size, reporter)), Some(_)) = (&*reporter, self.wanted.get()) else { return };
        let state = sandbox.state();
        // a text that HID cannot express is sent as XML: readers take either
        let text = state.write(self.syntax.get()).or_else(|_| state.write(Syntax::Xml));
        *self.last.borrow_mut() = Some(state);
        let sent = match text {
            Ok(text) if text.len() <= *size => reporter.report_bytes(text.as_bytes()),
            Ok(text) => {
                error!(
                    "state report exceeds maximum size: it has {} bytes, its buffer {size}; raise <report buffer=\"..\"> (at most {MAX_BUFFER}) or report less",
                    text.len()
                );
                let exceeded =
                    Node::generate("state", |g| g.attr("error", "report buffer exceeded"));
                reporter.report(&exceeded)
            }
            Err(e) => return warning!("state report failed: {e}"),
        };
        if let Err(e) = sent {
            warning!("state report failed: {e}");
        }
    }
}
