//! rs_escape_control: the attempts of rs_escape as a plain Linux program, where they succeed.
//!
//! Prints `possible: WHAT` or `impossible: WHAT` for each, and fails if one that every Linux permits is impossible.
mod attempts;
mod doors;
mod memory;
mod others;
mod sys;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut proven = true;
    for attempt in attempts::all() {
        let possible = (attempt.run)();
        println!("{}: {}", if possible { "possible" } else { "impossible" }, attempt.what);
        if !possible && attempt.everywhere {
            println!(
                "Error: fails outside of a component too, so it proves nothing: {}",
                attempt.what
            );
            proven = false;
        }
    }
    if proven { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
