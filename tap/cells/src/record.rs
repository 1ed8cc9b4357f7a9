//! Decisions as a text, and their comparison with a second run.

use crate::run::{Outcome, run};
use crate::trace::Trace;

const HEAD: &str = "decisions of ";

/// Returns trace and decisions: all that a second run needs.
pub fn record(trace: &Trace, outcomes: &[Outcome]) -> String {
    let mut out = trace.text();
    for outcome in outcomes.iter().filter(|o| o.name != "bound") {
        out.extend([HEAD, &outcome.name, "\n", &outcome.log]);
    }
    out
}

/// Runs what a record holds again. Returns the trace and the outcomes if every byte is the same;
/// otherwise the first line that is not.
pub fn replay(text: &str) -> Result<(Trace, Vec<Outcome>), String> {
    let (head, rest) = text.split_once(HEAD).ok_or("the record has no decisions")?;
    let trace = Trace::parse(head).map_err(|mistake| mistake.to_string())?;
    let names = rest.split(HEAD).filter_map(|part| part.lines().next());
    let outcomes = names.map(|name| run(&trace, name)).collect::<Result<Vec<_>, _>>()?;
    let again = record(&trace, &outcomes);
    if again == text {
        return Ok((trace, outcomes));
    }
    let differs = again.lines().zip(text.lines()).position(|(new, old)| new != old);
    let line = differs.unwrap_or_else(|| again.lines().count().min(text.lines().count()));
    let at = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
    Err(format!("line {}: recorded {:?}, now {:?}", line + 1, at(text), at(&again)))
}
