//! `list`: everything there is to run.

use crate::{programs, work};

/// Prints the name of each workload and program.
pub(super) fn run() {
    work::all().for_each(|workload| println!("{}", workload.name()));
    programs::names().for_each(|name| println!("programs: {name}"));
}
