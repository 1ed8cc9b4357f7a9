//! The run tool's commands, as Genode's run scripts know them.

use super::compare;
use super::execute::{run_genode_until, sleep};
use super::outside::run_outside;
use super::prepare::{
    build_boot_image, build_targets, create_boot_directory, install, install_config,
};
use super::session::Shared;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Instant;
use tap_tcl::regex::Pattern;
use tap_tcl::{Exception, Interp, Outcome, Value, list, number};

/// What `have_include` answers yes to.
const INCLUDES: [&str; 4] = ["power_on/host", "log/host", "boot_dir/host", "load/host"];

/// What `have_board` answers yes to.
const BOARD: &str = "host";

/// What `have_spec` answers yes to.
fn specs() -> Vec<&'static str> {
    let mut specs = vec!["host", "64bit"];
    if cfg!(target_arch = "x86_64") {
        specs.extend(["x86", "x86_64"]);
    } else if cfg!(target_arch = "aarch64") {
        specs.extend(["arm", "arm_64", "arm_v8"]);
    }
    specs
}

/// Defines the commands.
pub fn register(interp: &mut Interp, session: &Shared) {
    let mut define = |name: &str, form: &'static str, least: usize, most: usize, body: Body| {
        let session = Rc::clone(session);
        interp.define(name, move |interp, words| {
            if words.len() - 1 < least || words.len() - 1 > most {
                return tap_tcl::error::usage(form);
            }
            body(interp, &session, words)
        });
    };
    const MANY: usize = usize::MAX;
    define("create_boot_directory", "create_boot_directory", 0, 0, create_boot_directory);
    define("build", "build targets", 1, 1, build_targets);
    define("build_artifacts", "build_artifacts", 0, 0, |_, session, _| {
        let built: Vec<Value> =
            session.borrow().built.keys().map(|name| Value::from(name.as_str())).collect();
        Ok(list::format(&built))
    });
    define("install_config", "install_config ?text ...?", 0, MANY, install_config);
    define("install_boot_module", "install_boot_module name ?text ...?", 1, MANY, |i, s, words| {
        install(i, s, words[1].as_str(), &words[2..])
    });
    define("build_boot_image", "build_boot_image binaries", 1, 1, build_boot_image);
    define(
        "run_genode_until",
        "run_genode_until ?regex? ?timeout? ?spawn_id?",
        0,
        3,
        run_genode_until,
    );
    define("run_outside", "run_outside program ?timeout?", 1, 2, run_outside);
    define("output_spawn_id", "output_spawn_id", 0, 0, |_, session, _| {
        Ok(Value::from(if session.borrow().system.is_some() { 1i64 } else { -1 }))
    });
    define("sleep", "sleep seconds", 1, 1, sleep);
    define("have_spec", "have_spec spec", 1, 1, |_, _, words| {
        Ok(Value::bool(specs().contains(&words[1].as_str())))
    });
    define("have_board", "have_board board", 1, 1, |_, _, words| {
        Ok(Value::bool(words[1].as_str() == BOARD))
    });
    define("board", "board", 0, 0, |_, _, _| Ok(Value::from(BOARD)));
    define("have_include", "have_include name", 1, 1, |_, _, words| {
        Ok(Value::bool(INCLUDES.contains(&words[1].as_str())))
    });
    define("assert_spec", "assert_spec spec", 1, 1, |_, session, words| {
        if specs().contains(&words[1].as_str()) {
            return Ok(Value::empty());
        }
        Err(session.borrow_mut().skip(format!("requires the spec \"{}\"", words[1])))
    });
    define("assert", "assert expression ?message?", 1, 2, assert);
    for name in ["have_cmd_switch", "get_cmd_switch"] {
        define(name, "have_cmd_switch name", 1, 1, |_, session, words| {
            let options = &session.borrow().options;
            let given = options.script_args.iter().any(|a| a == words[1].as_str());
            Ok(Value::bool(given || (words[1].as_str() == "--autopilot" && options.batch)))
        });
    }
    for name in ["cmd_arg", "get_cmd_arg", "cmd_arg_first"] {
        define(name, "cmd_arg name default", 2, 2, |_, session, words| {
            let session = session.borrow();
            if words[1].as_str() == "--name" {
                return Ok(Value::from(session.name.as_str()));
            }
            let args = &session.options.script_args;
            let at = args.iter().position(|a| a == words[1].as_str());
            let given = at.and_then(|at| args.get(at + 1));
            Ok(given.map_or_else(|| words[2].clone(), |value| Value::from(value.as_str())))
        });
    }
    define("run_name", "run_name", 0, 0, |_, session, _| {
        Ok(Value::from(session.borrow().name.as_str()))
    });
    define("run_dir", "run_dir", 0, 0, |_, session, _| {
        Ok(Value::from(session.borrow().run_dir.to_string_lossy().as_ref()))
    });
    define("repository_contains", "repository_contains path", 1, 1, |_, session, words| {
        let tap = session.borrow().project.sdk().root.join("tap");
        let found = tap.join(words[1].as_str()).exists();
        Ok(if found { Value::from(tap.to_string_lossy().as_ref()) } else { Value::empty() })
    });
    define("have_recipe", "have_recipe name", 1, 1, |_, _, _| Ok(Value::bool(false)));
    define("have_installed", "have_installed program", 1, 1, |_, _, words| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|dir| dir.join(words[1].as_str()).is_file());
        Ok(Value::bool(found))
    });
    define("append_if", "append_if condition var ?text ...?", 2, MANY, |interp, _, words| {
        if number::boolean(&words[1])? {
            let text: String = words[3..].iter().map(Value::as_str).collect();
            extend(interp, words[2].as_str(), &text)?;
        }
        Ok(Value::empty())
    });
    define("lappend_if", "lappend_if condition var ?element ...?", 2, MANY, |interp, _, words| {
        if number::boolean(&words[1])? {
            let mut call = vec![Value::from("lappend")];
            call.extend_from_slice(&words[2..]);
            interp.invoke(&call)?;
        }
        Ok(Value::empty())
    });
    define("strip_whitespace", "strip_whitespace string", 1, 1, |_, _, words| {
        Ok(Value::from(words[1].as_str().trim()))
    });
    define("grep_output", "grep_output pattern", 1, 1, |interp, _, words| {
        let pattern = filter(&words[1])?;
        change_output(interp, |output| compare::grep(output, &pattern))
    });
    define("unify_output", "unify_output pattern replacement", 2, 2, |interp, _, words| {
        let pattern = filter(&words[1])?;
        change_output(interp, |output| pattern.replace_all(output, words[2].as_str()))
    });
    define("trim_lines", "trim_lines", 0, 0, |interp, _, _| {
        change_output(interp, compare::trimmed_lines)
    });
    define(
        "filter_out_color_escape_sequences",
        "filter_out_color_escape_sequences",
        0,
        0,
        |interp, _, _| change_output(interp, compare::without_colours),
    );
    define("compare_output_to", "compare_output_to good", 1, 1, compare_output_to);
}

type Body = fn(&mut Interp, &Shared, &[Value]) -> Outcome;

/// Where the script is, for messages.
pub(super) fn place(interp: &Interp) -> String {
    interp.place().map_or_else(String::new, ToString::to_string)
}

pub(super) fn extend(interp: &mut Interp, name: &str, text: &str) -> Outcome {
    let old =
        if interp.exists(name) { interp.get(name)?.as_str().to_owned() } else { String::new() };
    interp.set(name, Value::from(old + text))
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

/// Compiles a pattern that Genode's run tool passes to a Tcl command without a protecting `--`.
fn filter(pattern: &Value) -> Result<Pattern, Exception> {
    if pattern.as_str().starts_with('-') {
        return tap_tcl::fail(format!(
            "Genode's run tool takes the pattern \"{pattern}\" for an option: put the first character in brackets, as in [-]"
        ));
    }
    Pattern::new(pattern.as_str(), false, false)
}

fn change_output(interp: &mut Interp, change: impl FnOnce(&str) -> String) -> Outcome {
    let output = interp.get("::output")?;
    interp.set("::output", Value::from(change(output.as_str())))
}

fn compare_output_to(interp: &mut Interp, session: &Shared, words: &[Value]) -> Outcome {
    let since = Instant::now();
    let output = interp.get("::output")?;
    let step = "the output is as expected";
    let at = place(interp);
    match compare::differences(output.as_str(), words[1].as_str()) {
        None => {
            session.borrow().good(step, since);
            Ok(Value::empty())
        }
        Some(text) => {
            let more = [("output", output.as_str().replace('\r', ""))];
            Err(session.borrow_mut().bad(step, since, &format!("{at}: {text}"), &more))
        }
    }
}
