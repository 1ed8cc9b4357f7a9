//! Entrypoints: the thread that serves this component's objects and signal handlers in turn.
//!
//! `objects`, `held` and `peer` are what an entrypoint knows, `state` is the entrypoint itself. What it does: `serve` is its loop,
//! `calls` answers a call, `late` one that waits, `handlers` runs the handlers of signals,
//! `alarms` signals when a time has come.
mod alarms;
mod calls;
mod handlers;
mod held;
mod late;
mod objects;
mod peer;
mod seam;
mod serve;
mod state;

pub(crate) use held::{Held, Late};
pub(crate) use objects::{Kind, Object};
pub use seam::{rs_ep_create, rs_ep_destroy, rs_ep_main, rs_ep_wait_io_signal};
pub(crate) use state::{Entrypoint, get};
