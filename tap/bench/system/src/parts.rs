//! The measurements, each against its baselines and targets.
use std::time::Duration;

use crate::baseline;
use crate::report::Target::{AtLeast, AtMost};
use crate::report::{Report, Times};
use rs_bench_system::{self as system, System};

/// Components in the system that shows what many take.
const MANY: usize = 200;

pub(crate) const PROVIDES: &str = "<parent-provides><service name=\"ROM\"/><service name=\"LOG\"/>\
    <service name=\"PD\"/><service name=\"CPU\"/><service name=\"RM\"/></parent-provides>\
    <default-route><any-service><parent/><any-child/></any-service></default-route>";

fn config(affinity: bool) -> String {
    let at =
        |x| if affinity { format!("<affinity xpos=\"{x}\" width=\"1\"/>") } else { String::new() };
    let space = if affinity { "<affinity-space width=\"2\" height=\"1\"/>" } else { "" };
    format!(
        "<config>{PROVIDES}{space}<default caps=\"1000\"/>\
         <start name=\"rs_bench_server\"><resource name=\"RAM\" quantum=\"16M\"/>{}\
         <provides><service name=\"Bench\"/></provides></start>\
         <start name=\"rs_bench_client\"><resource name=\"RAM\" quantum=\"16M\"/>{}</start></config>",
        at(0),
        at(1)
    )
}

/// Results that components log: names, and nanoseconds per operation.
pub(crate) struct Results(Vec<(String, f64)>);

impl Results {
    /// Listen until a component says that it finished.
    pub(crate) fn of(system: &mut System) -> Result<Self, String> {
        let end = |l: &str| l.contains("bench finished") || l.contains("exited with");
        let lines = system.listen(end)?;
        let result = |text: &str| {
            let mut words = text.split_once("bench ")?.1.split_whitespace();
            let (name, time) = (words.next()?, words.next()?.parse::<f64>().ok()?);
            Some((name.to_owned(), time / 1e3))
        };
        let results: Vec<_> = lines.iter().filter_map(|l| result(&l.text)).collect();
        if results.iter().any(|(n, _)| n == "finished") {
            return Ok(Self(results));
        }
        let log: String = lines.iter().map(|l| l.text.as_str()).collect();
        Err(format!("the measurement did not finish:\n{log}"))
    }

    pub(crate) fn times(&self, name: &str) -> Times {
        Times::new(self.0.iter().filter(|(n, _)| n == name).map(|(_, t)| *t).collect())
    }
}

/// Boot server and client.
fn client_and_server(affinity: bool) -> Result<System, String> {
    let modules = ["rs_bench_server", "rs_bench_client", "rs_bench_idle"];
    System::boot("calls", "rs_init", &config(affinity), &modules)
}

/// Times of bare Linux on CPU 0.
struct Bare {
    futex: Times,
    rights: Times,
    classic: Times,
}

impl Bare {
    fn measure() -> std::io::Result<Self> {
        let here = (0, 0);
        Ok(Self {
            futex: Times::new(baseline::futex_ping_pong(here)?),
            rights: Times::new(baseline::futex_and_rights(here)?),
            classic: Times::new(baseline::base_linux(here)?),
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            futex: self.futex.and(other.futex),
            rights: self.rights.and(other.rights),
            classic: self.classic.and(other.classic),
        }
    }
}

/// Everything on one CPU.
pub(crate) fn calls(report: &mut Report) -> Result<(), String> {
    let os = |e: std::io::Error| e.to_string();
    println!("\n--- one CPU ---");
    baseline::pin(&[0]).map_err(os)?;
    // Before and after, so that a CPU that changes its speed does so for both.
    let before = Bare::measure().map_err(os)?;
    let mut system = client_and_server(false)?;
    let results = Results::of(&mut system)?;
    system.stop();
    let bare = before.and(Bare::measure().map_err(os)?);
    let (rpc, cap) = (results.times("rpc"), results.times("rpc_cap"));
    let signals = results.times("signal_round_trip");
    let (core, sibling) = (results.times("session_core"), results.times("session_sibling"));
    report.time("bare futex ping-pong", &bare.futex);
    report.time("the same, passing a descriptor", &bare.rights);
    report.time("base-linux style call", &bare.classic);
    report.time("RPC of 64 bytes", &rpc);
    report.time("RPC of 64 bytes and a capability", &cap);
    report.time("signal to handler and back", &signals);
    report.time("session of core, open + close", &core);
    report.time("session of a sibling, open + close", &sibling);
    let (futex, classic) = (bare.futex.median(), bare.classic.median());
    let rpc = rpc.median();
    report.ratio("RPC / futex ping-pong", rpc, futex, AtMost(1.3));
    report.ratio("base-linux style / RPC", classic, rpc, AtLeast(3.0));
    let rights = bare.rights.median() - futex;
    report.ratio("a capability adds / SCM_RIGHTS adds", cap.median() - rpc, rights, AtMost(1.5));
    report.ratio("signals / futex ping-pong", signals.median(), futex, AtMost(1.5));
    let trips = |t: &Times| t.median() / rpc;
    report.value("session of core", trips(&core), "round trips", AtMost(12.0), "");
    report.value("session of a sibling", trips(&sibling), "round trips", AtMost(24.0), "");
    Ok(())
}

/// Client and server on a CPU each.
pub(crate) fn parallel(report: &mut Report) -> Result<(), String> {
    println!("\n--- two CPUs ---");
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    baseline::pin(&[0, 1]).map_err(|e| format!("{cpus} CPUs are not enough: {e}"))?;
    let futex = Times::new(baseline::futex_ping_pong((0, 1)).map_err(|e| e.to_string())?);
    baseline::pin(&[0, 1]).map_err(|e| e.to_string())?;
    let mut system = client_and_server(true)?;
    let results = Results::of(&mut system)?;
    let rpc = results.times("rpc");
    report.time("bare futex ping-pong", &futex);
    report.time("RPC of 64 bytes", &rpc);
    report.time("RPC of 64 bytes and a capability", &results.times("rpc_cap"));
    report.time("signal to handler and back", &results.times("signal_round_trip"));
    report.time("session of core, open + close", &results.times("session_core"));
    report.time("session of a sibling, open + close", &results.times("session_sibling"));
    report.value("RPC across CPUs", rpc.median() / 1e3, "us", AtMost(2.0), "");
    idle(report, "CPU time in 5 s after polling", &system);
    system.stop();
    Ok(())
}

/// A system without work uses no CPU.
fn idle(report: &mut Report, name: &str, system: &System) {
    std::thread::sleep(Duration::from_millis(100));
    let before = system.cpu_time();
    std::thread::sleep(Duration::from_secs(5));
    let idle = system.cpu_time().saturating_sub(before);
    report.value(name, idle.as_secs_f64() * 1e3, "ms", AtMost(1.0), "");
}

/// Components started one after the other, each when the one before has said its first line.
pub(crate) fn start(report: &mut Report) -> Result<(), String> {
    println!("\n--- {MANY} components, one after the other ---");
    let mut system = System::boot("start", "rs_bench_starter", "", &["rs_bench_idle"])?;
    let times = Results::of(&mut system)?.times("start");
    system.stop();
    report.time("start of a component to its first line", &times);
    report.value("start of a component", times.median() / 1e6, "ms", AtMost(5.0), "");
    Ok(())
}

/// Many components at a time: start, memory, idleness, end.
pub(crate) fn many(report: &mut Report) -> Result<(), String> {
    println!("\n--- {MANY} components at a time ---");
    let start = |i| {
        format!(
            "<start name=\"idle{i}\" caps=\"60\"><binary name=\"rs_bench_idle\"/>\
             <resource name=\"RAM\" quantum=\"1M\"/></start>"
        )
    };
    let starts: String = (0..MANY).map(start).collect();
    let config = format!("<config>{PROVIDES}{starts}</config>");
    let mut system = System::boot("many", "rs_init", &config, &["rs_bench_idle"])?;
    let mut up = 0;
    let lines = system.listen(|line| {
        up += usize::from(line.contains("bench up"));
        up == MANY
    })?;
    let mut ups = lines.iter().filter(|l| l.text.contains("bench up"));
    let ms = |line: Option<&system::Line>| line.map_or(0.0, |l| l.at.as_secs_f64() * 1e3);
    let (first, last) = (ms(ups.next()), ms(ups.next_back()));
    println!("first line after {first:.1} ms, last after {last:.1} ms");
    report.value("start of one of many, on average", last / MANY as f64, "ms", AtMost(5.0), "");
    let pids = system.components("idle");
    let memory = pids.iter().filter_map(|p| system::private_memory(*p));
    let memory = Times::new(memory.map(|bytes| bytes as f64 / f64::from(1 << 20)).collect());
    report.value("private memory when idle, median", memory.median(), "MiB", AtMost(1.5), "");
    idle(report, "CPU time in 5 s", &system);
    let stopped = system.stop();
    println!("stopped after {:.1} ms", stopped.as_secs_f64() * 1e3);
    Ok(())
}

/// The SDK's mutex and heap, and the hoard heap, with one thread and with several at a time.
pub(crate) fn heap(report: &mut Report) -> Result<(), String> {
    println!("\n--- mutex and heaps, threads in each other's way ---");
    baseline::pin(&[0, 1]).map_err(|e| format!("two CPUs are needed: {e}"))?;
    let config = format!(
        "<config>{PROVIDES}<default caps=\"300\"/>\
         <start name=\"rs_timer\"><resource name=\"RAM\" quantum=\"2M\"/>\
         <provides><service name=\"Timer\"/></provides></start>\
         <start name=\"rs_contention\"><resource name=\"RAM\" quantum=\"32M\"/></start></config>"
    );
    let mut system = System::boot("heap", "rs_init", &config, &["rs_timer", "rs_contention"])?;
    let results = Results::of(&mut system)?;
    system.stop();
    let names = [
        ("mutex", "critical section"),
        ("talc", "free + allocation, SDK's heap"),
        ("hoard", "free + allocation, hoard"),
    ];
    for (name, what) in names {
        for threads in [1, 2, 8] {
            let times = results.times(&format!("{name}_{threads}"));
            let s = if threads == 1 { "" } else { "s" };
            report.time(&format!("{what}, {threads} thread{s}"), &times);
        }
    }
    // The times are of all threads together: with twice the CPUs half the time would be ideal; threads
    // that take turns at one lock take as long as one thread, and what it costs to move the lock and
    // its data from cache to cache.
    let median = |name: &str| results.times(name).median();
    for (name, target) in [("mutex", 0.2), ("talc", 0.2), ("hoard", 0.9)] {
        let one = median(&format!("{name}_1"));
        for threads in [2, 8] {
            let several = median(&format!("{name}_{threads}"));
            let name = format!("{name}: speed of {threads} threads / of one");
            report.ratio(&name, one, several, AtLeast(target));
        }
    }
    for threads in [1, 2, 8] {
        let [talc, hoard] = ["talc", "hoard"].map(|name| median(&format!("{name}_{threads}")));
        let s = if threads == 1 { "" } else { "s" };
        let name = format!("hoard / SDK's heap, {threads} thread{s}");
        report.ratio(&name, talc, hoard, AtLeast(2.0));
    }
    let overtaken = median("overtaken") * 1e3;
    report.value("a waiter is overtaken, by the median", overtaken, "times", AtMost(1000.0), "");
    Ok(())
}
