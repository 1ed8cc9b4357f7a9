//! Whether a child shows signs of life: what was asked for, what was answered, and how long a child may take to start.
//!
//! A child answers from when it installed its handler. Until then it is given time, so that a busy machine restarts nobody
//! who still loads; then its silence counts as anybody's, so that who was stopped or hangs before its first answer is
//! noticed as well.

use super::config::Heartbeat;

/// What is known of a child's heart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulse {
    /// Milliseconds that it was watched without ever answering.
    silent: u64,
    /// It answered once.
    alive: bool,
    /// Signs of life asked for since the last one was seen, or since the time to start was over.
    outstanding: u32,
}

impl Pulse {
    /// It is asked for another sign of life, `rate_ms` after the last.
    pub(super) fn asked(&mut self, watch: Heartbeat, rate_ms: u64) {
        self.silent = self.silent.saturating_add(rate_ms);
        if self.alive || self.silent > watch.start_ms {
            self.outstanding = self.outstanding.saturating_add(1);
        }
    }

    /// It answered; whether for the first time.
    pub(super) fn answered(&mut self) -> bool {
        self.outstanding = 0;
        !core::mem::replace(&mut self.alive, true)
    }

    /// Signs of life that are missing.
    pub(super) fn skipped(self) -> u32 {
        // one may be on its way
        self.outstanding.saturating_sub(1)
    }

    /// Whether more are missing than allowed.
    pub(super) fn overdue(self, watch: Heartbeat) -> bool {
        watch.restart_after_skipped > 0 && self.skipped() > watch.restart_after_skipped
    }
}
