//! LOG: lines of text for a person.

use crate::args::cost;
use crate::rpc::InBuffer;

/// Most bytes of one [`LogSession::write`], the terminating zero included (`Log_session::MAX_STRING_LEN`).
pub const MAX_STRING: usize = 232;

/// A LOG session (`log_session/log_session.h`).
#[genode::rpc(service = "LOG", caps = cost::LOG.caps.0, ram = cost::LOG.ram.0)]
pub trait LogSession {
    /// Appends text to the log. A newline ends a line; text without one may be continued by the next call.
    fn write(&mut self, text: InBuffer<'_, MAX_STRING>);
}
