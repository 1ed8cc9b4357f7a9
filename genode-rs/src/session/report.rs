//! Report: what a component wants to tell about its state, for whoever is interested.

use crate::{
    cap::Capability,
    connection::Connection,
    dataspace::{Attached, Dataspace},
    env::Env,
    error::{Call, Error},
    node::{Node, Syntax},
    quota::RamQuota,
    signal::SignalContext,
};

/// A Report session (`report_session/report_session.h`).
#[genode::rpc(service = "Report", caps = 3, ram = 10 * 1024)]
pub trait ReportSession {
    /// The dataspace that carries reports and responses.
    fn dataspace(&mut self) -> Capability<Dataspace>;
    /// Submits the first `length` bytes of the dataspace as report.
    fn submit(&mut self, length: usize);
    /// Whom to tell that there is a response.
    fn response_sigh(&mut self, context: Capability<SignalContext>);
    /// Replaces the content of the dataspace by the response, and returns its length in bytes.
    fn obtain_response(&mut self) -> usize;
}

/// Size of a report's buffer where nothing else is said, in bytes.
pub const DEFAULT_BUFFER: usize = 4096;

/// Writes reports.
#[derive(Debug)]
#[must_use = "dropping it closes the session, and with it the report"]
pub struct Reporter {
    buffer: Attached,
    syntax: Syntax,
    session: Connection<dyn ReportSession>,
}

impl Reporter {
    /// Opens a session for reports of at most [`DEFAULT_BUFFER`] bytes. Its label is `name`, which the
    /// reports' nodes should be named after.
    pub fn open(env: Env, name: &str) -> Result<Self, Error> {
        Self::with_buffer(env, name, DEFAULT_BUFFER)
    }

    /// Opens a session for reports of at most `size` bytes, whose memory it donates.
    ///
    /// # Errors
    /// What opening a session says; [`Error::Argument`] when the server's buffer is smaller than `size`.
    pub fn with_buffer(env: Env, name: &str, size: usize) -> Result<Self, Error> {
        let session = Connection::<dyn ReportSession>::builder(name)
            .arg("buffer_size", size as u64)
            .ram(RamQuota::kib(10) + RamQuota(size as u64))
            .open(env)?;
        let buffer = Attached::writeable(&session.dataspace()?)?;
        if buffer.size() < size {
            return Err(Error::argument(Call::Report, size as u64, buffer.size() as u64));
        }
        Ok(Self { buffer, syntax: Syntax::Xml, session })
    }

    /// Writes the nodes of further reports in `syntax`; XML where nothing else is said.
    pub fn syntax(&mut self, syntax: Syntax) {
        self.syntax = syntax;
    }

    /// Submits a node.
    ///
    /// # Errors
    /// [`Error::Argument`] when the buffer is too small, [`Error::Invalid`] when the syntax cannot express
    /// the node, else what the call says.
    pub fn report(&self, node: &Node) -> Result<(), Error> {
        let text = node.write(self.syntax).map_err(|_| Error::Invalid)?;
        self.report_bytes(text.as_bytes())
    }

    /// Submits bytes.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub fn report_bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > self.buffer.size() {
            return Err(Error::argument(
                Call::Report,
                bytes.len() as u64,
                self.buffer.size() as u64,
            ));
        }
        self.buffer.write(0, bytes)?;
        Ok(self.session.submit(bytes.len())?)
    }
}
