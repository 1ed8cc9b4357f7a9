//! rs_escape: tries to leave its sandbox, by Linux and by core, and says what was refused.
//!
//! It goes past the seam, as a hostile component would. For each attempt at core it also does what it may do in the
//! same way, so that a refusal is told apart from an attempt that cannot work at all; `rs_escape_control` is that for
//! the attempts at Linux.
#![no_main]

mod accounts;
mod attempts;
mod capabilities;
mod doors;
mod keeps;
mod memory;
mod messages;
mod others;
mod parent;
mod resources;
mod sys;
mod tally;
mod trace;

use tally::Tally;

extern "C" fn construct() {
    let mut tally = Tally::default();
    for attempt in attempts::all() {
        tally.attempt(attempt.what, (attempt.run)());
    }
    capabilities::run(&mut tally);
    messages::run(&mut tally);
    resources::run(&mut tally);
    accounts::run(&mut tally);
    parent::run(&mut tally);
    trace::run(&mut tally);
    keeps::run(&mut tally);
    tally.finish()
}

genode_sys::component_entry!(construct);
