//! Tcl's commands, by area.

mod arrays;
mod case;
mod changes;
mod channels;
mod classes;
mod control;
mod dicts;
mod errors;
mod files;
mod format;
mod glob;
mod inspect;
mod lists;
mod procedures;
mod regexps;
mod scan;
mod search;
mod sort;
mod strings;
mod subst;
mod switch;
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
        channels::COMMANDS,
        control::COMMANDS,
        dicts::COMMANDS,
        errors::COMMANDS,
        files::COMMANDS,
        inspect::COMMANDS,
        lists::COMMANDS,
        procedures::COMMANDS,
        regexps::COMMANDS,
        scan::COMMANDS,
        search::COMMANDS,
        sort::COMMANDS,
        strings::COMMANDS,
        subst::COMMANDS,
        switch::COMMANDS,
        variables::COMMANDS,
    ] {
        for &(name, command) in area {
            interp.define(name, command);
        }
    }
}
