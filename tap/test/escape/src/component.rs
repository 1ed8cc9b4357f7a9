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
mod trace;

use rs_raw as seam;

/// Whether every attempt was refused and every control succeeded.
struct Tally {
    refused: u32,
    controls: u32,
    wrong: u32,
}

impl Tally {
    /// An attempt that must fail.
    fn attempt(&mut self, what: &str, succeeded: bool) {
        if succeeded {
            self.wrong += 1;
            seam::log(&format!("SUCCEEDED: {what}"));
        } else {
            self.refused += 1;
            seam::log(&format!("refused: {what}"));
        }
    }

    /// What must work, for attempts that look like it.
    fn control(&mut self, what: &str, works: bool) {
        if works {
            self.controls += 1;
            seam::log(&format!("permitted: {what}"));
        } else {
            self.wrong += 1;
            seam::log(&format!("FAILED: {what}"));
        }
    }
}

extern "C" fn construct() {
    let mut tally = Tally { refused: 0, controls: 0, wrong: 0 };
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
    let Tally { refused, controls, wrong } = tally;
    seam::log(&format!("{refused} attempts refused, {controls} controls held, {wrong} surprises"));
    seam::exit(i32::from(wrong > 0))
}

genode_sys::component_entry!(construct);
