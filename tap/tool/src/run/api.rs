//! The run tool's commands that answer questions about the platform and the command line, and those that
//! change variables.

use super::command::{Command, MANY, extend, place};
use super::session::{Options, Session, Shared};
use std::fmt::Write as _;
use std::path::PathBuf;
use tap_tcl::{Interp, Outcome, Value, list, number};

/// The names that `have_include` affirms.
const INCLUDES: [&str; 4] = ["power_on/host", "log/host", "boot_dir/host", "load/host"];

/// The name that `have_board` affirms.
const BOARD: &str = "host";

pub(super) const COMMANDS: &[Command] = &[
    Command::new(&["have_spec"], "spec", (1, 1), |_, _, words| {
        Ok(Value::bool(specs().contains(&words[1].as_str())))
    }),
    Command::new(&["have_board"], "board", (1, 1), |_, _, words| {
        Ok(Value::bool(words[1].as_str() == BOARD))
    }),
    Command::new(&["board"], "", (0, 0), |_, _, _| Ok(Value::from(BOARD))),
    Command::new(&["have_include"], "name", (1, 1), |_, _, words| {
        Ok(Value::bool(INCLUDES.contains(&words[1].as_str())))
    }),
    Command::new(&["have_recipe"], "name", (1, 1), |_, _, _| Ok(Value::bool(false))),
    Command::new(&["have_installed"], "program", (1, 1), |_, _, words| {
        Ok(have_installed(words[1].as_str()))
    }),
    Command::new(&["repository_contains"], "path", (1, 1), |_, session, words| {
        Ok(repository_contains(&session.borrow(), words[1].as_str()))
    }),
    Command::new(&["gather_from_repositories"], "path", (1, 1), |_, session, words| {
        let found = in_repository(&session.borrow(), words[1].as_str());
        Ok(list::format(&found.map(|path| Value::from(path.to_string_lossy().as_ref()))))
    }),
    Command::new(&["select_from_repositories"], "path", (1, 1), select_from_repositories),
    // nothing is emulated: there are no devices of QEMU, and its arguments have no effect
    Command::new(&["is_qemu_available"], "", (0, 0), |_, _, _| Ok(Value::bool(false))),
    Command::new(&["append_qemu_nic_args"], "?extra_args?", (0, 1), |_, _, _| Ok(Value::empty())),
    Command::new(&["assert_spec"], "spec", (1, 1), assert_spec),
    Command::new(&["assert"], "expression ?message?", (1, 2), assert),
    Command {
        names: &["have_cmd_switch", "get_cmd_switch"],
        form: "name",
        arguments: (1, 1),
        body: |_, session, words| Ok(have_cmd_switch(&session.borrow().options, words[1].as_str())),
    },
    Command {
        names: &["cmd_arg", "get_cmd_arg", "cmd_arg_first"],
        form: "name default",
        arguments: (2, 2),
        body: |_, session, words| Ok(cmd_arg(&session.borrow(), words[1].as_str(), &words[2])),
    },
    Command::new(&["run_name"], "", (0, 0), |_, session, _| {
        Ok(Value::from(session.borrow().name.as_str()))
    }),
    Command::new(&["run_dir"], "", (0, 0), |_, session, _| {
        Ok(Value::from(session.borrow().run_dir.to_string_lossy().as_ref()))
    }),
    Command::new(&["append_if"], "condition var ?text ...?", (2, MANY), append_if),
    Command::new(&["lappend_if"], "condition var ?element ...?", (2, MANY), lappend_if),
    Command::new(&["strip_whitespace"], "string", (1, 1), |_, _, words| {
        Ok(Value::from(words[1].as_str().trim()))
    }),
];

/// The names that `have_spec` affirms.
fn specs() -> Vec<&'static str> {
    let mut specs = vec!["host", "64bit"];
    if cfg!(target_arch = "x86_64") {
        specs.extend(["x86", "x86_64"]);
    } else if cfg!(target_arch = "aarch64") {
        specs.extend(["arm", "arm_64", "arm_v8"]);
    }
    specs
}

fn have_installed(program: &str) -> Value {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    Value::bool(found)
}

fn repository_contains(session: &Session, path: &str) -> Value {
    match in_repository(session, path) {
        Some(_) => Value::from(repository(session).to_string_lossy().as_ref()),
        None => Value::empty(),
    }
}

/// The one repository there is: the SDK's `tap`.
fn repository(session: &Session) -> PathBuf {
    session.project.sdk().root.join("tap")
}

fn in_repository(session: &Session, path: &str) -> Option<PathBuf> {
    Some(repository(session).join(path)).filter(|path| path.exists())
}

fn select_from_repositories(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let path = in_repository(&session.borrow(), words[1].as_str());
    if let Some(path) = path {
        return Ok(Value::from(path.to_string_lossy().as_ref()));
    }
    let at = place(interp);
    let mut session = session.borrow_mut();
    let repository = repository(&session);
    let message =
        format!("{at}: {} is in no repository: here there is {}", words[1], repository.display());
    Err(session.fail(message))
}

fn assert_spec(_: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    if specs().contains(&words[1].as_str()) {
        return Ok(Value::empty());
    }
    Err(session.borrow_mut().skip(format!("requires the spec \"{}\"", words[1])))
}

fn assert(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let value = interp.invoke(&[Value::from("expr"), words[1].clone()])?;
    if number::boolean(&value)? {
        return Ok(Value::empty());
    }
    let mut why = format!("requires {}", words[1]);
    if let Some(message) = words.get(2).filter(|m| !m.is_empty()) {
        let _ = write!(why, " ({message})");
    }
    Err(session.borrow_mut().skip(why))
}

fn have_cmd_switch(options: &Options, name: &str) -> Value {
    let given = options.script_args.iter().any(|a| a == name);
    Value::bool(given || (name == "--autopilot" && options.batch))
}

fn cmd_arg(session: &Session, name: &str, default: &Value) -> Value {
    if name == "--name" {
        return Value::from(session.name.as_str());
    }
    let args = &session.options.script_args;
    let at = args.iter().position(|a| a == name);
    let given = at.and_then(|at| args.get(at + 1));
    given.map_or_else(|| default.clone(), |value| Value::from(value.as_str()))
}

fn append_if(interp: &mut Interp, _: &Shared, words: &[Value]) -> Outcome {
    if number::boolean(&words[1])? {
        let text: String = words[3..].iter().map(Value::as_str).collect();
        extend(interp, words[2].as_str(), &text)?;
    }
    Ok(Value::empty())
}

fn lappend_if(interp: &mut Interp, _: &Shared, words: &[Value]) -> Outcome {
    if number::boolean(&words[1])? {
        let mut call = vec![Value::from("lappend")];
        call.extend_from_slice(&words[2..]);
        interp.invoke(&call)?;
    }
    Ok(Value::empty())
}
