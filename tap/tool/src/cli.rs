//! The command line.

use crate::genode::results::{self, Subject};
use crate::genode::{self, BuildDir};
use crate::host::workspace::{Project, cargo};
use crate::new;
use crate::process::{GUARD, adopt_orphans, exec_guarded};
use crate::report::{Report, Style, Verdict};
use crate::run::{Options, run_script};
use crate::scripts::{self, Script};
use crate::signals::Interrupts;
use std::cell::RefCell;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

const HELP: &str = "\
Builds, runs and tests Genode components.

Usage:
  cargo tap run NAME [-- ...] runs tap/run/NAME.run (or rs_NAME.run, or a path); what follows is for the script
  cargo tap test [PATTERN]    runs all run scripts, or those whose name contains PATTERN
  cargo tap new COMPONENT     makes a component with a run script: in the SDK's workspace, or as a
                              crate of its own in an empty or new folder
  cargo tap topo ...          shows the machine's topology
  cargo tap bench heap|system|native ...
                              runs the benchmarks, optimized; further arguments go to them

Options of run and test:
  --release                   optimized components
  --machine FILE              the machine that core shows to components, instead of the real one
  --core FILE                 a core to use instead of building one
  --genode BUILD_DIR          on real Genode: in this build directory of Genode's build system
  --kernel NAME, --board NAME KERNEL= and BOARD= there (default: linux)
  --make VAR=VALUE            a further variable for make there; may be repeated
  --results FILE              there: writes how each script went, and on what, to a file
  --tree NAME@COMMIT          what the file says of Genode's tree if that is no git repository
  --quiet                     run: without the system's log
  --no-colour                 without colours and progress

Options of new:
  --rpc                       an RPC interface, and a server and a client of it
  --git URL                   depend on the SDK by git instead of by path

Results are TAP 14 on stdout. Exit value: 0 all that ran passed, 1 something failed or nothing ran,
2 wrong usage, 130 interrupted.
";

/// Stack of the thread that interprets scripts: room for Tcl's 1000 nested scripts.
const STACK: usize = 512 << 20;

/// Runs the tool.
pub fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|a| a == GUARD) {
        return ExitCode::from(exec_guarded(&args[1..]));
    }
    // as a subcommand, cargo passes the command's name
    if args.first().is_some_and(|a| a == "tap") {
        args.remove(0);
    }
    // the thread lives as long as the process: children are tied to the thread that started them
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || dispatch(args));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(_)) => ExitCode::from(101),
        Err(e) => {
            eprintln!("cannot start a thread: {e}");
            ExitCode::from(1)
        }
    }
}

fn complain(message: &str) -> u8 {
    eprintln!("error: {message}");
    1
}

fn misuse(message: &str) -> u8 {
    eprintln!("error: {message}\n\n{HELP}");
    2
}

fn dispatch(args: Vec<OsString>) -> u8 {
    let mut args = args.into_iter();
    let command = args.next().unwrap_or_else(|| "help".into());
    let rest: Vec<OsString> = args.collect();
    if rest.first().is_some_and(|a| a == "--help" || a == "-h")
        && command != "topo"
        && command != "bench"
    {
        print!("{HELP}");
        return 0;
    }
    match command.to_str() {
        Some("run") => match parse(rest, true) {
            Ok(request) => execute(&request),
            Err(message) => misuse(&message),
        },
        Some("test") => match parse(rest, false) {
            Ok(request) => execute(&request),
            Err(message) => misuse(&message),
        },
        Some("new") => make_component(rest),
        Some("bench") => bench(&rest),
        Some("topo") => topo(rest),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            0
        }
        Some("--version" | "-V") => {
            println!("cargo-tap {}", env!("CARGO_PKG_VERSION"));
            0
        }
        _ => misuse(&format!("unknown command \"{}\"", command.display())),
    }
}

struct Request {
    name: Option<String>,
    one: bool,
    options: Options,
    genode: Option<PathBuf>,
    kernel: String,
    board: String,
    make: Vec<String>,
    results: Option<PathBuf>,
    tree: Option<String>,
    style: Style,
}

fn parse(args: Vec<OsString>, one: bool) -> Result<Request, String> {
    let mut request = Request {
        name: None,
        one,
        options: Options { batch: !one, ..Options::default() },
        genode: None,
        kernel: "linux".into(),
        board: "linux".into(),
        make: Vec::new(),
        results: None,
        tree: None,
        style: Style { live: one, colour: std::env::var_os("NO_COLOR").is_none() },
    };
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let mut value =
            |what: &str| args.next().ok_or_else(|| format!("{} needs a {what}", arg.display()));
        let utf8 = |value: OsString| {
            value.into_string().map_err(|v| format!("{} is no valid UTF-8", v.display()))
        };
        match arg.to_str() {
            Some("--release") => request.options.release = true,
            Some("--machine") => request.options.machine = Some(value("file")?.into()),
            Some("--core") => {
                let path = PathBuf::from(value("file")?);
                request.options.core = Some(std::path::absolute(&path).unwrap_or(path));
            }
            Some("--genode") => request.genode = Some(value("build directory")?.into()),
            Some("--kernel") => request.kernel = utf8(value("name")?)?,
            Some("--board") => request.board = utf8(value("name")?)?,
            Some("--make") => {
                let variable = utf8(value("variable")?)?;
                if !variable.contains('=') {
                    return Err(format!("--make {variable}: expected VAR=VALUE"));
                }
                request.make.push(variable);
            }
            Some("--results") => request.results = Some(value("file")?.into()),
            Some("--tree") => request.tree = Some(utf8(value("name and commit")?)?),
            Some("--") if one => {
                let rest = args.by_ref().map(utf8);
                request.options.script_args = rest.collect::<Result<_, _>>()?;
            }
            Some("--quiet" | "-q") => request.style.live = false,
            Some("--no-colour" | "--no-color") => request.style.colour = false,
            Some(text) if text.starts_with('-') => return Err(format!("unknown option {text}")),
            Some(text) if request.name.is_none() => request.name = Some(text.to_owned()),
            _ => return Err(format!("surplus argument {}", arg.display())),
        }
    }
    if one && request.name.is_none() {
        return Err("which run script? name one, for example: cargo tap run hello".into());
    }
    if request.results.is_some() && request.genode.is_none() {
        return Err("--results is about real Genode: it needs --genode BUILD_DIR".into());
    }
    Ok(request)
}

fn execute(request: &Request) -> u8 {
    let interrupts = match Interrupts::install().and_then(|i| adopt_orphans().map(|()| i)) {
        Ok(interrupts) => interrupts,
        Err(e) => return complain(&format!("cannot prepare for signals: {e}")),
    };
    let here = std::env::current_dir().unwrap_or_default();
    let project = match Project::find(&here) {
        Ok(project) => Rc::new(project),
        Err(message) => return complain(&message),
    };
    let folders = project.run_folders();
    let chosen = match (&request.name, request.one) {
        (Some(name), true) => match scripts::find(&folders, name) {
            Ok(script) => vec![script],
            Err(message) => return complain(&message),
        },
        (pattern, _) => scripts::matching(&folders, pattern.as_deref()),
    };
    if chosen.is_empty() {
        let shown: Vec<String> = folders.iter().map(|f| f.display().to_string()).collect();
        let about =
            request.name.as_ref().map_or_else(String::new, |p| format!(" matching \"{p}\""));
        return complain(&format!("no run script{about} in {}", shown.join(" or ")));
    }
    let target = match &request.genode {
        None => Target::Host,
        Some(path) => {
            let own = project.sdk.is_some()
                && chosen.iter().any(|s| s.path.starts_with(&project.user.root));
            let first = match own.then(|| genode::outside::repository(&project.user, &chosen)) {
                Some(Err(message)) => return complain(&message),
                Some(Ok(folder)) => Some(folder),
                None => None,
            };
            let build_dir = BuildDir {
                path: path.clone(),
                kernel: request.kernel.clone(),
                board: request.board.clone(),
                variables: request.make.clone(),
                tap: project.sdk().root.join("tap"),
                first,
            };
            match build_dir.repositories() {
                Ok(repositories) => Target::Genode(build_dir, repositories),
                Err(message) => return complain(&message),
            }
        }
    };
    run_all(&chosen, &target, request, &project, &interrupts)
}

enum Target {
    Host,
    Genode(BuildDir, String),
}

fn run_all(
    chosen: &[Script],
    target: &Target,
    request: &Request,
    project: &Rc<Project>,
    interrupts: &Interrupts,
) -> u8 {
    let report = Rc::new(RefCell::new(Report::begin(chosen.len(), request.style)));
    for script in chosen {
        let verdict = match target {
            Target::Host => run_script(
                &script.path,
                &script.name,
                project,
                &request.options,
                &report,
                interrupts,
            ),
            Target::Genode(build_dir, repositories) => {
                let log = project.run_dir(&script.name).join("genode.log");
                genode::run_script(script, build_dir, repositories, &log, &report, interrupts)
            }
        };
        if verdict.is_none() {
            report.borrow_mut().bail_out("interrupted");
            return 130;
        }
        if let (true, Some(Verdict::Failed(message))) = (request.one, &verdict) {
            // where the result goes into a file, the reason is still seen
            report.borrow_mut().clear_status();
            eprintln!("error: {message}");
        }
    }
    let mut report = report.borrow_mut();
    report.finish();
    if let (Some(file), Target::Genode(build_dir, _)) = (&request.results, target) {
        let subject =
            Subject { build_dir, tree: request.tree.as_deref(), project: &project.sdk().root };
        if let Err(message) = results::write(file, &subject, &report) {
            return complain(&message);
        }
    }
    if report.failed > 0 {
        1
    } else if report.passed == 0 {
        complain("nothing ran: every script was skipped, for the reasons above")
    } else {
        0
    }
}

fn make_component(args: Vec<OsString>) -> u8 {
    let (mut name, mut git, mut kind) = (None, None, new::Kind::Plain);
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--git") => match args.next().and_then(|url| url.into_string().ok()) {
                Some(url) => git = Some(url),
                None => return misuse("--git needs a URL"),
            },
            Some("--rpc") => kind = new::Kind::Rpc,
            Some(text) if !text.starts_with('-') && name.is_none() => name = Some(text.to_owned()),
            _ => return misuse(&format!("unknown argument {}", arg.display())),
        }
    }
    let Some(name) = name else {
        return misuse("which component? for example: cargo tap new clock");
    };
    let here = std::env::current_dir().unwrap_or_default();
    match new::create(&here, &name, kind, git.as_deref()) {
        Ok(text) => {
            println!("{text}");
            0
        }
        Err(message) => complain(&message),
    }
}

/// Shows the machine's topology.
fn topo(args: Vec<OsString>) -> u8 {
    match args.into_iter().map(OsString::into_string).collect::<Result<Vec<String>, _>>() {
        Ok(args) => topo::main(args),
        Err(arg) => misuse(&format!("{} is no valid UTF-8", arg.display())),
    }
}

/// Becomes `cargo run` of a benchmark.
fn bench(args: &[OsString]) -> u8 {
    let package = match args.first().and_then(|a| a.to_str()) {
        Some("heap") => "rs_heap_bench",
        Some("system") => "rs_system_bench",
        Some("native") => "rs_native_bench",
        Some(other) => {
            return misuse(&format!(
                "unknown benchmark \"{other}\"; there are heap, system, and native"
            ));
        }
        None => return misuse("which benchmark? there are heap, system, and native"),
    };
    let here = std::env::current_dir().unwrap_or_default();
    let project = match Project::find(&here) {
        Ok(project) => project,
        Err(message) => return complain(&message),
    };
    let sdk = project.sdk();
    if !sdk.bins.contains_key(package) {
        return complain(&format!("the workspace {} has no package {package}", sdk.root.display()));
    }
    become_cargo_run(&sdk.root, &sdk.target, package, &args[1..])
}

fn become_cargo_run(root: &Path, target: &Path, package: &str, args: &[OsString]) -> u8 {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--package", package]);
    command.arg("--manifest-path").arg(root.join("Cargo.toml"));
    command.arg("--target-dir").arg(target);
    command.arg(OsStr::new("--")).args(args);
    let error = command.exec();
    complain(&format!("cannot start cargo: {error}; is it in PATH?"))
}
