//! LOG: lines of components on core's standard output, each with its label.
use genode_host_proto::interface::log;
use genode_wire::ExceptionCode;

use super::message::{Response, Served};
use super::state::Services;

/// Calls of a LOG session.
pub(super) type Call<'m> = log::Call<'m>;

/// Longest line; longer ones are broken.
const MAX_LINE: usize = 4096;

impl Services {
    pub(super) fn log_call(
        &mut self,
        id: u64,
        &Call::Write { text }: &Call<'_>,
        response: &mut Response,
    ) -> Served {
        let text = text.terminated()?;
        let session = self.logs.get_mut(&id).ok_or(ExceptionCode::INVALID_OBJECT)?;
        for c in text {
            crate::work::count(3);
            if *c == b'\n' || session.line.len() >= MAX_LINE {
                self.console.line(&session.label, &session.line);
                session.line.clear();
            }
            if *c != b'\n' {
                session.line.push(*c);
            }
        }
        response.put(&())
    }

    /// Print what is left of an unfinished line.
    pub(super) fn log_close(&mut self, id: u64) {
        if let Some(session) = self.logs.remove(&id)
            && !session.line.is_empty()
        {
            self.console.line(&session.label, &session.line);
        }
    }
}
