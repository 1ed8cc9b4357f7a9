//! Arrays: variables with named elements.

use super::glob::matches;
use super::words::{Builtin, arity, subcommand};
use crate::error::{Outcome, fail, usage};
use crate::interp::Interp;
use crate::list;
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("array", array)];

fn array(interp: &mut Interp, words: &[Value]) -> Outcome {
    let (name, words) = subcommand(words, &["exists", "get", "names", "set", "size", "unset"])?;
    let Some(target) = words.get(1).map(Value::as_str) else {
        return usage(&format!("array {name} arrayName ?arg ...?"));
    };
    let (frame, local) = interp.frame_of(target);
    let count = frame.array_len(local);
    // a copy of all, for those that look at them
    let elements =
        if matches!(name, "names" | "get" | "unset") { frame.array(local) } else { None };
    let chosen = |key: &str| words.get(2).is_none_or(|p| matches(p.as_str(), key, false));
    match name {
        "exists" => Ok(Value::bool(count.is_some())),
        "size" => Ok(Value::from(count.unwrap_or(0))),
        "names" => {
            let names: Vec<Value> = elements
                .unwrap_or_default()
                .into_keys()
                .filter(|k| chosen(k))
                .map(Value::from)
                .collect();
            Ok(list::format(&names))
        }
        "get" => {
            let pairs: Vec<Value> = elements
                .unwrap_or_default()
                .into_iter()
                .filter(|(k, _)| chosen(k))
                .flat_map(|(k, v)| [Value::from(k), v])
                .collect();
            Ok(list::format(&pairs))
        }
        "set" => {
            arity(words, 2, 2, "array set arrayName list")?;
            let pairs = list::parse(&words[2])?;
            if !pairs.len().is_multiple_of(2) {
                return fail("list must have an even number of elements");
            }
            let (frame, local) = interp.frame_of(target);
            frame.make_array(local)?;
            for pair in pairs.chunks(2) {
                let set = frame.set(&format!("{local}({})", pair[0]), pair[1].clone());
                set.map_err(|e| {
                    e.about(&format!("{local}({})", pair[0]), &format!("{target}({})", pair[0]))
                })?;
            }
            Ok(Value::empty())
        }
        _ => {
            let whole = words.get(2).is_none();
            let (frame, local) = interp.frame_of(target);
            for key in elements.iter().flatten().map(|(k, _)| k).filter(|k| chosen(k)) {
                frame.unset(&format!("{local}({key})"))?;
            }
            if whole && elements.is_some() {
                frame.unset(local)?;
            }
            Ok(Value::empty())
        }
    }
}
