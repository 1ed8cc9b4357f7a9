//! Ctrl-C and its relatives: noticed, so that what was started can be ended in order.
//!
//! The first signal asks the tool to stop; the second ends it at once, and the kernel then ends what
//! it started, because every child asked for a signal at its parent's death.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells whether a signal asked the tool to stop, and wakes whoever polls.
#[derive(Debug, Clone)]
pub struct Interrupts {
    seen: Arc<AtomicBool>,
    wake: Arc<UnixStream>,
}

impl Interrupts {
    /// Installs the handlers.
    pub fn install() -> io::Result<Self> {
        let seen = Arc::new(AtomicBool::new(false));
        let (wake, write) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // registered first: it acts on what an earlier signal has set
            signal_hook::flag::register_conditional_shutdown(
                signal,
                128 + signal,
                Arc::clone(&seen),
            )?;
            signal_hook::flag::register(signal, Arc::clone(&seen))?;
            signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
        }
        Ok(Self { seen, wake: Arc::new(wake) })
    }

    /// True once a signal came.
    pub fn seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// Readable once a signal came; never to be read.
    pub fn wake(&self) -> &UnixStream {
        &self.wake
    }
}
