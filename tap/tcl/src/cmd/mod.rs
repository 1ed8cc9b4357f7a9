//! Tcl's commands, by area.

mod arrays;
mod control;
mod dicts;
mod files;
mod format;
mod glob;
mod inspect;
mod lists;
mod procedures;
mod regexps;
mod strings;
mod variables;
mod words;

pub use glob::matches as glob_matches;

use crate::interp::Interp;

impl Interp {
    /// Makes an interpreter with Tcl's commands, whose `puts` goes nowhere.
    #[must_use]
    pub fn new() -> Self {
        let mut interp = Self::bare();
        register(&mut interp);
        interp
    }
}

impl Default for Interp {
    fn default() -> Self {
        Self::new()
    }
}

/// Defines all commands.
fn register(interp: &mut Interp) {
    for area in [
        arrays::COMMANDS,
        control::COMMANDS,
        dicts::COMMANDS,
        files::COMMANDS,
        inspect::COMMANDS,
        lists::COMMANDS,
        procedures::COMMANDS,
        regexps::COMMANDS,
        strings::COMMANDS,
        variables::COMMANDS,
    ] {
        for &(name, command) in area {
            interp.define(name, command);
        }
    }
}
