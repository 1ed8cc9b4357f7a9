//! The run tool's commands that work on the variable `output`.

use super::command::{Command, place};
use super::compare;
use super::session::Shared;
use std::time::Instant;
use tap_tcl::regex::{Flags, Pattern};
use tap_tcl::{Exception, Interp, Outcome, Value};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(&["grep_output"], "pattern", (1, 1), |interp, _, words| {
        let pattern = filter(&words[1])?;
        change_output(interp, |output| compare::grep(output, &pattern))
    }),
    Command::new(&["unify_output"], "pattern replacement", (2, 2), |interp, _, words| {
        let pattern = filter(&words[1])?;
        change_output(interp, |output| pattern.replace_all(output, words[2].as_str()))
    }),
    Command::new(&["trim_lines"], "", (0, 0), |interp, _, _| {
        change_output(interp, |output| Ok(compare::trimmed_lines(output)))
    }),
    Command::new(&["filter_out_color_escape_sequences"], "", (0, 0), |interp, _, _| {
        change_output(interp, |output| Ok(compare::without_colours(output)))
    }),
    Command::new(&["compare_output_to"], "good", (1, 1), compare_output_to),
];

/// Compiles a pattern that Genode's run tool passes to a Tcl command without a protecting `--`.
fn filter(pattern: &Value) -> Result<Pattern, Exception> {
    if pattern.as_str().starts_with('-') {
        return tap_tcl::fail(format!(
            "Genode's run tool takes the pattern \"{pattern}\" for an option: put the first character in brackets, as in [-]"
        ));
    }
    Pattern::new(pattern.as_str(), Flags::default())
}

fn change_output(
    interp: &mut Interp,
    change: impl FnOnce(&str) -> Result<String, Exception>,
) -> Outcome {
    let output = interp.get("::output")?;
    interp.set("::output", Value::from(change(output.as_str())?))
}

fn compare_output_to(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let since = Instant::now();
    let output = interp.get("::output")?;
    let step = "the output is as expected";
    let at = place(interp);
    match compare::differences(output.as_str(), words[1].as_str()) {
        None => {
            session.borrow().good(step, since);
            Ok(Value::empty())
        }
        Some(text) => {
            let more = [("output", output.as_str().replace('\r', ""))];
            Err(session.borrow_mut().bad(step, since, &format!("{at}: {text}"), &more))
        }
    }
}
