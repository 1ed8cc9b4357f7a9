//! Files and programs of run scripts.
//!
//! A script writes below its run directory only, where nothing but its own run is. It reads what
//! lies there, in its own folder, in the workspace and in the SDK. It starts no program: `exec`
//! does the work of a few that every system has, within the same bounds, so that a script that runs
//! here runs everywhere. This guards against mistakes: who runs a script trusts it.

use super::command::{Command, MANY};
use super::session::{Session, Shared};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use tap_tcl::{Access, Exception, Interp, Outcome, Value, fail};

pub(super) const COMMANDS: &[Command] =
    &[Command::new(&["exec"], "program ?arg ...?", (1, MANY), exec)];

/// Programs whose work `exec` does itself.
const PROGRAMS: &str = "cat, cp, echo, mkdir, mv, rm and touch";

/// Folders that a script may use.
#[derive(Debug)]
struct Bounds {
    run_dir: PathBuf,
    /// Folders of which it may read what is below them.
    readable: Vec<PathBuf>,
}

/// Answers the interpreter's questions about files.
pub(super) fn leave(interp: &mut Interp, session: &Shared) {
    let session = Rc::clone(session);
    interp.on_file(move |path, access| Bounds::of(&session.borrow()).place(path, access));
}

impl Bounds {
    fn of(session: &Session) -> Self {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let run_dir = real(&session.run_dir);
        let project = &session.project;
        let mut readable =
            vec![run_dir.clone(), real(&project.user.root), real(&project.sdk().root)];
        readable.extend(session.script.parent().map(real));
        Self { run_dir, readable }
    }

    /// The place that a path names, without links; or why the script may not use it.
    fn place(&self, path: &str, access: Access) -> Result<PathBuf, String> {
        let named = std::path::absolute(path).map_err(|_| "it is no path".to_owned())?;
        // a name that is removed may be a link: it is not followed
        let there = if access == Access::Remove { None } else { named.canonicalize().ok() };
        let place = match there {
            Some(place) => place,
            None => behind(&named)?,
        };
        if access == Access::Read {
            let allowed = self.readable.iter().any(|folder| place.starts_with(folder));
            return if allowed { Ok(place) } else { Err(self.refusal("reads")) };
        }
        if !place.starts_with(&self.run_dir) || place == self.run_dir && access == Access::Remove {
            return Err(self.refusal("writes"));
        }
        match std::fs::symlink_metadata(&place) {
            Ok(meta) if access == Access::Write && meta.is_symlink() => {
                Err("it is a link to nothing".to_owned())
            }
            Ok(meta) if access == Access::Write && meta.is_file() && meta.nlink() > 1 => {
                Err("it is linked to what was built: delete it first, to make a file of your own"
                    .into())
            }
            _ => Ok(place),
        }
    }

    fn refusal(&self, does: &str) -> String {
        let run_dir = self.run_dir.display();
        match does {
            "writes" => format!("a run script writes only below [run_dir], {run_dir}"),
            _ => format!(
                "a run script reads only below [run_dir], {run_dir}, in its own folder, its workspace, and the SDK"
            ),
        }
    }
}

/// The place of what may not be there: the folder that is, without links, and the names behind it.
fn behind(path: &Path) -> Result<PathBuf, &'static str> {
    const NO_NAME: &str = "it ends in no name: leave out . and ..";
    let mut rest = Vec::new();
    let mut folder = path;
    loop {
        let (Some(parent), Some(Component::Normal(name))) =
            (folder.parent(), folder.components().next_back())
        else {
            return Err(NO_NAME);
        };
        rest.push(name);
        folder = parent;
        if let Ok(real) = folder.canonicalize() {
            return Ok(rest.iter().rev().fold(real, |place, name| place.join(name)));
        }
        if folder.is_symlink() {
            return Err("a link on the way leads to nothing");
        }
    }
}

fn words(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::from(*text)).collect()
}

/// Calls a command of Tcl with more words behind its own.
fn call(interp: &mut Interp, command: &[&str], operands: &[Value]) -> Outcome {
    let mut call = words(command);
    call.extend_from_slice(operands);
    interp.invoke(&call)
}

/// The file that output goes to, and how it is opened.
type Target = Option<(Value, &'static str)>;

/// The words of `exec` without its options and redirection, and where the output goes: file and
/// mode.
fn redirected(words: &[Value]) -> Result<(&[Value], Target), Exception> {
    let mut rest = words;
    while let [option, more @ ..] = rest
        && matches!(option.as_str(), "-ignorestderr" | "-keepnewline" | "--")
    {
        rest = more;
    }
    let mut target = None;
    if let [before @ .., sign, file] = rest
        && matches!(sign.as_str(), ">" | ">>")
    {
        target = Some((file.clone(), if sign.as_str() == ">" { "w" } else { "a" }));
        rest = before;
    } else if let [before @ .., last] = rest
        && let Some(file) = last.as_str().strip_prefix('>')
        && !file.starts_with(['>', '&'])
        && !before.is_empty()
    {
        target = Some((Value::from(file), "w"));
        rest = before;
    }
    let special = |word: &&Value| {
        let text = word.as_str();
        text == "&" || text.starts_with(['|', '<', '>']) || text.starts_with("2>")
    };
    match rest.iter().find(special) {
        Some(word) => fail(format!(
            "exec: \"{word}\" is not available: run scripts start no programs; there are {PROGRAMS}, with > FILE and >> FILE"
        )),
        None => Ok((rest, target)),
    }
}

/// Options in front of the operands, as letters.
fn letters<'w>(
    program: &str,
    known: &str,
    operands: &'w [Value],
) -> Result<(String, &'w [Value]), Exception> {
    let (mut letters, mut rest) = (String::new(), operands);
    while let [option, more @ ..] = rest
        && let Some(given) = option.as_str().strip_prefix('-').filter(|given| !given.is_empty())
    {
        rest = more;
        if given == "-" {
            break;
        }
        if let Some(unknown) = given.chars().find(|c| !known.contains(*c)) {
            return fail(format!(
                "exec: {program} has no option -{unknown} here: it takes those of -{known}"
            ));
        }
        letters.push_str(given);
    }
    Ok((letters, rest))
}

fn exec(interp: &mut Interp, _: &Shared, given: &[Value]) -> Outcome {
    let (given, target) = redirected(&given[1..])?;
    let [program, operands @ ..] = given else { return fail("exec: name a program") };
    let mut output = run(interp, program.as_str(), operands)?;
    if let Some((file, mode)) = target {
        let channel = call(interp, &["open"], &[file, Value::from(mode)])?;
        call(interp, &["puts", "-nonewline"], &[channel.clone(), Value::from(output)])?;
        return call(interp, &["close"], &[channel]);
    }
    if output.ends_with('\n') {
        output.pop();
    }
    Ok(Value::from(output))
}

/// Does a program's work; returns its output.
fn run(interp: &mut Interp, program: &str, operands: &[Value]) -> Result<String, Exception> {
    let exists = |path: &Value| Path::new(path.as_str()).symlink_metadata().is_ok();
    match program {
        "cat" => {
            let mut text = String::new();
            for file in operands {
                let channel = call(interp, &["open"], std::slice::from_ref(file))?;
                text.push_str(call(interp, &["read"], std::slice::from_ref(&channel))?.as_str());
                call(interp, &["close"], &[channel])?;
            }
            return Ok(text);
        }
        "echo" => {
            let plain = operands.first().is_some_and(|word| word.as_str() == "-n");
            let texts: Vec<&str> =
                operands[usize::from(plain)..].iter().map(Value::as_str).collect();
            return Ok(texts.join(" ") + if plain { "" } else { "\n" });
        }
        "mkdir" => {
            let (options, folders) = letters(program, "p", operands)?;
            if let Some(there) = folders.iter().find(|f| !options.contains('p') && exists(f)) {
                return fail(format!("mkdir: cannot create directory '{there}': File exists"));
            }
            call(interp, &["file", "mkdir"], folders)?;
        }
        "rm" => {
            let (options, paths) = letters(program, "rRf", operands)?;
            if let Some(gone) = paths.iter().find(|p| !options.contains('f') && !exists(p)) {
                return fail(format!("rm: cannot remove '{gone}': No such file or directory"));
            }
            let all = options.contains(['r', 'R']);
            if let Some(folder) = paths.iter().find(|p| !all && Path::new(p.as_str()).is_dir()) {
                return fail(format!("rm: cannot remove '{folder}': Is a directory"));
            }
            call(interp, &["file", "delete", "-force", "--"], paths)?;
        }
        "cp" | "mv" => {
            let (_, paths) =
                letters(program, if program == "cp" { "rRaf" } else { "f" }, operands)?;
            let name = if program == "cp" { "copy" } else { "rename" };
            call(interp, &["file", name, "-force", "--"], paths)?;
        }
        "touch" => {
            for file in operands {
                let channel = call(interp, &["open"], &[file.clone(), Value::from("a")])?;
                call(interp, &["close"], &[channel])?;
            }
        }
        _ => {
            return fail(format!(
                "exec: \"{program}\" is not available: run scripts start no programs here, so that they run everywhere; there are {PROGRAMS} within [run_dir], and run_outside for a program that the script built"
            ));
        }
    }
    Ok(String::new())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A run directory with a folder, a file, links out of it; and a readable folder beside it.
    fn bounds(name: &str) -> (Bounds, PathBuf) {
        let top = std::env::temp_dir().join(format!("tap-files-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&top);
        let (run, source) = (top.join("run"), top.join("source"));
        std::fs::create_dir_all(run.join("genode")).unwrap();
        std::fs::create_dir_all(&source).unwrap();
        std::fs::create_dir_all(top.join("secret")).unwrap();
        for file in ["run/genode/config", "source/built", "secret/key"] {
            std::fs::write(top.join(file), "x").unwrap();
        }
        std::fs::hard_link(top.join("source/built"), run.join("genode/init")).unwrap();
        symlink(top.join("secret"), run.join("out")).unwrap();
        symlink(top.join("secret/key"), run.join("key")).unwrap();
        symlink(top.join("secret/new"), run.join("dangling")).unwrap();
        let real = |path: PathBuf| path.canonicalize().unwrap();
        let bounds = Bounds { run_dir: real(run.clone()), readable: vec![real(run), real(source)] };
        (bounds, real(top))
    }

    #[test]
    fn scripts_stay_in_their_folders() {
        let (bounds, top) = bounds("stay");
        let ask = |path: &str, access| bounds.place(&top.join(path).to_string_lossy(), access);
        for (path, access) in [
            ("run/genode/config", Access::Read),
            ("source/built", Access::Read),
            ("run/genode/config", Access::Write),
            ("run/new", Access::Write),
            ("run/a/b/c", Access::Write),
            ("run/genode/config", Access::Remove),
            ("run/genode/init", Access::Remove),
            ("run/out", Access::Remove), // the link, not what it leads to
            ("run/dangling", Access::Remove),
            ("run/genode/../new", Access::Write),
        ] {
            assert!(ask(path, access).is_ok(), "{path} {access:?}: {:?}", ask(path, access));
        }
        for (path, access, why) in [
            ("secret/key", Access::Read, "reads only below"),
            ("run/key", Access::Read, "reads only below"),
            ("run/out/key", Access::Read, "reads only below"),
            ("source/built", Access::Write, "writes only below"),
            ("source/new", Access::Write, "writes only below"),
            ("run/key", Access::Write, "writes only below"),
            ("run/out/new", Access::Write, "writes only below"),
            ("run/out/key", Access::Remove, "writes only below"),
            ("run", Access::Remove, "writes only below"),
            ("", Access::Remove, "writes only below"),
            ("run/../source/built", Access::Remove, "writes only below"),
            ("run/none/../../source/x", Access::Write, "no name"),
            ("run/dangling", Access::Write, "link to nothing"),
            ("run/genode/init", Access::Write, "linked to what was built"),
        ] {
            let refused = ask(path, access).unwrap_err();
            assert!(refused.contains(why), "{path} {access:?}: {refused}");
        }
        std::fs::remove_dir_all(top).unwrap();
    }

    #[test]
    fn redirections_are_read() {
        let parse = |line: &str| {
            let line = Value::from(line);
            let given = tap_tcl::list::parse(&line).unwrap();
            redirected(&given)
                .map(|(rest, target)| (tap_tcl::list::format(rest).to_string(), target))
                .map_err(|e| e.to_string())
        };
        let to = |file: &str, mode| Some((Value::from(file), mode));
        assert_eq!(parse("cat a"), Ok(("cat a".into(), None)));
        assert_eq!(parse("-ignorestderr echo x > f"), Ok(("echo x".into(), to("f", "w"))));
        assert_eq!(parse("echo x >> f"), Ok(("echo x".into(), to("f", "a"))));
        assert_eq!(parse("echo x >f"), Ok(("echo x".into(), to("f", "w"))));
        for line in ["a | b", "a < f", "a &", "a 2> f", "a >& f", "a >>& f", "echo x > f > g"] {
            let refused = parse(line).unwrap_err();
            assert!(refused.contains("start no programs"), "{line}: {refused}");
        }
    }
}
