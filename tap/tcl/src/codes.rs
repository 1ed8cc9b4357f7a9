//! Tcl's error codes, which `try ... trap` and `-errorcode` show, for the errors of this crate's
//! commands.
//!
//! They are found by the message, whose words are Tcl's.

use crate::list;
use crate::value::Value;

/// The text between the first pair of quotes.
fn quoted(message: &str) -> &str {
    message.split('"').nth(1).unwrap_or("")
}

/// Messages that begin so have this code; `Q` stands for what the message quotes.
const BEGINNINGS: &[(&str, &[&str])] = &[
    ("wrong # args", &["TCL", "WRONGARGS"]),
    ("invalid command name ", &["TCL", "LOOKUP", "COMMAND", "Q"]),
    ("can't rename ", &["TCL", "LOOKUP", "COMMAND", "Q"]),
    ("can't delete ", &["TCL", "LOOKUP", "COMMAND", "Q"]),
    ("can't unset ", &["TCL", "LOOKUP", "VARNAME", "Q"]),
    ("key ", &["TCL", "LOOKUP", "DICT", "Q"]),
    ("bad level ", &["TCL", "LOOKUP", "LEVEL", "Q"]),
    ("can not find channel ", &["TCL", "LOOKUP", "CHANNEL", "Q"]),
    ("unknown or ambiguous subcommand ", &["TCL", "LOOKUP", "SUBCOMMAND", "Q"]),
    ("bad class ", &["TCL", "LOOKUP", "INDEX", "class", "Q"]),
    ("bad option ", &["TCL", "LOOKUP", "INDEX", "option", "Q"]),
    ("ambiguous option ", &["TCL", "LOOKUP", "INDEX", "option", "Q"]),
    ("bad index ", &["TCL", "VALUE", "INDEX"]),
    ("expected integer ", &["TCL", "VALUE", "INTEGER"]),
    ("expected floating-point ", &["TCL", "VALUE", "NUMBER"]),
    ("expected boolean ", &["TCL", "VALUE", "NUMBER"]),
    ("missing value to go with key", &["TCL", "VALUE", "DICTIONARY"]),
    ("divide by zero", &["ARITH", "DIVZERO", "divide by zero"]),
    ("domain error", &["ARITH", "DOMAIN", "domain error: argument not in valid range"]),
    ("can't use empty string as operand", &["ARITH", "DOMAIN", "empty string"]),
    ("can't use non-numeric string as operand", &["ARITH", "DOMAIN", "non-numeric string"]),
    ("can't use floating-point value as operand", &["ARITH", "DOMAIN", "floating-point value"]),
    ("extra switch pattern with no body", &["TCL", "OPERATION", "SWITCH", "BADARM"]),
    ("invalid bareword ", &["TCL", "PARSE", "EXPR", "BAREWORD"]),
    ("missing operand", &["TCL", "PARSE", "EXPR", "MISSING"]),
];

/// Reasons of the operating system, and its names for them.
const REASONS: &[(&str, &str)] = &[
    ("no such file or directory", "ENOENT"),
    ("permission denied", "EACCES"),
    ("file already exists", "EEXIST"),
    ("not a directory", "ENOTDIR"),
    ("illegal operation on a directory", "EISDIR"),
    ("directory not empty", "EEXIST"),
];

/// The code for an error of a command.
pub(crate) fn code_of(message: &str) -> Value {
    let words: Vec<Value> = if let Some((_, code)) =
        BEGINNINGS.iter().find(|(beginning, _)| message.starts_with(beginning))
    {
        let text = |word: &&str| Value::from(if *word == "Q" { quoted(message) } else { word });
        code.iter().map(text).collect()
    } else if let Some(name) = message.strip_prefix("can't read ") {
        let name = quoted(name);
        let missing_array = !message.contains("element") && !message.contains("variable is array");
        let name = match crate::parse::element(name) {
            Some((array, _)) if missing_array => array,
            Some((_, index)) => index,
            None => name,
        };
        ["TCL", "LOOKUP", "VARNAME", name].into_iter().map(Value::from).collect()
    } else if let Some((reason, name)) =
        REASONS.iter().find(|(reason, _)| message.ends_with(&format!(": {reason}")))
    {
        ["POSIX", name, reason].into_iter().map(Value::from).collect()
    } else {
        return Value::from("NONE");
    };
    list::format(&words)
}
