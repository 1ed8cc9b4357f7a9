//! rs_system_bench: what the host system's mechanisms take, beside the Linux primitives they are made of.
//!
//! Run it by `cargo tap bench system` on a quiet machine with at least two CPUs.
mod baseline;
mod report;
mod system;

use std::process::ExitCode;
use std::time::Duration;

use report::{Report, Times};
use system::System;

/// Components in the system that shows what many take.
const MANY: usize = 200;

const USAGE: &str = "usage: rs_system_bench [calls] [parallel] [many]; all of them by default";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) =
        args.iter().find(|a| !["calls", "parallel", "many"].contains(&a.as_str()))
    {
        eprintln!("unknown part \"{unknown}\"; {USAGE}");
        return ExitCode::FAILURE;
    }
    let wanted = |part: &str| args.is_empty() || args.iter().any(|a| a == part);
    match run(wanted) {
        Ok(report) if report.missed == 0 => ExitCode::SUCCESS,
        Ok(report) => {
            println!("{} targets missed", report.missed);
            ExitCode::FAILURE
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn run(wanted: impl Fn(&str) -> bool) -> Result<Report, String> {
    system::build()?;
    let mut report = Report::default();
    if wanted("calls") {
        calls(&mut report)?;
    }
    if wanted("parallel") {
        parallel(&mut report)?;
    }
    if wanted("many") {
        many(&mut report)?;
    }
    Ok(report)
}

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

const PROVIDES: &str = "<parent-provides><service name=\"ROM\"/><service name=\"LOG\"/>\
    <service name=\"PD\"/><service name=\"CPU\"/></parent-provides>\
    <default-route><any-service><parent/><any-child/></any-service></default-route>";

/// Results of the client's measurements.
struct Results(Vec<(String, f64)>);

impl Results {
    /// Nanoseconds per operation.
    fn times(&self, name: &str) -> Times {
        Times::new(self.0.iter().filter(|(n, _)| n == name).map(|(_, t)| *t).collect())
    }
}

/// Boot server and client, and take the client's results.
fn client_and_server(affinity: bool) -> Result<Results, String> {
    let modules = ["rs_bench_server", "rs_bench_client", "rs_bench_idle"];
    let mut system = System::boot("calls", &config(affinity), &modules)?;
    let lines = system.listen(|l| l.contains("bench finished") || l.contains("exited with"))?;
    system.stop();
    let result = |text: &str| {
        let mut words = text.split_once("bench ")?.1.split_whitespace();
        let (name, time) = (words.next()?, words.next()?.parse::<f64>().ok()?);
        Some((name.to_owned(), time / 1e3))
    };
    let results: Vec<_> = lines.iter().filter_map(|l| result(&l.text)).collect();
    if results.iter().any(|(n, _)| n == "finished") {
        Ok(Results(results))
    } else {
        let log: String = lines.iter().map(|l| l.text.as_str()).collect();
        Err(format!("the client did not finish:\n{log}"))
    }
}

/// Everything on one CPU.
fn calls(report: &mut Report) -> Result<(), String> {
    let os = |e: std::io::Error| e.to_string();
    println!("\n--- one CPU ---");
    baseline::pin(&[0]).map_err(os)?;
    let futex = Times::new(baseline::futex_ping_pong((0, 0)).map_err(os)?);
    let classic = Times::new(baseline::base_linux((0, 0)).map_err(os)?);
    let rights = Times::new(baseline::scm_rights().map_err(os)?);
    let results = client_and_server(false)?;
    let (rpc, cap) = (results.times("rpc"), results.times("rpc_cap"));
    let signals = results.times("signal_round_trip");
    let (core, sibling) = (results.times("session_core"), results.times("session_sibling"));
    report.time("bare futex ping-pong", &futex);
    report.time("base-linux style call", &classic);
    report.time("SCM_RIGHTS, sent, received, closed", &rights);
    report.time("RPC of 64 bytes", &rpc);
    report.time("RPC of 64 bytes and a capability", &cap);
    report.time("signal to handler and back", &signals);
    report.time("session of core, open + close", &core);
    report.time("session of a sibling, open + close", &sibling);
    report.at_most("RPC / futex ping-pong", rpc.median() / futex.median(), 1.3, "x");
    report.at_least("base-linux style / RPC", classic.median() / rpc.median(), 3.0, "x");
    let added = (cap.median() - rpc.median()) / rights.median();
    report.at_most("capability argument adds / SCM_RIGHTS", added, 1.5, "x");
    let signal = signals.median() / futex.median();
    report.at_most("signal / futex wake", signal, 1.5, "x");
    report.at_most("session of core", core.median() / rpc.median(), 12.0, "round trips");
    report.at_most("session of a sibling", sibling.median() / rpc.median(), 24.0, "round trips");
    Ok(())
}

/// Client and server on a CPU each.
fn parallel(report: &mut Report) -> Result<(), String> {
    println!("\n--- two CPUs ---");
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    baseline::pin(&[0, 1]).map_err(|e| format!("{cpus} CPUs are not enough: {e}"))?;
    let futex = Times::new(baseline::futex_ping_pong((0, 1)).map_err(|e| e.to_string())?);
    baseline::pin(&[0, 1]).map_err(|e| e.to_string())?;
    let results = client_and_server(true)?;
    let rpc = results.times("rpc");
    report.time("bare futex ping-pong", &futex);
    report.time("RPC of 64 bytes", &rpc);
    report.time("signal to handler and back", &results.times("signal_round_trip"));
    report.at_most("RPC across CPUs", rpc.median() / 1e3, 2.0, "us");
    Ok(())
}

/// Many components: start, memory, idleness, end.
fn many(report: &mut Report) -> Result<(), String> {
    println!("\n--- {MANY} components ---");
    let start = |i| {
        format!(
            "<start name=\"idle{i}\" caps=\"60\"><binary name=\"rs_bench_idle\"/>\
             <resource name=\"RAM\" quantum=\"1M\"/></start>"
        )
    };
    let starts: String = (0..MANY).map(start).collect();
    let config = format!("<config>{PROVIDES}{starts}</config>");
    let mut system = System::boot("many", &config, &["rs_bench_idle"])?;
    let mut up = 0;
    let lines = system.listen(|line| {
        up += usize::from(line.contains("bench up"));
        up == MANY
    })?;
    let times: Vec<f64> = lines
        .iter()
        .filter(|l| l.text.contains("bench up"))
        .map(|l| l.at.as_secs_f64() * 1e3)
        .collect();
    let (first, last) =
        (times.first().copied().unwrap_or(0.0), times.last().copied().unwrap_or(0.0));
    println!("first line after {first:.1} ms, last after {last:.1} ms");
    report.at_most("start of a component, one of many", last / MANY as f64, 5.0, "ms");
    let pids = system.components("idle");
    let memory: Vec<f64> =
        pids.iter().filter_map(|p| system::private_memory(*p)).map(|b| b as f64 / 1e6).collect();
    let mean = memory.iter().sum::<f64>() / memory.len().max(1) as f64;
    report.at_most("private memory of an idle component", mean / 1.048_576, 1.5, "MiB");
    let before = system.cpu_time();
    std::thread::sleep(Duration::from_secs(5));
    let idle = system.cpu_time().saturating_sub(before);
    report.at_most("CPU time of the idle system in 5 s", idle.as_secs_f64() * 1e3, 1.0, "ms");
    let stopped = system.stop();
    println!("stopped after {:.1} ms", stopped.as_secs_f64() * 1e3);
    Ok(())
}
