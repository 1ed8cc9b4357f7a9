//! rs_native_bench: RPC and sizes of Rust components beside C++ ones that do the same, on real
//! Genode.
//!
//! Run it by `cargo tap bench native --genode BUILD_DIR`. It runs the run script rs_rpc_bench there, in
//! which clients in Rust and C++ call servers in Rust and C++, twice: for the times, which the clients
//! tell, and to count the user-mode instructions that a call takes of the client's and of the server's
//! thread while each pair is busy. Then it builds the hello tutorial in both languages, and compares
//! the stripped files. Its output is a file for tap/results.
mod find;
mod step;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use clap::{Parser, ValueEnum};

/// Clients and servers of the run script, by label, in the order of their turns.
const PAIRS: [(&str, &str); 4] = [
    ("cpp_to_cpp", "cpp_server"),
    ("cpp_to_rust", "rust_server"),
    ("rust_to_cpp", "cpp_server"),
    ("rust_to_rust", "rust_server"),
];

/// A client's call and a server's reply are one `sendmsg` each on base-linux.
const SENDMSG: u64 = 46;

/// Calls whose instructions are counted.
const CALLS: usize = 40;

/// The most instructions of a Rust component for one of C++.
const RATIO: f64 = 1.05;

/// The most bytes of a Rust component for one of C++, without what the heap adds.
const SIZE_RATIO: f64 = 2.0;

/// Compare RPC and sizes of Rust components with C++ ones that do the same, on real Genode
///
/// Prints a file for tap/results. Exit value: 0 all targets were met, 1 one was missed or something
/// failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "rs_native_bench", bin_name = "cargo tap bench native", version)]
struct Request {
    /// A build directory of Genode's build system, for base-linux
    #[arg(long = "genode", value_name = "BUILD_DIR", value_parser = folder)]
    build_dir: PathBuf,
    /// A further variable for make there; may be repeated
    #[arg(long, value_name = "VAR=VALUE")]
    make: Vec<String>,
    /// What to measure; all of it by default
    #[arg(value_name = "PART")]
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The time of an RPC, client and server in either language
    Times,
    /// Its user-mode instructions, by single steps
    Steps,
    /// Stripped sizes of the hello tutorial
    Size,
}

fn folder(path: &str) -> Result<PathBuf, std::io::Error> {
    Path::new(path).canonicalize()
}

impl Request {
    fn wants(&self, part: Part) -> bool {
        self.parts.is_empty() || self.parts.contains(&part)
    }
}

/// Measures; returns the number of targets that were missed.
fn measure(request: &Request) -> Result<usize, String> {
    let tree = tree(request)?;
    header(&tree);
    let mut missed = 0;
    if request.wants(Part::Times) {
        times(request)?;
    }
    if request.wants(Part::Steps) {
        missed += steps(request)?;
    }
    if request.wants(Part::Size) {
        missed += size(request, &tree)?;
    }
    Ok(missed)
}

fn main() -> ExitCode {
    match measure(&Request::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            println!("# {missed} targets missed");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The project that this is a part of.
fn project() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(3).unwrap_or(own).to_owned()
}

fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|e| format!("cannot start {name}: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// The source tree of the build directory: its `Makefile` is a link into it.
fn tree(request: &Request) -> Result<PathBuf, String> {
    let makefile = request.build_dir.join("Makefile");
    let tree =
        makefile.canonicalize().ok().and_then(|path| Some(path.ancestors().nth(3)?.to_owned()));
    tree.filter(|tree| tree.join("VERSION").is_file()).ok_or(format!(
        "{} is no link into a Genode tree: name a directory made by its tool/create_builddir",
        makefile.display()
    ))
}

fn commit(of: &Path) -> String {
    output(Command::new("git").arg("-C").arg(of).args(["rev-parse", "HEAD"]))
        .unwrap_or_else(|_| "unknown".into())
}

/// The day, as `date +%F` prints it.
fn today() -> String {
    output(Command::new("date").args(["-u", "+%F"])).unwrap_or_else(|_| {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        format!("{} s since 1970", since.as_secs())
    })
}

fn header(tree: &Path) {
    let version = std::fs::read_to_string(tree.join("VERSION")).unwrap_or_default();
    println!("# Rust beside C++ on real Genode, by: cargo tap bench native --genode BUILD_DIR");
    println!("# tree:    genode {}", version.trim());
    println!("# commit:  {}", commit(tree));
    println!("# kernel:  linux");
    println!("# project: {}", commit(&project()).get(..7).unwrap_or("unknown"));
    println!("# date:    {}", today());
}

/// Smallest, middle, and largest.
fn spread(mut counts: Vec<u64>) -> (u64, u64, u64) {
    counts.sort_unstable();
    let at = |i: usize| counts.get(i).copied().unwrap_or(0);
    (at(0), at(counts.len() / 2), at(counts.len().saturating_sub(1)))
}

/// Counts of one pair: the client's and the server's.
type Counts = [(u64, u64, u64); 2];

/// Waits for each pair to be busy, and counts. Ends early when `ended` says that nothing is to come.
fn count_pairs(ended: &AtomicBool) -> Vec<Result<Counts, String>> {
    let count = |label: &str| -> Result<_, String> {
        let process = find::component(label).ok_or(format!("{label} is not running"))?;
        let thread = find::busiest(process).ok_or(format!("{label} has no threads"))?;
        let counts = step::per_syscall(thread, SENDMSG, CALLS)
            .map_err(|e| format!("cannot count the instructions of {label}: {e}"))?;
        Ok(spread(counts))
    };
    PAIRS
        .iter()
        .map(|(client, server)| {
            while find::component(client).is_none() {
                if ended.load(Ordering::Relaxed) {
                    return Err(format!("{client} was never seen"));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            // let it open its session
            std::thread::sleep(Duration::from_millis(50));
            Ok([count(client)?, count(server)?])
        })
        .collect()
}

/// Best and worst ticks of a call, from what a client prints.
fn ticks(line: &str) -> Option<(u64, u64)> {
    let (_, numbers) = line.split_once("rpc bench: best of ")?;
    let mut numbers = numbers.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
    numbers.next()?;
    Some((numbers.next()?, numbers.next()?))
}

/// Best and worst ticks that clients print, by label.
type Times = Vec<(&'static str, (u64, u64))>;

/// Runs the run script, while `counter` does its work; returns what the clients print and what
/// `counter` found.
fn run<T: Send>(
    request: &Request,
    counter: impl FnOnce(&AtomicBool) -> T + Send,
) -> Result<(Times, T), String> {
    let mut run = Command::new("cargo");
    run.args(["run", "--quiet", "--package", "cargo-tap", "--", "run", "rpc_bench", "--genode"]);
    run.arg(&request.build_dir).arg("--no-colour").current_dir(project()).stdout(Stdio::piped());
    for variable in &request.make {
        run.args(["--make", variable]);
    }
    let mut child = run.spawn().map_err(|e| format!("cannot start cargo: {e}"))?;
    let out = child.stdout.take().ok_or("no output")?;
    let ended = AtomicBool::new(false);
    let (mut times, mut log) = (Times::new(), Vec::new());
    let found = std::thread::scope(|scope| {
        let counter = scope.spawn(|| counter(&ended));
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let client = PAIRS.iter().map(|(client, _)| *client).find(|c| line.contains(c));
            times.extend(client.zip(ticks(&line)));
            log.push(line);
        }
        ended.store(true, Ordering::Relaxed);
        counter.join().map_err(|_| "the counting thread panicked")
    })?;
    let status = child.wait().map_err(|e| format!("cargo tap run: {e}"))?;
    if !status.success() {
        let tail = log.len().saturating_sub(20);
        return Err(format!("cargo tap run rpc_bench failed:\n{}", log.split_off(tail).join("\n")));
    }
    Ok((times, found))
}

fn times(request: &Request) -> Result<(), String> {
    let (times, ()) = run(request, |_| ())?;
    println!(
        "#\n# Ticks of a call: best and worst of 10 rounds of 10000 calls.\n\
         # time <client>_to_<server> <best> <worst>"
    );
    for (client, (best, worst)) in times {
        println!("time {client:12} {best} {worst}");
    }
    Ok(())
}

fn steps(request: &Request) -> Result<usize, String> {
    let (_, counts) = run(request, count_pairs)?;
    println!(
        "#\n# User-mode instructions of a call, of the client's and of the server's thread, by single steps: median of\n\
         # {CALLS} calls, in brackets the range.\n\
         # steps <client>_to_<server> <client's instructions> <server's instructions>"
    );
    let mut medians = Vec::new();
    for ((client, _), counts) in PAIRS.iter().zip(counts) {
        let [(cl, cm, ch), (sl, sm, sh)] = counts?;
        println!("steps {client:12} {cm} [{cl}-{ch}] {sm} [{sl}-{sh}]");
        medians.push((cm as f64, sm as f64));
    }
    let [cc, cr, rc, rr] = medians[..] else { return Err("not every pair was counted".into()) };
    println!("#\n# Rust / C++ in instructions, at most {RATIO}:");
    let ratios = [
        ("client, C++ server", rc.0 / cc.0),
        ("client, Rust server", rr.0 / cr.0),
        ("server, C++ client", cr.1 / cc.1),
        ("server, Rust client", rr.1 / rc.1),
        ("both sides", (rr.0 + rr.1) / (cc.0 + cc.1)),
    ];
    for (what, ratio) in ratios {
        println!("ratio {ratio:.3} {what}");
    }
    Ok(ratios.iter().filter(|(_, ratio)| *ratio > RATIO).count())
}

/// Bytes of an installed file, which is stripped.
fn bytes(request: &Request, name: &str) -> Result<u64, String> {
    let path = request.build_dir.join("bin").join(name);
    std::fs::metadata(&path).map(|m| m.len()).map_err(|e| format!("{}: {e}", path.display()))
}

fn size(request: &Request, tree: &Path) -> Result<usize, String> {
    let conf = std::fs::read_to_string(request.build_dir.join("etc/build.conf"))
        .map_err(|e| format!("etc/build.conf: {e}"))?;
    let mut make = Command::new("make");
    make.arg("-C")
        .arg(&request.build_dir)
        .args(["KERNEL=linux", "BOARD=linux"])
        .args(&request.make);
    for needed in [project().join("tap"), tree.join("repos/hello_tutorial")] {
        let name = needed.display().to_string();
        if !conf.contains(&name) && !conf.contains("repos/hello_tutorial") {
            return Err(format!("the sizes need REPOSITORIES += {name} in etc/build.conf"));
        }
    }
    make.args(["hello", "rs_hello_client", "rs_hello_client_alloc", "rs_hello_server"]);
    output(make.stdin(Stdio::null()))?;
    let alloc =
        bytes(request, "rs_hello_client_alloc")?.saturating_sub(bytes(request, "rs_hello_client")?);
    println!(
        "#\n# Bytes of the stripped ELF files of the hello tutorial, with debug link. Rust / C++ at most {SIZE_RATIO}, besides what the"
    );
    println!(
        "# heap adds: {alloc} bytes, the difference of rs_hello_client and of the same client with a collection in it."
    );
    println!("# <component> <C++> <Rust> <ratio>");
    let mut missed = 0;
    for (cpp, rust, with) in
        [("hello_client", "rs_hello_client", 0), ("hello_server", "rs_hello_server", alloc)]
    {
        let (c, r) = (bytes(request, cpp)?, bytes(request, rust)?);
        println!("{cpp} {c} {r} {:.2}", r as f64 / c as f64);
        missed += usize::from(r.saturating_sub(with) as f64 > SIZE_RATIO * c as f64);
    }
    Ok(missed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn parts_are_named_and_mistakes_explained() {
        Request::command().debug_assert();
        let parse = |more: &[&str]| {
            let line = ["x", "--genode", "/tmp"].into_iter().chain(more.iter().copied());
            Request::try_parse_from(line).map_err(|e| e.to_string())
        };
        let request = parse(&["--make", "A=1", "size", "--make", "B=2"]);
        assert!(request.is_ok_and(|r| r.make == ["A=1", "B=2"] && !r.wants(Part::Steps)));
        assert!(parse(&["stepps"]).is_err_and(|e| e.contains("a similar value exists: 'steps'")));
        assert!(Request::try_parse_from(["x"]).is_err_and(|e| e.to_string().contains("--genode")));
    }

    #[test]
    fn the_project_is_found() {
        assert!(project().join("tap/run/rs_rpc_bench.run").is_file());
    }
}
