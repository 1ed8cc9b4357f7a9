//! `subst`.

use super::words::Builtin;
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::Interp;
use crate::memory;
use crate::parse::{Parser, Source};
use crate::value::Value;

pub(super) const COMMANDS: &[(&str, Builtin)] = &[("subst", subst)];

fn subst(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "subst ?-nobackslashes? ?-nocommands? ?-novariables? string";
    let (mut backslashes, mut commands, mut variables) = (true, true, true);
    if words.len() < 2 {
        return usage(FORM);
    }
    for option in &words[1..words.len() - 1] {
        match option.as_str() {
            "-nobackslashes" => backslashes = false,
            "-nocommands" => commands = false,
            "-novariables" => variables = false,
            other => {
                return fail(format!(
                    "bad option \"{other}\": must be -nobackslashes, -nocommands, or -novariables"
                ));
            }
        }
    }
    let value = &words[words.len() - 1];
    let source = Source { text: value.clone(), origin: value.origin().cloned() };
    let mut parser = Parser::new(&source);
    let mut out = String::new();
    while let Some(c) = parser.peek() {
        let part = match c {
            '\\' if backslashes => {
                parser.backslash(&mut out);
                continue;
            }
            '$' if variables => parser.variable(),
            '[' if commands => parser.script().map(Some),
            _ => Ok(None),
        };
        match part {
            Ok(Some(part)) => match interp.substitute(&source, &[part]) {
                Ok(value)
                | Err(Exception::Return { value, .. } | Exception::Other { value, .. }) => {
                    memory::afford(2 * (out.len() + value.as_str().len()))?;
                    out.push_str(value.as_str());
                }
                Err(Exception::Continue) => {}
                Err(Exception::Break) => break,
                Err(other) => return Err(other),
            },
            Ok(None) => {
                out.push(c);
                parser.skip(c.len_utf8());
            }
            Err(error) => return fail(error.message),
        }
    }
    Ok(Value::from(out))
}
