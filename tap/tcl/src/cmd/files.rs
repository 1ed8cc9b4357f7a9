//! File names, questions about the file system, and `source`.

use super::changes;
use super::glob::matches;
use super::words::{Builtin, arity, subcommand};
use crate::channel::reason;
use crate::error::{Exception, Outcome, fail, usage};
use crate::interp::{Interp, returned};
use crate::list;
use crate::value::Value;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

pub(super) const COMMANDS: &[(&str, Builtin)] =
    &[("file", file), ("glob", glob), ("pwd", pwd), ("source", source)];

fn file(interp: &mut Interp, words: &[Value]) -> Outcome {
    const SUBCOMMANDS: &[&str] = &[
        "copy",
        "delete",
        "dirname",
        "executable",
        "exists",
        "extension",
        "isdirectory",
        "isfile",
        "join",
        "mkdir",
        "mtime",
        "nativename",
        "normalize",
        "owned",
        "pathtype",
        "readable",
        "readlink",
        "rename",
        "rootname",
        "separator",
        "size",
        "split",
        "tail",
        "type",
        "writable",
    ];
    let (name, words) = subcommand(words, SUBCOMMANDS)?;
    match name {
        "join" if words.len() == 1 => return usage("file join name ?name ...?"),
        "join" => return Ok(join(&words[1..])),
        "separator" => return Ok(Value::from("/")),
        name if changes::SUBCOMMANDS.contains(&name) => {
            return changes::change(interp, name, words);
        }
        _ => {}
    }
    let [_, path] = words else { return usage(&format!("file {name} name")) };
    let text = path.as_str();
    Ok(match name {
        "tail" | "extension" | "rootname" => name_part(name, text),
        "dirname" => Value::from(dirname(text)),
        "pathtype" => Value::from(if text.starts_with('/') { "absolute" } else { "relative" }),
        "split" => split(text),
        "normalize" => normalize(text),
        "nativename" => path.clone(),
        _ => return on_disk(name, text),
    })
}

/// A part of the last name in a path.
fn name_part(which: &str, text: &str) -> Value {
    let tail = text.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    let dot = tail.rfind('.');
    Value::from(match which {
        "tail" => tail,
        "extension" => dot.map_or("", |d| &tail[d..]),
        _ => dot.map_or(text, |d| &text[..text.len() - (tail.len() - d)]),
    })
}

fn split(text: &str) -> Value {
    let mut pieces: Vec<Value> =
        text.split('/').filter(|p| !p.is_empty()).map(Value::from).collect();
    if text.starts_with('/') {
        pieces.insert(0, Value::from("/"));
    }
    list::format(&pieces)
}

/// Answers what the file system knows.
fn on_disk(question: &str, text: &str) -> Outcome {
    let os = Path::new(text);
    let unreadable =
        |error: std::io::Error| fail(format!("could not read \"{text}\": {}", reason(&error)));
    Ok(match question {
        "exists" => Value::bool(os.exists()),
        "isfile" => Value::bool(os.is_file()),
        "isdirectory" => Value::bool(os.is_dir()),
        "readable" => Value::bool(std::fs::File::open(os).is_ok()),
        "executable" => {
            Value::bool(os.metadata().is_ok_and(|m| m.permissions().mode() & 0o111 != 0))
        }
        "writable" => Value::bool(
            os.is_dir() && os.metadata().is_ok_and(|m| m.permissions().mode() & 0o222 != 0)
                || std::fs::OpenOptions::new().write(true).open(os).is_ok(),
        ),
        "owned" => Value::bool(
            os.metadata().ok().map(|m| m.uid())
                == std::fs::metadata("/proc/self").ok().map(|m| m.uid()),
        ),
        "readlink" => match std::fs::read_link(os) {
            Ok(target) => Value::from(target.to_string_lossy().as_ref()),
            Err(error) => {
                return fail(format!("could not read link \"{text}\": {}", reason(&error)));
            }
        },
        "size" | "mtime" => match os.metadata() {
            Ok(meta) if question == "mtime" => Value::from(meta.mtime()),
            Ok(meta) => Value::from(meta.len() as i64),
            Err(error) => return unreadable(error),
        },
        _ => match os.symlink_metadata() {
            Ok(meta) if meta.is_dir() => Value::from("directory"),
            Ok(meta) if meta.is_symlink() => Value::from("link"),
            Ok(_) => Value::from("file"),
            Err(error) => return unreadable(error),
        },
    })
}

fn join(pieces: &[Value]) -> Value {
    let mut out = String::new();
    for piece in pieces.iter().map(Value::as_str) {
        if piece.starts_with('/') {
            out.clear();
        } else if !out.is_empty() && !out.ends_with('/') && !piece.is_empty() {
            out.push('/');
        }
        out.push_str(piece);
    }
    if out.len() > 1 && out.ends_with('/') {
        out.pop();
    }
    Value::from(out)
}

fn dirname(text: &str) -> &str {
    let trimmed = text.trim_end_matches('/');
    match trimmed.rfind('/') {
        None if text.starts_with('/') => "/",
        None => ".",
        Some(0) => "/",
        Some(i) => trimmed[..i].trim_end_matches('/'),
    }
}

fn normalize(text: &str) -> Value {
    let absolute = std::path::absolute(text).unwrap_or_else(|_| text.into());
    let mut out: Vec<&str> = Vec::new();
    let shown = absolute.to_string_lossy();
    for piece in shown.split('/') {
        match piece {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    Value::from(format!("/{}", out.join("/")))
}

fn pwd(_: &mut Interp, words: &[Value]) -> Outcome {
    arity(words, 0, 0, "pwd")?;
    match std::env::current_dir() {
        Ok(dir) => Ok(Value::from(dir.to_string_lossy().as_ref())),
        Err(error) => fail(format!("error getting working directory name: {error}")),
    }
}

fn source(interp: &mut Interp, words: &[Value]) -> Outcome {
    const FORM: &str = "source ?-encoding name? fileName";
    let path = match &words[1..] {
        [path] => path,
        [option, encoding, path] if option.as_str() == "-encoding" => {
            if encoding.as_str() != "utf-8" {
                return fail(format!("unknown encoding \"{encoding}\": scripts are utf-8"));
            }
            path
        }
        _ => return usage(FORM),
    };
    let why = |what: &str| fail(format!("couldn't read file \"{path}\": {what}"));
    let place = match interp.leave_to_read(path.as_str()) {
        Ok(place) => place,
        Err(refusal) => return why(&refusal),
    };
    match std::fs::read_to_string(place) {
        Ok(text) => match interp.eval_file(path.as_str(), &text) {
            // ends the file, not the command that reads it
            Err(Exception::Return { value, code, level, errorcode }) => {
                returned(value, code, level - 1, errorcode)
            }
            outcome => outcome,
        },
        Err(error) => why(&reason(&error)),
    }
}

/// Patterns in the last part of a path only.
fn glob(_: &mut Interp, words: &[Value]) -> Outcome {
    let (mut complain, mut tails, mut folder) = (true, false, String::new());
    let mut rest = words[1..].iter().peekable();
    while let Some(option) = rest.next_if(|w| w.as_str().starts_with('-')) {
        let known = ["-nocomplain", "-tails", "-directory", "-types", "--"];
        let mut candidates = known.into_iter().filter(|k| k.starts_with(option.as_str()));
        match candidates.next().filter(|_| candidates.next().is_none()).unwrap_or(option.as_str()) {
            "-nocomplain" => complain = false,
            "-tails" => tails = true,
            "-directory" => {
                folder = rest.next().map_or_else(String::new, |d| d.as_str().to_owned());
            }
            "-types" => {
                rest.next();
            }
            "--" => break,
            other => {
                return fail(format!(
                    "bad option \"{other}\": must be -directory, -nocomplain, -tails, -types, or --"
                ));
            }
        }
    }
    let mut found = Vec::new();
    let patterns: Vec<&str> = rest.map(Value::as_str).collect();
    for pattern in &patterns {
        let whole =
            if folder.is_empty() { (*pattern).to_owned() } else { format!("{folder}/{pattern}") };
        let (dir, last) = whole.rsplit_once('/').map_or((".", whole.as_str()), |(d, l)| (d, l));
        let Ok(entries) = std::fs::read_dir(if dir.is_empty() { "/" } else { dir }) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if (!name.starts_with('.') || last.starts_with('.')) && matches(last, &name, false) {
                let shown = whole.contains('/') && !tails;
                found.push(if shown { format!("{dir}/{name}") } else { name });
            }
        }
    }
    if found.is_empty() && complain {
        let plural = if patterns.len() == 1 { "" } else { "s" };
        return fail(format!("no files matched glob pattern{plural} \"{}\"", patterns.join(" ")));
    }
    found.sort();
    let values: Vec<Value> = found.into_iter().map(Value::from).collect();
    Ok(list::format(&values))
}
