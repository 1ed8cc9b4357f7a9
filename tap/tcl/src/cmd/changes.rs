//! `file copy`, `delete`, `mkdir` and `rename`.

use super::words::choice;
use crate::channel::{Access, reason};
use crate::error::{Exception, Outcome, fail};
use crate::interp::Interp;
use crate::value::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The subcommands of `file` that change the file system.
pub(super) const SUBCOMMANDS: &[&str] = &["copy", "delete", "mkdir", "rename"];

/// Deepest folder that is copied.
const DEPTH: usize = 100;

pub(super) fn change(interp: &mut Interp, name: &'static str, words: &[Value]) -> Outcome {
    match name {
        "mkdir" => words[1..].iter().try_for_each(|path| make(interp, path.as_str()))?,
        "delete" => {
            let (force, paths) = options(&words[1..])?;
            paths.iter().try_for_each(|path| delete(interp, path.as_str(), force))?;
        }
        _ => {
            let (force, paths) = options(&words[1..])?;
            let [sources @ .., target] = paths else { return wrong(name) };
            if sources.is_empty() {
                return wrong(name);
            }
            move_all(interp, name, force, sources, target.as_str())?;
        }
    }
    Ok(Value::empty())
}

fn wrong<T>(name: &str) -> Result<T, Exception> {
    fail(format!(
        "wrong # args: should be \"file {name} ?-option value ...? source ?source ...? target\""
    ))
}

/// Reads `-force` and `--`; the words behind them come with it.
fn options(words: &[Value]) -> Result<(bool, &[Value]), Exception> {
    let (mut force, mut rest) = (false, words);
    while let Some(option) = rest.first().filter(|w| w.as_str().starts_with('-')) {
        rest = &rest[1..];
        match choice("option", &["-force", "--"], option.as_str())? {
            "--" => break,
            _ => force = true,
        }
    }
    Ok((force, rest))
}

/// Asks for leave; `doing` begins the message of a refusal.
fn leave(
    interp: &Interp,
    command: &str,
    doing: &str,
    path: &str,
    access: Access,
) -> Result<PathBuf, Exception> {
    match interp.leave(command, path, access)? {
        Ok(place) => Ok(place),
        Err(refusal) => fail(format!("{doing} \"{path}\": {refusal}")),
    }
}

fn make(interp: &Interp, path: &str) -> Result<(), Exception> {
    let doing = "can't create directory";
    let place = leave(interp, "file mkdir", doing, path, Access::Write)?;
    match fs::create_dir_all(&place) {
        Ok(()) => Ok(()),
        // a file in the way
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            fail(format!("{doing} \"{path}\": file already exists"))
        }
        Err(error) => fail(format!("{doing} \"{path}\": {}", reason(&error))),
    }
}

fn delete(interp: &Interp, path: &str, force: bool) -> Result<(), Exception> {
    let place = leave(interp, "file delete", "error deleting", path, Access::Remove)?;
    let result = match fs::symlink_metadata(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(meta) if !meta.is_dir() => fs::remove_file(&place),
        Ok(_) if force => fs::remove_dir_all(&place),
        Ok(_) => fs::remove_dir(&place),
    };
    result.or_else(|error| fail(format!("error deleting \"{path}\": {}", reason(&error))))
}

/// Copies or renames to a target, into it if that is a folder.
fn move_all(
    interp: &mut Interp,
    name: &str,
    force: bool,
    sources: &[Value],
    target: &str,
) -> Result<(), Exception> {
    let doing = if name == "copy" { "error copying" } else { "error renaming" };
    let into = Path::new(target).is_dir();
    if sources.len() > 1 && !into {
        return fail(format!("{doing}: target \"{target}\" is not a directory"));
    }
    for source in sources {
        let source = source.as_str();
        let shown = if into {
            let tail = source.trim_end_matches('/').rsplit('/').next().unwrap_or(source);
            format!("{}/{tail}", target.trim_end_matches('/'))
        } else {
            target.to_owned()
        };
        move_one(interp, name, force, (source, &shown), doing)?;
    }
    Ok(())
}

fn move_one(
    interp: &mut Interp,
    name: &str,
    force: bool,
    (source, target): (&str, &str),
    doing: &str,
) -> Result<(), Exception> {
    let copying = name == "copy";
    let command = if copying { "file copy" } else { "file rename" };
    let access = if copying { Access::Read } else { Access::Remove };
    let from = leave(interp, command, doing, source, access)?;
    let to = leave(interp, command, &format!("{doing} \"{source}\" to"), target, Access::Remove)?;
    let both = |what: &str| fail(format!("{doing} \"{source}\" to \"{target}\": {what}"));
    let meta = match fs::symlink_metadata(&from) {
        Ok(meta) => meta,
        Err(error) => return fail(format!("{doing} \"{source}\": {}", reason(&error))),
    };
    if meta.is_dir() && to.starts_with(&from) {
        return both("trying to rename a volume or move a directory into itself");
    }
    if let Ok(there) = fs::symlink_metadata(&to) {
        if !force || there.is_dir() {
            return both("file already exists");
        }
        if same_file(&from, &to) {
            return Ok(());
        }
        // the name alone: what it is linked to stays as it is
        if let Err(error) = fs::remove_file(&to) {
            return both(&reason(&error));
        }
    }
    let result = if copying {
        let mut bytes = 0;
        match weigh(&from, DEPTH, &mut bytes) {
            Ok(()) => {}
            Err(error) => return both(&reason(&error)),
        }
        interp.files().count(bytes)?;
        copy(&from, &to)
    } else {
        fs::rename(&from, &to)
    };
    result.or_else(|error| both(&reason(&error)))
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Adds up the bytes of all files in a folder.
fn weigh(place: &Path, depth: usize, bytes: &mut u64) -> io::Result<()> {
    let meta = fs::symlink_metadata(place)?;
    if meta.is_dir() {
        if depth == 0 {
            return Err(io::Error::other(format!("folders are nested more than {DEPTH} deep")));
        }
        for entry in fs::read_dir(place)? {
            weigh(&entry?.path(), depth - 1, bytes)?;
        }
    } else if meta.is_file() {
        *bytes = bytes.saturating_add(meta.len());
    } else if !meta.is_symlink() {
        return Err(io::Error::other("only regular files, folders and links are copied"));
    }
    Ok(())
}

/// Copies a file, a link as a link, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    if !meta.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
