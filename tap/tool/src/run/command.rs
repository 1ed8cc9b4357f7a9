//! The form of the run tool's commands, and what they share.

use super::session::Shared;
use std::rc::Rc;
use tap_tcl::{Interp, Outcome, Value, error};

/// The body of a command; gets the command's words, its name first.
pub(super) type Body = fn(&mut Interp, &Shared, &[Value]) -> Outcome;

/// A command of the run tool.
pub(super) struct Command {
    /// Its name, and others that it has.
    pub(super) names: &'static [&'static str],
    /// Its arguments, for the message about a wrong number of them.
    pub(super) form: &'static str,
    /// The least number of arguments, and the greatest.
    pub(super) arguments: (usize, usize),
    pub(super) body: Body,
}

/// Any number of arguments.
pub(super) const MANY: usize = usize::MAX;

impl Command {
    /// Makes a command with one name.
    pub(super) const fn new(
        name: &'static [&'static str; 1],
        form: &'static str,
        arguments: (usize, usize),
        body: Body,
    ) -> Self {
        Self { names: name, form, arguments, body }
    }

    /// Defines the command.
    pub(super) fn define(&'static self, interp: &mut Interp, session: &Shared) {
        for name in self.names {
            let session = Rc::clone(session);
            interp.define(name, move |interp, words| {
                let (least, most) = self.arguments;
                if words.len() - 1 < least || words.len() - 1 > most {
                    let form = format!("{} {}", self.names[0], self.form);
                    return error::usage(form.trim_end());
                }
                (self.body)(interp, &session, words)
            });
        }
    }
}

/// The script's place, for messages.
pub(super) fn place(interp: &Interp) -> String {
    interp.place().map_or_else(String::new, ToString::to_string)
}

/// Appends to a variable, which need not exist.
pub(super) fn extend(interp: &mut Interp, name: &str, text: &str) -> Outcome {
    let old =
        if interp.exists(name) { interp.get(name)?.as_str().to_owned() } else { String::new() };
    interp.set(name, Value::from(old + text))
}
