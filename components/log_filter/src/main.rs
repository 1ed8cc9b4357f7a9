//! rs_log_filter: a LOG server that passes on the lines that its configuration wants.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{rc::Rc, string::String};

use genode::{
    args::cost,
    connection::Connection,
    label::policy,
    node::Node,
    prelude::*,
    root::{Refused, Root, SessionRequest},
    rpc::InBuffer,
    session::{
        log::{LogSession, MAX_STRING},
        timer::TimerConnection,
    },
};
use log_filter::{Filter, Rules, Verdict, told};
use terminal_log::Pieces;

/// Bytes of a line that are passed on at once.
const PIECE: usize = MAX_STRING - 8;

/// A client's session, with its own at our LOG server.
struct Lines {
    pieces: Pieces,
    filter: Filter,
    output: Output,
    timer: Option<Rc<TimerConnection>>,
}

/// The session behind, which has the client's label.
struct Output(Connection<dyn LogSession>);

impl Output {
    /// Writes a line, in as many pieces as it takes. The end of each piece but the last has no
    /// newline, so that the next one continues it.
    fn line(&self, line: &[u8]) {
        let mut pieces = line.chunks(PIECE).peekable();
        if pieces.peek().is_none() {
            self.piece(b"\n\0");
        }
        while let Some(piece) = pieces.next() {
            let end: &[u8] = if pieces.peek().is_none() { b"\n\0" } else { b"\0" };
            self.piece(&[piece, end].concat());
        }
    }

    fn piece(&self, bytes: &[u8]) {
        if let Some(text) = InBuffer::bytes(bytes) {
            // A log that takes no lines has nobody to be told.
            let _ = self.0.write(text);
        }
    }
}

impl LogSession for Lines {
    fn write(&mut self, text: InBuffer<'_, MAX_STRING>) {
        let Self { pieces, filter, output, timer } = self;
        let now = || {
            let now = timer.as_ref().and_then(|timer| timer.elapsed().ok());
            now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
        };
        let piece = text.as_bytes();
        // A text that is as long as a call permits is continued by the next one.
        let whole = piece.len() < MAX_STRING;
        pieces.add(piece, whole, |line| match filter.take(now(), line) {
            Verdict::Pass { lost } => {
                if lost > 0 {
                    output.line(told(lost).as_bytes());
                }
                output.line(line);
            }
            Verdict::Drop => (),
        });
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let lost = self.filter.take_lost();
        if lost > 0 {
            self.output.line(told(lost).as_bytes());
        }
    }
}

/// Opens the session that a client asks for, whose donation pays for the one behind.
fn open(
    env: Env,
    config: &Node,
    timer: &mut Option<Rc<TimerConnection>>,
    request: &SessionRequest<'_>,
) -> Result<Lines, Refused> {
    let label = String::from(request.label());
    let denied = |why: &dyn core::fmt::Display| {
        warning!("session of '{label}' denied: {why}");
        Refused::Denied
    };
    let policy = policy(config, &label).ok_or_else(|| denied(&"no policy for it"))?;
    let rules = Rules::read(policy).map_err(|why| denied(&why))?;
    if rules.needs_time() && timer.is_none() {
        let opened = TimerConnection::open(env, "");
        *timer = Some(Rc::new(opened.map_err(|error| denied(&error))?));
    }
    let timer = timer.clone().filter(|_| rules.needs_time());
    request.account().charge(cost::LOG.ram.0 as usize)?;
    let name = policy.attr("as").unwrap_or(&label);
    let output = Connection::open(env, name).map_err(|error| denied(&error))?;
    let (pieces, filter) = (Pieces::default(), Filter::new(rules));
    Ok(Lines { pieces, filter, output: Output(output), timer })
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let config = env.config().read()?;
    let mut timer = None;
    let mut root = Root::new(env)?;
    root.serve::<dyn LogSession, _>(move |request: &SessionRequest<'_>| {
        open(env, &config, &mut timer, request)
    })?;
    Ok(root)
}
