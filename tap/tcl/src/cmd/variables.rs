//! Variables.

use super::words::{Builtin, arity};
use crate::error::{Outcome, fail, usage};
use crate::interp::Interp;
use crate::memory;
use crate::number::int_arg;
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("set", set), ("unset", unset), ("incr", incr), ("append", append)];

fn set(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "set varName ?newValue?")?;
    match words.get(2) {
        None => interp.get(words[1].as_str()),
        Some(value) => interp.set(words[1].as_str(), value.clone()),
    }
}

fn unset(interp: &mut Interp, words: &[Value]) -> Outcome {
    let mut rest = &words[1..];
    let mut complain = true;
    if rest.first().is_some_and(|w| w.as_str() == "-nocomplain") {
        complain = false;
        rest = &rest[1..];
    }
    if rest.first().is_some_and(|w| w.as_str() == "--") {
        rest = &rest[1..];
    }
    for name in rest {
        let (frame, local) = interp.frame_of(name.as_str());
        let result = frame.unset(local).map_err(|e| e.about(local, name.as_str()));
        if complain {
            result?;
        }
    }
    Ok(Value::empty())
}

fn incr(interp: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 1, 2, "incr varName ?increment?")?;
    let name = words[1].as_str();
    let step = words.get(2).map_or(Ok(1), int_arg)?;
    let old = if interp.exists(name) { int_arg(&interp.get(name)?)? } else { 0 };
    match old.checked_add(step) {
        Some(new) => interp.set(name, Value::from(new)),
        None => fail("integer value too large to represent"),
    }
}

fn append(interp: &mut Interp, words: &[Value]) -> Outcome {
    if words.len() < 2 {
        return usage("append varName ?value ...?");
    }
    let name = words[1].as_str();
    if words.len() == 2 {
        return interp.get(name);
    }
    let more = words[2..].iter().map(|w| w.as_str().len()).sum::<usize>();
    interp.change(name, |value| {
        // growing doubles the room
        memory::afford(2 * (value.as_str().len() + more))?;
        for word in &words[2..] {
            value.push_str(word.as_str());
        }
        Ok(())
    })
}
