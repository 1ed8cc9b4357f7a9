//! Procedures written in Tcl.

use crate::error::{Exception, fail};
use crate::list;
use crate::value::Value;
use crate::vars::Frame;

/// A procedure written in Tcl.
#[derive(Debug)]
pub(crate) struct Procedure {
    /// Names with their defaults.
    pub(crate) params: Vec<(String, Option<Value>)>,
    /// The last parameter takes all further arguments.
    pub(crate) variadic: bool,
    /// The script.
    pub(crate) body: Value,
}

/// Sets the parameters of a call.
pub(crate) fn bind(
    frame: &mut Frame,
    procedure: &Procedure,
    words: &[Value],
) -> Result<(), Exception> {
    let wrong = || {
        let mut usage = words[0].as_str().to_owned();
        for (i, (param, default)) in procedure.params.iter().enumerate() {
            let last = i + 1 == procedure.params.len();
            usage.push(' ');
            if last && procedure.variadic {
                usage.push_str("?arg ...?");
            } else if default.is_some() {
                usage.push('?');
                usage.push_str(param);
                usage.push('?');
            } else {
                usage.push_str(param);
            }
        }
        fail(format!("wrong # args: should be \"{usage}\""))
    };
    let mut arguments = words[1..].iter();
    for (i, (param, default)) in procedure.params.iter().enumerate() {
        let value = if procedure.variadic && i + 1 == procedure.params.len() {
            list::format(arguments.by_ref())
        } else {
            match (arguments.next(), default) {
                (Some(value), _) => value.clone(),
                (None, Some(default)) => default.clone(),
                (None, None) => return wrong(),
            }
        };
        frame.set(param, value)?;
    }
    if arguments.next().is_some() { wrong() } else { Ok(()) }
}
