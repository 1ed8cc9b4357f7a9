//! The steps before a boot: build, configure, fill the boot directory.

use super::command::{Command, MANY, place};
use super::session::{Shared, shown_path};
use super::xml;
use crate::host::build::{BuildError, Target, build, resolve};
use crate::names::did_you_mean;
use std::path::Path;
use std::time::Instant;
use tap_tcl::{Exception, Interp, Outcome, Value, list};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(&["create_boot_directory"], "", (0, 0), create_boot_directory),
    Command::new(&["build"], "targets", (1, 1), build_targets),
    Command::new(&["build_artifacts"], "", (0, 0), |_, session, _| {
        let built: Vec<Value> =
            session.borrow().built.keys().map(|name| Value::from(name.as_str())).collect();
        Ok(list::format(&built))
    }),
    Command::new(&["install_config"], "?text ...?", (0, MANY), install_config),
    Command::new(&["install_boot_module"], "name ?text ...?", (1, MANY), |i, s, words| {
        install(i, s, words[1].as_str(), &words[2..])
    }),
    Command::new(&["build_boot_image"], "binaries", (1, 1), build_boot_image),
];

fn create_boot_directory(interp: &mut Interp, session: &Shared, _: &[Value]) -> Outcome {
    let mut session = session.borrow_mut();
    let boot = session.boot_dir();
    let fresh = match std::fs::remove_dir_all(&boot) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => std::fs::create_dir_all(&boot),
    };
    match fresh {
        Ok(()) => Ok(Value::empty()),
        Err(e) => {
            let message = format!("{}: cannot make {}: {e}", place(interp), boot.display());
            Err(session.bad("boot directory", Instant::now(), &message, &[]))
        }
    }
}

fn build_targets(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let names = list::parse(&words[1])?;
    let since = Instant::now();
    let mut session = session.borrow_mut();
    let shown: Vec<&str> = names.iter().map(Value::as_str).collect();
    let text = format!("build {}", shown.join(" "));
    // names of boot modules, and the binaries that they are
    let mut modules = Vec::new();
    let mut wanted = Vec::new();
    for name in &shown {
        match resolve(&session.project, name) {
            _ if *name == "core" && session.options.core.is_some() => {
                let core = session.options.core.clone().unwrap_or_default();
                session.built.insert("core".into(), core);
            }
            Target::Nothing => {
                session.absorbed.insert((*name).to_owned());
            }
            Target::Binary { sdk, bin, module } => {
                wanted.push((sdk, bin.clone()));
                modules.push((module, bin));
            }
            Target::GenodeOnly(folder) => {
                return Err(session.skip(format!(
                    "{name} is built by Genode's build system only ({}): run with --genode BUILD_DIR",
                    shown_path(&folder)
                )));
            }
            Target::Unknown(near) => {
                let message = format!("{}: {}", place(interp), no_target(name, &near));
                return Err(session.bad(&text, since, &message, &[]));
            }
        }
    }
    let (release, quiet) = (session.options.release, session.options.batch);
    if quiet {
        // otherwise cargo tells
        let status = format!("{}: building", session.name);
        session.report.borrow_mut().status(&status);
    }
    let built = build(&session.project, &wanted, release, quiet, &session.interrupts);
    session.report.borrow_mut().clear_status();
    match built {
        Ok(executables) => {
            for (module, bin) in modules {
                let executable = executables[&bin].clone();
                session.built.insert(module, executable);
            }
            session.good(&text, since);
            Ok(Value::empty())
        }
        Err(BuildError::Interrupted) => Err(Exception::Abort),
        Err(BuildError::Failed(why)) => {
            let message = format!("{}: {why}", place(interp));
            Err(session.bad(&text, since, &message, &[]))
        }
    }
}

/// The message about a target that is not there.
fn no_target(name: &str, near: &[String]) -> String {
    let advice = did_you_mean(near).unwrap_or_else(|| "`cargo tap new` makes one".into());
    format!(
        "there is no target \"{name}\": no package of the workspace has a binary of that name; {advice}"
    )
}

fn install_config(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let since = Instant::now();
    let text: String = words[1..].iter().map(Value::as_str).collect();
    let step = "the configuration is well-formed XML";
    let reject = |message: String| Err(session.borrow_mut().bad(step, since, &message, &[]));
    if !xml::looks_like_xml(&text) {
        return reject(format!(
            "{}: the configuration is not XML: portable run scripts write XML, which every version of Genode reads",
            place(interp)
        ));
    }
    if let Err(error) = xml::check(&text) {
        return reject(format!(
            "{}: {}",
            xml_place(interp, &words[1..], error.line),
            error.message
        ));
    }
    install(interp, session, "config", &words[1..])?;
    session.borrow().good(step, since);
    Ok(Value::empty())
}

/// The script's line for a line of a literal, if the text is one; else the line in the text.
fn xml_place(interp: &Interp, words: &[Value], line: u32) -> String {
    match words {
        [single] if single.origin().is_some() => {
            let offset = text_offset(single.as_str(), line);
            single.origin().map_or_else(String::new, |origin| {
                format!("{}:{}", origin.file, origin.line_of(single.as_str(), offset))
            })
        }
        _ => format!("{}: line {line} of the text", place(interp)),
    }
}

fn install(interp: &mut Interp, session: &Shared, name: &str, pieces: &[Value]) -> Outcome {
    let since = Instant::now();
    let mut text: String = pieces.iter().map(Value::as_str).collect();
    let mut session = session.borrow_mut();
    let step = format!("boot module {name}");
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        let message = format!(
            "{}: \"{name}\" cannot name a boot module: a name has no slash and no leading dot",
            place(interp)
        );
        return Err(session.bad(&step, since, &message, &[]));
    }
    if name.ends_with(".config")
        && xml::looks_like_xml(&text)
        && let Err(error) = xml::check(&text)
    {
        let message = format!("{}: {}", xml_place(interp, pieces, error.line), error.message);
        return Err(session.bad(&step, since, &message, &[]));
    }
    text.push('\n');
    let boot = session.boot_dir();
    let path = boot.join(name);
    if !boot.is_dir() {
        let message = format!("{}: call create_boot_directory first", place(interp));
        return Err(session.bad(&step, since, &message, &[]));
    }
    // a module that was linked to a build result must not be written through
    let _ = std::fs::remove_file(&path);
    match std::fs::write(&path, text) {
        Ok(()) => Ok(Value::empty()),
        Err(e) => {
            let message = format!("{}: cannot write {}: {e}", place(interp), path.display());
            Err(session.bad(&step, since, &message, &[]))
        }
    }
}

fn build_boot_image(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let since = Instant::now();
    let step = "the boot directory is complete";
    let mut session = session.borrow_mut();
    let boot = session.boot_dir();
    if !boot.is_dir() {
        let message = format!("{}: call create_boot_directory first", place(interp));
        return Err(session.bad(step, since, &message, &[]));
    }
    let mut missing = Vec::new();
    for name in list::parse(&words[1])? {
        let name = name.as_str();
        // core is started, not loaded; the linker is part of every component
        if matches!(name, "core" | "ld.lib.so") {
            continue;
        }
        let library = name.strip_suffix(".lib.so").map(|lib| format!("lib/{lib}"));
        if library.is_some_and(|lib| session.absorbed.contains(&lib)) {
            continue;
        }
        let Some(executable) = session.built.get(name).cloned() else {
            missing.push(name.to_owned());
            continue;
        };
        if let Err(e) = place_file(&executable, &boot.join(name)) {
            let message = format!("{}: cannot install {name}: {e}", place(interp));
            return Err(session.bad(step, since, &message, &[]));
        }
    }
    if missing.is_empty() {
        session.good(step, since);
        return Ok(Value::empty());
    }
    let message = format!(
        "{}: not built: {}; add it to build {{ ... }}, or install [build_artifacts]",
        place(interp),
        missing.join(" ")
    );
    Err(session.bad(step, since, &message, &[]))
}

/// Links a file, or copies it to another file system.
fn place_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let _ = std::fs::remove_file(to);
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(drop))
}

/// Offset of a line's first byte.
fn text_offset(text: &str, line: u32) -> usize {
    let before = line.saturating_sub(1) as usize;
    text.split_inclusive('\n').take(before).map(str::len).sum()
}
