//! rs_escape_driver: the attempts of rs_escape made by a component that was granted a directory of
//! the machine, and those that only such a component can make.
#![no_main]

#[path = "../attempts.rs"]
mod attempts;
mod broker;
mod descriptors;
#[path = "../doors.rs"]
mod doors;
#[path = "../memory.rs"]
mod memory;
#[path = "../others.rs"]
mod others;
mod paths;
#[path = "../sys.rs"]
mod sys;
#[path = "../tally.rs"]
mod tally;

use broker::Broker;
use rs_raw as seam;
use tally::Tally;

extern "C" fn construct() {
    let mut tally = Tally::default();
    let Some(broker) = Broker::take() else {
        tally.control("have a grant", false);
        tally.finish()
    };
    tally.control("have a grant", true);
    tally.attempt("have it twice", Broker::take().is_some());
    for attempt in attempts::all() {
        tally.attempt(attempt.what, (attempt.run)());
    }
    paths::run(&broker, &mut tally);
    descriptors::run(&broker, &mut tally);
    seam::log("the driver is through");
    tally.finish()
}

genode_sys::component_entry!(construct);
